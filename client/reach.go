package client

import "frond/wire"

// What this device last sealed is in the log or on its way there. Before it seals again it looks at the log
// as far as that goes: a store that was set back to an older copy does not know of it otherwise.

// greeted notes how far a conversation's log goes and whether the server counts this device in.
func (v *conversation) greeted(info wire.Conversation) {
	if info.Member {
		v.reach, v.outside = info.Last, false
	}
}

// mayGoOn reports whether the log was processed as far as it went at the last greeting.
func (v *conversation) mayGoOn() bool {
	return v.rec.State != stateActive || v.reach <= v.rec.Cursor && (!v.outside || v.rec.Lost != 0)
}

// askSeats looks after the conversations that this device has and the server does not count it in: the log
// shows its removal in a moment, or somebody made the server believe one that never was.
func (c *Client) askSeats() {
	for _, v := range c.conversations {
		if v.outside {
			c.askSeat(v, v.rec.Cursor)
		}
	}
}

func (c *Client) askSeat(v *conversation, cursor uint64) {
	c.after(awaitTimeout, func() {
		switch {
		case c.self == nil || c.conversations[v.id] != v || !v.outside || v.rec.State != stateActive || c.cutOff(v) || !c.online():
		case v.rec.Cursor != cursor:
			c.askSeat(v, v.rec.Cursor) // still catching up
		default:
			t := c.begin()
			c.lose(t, v, lostSeat, 0)
			_ = t.commit()
		}
	})
}

// countedOut leaves a conversation that the server does not let this device into again. Nothing showed a removal,
// or this would have been over before: that is said, since only the server can have done it.
func (c *Client) countedOut(v *conversation) {
	t := c.begin()
	what, text := uint8(noticeCountedOut), "The server no longer counts this device in, and shows nobody who removed it: "
	if c.setBackWithin(copyMemory) {
		what, text = noticeNotInCopy, "The server was restored from a backup that lacks this conversation. Begin another one: "
	}
	t.emit(about(v, CodeWithheld, text+c.view(v).Title))
	c.goOut(t, v)
	c.putNotice(t, v, v.rec.Cursor+1, c.nowMillis(), noticeRecord{What: what, By: c.self.Account})
	if t.commit() == nil {
		c.advance(v)
	}
}

// goOut ends this device's part in a conversation. Its timeline stays.
func (c *Client) goOut(t *tx, v *conversation) {
	v.rec.State, v.rec.Lost, v.rec.Split = stateLeft, 0, 0
	v.rec.JoinKey = wire.Hash{}
	v.roster = v.roster.without(c.self.Account)
	t.put(c.self.keys.of("roster", v.id), v.roster)
	t.dropGroup(v)
	t.mark(v, markRecord|markLook)
	for _, w := range v.wants {
		t.then(func() { w.done(wire.Errorf(wire.CodeForbidden, "You were removed from this conversation.")) })
	}
	v.wants = nil
	c.stateChanged(t)
}

// passedBy drops a handshake of this device that the log showed in another form than it was sent, or
// before this device's time: the state that follows it is nobody's.
func (c *Client) passedBy(v *conversation) {
	t := c.begin()
	t.delete(c.self.keys.of("pending", v.id))
	v.pending = nil
	c.lose(t, v, lostBack, 0)
	if t.commit() == nil {
		c.advance(v)
	}
}
