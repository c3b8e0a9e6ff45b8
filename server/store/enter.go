package store

import "frond/wire"

// enter appends an accepted item to its conversation and notes the rows to write.
func (b *ledger) enter(it *item) (e *wire.Entry, left []wire.ID) {
	c := b.conversations[it.conversation]
	if it.create != nil {
		c = b.begin(it, c)
	}
	c.last++
	c.added++
	if it.handshake != nil {
		c.changed = true
		b.enterHandshake(it, c)
	}
	if it.leave != nil {
		c.changed = true
		left = b.enterLeave(it, c)
	}
	e = it.entry(c.last, b.now)
	b.entries = append(b.entries, e)
	b.appended[messageKey{it.device, it.message}] = appended{c.id, e.Kind, e.Seq, e.Received}
	return e, left
}

// begin makes a new conversation, or takes up the open one. Its author is a member from the start.
func (b *ledger) begin(it *item, c *conversation) *conversation {
	if c == nil {
		c = &conversation{id: it.conversation, kind: it.create.Kind, created: b.now, fresh: true}
		b.conversations[c.id] = c
	}
	c.joinKey = it.create.JoinKey
	if c.kind == wire.Direct {
		p := pairOf(it.account, otherOf(it.account, it.handshake.Add))
		c.pair = p[:]
		b.pairs[p] = c.id
	}
	b.join(c, it.account, it.device, 0)
	return c
}

// enterHandshake changes the membership: who is removed gets this entry as the last one, who is
// added gets those after it, who joins by an external commit gets this one first, and who returns gets
// all since the removal.
func (b *ledger) enterHandshake(it *item, c *conversation) {
	h, seq := it.handshake, c.shook()
	if h.Whole {
		b.enterWhole(it, c, seq)
	} else {
		for _, m := range h.Return {
			b.reopen(c, m)
		}
	}
	for _, m := range h.Remove {
		if m.Device != it.device && b.isMember(c.id, m) {
			b.leave(c, m.Device, seq)
		}
	}
	for _, m := range h.Add {
		b.join(c, m.Account, m.Device, seq)
		w := b.inboxes[m.Device]
		b.inboxes[m.Device] = waiting{w.items + 1, w.bytes + len(h.Welcome)}
	}
	if h.External {
		b.join(c, it.account, it.device, seq-1)
	}
	if len(h.Add) > 0 {
		b.welcomes = append(b.welcomes, welcome{c.id, seq, it.account, h.Welcome, h.Add})
	}
	b.infos[c.id] = groupInfo{seq, h.GroupInfo}
}

// shook notes that the newest entry is a handshake, and returns its seq.
func (c *conversation) shook() uint64 {
	c.lastHandshake = c.last
	c.recent = append([]uint64{c.last}, c.recent[:min(len(c.recent), keepRecent-1)]...)
	return c.last
}

// enterLeave ends the windows of all devices of the account and names them. The group stays in its epoch:
// who joins now still uses the present group information, after this entry.
func (b *ledger) enterLeave(it *item, c *conversation) (left []wire.ID) {
	seq := c.shook()
	for device, m := range b.members[c.id] {
		if m.account == it.account {
			left = append(left, device)
		}
	}
	for _, device := range left {
		b.leave(c, device, seq)
	}
	b.infos[c.id] = groupInfo{seq, b.infos[c.id].sealed}
	return left
}

// join opens a window. A device that is a member already keeps the one it has: an invalid commit,
// which clients skip, may have added it before.
func (b *ledger) join(c *conversation, account, device wire.ID, from uint64) {
	if b.member(c.id, device) != nil {
		return
	}
	m := &membership{conversation: c.id, device: device, account: account, from: from, fresh: true}
	b.setMember(m)
	b.windows = append(b.windows, m)
	c.members++
}

// returns reports whether a device's last window may be opened again: a handshake of somebody else ended
// it. What a person ended, by leaving or by removing the device, stays so. A member who brings back a
// device that was truly removed wins nothing by it: the device gets what it has no keys for.
func (b *ledger) returns(conversation wire.ID, m wire.MemberRef) bool {
	w, ok := b.ended[memberKey{conversation, m.Device}]
	return ok && w.account == m.Account && w.by != w.account && b.devices[m.Device].active && b.member(conversation, m.Device) == nil
}

// isMember reports whether a device is a member, and of the account that is said to be its own: members
// name devices by what stands in the group, and there an account can claim any device id.
func (b *ledger) isMember(conversation wire.ID, m wire.MemberRef) bool {
	w := b.member(conversation, m.Device)
	return w != nil && w.account == m.Account
}

// reopen takes the end off a device's last window, so that nothing in between is missing. Other devices
// are passed over: several members may bring back the same one.
func (b *ledger) reopen(c *conversation, back wire.MemberRef) {
	if !b.returns(c.id, back) {
		return
	}
	m := b.ended[memberKey{c.id, back.Device}].membership
	m.until = 0
	b.setMember(&m)
	b.windows = append(b.windows, &m)
	c.members++
}

// leave ends a window. A device that is no member is passed over, for the same reason.
func (b *ledger) leave(c *conversation, device wire.ID, seq uint64) {
	m := b.member(c.id, device)
	if m == nil {
		return
	}
	m.until = seq
	delete(b.members[c.id], device)
	c.members--
	if !m.fresh {
		b.windows = append(b.windows, m)
	}
}
