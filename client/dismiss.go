package client

import (
	"context"

	"frond/wire"
)

// AskAgain looks once more for a message that can not be read: in the vault, then with other devices.
func (c *Client) AskAgain(ctx context.Context, id, message wire.ID) error {
	return c.withRow(ctx, id, message, func(t *tx, v *conversation, seq uint64, rec *messageRecord) error {
		if rec.Reason.readable() {
			t.then(c.lookUpClaims) // its device may be one that is not known yet
			return nil
		}
		if a := c.asks[askID{v.id, seq}]; a != nil && a.stage == askRests {
			a.stage = askVault
		}
		c.lacking(t, v, seq-1, seq+1)
		return nil
	})
}

// Dismiss puts a remark aside: that of a readable message, or a row that can not be read together with it.
func (c *Client) Dismiss(ctx context.Context, id, message wire.ID) error {
	return c.withRow(ctx, id, message, func(t *tx, v *conversation, seq uint64, rec *messageRecord) error {
		switch {
		case rec.Reason == "":
		case rec.Reason.readable():
			rec.Reason = ""
			t.put(c.self.keys.row("msg", v.id, seq), *rec)
			t.then(func() { c.showRow(askID{v.id, seq}) })
		default:
			c.dropAsk(t, askID{v.id, seq})
			t.delete(c.self.keys.row("msg", v.id, seq))
			t.emit(Timeline{Conversation: v.id, Remove: []string{rec.Message.String()}})
		}
		return nil
	})
}

// withRow finds a row of a timeline by its message, the newest first.
func (c *Client) withRow(ctx context.Context, id, message wire.ID, f func(*tx, *conversation, uint64, *messageRecord) error) error {
	return c.run(ctx, func() error {
		v, err := c.conversation(id)
		if err != nil {
			return err
		}
		var found *messageRecord
		var at uint64
		err = c.eachMessage(v, func(seq uint64, rec *messageRecord) {
			if rec.Message == message && rec.Notice == nil {
				found, at = rec, seq
			}
		})
		if err != nil {
			return err
		}
		if found == nil {
			return wire.Errorf(wire.CodeNotFound, "There is no such message here.")
		}
		t := c.begin()
		if err := f(t, v, at, found); err != nil {
			return err
		}
		return t.commit()
	})
}
