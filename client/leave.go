package client

import (
	"context"
	"slices"

	"frond/mls"
	"frond/wire"
)

// Leaving takes two. Who leaves proposes the removal of the account's leaves, and is out: the server ends
// their windows with that entry. One of the others, of whatever role, carries the proposals out by a commit
// that does nothing else; before that no other commit of a member is valid. Should a device that joins by
// itself come between, which ends the epoch and with it the proposals, an owner or moderator removes the
// account the ordinary way.

// Leave takes this account, with all its devices, out of a group. Its timeline stays.
func (c *Client) Leave(ctx context.Context, id wire.ID) error {
	done := make(chan error, 1)
	err := c.run(ctx, func() error {
		v, err := c.conversation(id)
		if err != nil {
			return err
		}
		if err := c.mayLeave(v); err != nil {
			return err
		}
		v.wants = append(v.wants, &want{leave: true, done: func(err error) { done <- err }})
		c.advance(v)
		return nil
	})
	if err != nil {
		return err
	}
	return c.wait(ctx, done)
}

func (c *Client) mayLeave(v *conversation) error {
	switch {
	case v.rec.Kind != wire.Group:
		return wire.Errorf(wire.CodeForbidden, "Only a group can be left.")
	case v.rec.State != stateActive:
		return wire.Errorf(wire.CodeForbidden, "This device is not in the conversation.")
	case !v.roster.canSpare(c.self.Account, v.rec.Leaving):
		return wire.Errorf(wire.CodeForbidden, "Make somebody else owner first.")
	}
	return nil
}

// canSpare reports whether an account may leave: an owner stays, or nobody does. Gone are those who have
// left before.
func (r *Roster) canSpare(account wire.ID, gone []wire.ID) bool {
	rest := r.without(append([]wire.ID{account}, gone...)...)
	return len(rest.People) == 0 || slices.ContainsFunc(rest.People, func(p Person) bool { return p.Role == Owner })
}

// stageLeave makes the proposals and makes them pending.
func (c *Client) stageLeave(v *conversation) error {
	if err := c.mayLeave(v); err != nil {
		return err
	}
	g, err := c.openGroup(v)
	if err != nil {
		return err
	}
	id, err := wire.NewMessageID(c.cfg.Rand, c.cfg.Now())
	if err != nil {
		return err
	}
	leave := wire.Leave{Conversation: v.id, Message: id, Previous: v.rec.Handshake}
	for _, leaf := range c.leavesOf(g, c.self.Account) {
		next, frame, err := g.Propose(c.mls(), mls.ProposalOptions{Remove: &leaf, Loose: true})
		if err != nil {
			return err
		}
		g = next
		leave.Frames = append(leave.Frames, frame)
	}
	if err := leave.Check(); err != nil {
		return err
	}
	rec := &pendingRecord{Kind: pendingLeave, Message: id, Body: encode(leave)}
	v.group = g
	t := c.begin()
	t.put(c.self.keys.of("pending", v.id), *rec)
	t.mark(v, markRatchet)
	if err := t.commit(); err != nil {
		return err
	}
	v.pending = rec
	return nil
}

func (c *Client) leavesOf(g *mls.Group, account wire.ID) (leaves []mls.LeafIndex) {
	for _, m := range g.Members() {
		if cred, err := c.verifier.credential(m); err == nil && wire.ID(cred.Account) == account {
			leaves = append(leaves, m.Leaf)
		}
	}
	return leaves
}

// leaveEntry processes what somebody who leaves proposed.
func (c *Client) leaveEntry(t *tx, v *conversation, e *wire.Entry, proposals [][]byte) error {
	g, err := c.openGroup(v)
	if err != nil {
		return err
	}
	next, account, err := c.verifier.leaving(c.mls(), g, proposals)
	if err != nil {
		c.cfg.Log.Warn("skipped a leave", "conversation", v.id, "seq", e.Seq, "error", err)
		c.count(t, countSkipped)
		c.putNotice(t, v, e.Seq, e.Received, noticeRecord{What: noticeSkipped, By: e.Account})
		return nil
	}
	if account == c.self.Account {
		c.wentOut(t, v, e)
		return nil
	}
	v.group = next
	v.rec.Leaving = append(v.rec.Leaving, account)
	t.mark(v, markRecord|markRatchet|markLook)
	c.putNotice(t, v, e.Seq, e.Received, noticeRecord{What: noticeLeft, By: account})
	t.then(func() { c.renewLater(v) })
	return nil
}

// wentOut ends this device's part in a group that its account has left.
func (c *Client) wentOut(t *tx, v *conversation, e *wire.Entry) {
	if len(v.wants) > 0 && v.wants[0].leave {
		w := v.wants[0]
		v.wants = v.wants[1:]
		t.then(func() { w.done(nil) })
	}
	c.goOut(t, v)
	c.putNotice(t, v, e.Seq, e.Received, noticeRecord{What: noticeLeft, By: c.self.Account})
}

// leaving judges the proposals of one leave by the group alone, so that all members find the same: they
// remove all leaves of one account, by the word of a device of it, and the group can spare it. next has
// collected them.
func (v *verifier) leaving(cfg mls.Config, g *mls.Group, proposals [][]byte) (next *mls.Group, account wire.ID, err error) {
	roster, err := rosterOf(g.Extensions())
	if err != nil {
		return nil, account, err
	}
	next = g
	for _, p := range proposals {
		if next, err = next.Collect(cfg, p); err != nil {
			return nil, account, err
		}
	}
	before, after := g.Pending(), next.Pending()
	if len(after) != len(before)+len(proposals) {
		return nil, account, notAllowed("a wish to leave is repeated")
	}
	var gone []wire.ID
	for i, p := range after {
		by, err := v.ownWish(p)
		switch {
		case err != nil:
			return nil, account, err
		case i < len(before):
			gone = append(gone, by)
		case i > len(before) && by != account:
			return nil, account, notAllowed("two accounts leave at once")
		}
		account = by
	}
	if !v.allLeaves(g, account, after[len(before):]) {
		return nil, account, notAllowed("not all devices of an account leave")
	}
	if _, in := roster.Person(account); !in || roster.Kind != wire.Group || slices.Contains(gone, account) || !roster.canSpare(account, gone) {
		return nil, account, notAllowed("nobody leaves a conversation without an owner, or one that is not a group")
	}
	return next, account, nil
}

// ownWish returns the account that proposes the removal of a device of its own.
func (v *verifier) ownWish(p mls.Pending) (account wire.ID, err error) {
	if p.Type != mls.ProposalRemove {
		return account, notAllowed("who leaves proposes something else")
	}
	by, err := v.credential(p.From)
	if err != nil {
		return account, notAllowed("who leaves: %v", err)
	}
	gone, err := v.credential(p.Removed)
	if err != nil || gone.Account != by.Account {
		return account, notAllowed("somebody proposes the removal of somebody else")
	}
	return wire.ID(by.Account), nil
}

// allLeaves reports whether the proposals are about each leaf of an account.
func (v *verifier) allLeaves(g *mls.Group, account wire.ID, proposals []mls.Pending) bool {
	for _, m := range g.Members() {
		cred, err := v.credential(m)
		if err == nil && wire.ID(cred.Account) == account &&
			!slices.ContainsFunc(proposals, func(p mls.Pending) bool { return p.Removed.Leaf == m.Leaf }) {
			return false
		}
	}
	return true
}

// wishes are the accounts whose leave waits to be carried out in the present epoch.
func (c *Client) wishes(g *mls.Group) (accounts []wire.ID) {
	for _, p := range g.Pending() {
		if by, err := c.verifier.ownWish(p); err == nil && !slices.Contains(accounts, by) {
			accounts = append(accounts, by)
		}
	}
	return accounts
}

// planLeavers carries out what others who left proposed, or removes one whose proposals were lost.
func (c *Client) planLeavers(v *conversation, g *mls.Group) (p plan, err error) {
	accounts := c.wishes(g)
	if len(accounts) == 0 {
		i := slices.IndexFunc(v.rec.Leaving, func(id wire.ID) bool { return c.mayRemove(v, id) })
		if i < 0 {
			return plan{}, errNothing
		}
		p, err = c.planRemove(v, g, v.rec.Leaving[i])
		p.notice = noticeRecord{What: noticeRenewed, By: c.self.Account}
		return p, err
	}
	next := v.roster.without(accounts...)
	if next.JoinKey, err = newJoinKey(c.cfg.Rand); err != nil {
		return plan{}, err
	}
	for _, m := range c.refsOf(g) {
		if slices.Contains(accounts, m.Account) {
			p.remove = append(p.remove, m)
		}
	}
	p.options.Pending = true
	p.options.Extensions, err = next.extension()
	p.notice = noticeRecord{What: noticeRenewed, By: c.self.Account}
	return p, err
}

// letGoFirst carries out what those who left proposed, because a message can not be sealed before (RFC
// 9420, section 12.4). It reports whether that is now on its way.
func (c *Client) letGoFirst(v *conversation) bool {
	g, err := c.openGroup(v)
	if err != nil || len(c.wishes(g)) == 0 {
		return false
	}
	w := &want{stage: c.planLeavers, first: true, done: func(error) {}}
	v.wants = append(v.wants, w)
	switch err := c.stage(v, w); {
	case c.conversations[v.id] != v: // the store refused it, and the state was read anew
	case err != nil:
		c.cfg.Log.Error("let go who left", "conversation", v.id, "error", err)
		v.wants = v.wants[:len(v.wants)-1]
		return false
	default:
		c.advance(v)
	}
	return true
}

// mayRemove reports whether this account's role allows it to remove another.
func (c *Client) mayRemove(v *conversation, account wire.ID) bool {
	mine, theirs := v.roster.role(c.self.Account), v.roster.role(account)
	return mine == Owner || mine == Moderator && theirs == Member
}

// departed forgets the wishes of those who are no longer in the roster.
func (v *conversation) departed() {
	v.rec.Leaving = slices.DeleteFunc(v.rec.Leaving, func(id wire.ID) bool {
		_, in := v.roster.Person(id)
		return !in
	})
}

// carriesOut reports whether a commit removes nobody but devices whose own account proposed that.
func (v *verifier) carriesOut(ch *change, e mls.Effects) (bool, error) {
	for i, c := range ch.removed {
		by, err := v.credential(e.Proposers[i])
		if err != nil {
			return false, notAllowed("who proposed a removal: %v", err)
		}
		if c.Account == ch.by.Account || by.Account != c.Account {
			return false, nil
		}
	}
	return len(ch.removed) > 0, nil
}

// checkLeft lets anybody carry out a leave: the account goes from the roster, the join key changes, and
// nothing else.
func (ch *change) checkLeft() error {
	var accounts []wire.ID
	for _, c := range ch.removed {
		accounts = append(accounts, wire.ID(c.Account))
	}
	a, b := ch.before.without(accounts...), ch.after
	if a.Kind != wire.Group || a.JoinKey == b.JoinKey {
		return notAllowed("somebody leaves and the join key stays")
	}
	a.JoinKey, b.JoinKey = wire.Hash{}, wire.Hash{}
	if same, err := equalRosters(a, b); err != nil || !same || len(ch.added) > 0 {
		return notAllowed("who carries out a leave changes nothing else")
	}
	return nil
}
