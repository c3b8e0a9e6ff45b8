package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"frond/client/content"
	"frond/wire"
)

// MaxWaiting is how many messages of one conversation may wait to be sent.
const MaxWaiting = 1000

// Send puts a text into a conversation's outbox and returns its message id once that is durable.
// The rest happens by itself, now or when the server is reached again.
func (c *Client) Send(ctx context.Context, conversation wire.ID, text string) (id wire.ID, err error) {
	text = strings.Trim(text, " \t\r\n")
	switch {
	case text == "":
		return id, wire.Errorf(CodeEmpty, "There is nothing to send.")
	case len(text) > wire.MaxText:
		return id, wire.Errorf(wire.CodeTooLarge, "A message has at most %d bytes.", wire.MaxText)
	case !utf8.ValidString(text):
		return id, wire.Errorf(wire.CodeBadRequest, "A message is text.")
	}
	err = c.run(ctx, func() error {
		v, err := c.conversation(conversation)
		if err != nil {
			return err
		}
		if c.muted(v) {
			return errBlocked
		}
		if !c.mayPost(v) {
			return wire.Errorf(wire.CodeForbidden, "You can not send to this conversation.")
		}
		if c.keyReason(v) != "" {
			return errKeysChanged
		}
		if len(v.outbox) >= MaxWaiting {
			return wire.Errorf(wire.CodeLimit, "%d messages are waiting to be sent already.", MaxWaiting)
		}
		if id, err = wire.NewMessageID(c.cfg.Rand, c.cfg.Now()); err != nil {
			return err
		}
		return c.enqueue(v, outboxRecord{Message: id, Text: []byte(text), Created: c.nowMillis()})
	})
	return id, err
}

func (c *Client) enqueue(v *conversation, rec outboxRecord) error {
	t := c.begin()
	v.rec.Order++
	row := &outboxRow{order: v.rec.Order, rec: rec}
	v.outbox = append(v.outbox, row)
	c.putRow(t, v, row)
	c.dropDraft(t, v)
	t.mark(v, markRecord)
	if err := t.commit(); err != nil {
		return err
	}
	c.advance(v)
	return nil
}

// putRow writes a row of the outbox and shows it.
func (c *Client) putRow(t *tx, v *conversation, row *outboxRow) {
	t.put(c.self.keys.row("out", v.id, row.order), row.rec)
	t.then(func() { c.emit(Timeline{Conversation: v.id, Upsert: []Message{c.outboxMessage(row)}}) })
}

// sendNext seals and sends the first message that waits. One is on its way at a time, so the log has
// a device's messages in the order of their counters.
func (c *Client) sendNext(v *conversation) {
	if c.keyReason(v) != "" || c.muted(v) {
		return
	}
	i := slices.IndexFunc(v.outbox, func(r *outboxRow) bool { return !r.accepted && r.rec.Failed == "" })
	if i < 0 {
		return
	}
	row := v.outbox[i]
	if row.rec.Sealed == nil {
		if c.letGoFirst(v) {
			return
		}
		err := c.sealRow(v, row)
		if c.conversations[v.id] != v {
			return // the store refused it, and the state was read anew: the message waits there
		}
		if errors.Is(err, errBroken) {
			c.broken(v)
			return
		}
		if err != nil {
			c.cfg.Log.Error("seal a message", "conversation", v.id, "error", err)
			c.failRow(v, row, wire.Errorf(wire.CodeInternal, "This message could not be sealed."))
			return
		}
	}
	c.requestAppend(v, wire.OpSend, row.rec.Sealed.Body, func(a wire.Appended, err error) {
		if err != nil {
			c.sendRefused(v, row, err)
			return
		}
		v.attempts, v.turned = 0, false
		c.acceptedRow(v, row, a)
		c.advance(v)
	})
}

// sealRow seals a message under the present epoch. Ratchet, frame and token are durable in one batch.
func (c *Client) sealRow(v *conversation, row *outboxRow) error {
	g, err := c.openGroup(v)
	if err != nil {
		return err
	}
	mode, lifetime := v.roster.Retention, uint64(v.roster.Timer)
	sealed, err := content.Seal(c.cfg.Rand, c.cfg.Now(), c.self.key, content.Content{
		Conversation: v.id, Message: row.rec.Message, Account: c.self.Account, Device: c.self.Device,
		Counter: v.rec.Counter + 1, Previous: v.rec.Previous, Sent: row.rec.Created, Kind: content.Text, Body: row.rec.Text,
		Lifetime: lifetime,
	})
	if err != nil {
		return err
	}
	next, frame, err := g.Seal(c.mls(), sealed.Commitment[:], sealed.Secret)
	if err != nil {
		return err
	}
	body, err := wire.Encode(wire.Send{
		Conversation: v.id, Message: row.rec.Message, Handshake: v.rec.Handshake,
		Frame: frame, Token: sealed.Token, Commitment: sealed.Commitment, Expires: lifetime,
	})
	if err != nil {
		return err
	}
	v.group = next
	v.rec.Counter++
	row.rec.Sealed = &sealedRecord{
		Body: body, Token: sha256Sum(sealed.Token), Commitment: sealed.Commitment,
		Key: wire.Hash(sealed.Key), Hash: sealed.Hash, Counter: v.rec.Counter,
		Mode: mode, Lifetime: lifetime,
	}
	if lifetime > 0 {
		v.sealedFleeting(next.Epoch())
	}
	t := c.begin()
	t.put(c.self.keys.row("out", v.id, row.order), row.rec)
	t.mark(v, markRecord|markRatchet)
	t.then(func() { c.renewLater(v) })
	return t.commit()
}

// acceptedRow notes that the server has a message. It leaves the outbox when the log shows it.
func (c *Client) acceptedRow(v *conversation, row *outboxRow, a wire.Appended) {
	c.expect(v, a.Seq)
	if row.accepted || !slices.Contains(v.outbox, row) {
		return // the log was faster than the answer
	}
	row.accepted, row.seq = true, a.Seq
	v.rec.Previous, v.rec.Keep.Own = row.rec.Sealed.Hash, a.Seq
	t := c.begin()
	if life := row.rec.Sealed.Lifetime; life > 0 {
		row.rec.Until = min(a.Received, c.serverNow()) + life*1000
		t.put(c.self.keys.row("out", v.id, row.order), row.rec)
		t.then(func() { c.wakeAt(row.rec.Until) })
	}
	t.mark(v, markRecord)
	if t.commit() == nil {
		c.lookForLost(v)
	}
}

func (c *Client) sendRefused(v *conversation, row *outboxRow, err error) {
	if !slices.Contains(v.outbox, row) {
		c.advance(v)
		return
	}
	refusal := new(wire.Error)
	if code := wire.CodeOf(err); (code == wire.CodeStale || code == wire.CodeConflict) && asWire(err, refusal) {
		if v.tellsNothing(refusal.Last, row.rec.Sealed.handshake()) {
			c.turnedDown(v, refusal, row.rec.Sealed.handshake())
			return
		}
		c.unseal(v, row)
		c.await(v, refusal.Last)
		c.advance(v)
		return
	}
	doubtful := wire.CodeOf(err) == wire.CodeForbidden && v.attempts < maxDoubts // perhaps cut off: the log will say
	if passes(err) || doubtful {
		c.retry(v, err)
		return
	}
	if !asWire(err, refusal) {
		refusal = wire.Errorf(wire.CodeInternal, "The server's answer could not be read.")
	}
	c.failRow(v, row, refusal)
	c.advance(v)
}

// unseal makes a message wait to be sealed again, under a newer epoch and the same message id. The
// server refused it before it stored anything.
func (c *Client) unseal(v *conversation, row *outboxRow) {
	row.rec.Sealed = nil
	t := c.begin()
	t.put(c.self.keys.row("out", v.id, row.order), row.rec)
	_ = t.commit()
}

// failRow keeps a refused message with its reason. What was sealed of it is dropped.
func (c *Client) failRow(v *conversation, row *outboxRow, refusal *wire.Error) {
	row.rec.Failed, row.rec.Reason, row.rec.Sealed = refusal.Code, refusal.Message, nil
	t := c.begin()
	c.putRow(t, v, row)
	_ = t.commit()
}

// failOutbox fails what waits in a conversation this account was removed from.
func (c *Client) failOutbox(v *conversation) {
	for _, row := range v.outbox {
		if row.rec.Failed == "" && !row.accepted {
			c.failRow(v, row, wire.Errorf(wire.CodeForbidden, "You are no longer in this conversation."))
		}
	}
}

// Retry sends a failed message again, after everything that waits already.
func (c *Client) Retry(ctx context.Context, id, message wire.ID) error {
	return c.withFailed(ctx, id, message, func(v *conversation, t *tx, row *outboxRow) error {
		v.rec.Order++
		next := &outboxRow{order: v.rec.Order, rec: outboxRecord{Message: row.rec.Message, Text: row.rec.Text, Created: c.nowMillis()}}
		v.outbox = append(v.outbox, next)
		c.putRow(t, v, next)
		t.mark(v, markRecord)
		return nil
	})
}

// Discard forgets a failed message.
func (c *Client) Discard(ctx context.Context, id, message wire.ID) error {
	return c.withFailed(ctx, id, message, func(v *conversation, t *tx, row *outboxRow) error {
		t.emit(Timeline{Conversation: v.id, Remove: []string{row.rec.Message.String()}})
		return nil
	})
}

// withFailed takes a failed message out of the outbox and lets f say what comes in its place.
func (c *Client) withFailed(ctx context.Context, id, message wire.ID, f func(*conversation, *tx, *outboxRow) error) error {
	return c.run(ctx, func() error {
		v, err := c.conversation(id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(v.outbox, func(r *outboxRow) bool { return r.rec.Message == message && r.rec.Failed != "" })
		if i < 0 {
			return wire.Errorf(wire.CodeNotFound, "This message has not failed.")
		}
		row := v.outbox[i]
		v.outbox = slices.Delete(v.outbox, i, i+1)
		t := c.begin()
		t.delete(c.self.keys.row("out", v.id, row.order))
		if err := f(v, t, row); err != nil {
			return err
		}
		if err := t.commit(); err != nil {
			return err
		}
		c.advance(v)
		return nil
	})
}
