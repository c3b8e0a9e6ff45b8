package client

import (
	"errors"
	"time"

	"github.com/fxamacker/cbor/v2"

	"frond/wire"
)

const (
	awaitTimeout = 15 * time.Second // for an entry that is in the log and was not pushed
	longRetry    = 10 * time.Minute // after a refusal that may pass by itself, but not soon
	maxDoubts    = 4                // tries after the server said that this device is no member
)

// advance takes a conversation's next step, if there is one and nothing stands in the way. It is
// called whenever something may have changed; calling it too often does no harm.
func (c *Client) advance(v *conversation) {
	if c.self == nil || !c.online() || v.busy || c.conversations[v.id] != v {
		return
	}
	if w := v.welcome; w != nil && (v.rec.State != stateActive || v.rec.Cursor >= w.Seq) {
		v.welcome = nil
		c.inboxItem(*w)
		return
	}
	if v.awaiting > v.rec.Cursor || time.Now().Before(v.notUntil) || !v.mayGoOn() {
		return
	}
	switch {
	case c.cutOff(v) && v.rec.Lost == 0:
		// Nothing is accepted of this device before somebody brings it back.
	case v.rec.Lost != 0 && (v.pending == nil || v.pending.Kind == pendingCommit):
		c.rejoin(v)
	case v.pending != nil:
		c.sendPending(v)
	case v.rec.State == stateLeft:
		c.failOutbox(v)
	case v.rec.State == stateJoining:
		c.join(v)
	case len(v.wants) > 0:
		c.stageWant(v)
	default:
		c.sendNext(v)
	}
}

// later puts off the next step after a refusal that passes.
func (c *Client) later(v *conversation, d time.Duration) {
	v.notUntil = time.Now().Add(d)
	c.after(d, func() { c.advance(v) })
}

// retry puts off the next step by the back-off, or as long as the server asks.
func (c *Client) retry(v *conversation, err error) {
	d := c.jitter(c.cfg.Backoff.at(v.attempts))
	v.attempts++
	var refusal *wire.Error
	if errors.As(err, &refusal) && refusal.RetryAfter > 0 {
		d = max(d, time.Duration(refusal.RetryAfter)*time.Second)
	}
	c.later(v, d)
}

// await lets the next step wait until the log has brought us to seq. Should the push be lost, the
// entries are asked for.
func (c *Client) await(v *conversation, seq uint64) {
	if v.rec.Cursor >= seq {
		return
	}
	v.awaiting, v.known = seq, max(v.known, seq)
	c.after(awaitTimeout, func() { c.missing(v) })
}

// passes reports whether the same request may succeed later.
func passes(err error) bool {
	switch wire.CodeOf(err) {
	case wire.CodeRateLimited, wire.CodeUnavailable, wire.CodeInternal:
		return true
	}
	return false
}

// requestFor makes a request on behalf of a conversation, one at a time.
func (c *Client) requestFor(v *conversation, kind wire.Kind, body any, done func(body []byte, err error)) {
	v.busy = true
	c.request(kind, body, func(b []byte, err error) {
		v.busy = false
		if c.self == nil || c.conversations[v.id] != v || wire.CodeOf(err) == CodeOffline {
			return
		}
		if wire.CodeOf(err) == wire.CodeUnauthenticated {
			c.lockOut()
			return
		}
		done(b, err)
	})
}

// requestAppend is requestFor with an encoded body, whose answer is Appended.
func (c *Client) requestAppend(v *conversation, kind wire.Kind, body []byte, done func(a wire.Appended, err error)) {
	c.requestFor(v, kind, cbor.RawMessage(body), func(b []byte, err error) {
		var a wire.Appended
		if err == nil && wire.Decode(b, &a) != nil {
			c.dropLink() // an answer nobody understands: ask again on another connection
			return
		}
		done(a, err)
	})
}

// subscribe asks for the entries after the cursor. As long as they do not come although the log is known
// to go further, it asks again, less and less often.
func (c *Client) subscribe(v *conversation) {
	v.gap = true
	c.request(wire.OpSubscribe, wire.Cursor{Conversation: v.id, After: v.rec.Cursor}, func(_ []byte, err error) {
		v.gap = false
		if wire.CodeOf(err) == CodeOffline {
			return
		}
		if wire.CodeOf(err) == wire.CodeForbidden && v.rec.Lost == lostSeat {
			v.known = v.rec.Cursor // whom the server counts out it shows nothing more
			return
		}
		if err != nil {
			c.cfg.Log.Warn("subscribe", "conversation", v.id, "error", err)
		}
		if v.known > v.rec.Cursor {
			if v.gaps++; v.gaps == suspicious {
				c.withheld(v)
			}
			c.after(c.jitter(c.cfg.Backoff.at(v.gaps)), func() { c.missing(v) })
		}
	})
}

// missing asks for entries that are known to be in the log and were left out of the stream.
func (c *Client) missing(v *conversation) {
	if c.self == nil || c.conversations[v.id] != v || v.gap || v.rec.State != stateActive || v.known <= v.rec.Cursor {
		return
	}
	c.subscribe(v)
}
