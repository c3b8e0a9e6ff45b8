package client

import "frond/wire"

// A server can not alter a conversation unnoticed, but it can keep something back. What it says elsewhere
// gives it away: an acknowledgement names a place in the log that is never shown, or another entry has
// that place; the greeting knows of no log where this device was in one; an entry that was here before
// comes again as another.

const (
	// suspicious is how often in a row entries are asked for in vain, at growing distances, before the
	// person is told.
	suspicious = 5
	// resigned is how often, before the conversation goes on without them.
	resigned = 12
	// mostLost is how often a message is sent again that the server acknowledged and lost.
	mostLost = 3
)

// withheld tells that the server keeps something back, and offers once more what it may have lost.
func (c *Client) withheld(v *conversation) {
	c.tellWithheld(v, "The server holds back a part of this conversation: ")
	for _, row := range v.outbox {
		row.accepted = false // sent again; who has it already answers so
	}
	v.awaiting = 0
	c.advance(v)
}

func (c *Client) tellWithheld(v *conversation, text string) {
	c.cfg.Log.Warn("the server holds something back", "conversation", v.id, "known", v.known, "cursor", v.rec.Cursor)
	c.emit(about(v, CodeWithheld, text+c.view(v).Title))
}

// jump goes on after entries that the server was asked for many times in vain: it may have lost them for
// good. A row says so; should another device of the account have them, the vault brings them back.
func (c *Client) jump(t *tx, v *conversation, e *wire.Entry) bool {
	if v.gaps < resigned {
		return false
	}
	c.lacking(t, v, v.rec.Cursor, e.Seq)
	c.count(t, string(ReasonWithheld))
	c.putMessage(t, v, e.Seq-1, messageRecord{Message: e.Message, At: e.Received, Reason: ReasonWithheld})
	if v.rec.Split == 0 {
		v.rec.Split = e.Seq - 1 // a commit may be among them
	}
	v.rec.Cursor = e.Seq - 1
	return true
}

// expect notes that the log goes at least as far as seq, and looks later whether it does.
func (c *Client) expect(v *conversation, seq uint64) {
	if v.rec.Cursor >= seq {
		return
	}
	v.known = max(v.known, seq)
	if v.expecting {
		return
	}
	v.expecting = true
	c.after(awaitTimeout, func() {
		v.expecting = false
		c.missing(v)
	})
}

// lookForLost finds messages that were acknowledged with a place in the log which holds something else. They
// are sent again, with a fresh counter when later ones went through, and fail when that happens too often.
func (c *Client) lookForLost(v *conversation) {
	for _, row := range v.outbox {
		if !row.accepted || row.seq > v.rec.Cursor || row.rec.Sealed == nil {
			continue
		}
		if row.seq <= v.rec.Joined {
			c.settle(v, row)
			return // the outbox changed; the next step looks again
		}
		row.accepted = false
		row.lost++
		c.tellWithheld(v, "The server lost a message that it had taken: ")
		switch {
		case row.lost >= mostLost:
			c.failRow(v, row, wire.Errorf(CodeWithheld, "The server took this message and lost it."))
		case row.rec.Sealed.Counter < v.rec.Counter:
			c.unseal(v, row)
		}
	}
}

// settle takes a message into the timeline whose place lies before this device's group began: the log of
// that stretch is not shown to it any more.
func (c *Client) settle(v *conversation, row *outboxRow) {
	t := c.begin()
	c.ownSent(t, v, row, row.seq, row.rec.Created, "")
	_ = t.commit()
}

// other reports whether an entry that was processed before comes again as another one.
func (c *Client) other(v *conversation, e *wire.Entry) bool {
	var rec messageRecord
	if found, err := c.get(c.self.keys.row("msg", v.id, e.Seq), &rec); err != nil || !found || rec.Reason == ReasonWithheld || neighbourOf(&rec) == deviceOnlyRow {
		return false
	}
	if rec.Notice != nil || e.Kind != wire.Application {
		return (rec.Notice != nil) == (e.Kind == wire.Application)
	}
	return rec.Message != e.Message && rec.Reason != ReasonAltered
}

// doubtGreeting compares what the server greets with to what it showed before.
func (c *Client) doubtGreeting(list []wire.Conversation) {
	listed := map[wire.ID]wire.Conversation{}
	for _, info := range list {
		listed[info.ID] = info
	}
	for id, v := range c.conversations {
		info := listed[id]
		switch {
		case v.rec.State != stateActive:
		case !info.Member: // then the log says so next
			c.expect(v, v.rec.Cursor+1)
		case info.Last < v.rec.Cursor:
			c.tellWithheld(v, "The server shows less of this conversation than it did before: ")
		}
	}
}
