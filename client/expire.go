package client

import (
	"fmt"
	"math"
	"strconv"

	"frond/client/markup"
	"frond/wire"
)

const (
	expireBatch = 200       // rows that disappear in one batch
	expirePause = 60 * 1000 // milliseconds until what the store refused is tried again
	lookBack    = 50        // rows in which the newest message is looked for when the last one is gone
)

// untilKey is the key of the index of messages by the time they disappear.
func (k keyring) untilKey(until uint64, conversation wire.ID, seq uint64) string {
	return fmt.Sprintf("%s%016x/%s/%016x", k.table("until"), until, conversation, seq)
}

// expired reports whether a row's time is over: it is not shown any more, though it may still be stored.
func (c *Client) expired(r *messageRecord) bool { return c.over(r.Fate) }

func (c *Client) over(f *fate) bool { return f != nil && f.Until != 0 && f.Until <= c.serverNow() }

// index notes, in the same batch as a row, when it disappears.
func (c *Client) index(t *tx, v *conversation, seq uint64, f *fate) {
	if f != nil && f.Until != 0 {
		t.put(c.self.keys.untilKey(f.Until, v.id, seq), dueRecord{})
		t.then(func() { c.wakeAt(f.Until) })
	}
}

// expire deletes what is due, a batch at a time, and sets the timer for what comes next.
func (c *Client) expire() {
	if c.self == nil {
		return
	}
	next, err := c.expireUntil(c.serverNow())
	if err != nil {
		c.cfg.Log.Error("removing expired messages", "error", err)
		c.wakeNever() // reading the state anew plans to try at once
		next = c.serverNow() + expirePause
	}
	if next != 0 {
		c.wakeAt(next)
	}
}

// expireDue deletes all that is due at once, however long that takes.
func (c *Client) expireDue() error {
	for {
		now := c.serverNow()
		next, err := c.expireUntil(now)
		if err != nil || next == 0 {
			return err
		}
		if next > now {
			c.wakeAt(next)
			return nil
		}
	}
}

// expireAll deletes everything that is to disappear one day, before its time.
func (c *Client) expireAll() error {
	for next := uint64(1); next != 0; {
		var err error
		if next, err = c.expireUntil(math.MaxInt64); err != nil {
			return err
		}
	}
	return nil
}

// expireUntil deletes a batch of what is due at a time, and returns when there is more to do; 0: never.
func (c *Client) expireUntil(now uint64) (next uint64, err error) {
	t := c.begin()
	prefix := c.self.keys.table("until")
	r := Prefix(prefix)
	r.Limit = expireBatch + 1
	gone, n := map[*conversation][]string{}, 0
	err = c.each(r, func(key string, _ []byte) error {
		until, v, seq, err := c.dueRow(key[len(prefix):])
		if err != nil {
			t.delete(key)
			return nil
		}
		if until > now || n == expireBatch || next != 0 {
			if next == 0 {
				next = until // the first of them
			}
			return nil
		}
		n++
		t.delete(key)
		return c.expireRow(t, v, seq, gone)
	})
	if err != nil {
		return 0, err
	}
	for _, v := range c.conversations {
		if at := c.expireOutbox(t, v, now); at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	for v, ids := range gone {
		if err := c.previewAgain(t, v, now); err != nil {
			return 0, err
		}
		t.emit(Timeline{Conversation: v.id, Remove: ids})
	}
	return next, t.commit()
}

// dueRow reads a key of the index.
func (c *Client) dueRow(key string) (until uint64, v *conversation, seq uint64, err error) {
	if len(key) < 18 {
		return 0, nil, 0, wire.Errorf(CodeStorage, "a damaged key in the store")
	}
	if until, err = strconv.ParseUint(key[:16], 16, 64); err != nil {
		return 0, nil, 0, err
	}
	id, seq, err := splitRow(key[17:])
	if v = c.conversations[id]; v == nil && err == nil {
		err = wire.Errorf(wire.CodeNotFound, "a message of no conversation")
	}
	return until, v, seq, err
}

// expireRow deletes a row, and the hash by which its sender's next message was to be checked: with what
// everybody knows of a message, a hash tells whether a guess at its text is right.
func (c *Client) expireRow(t *tx, v *conversation, seq uint64, gone map[*conversation][]string) error {
	key := c.self.keys.row("msg", v.id, seq)
	var rec messageRecord
	found, err := c.get(key, &rec)
	t.delete(key)
	if !found || err != nil {
		return nil // what can not be read is gone as well
	}
	gone[v] = append(gone[v], rec.Message.String())
	if id := (askID{v.id, seq}); c.asks[id] != nil {
		c.dropAsk(t, id)
	}
	if rec.Account != c.self.Account && seq > v.rec.Read && rec.Reason != ReasonBeforeJoin && v.rec.Unread > 0 {
		v.rec.Unread-- // as putMessage counted it
	}
	if v.rec.Keep.Own == seq {
		v.rec.Previous, v.rec.Keep.Own = wire.Hash{}, 0
	}
	sender := wire.MemberRef{Account: rec.Account, Device: rec.Device}
	peer, err := c.peer(v, sender)
	if err == nil && peer.Seq == seq && seq != 0 {
		peer.Known, peer.Hash, peer.Seq = false, wire.Hash{}, 0
		v.peers[sender] = peer
		t.put(c.self.keys.peer(v.id, sender), peer)
	}
	return err
}

// expireOutbox takes text and key out of messages that the server has taken and the log has not shown yet,
// and returns when the next of them is due. What has not reached the server waits: its clock has not begun.
func (c *Client) expireOutbox(t *tx, v *conversation, now uint64) (next uint64) {
	for _, row := range v.outbox {
		switch until := row.rec.Until; {
		case until == 0 || row.blank():
		case until > now:
			if next == 0 || until < next {
				next = until
			}
		default:
			row.rec.Text = nil
			if row.rec.Sealed != nil {
				row.rec.Sealed.Key = wire.Hash{}
			}
			t.put(c.self.keys.row("out", v.id, row.order), row.rec)
			t.emit(Timeline{Conversation: v.id, Remove: []string{row.rec.Message.String()}})
		}
	}
	return next
}

// blank reports whether a message on its way has disappeared.
func (r *outboxRow) blank() bool { return len(r.rec.Text) == 0 }

// previewAgain looks for another newest message when that has gone.
func (c *Client) previewAgain(t *tx, v *conversation, now uint64) error {
	t.mark(v, markRecord|markLook)
	if l := v.rec.Last; l == nil || l.Until == 0 || l.Until > now {
		return nil
	}
	return c.newestPreview(v, now)
}

// newestPreview chooses the newest message that can be seen as the preview. The conversation keeps its
// place in the list.
func (c *Client) newestPreview(v *conversation, now uint64) error {
	if v.rec.Last == nil {
		v.rec.Last = &lastRecord{}
	}
	at := v.rec.Last.At
	v.rec.Last = nil
	if at > 0 {
		v.rec.Last = &lastRecord{At: at}
	}
	r := Prefix(c.self.keys.rows("msg", v.id))
	r.Reverse, r.Limit = true, lookBack
	found := false
	return c.eachMessageIn(r, func(seq uint64, rec *messageRecord) {
		seen := rec.Notice == nil && rec.Reason.readable() && !c.isBlocked(rec.Account) && (rec.Fate == nil || rec.Fate.Until == 0 || rec.Fate.Until > now)
		if !found && seen && c.doubtOf(v, seq, rec) == "" {
			found, v.rec.Last = true, previewOf(rec)
		}
	})
}

// previewOf is a message in one line.
func previewOf(rec *messageRecord) *lastRecord {
	l := &lastRecord{Account: rec.Account, Preview: markup.Plain(string(rec.Body), maxPreview), At: rec.At}
	if rec.Fate != nil {
		l.Until = rec.Fate.Until
	}
	return l
}
