package store

import (
	"slices"

	"frond/wire"
)

// judge decides on one item and, unless it is refused, enters what follows from it.
func (b *ledger) judge(it *item) AppendResult {
	if a, ok := b.appended[messageKey{it.device, it.message}]; ok {
		return retry(it, a)
	}
	if err := b.check(it); err != nil {
		return AppendResult{Err: err}
	}
	e, left := b.enter(it)
	return AppendResult{Seq: e.Seq, Received: e.Received, Entry: e, Left: left}
}

func retry(it *item, a appended) AppendResult {
	if a.conversation != it.conversation || a.kind != it.kind() {
		return AppendResult{Err: wire.Errorf(wire.CodeBadRequest, "this message id was used for something else")}
	}
	return AppendResult{Seq: a.seq, Received: a.received, Duplicate: true}
}

func (b *ledger) check(it *item) *wire.Error {
	if d, ok := b.devices[it.device]; !ok || !d.active || d.account != it.account {
		return wire.Errorf(wire.CodeUnauthenticated, "This device was removed. Sign in again.")
	}
	c := b.conversations[it.conversation]
	if it.create != nil {
		return b.checkCreate(it, c)
	}
	if c == nil || c.last == 0 {
		return errNoConversation()
	}
	if it.send != nil {
		return b.checkSend(it, c)
	}
	if it.leave != nil {
		return b.checkLeave(it, c)
	}
	return b.checkHandshake(it, c)
}

func (b *ledger) checkSend(it *item, c *conversation) *wire.Error {
	switch {
	case b.member(c.id, it.device) == nil:
		return errNotMember()
	case it.send.Handshake > c.lastHandshake:
		return behind(wire.CodeConflict, c, "The server's copy of this conversation is older than this device's.")
	case c.stale(it.send.Handshake):
		return behind(wire.CodeStale, c, "The conversation has moved on. Catch up and seal the message again.")
	}
	return nil
}

// checkLeave lets nobody out of a direct conversation, which has two people, nor out of the open one.
func (b *ledger) checkLeave(it *item, c *conversation) *wire.Error {
	switch {
	case b.member(c.id, it.device) == nil:
		return errNotMember()
	case c.kind != wire.Group:
		return wire.Errorf(wire.CodeForbidden, "Only a group can be left.")
	case it.leave.Previous != c.lastHandshake:
		return behind(wire.CodeConflict, c, "Somebody else changed the conversation first.")
	}
	return nil
}

func behind(code wire.Code, c *conversation, message string) *wire.Error {
	err := wire.Errorf(code, "%s", message)
	err.Last = c.lastHandshake
	return err
}

// checkCreate allows a new id, and the open conversation as long as nobody has begun it.
func (b *ledger) checkCreate(it *item, c *conversation) *wire.Error {
	if it.create.Kind == wire.Direct {
		if id, ok := b.pairs[pairOf(it.account, otherOf(it.account, it.handshake.Add))]; ok {
			return errExists(id)
		}
	}
	switch {
	case c != nil && (c.last > 0 || c.kind != it.create.Kind):
		return errExists(c.id)
	case c == nil && it.create.Kind == wire.Open:
		return errNoConversation()
	}
	return firstRefusal(b.checkSize(it, &conversation{kind: it.create.Kind}), b.checkAdd(it, it.create.Kind, nil))
}

func errExists(id wire.ID) *wire.Error {
	err := wire.Errorf(wire.CodeExists, "This conversation exists already.")
	err.Conversation = &id
	return err
}

func (b *ledger) checkHandshake(it *item, c *conversation) *wire.Error {
	h := it.handshake
	switch {
	case h.External && !b.mayJoin(it, c), !h.External && b.member(c.id, it.device) == nil:
		return errNotMember()
	case h.Previous != c.lastHandshake:
		return behind(wire.CodeConflict, c, "Somebody else changed the conversation first.")
	case h.External && len(h.Add)+len(h.Return) > 0:
		return wire.Errorf(wire.CodeBadRequest, "an external commit adds its author only")
	}
	return firstRefusal(b.checkAdd(it, c.kind, c.pair), b.checkRemove(it, c), b.checkWhole(it, c), b.checkSize(it, c))
}

// mayJoin reports whether the author may become a member by itself.
func (b *ledger) mayJoin(it *item, c *conversation) bool {
	return c.kind == wire.Open || b.accountIsMember(c.id, it.account)
}

// checkAdd demands that added devices belong to their accounts and are active, and that the
// conversation's kind allows them.
func (b *ledger) checkAdd(it *item, kind wire.ConversationKind, pair []byte) *wire.Error {
	if kind == wire.Open && len(it.handshake.Add) > 0 {
		return errSelfOnly()
	}
	for i, m := range it.handshake.Add {
		d, ok := b.devices[m.Device]
		switch {
		case !ok || d.account != m.Account || !d.active:
			return wire.Errorf(wire.CodeNotFound, "A device to add is not, or no longer, one of its account's.")
		case pair != nil && !inPair(pair, m.Account):
			return errPairOnly()
		case b.inboxes[m.Device].full(it.handshake.Welcome):
			return wire.Errorf(wire.CodeLimit, "A device to add has too many welcomes waiting.")
		case slices.ContainsFunc(it.handshake.Add[:i], func(o wire.MemberRef) bool { return o.Device == m.Device }):
			return wire.Errorf(wire.CodeBadRequest, "a device is added twice")
		}
	}
	return nil
}

func inPair(pair []byte, account wire.ID) bool {
	return string(pair[:16]) == string(account[:]) || string(pair[16:]) == string(account[:])
}

// checkRemove lets an external commit replace only devices of its own account. In an open conversation,
// which anybody can enter, and in a direct one, from which nobody is removed, others may remove only
// devices that are no longer active.
func (b *ledger) checkRemove(it *item, c *conversation) *wire.Error {
	for _, m := range it.handshake.Remove {
		d := b.devices[m.Device]
		own := d.account == it.account
		switch {
		case m.Device == it.device && !it.handshake.External:
			return wire.Errorf(wire.CodeBadRequest, "a commit cannot remove its author")
		case it.handshake.External && !own, c.kind != wire.Group && !own && d.active:
			return wire.Errorf(wire.CodeForbidden, "You may not remove this device.")
		}
	}
	return nil
}

// checkSize keeps the number of devices below the kind's limit.
func (b *ledger) checkSize(it *item, c *conversation) *wire.Error {
	n := c.members + b.joining(it)
	if h := it.handshake; h.Whole {
		n = len(h.Return)
	}
	for _, m := range it.handshake.Remove {
		if m.Device != it.device && b.isMember(it.conversation, m) {
			n--
		}
	}
	limit := wire.MaxPrivate
	if c.kind == wire.Open {
		limit = wire.MaxOpen
	}
	if n > limit && n > c.members {
		return wire.Errorf(wire.CodeLimit, "A conversation of this kind has at most %d devices.", limit)
	}
	return nil
}

// joining counts the devices that are not members yet and become so.
func (b *ledger) joining(it *item) (n int) {
	if (it.create != nil || it.handshake.External) && b.member(it.conversation, it.device) == nil {
		n++
	}
	for _, m := range it.handshake.Add {
		if b.member(it.conversation, m.Device) == nil {
			n++
		}
	}
	for _, m := range it.handshake.Return {
		if b.returns(it.conversation, m) {
			n++
		}
	}
	return n
}

func errNotMember() *wire.Error {
	return wire.Errorf(wire.CodeForbidden, "You are not a member of this conversation.")
}

func errSelfOnly() *wire.Error {
	return wire.Errorf(wire.CodeForbidden, "Everybody joins an open conversation by themselves.")
}

func errPairOnly() *wire.Error {
	return wire.Errorf(wire.CodeBadRequest, "a direct conversation is between two accounts")
}

func firstRefusal(errs ...*wire.Error) *wire.Error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
