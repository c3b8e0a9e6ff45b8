package client

import (
	"errors"
	"slices"

	"frond/mls"
	"frond/wire"
)

// want is a change somebody asked for. It is staged anew each time it loses its race.
type want struct {
	stage func(v *conversation, g *mls.Group) (plan, error)
	leave bool // no commit: this account leaves
	first bool // carries out what others proposed, which comes before everything else
	done  func(error)
}

// plan is a commit to make.
type plan struct {
	options     mls.CommitOptions
	add, remove []wire.MemberRef
	back        []wire.MemberRef // devices that a skipped commit had cut off
	whole       bool             // back are all members there are
	notice      noticeRecord
}

// declare puts who makes the commit, and what the server is told about membership, under its signature.
func (p *plan) declare(author wire.MemberRef) {
	if p.whole {
		p.options.AAD = wire.DeclareWhole(author, p.back)
		return
	}
	p.options.AAD = wire.Declare(author, p.add, p.remove, p.back)
}

// errNothing says that a wanted change is already so.
var errNothing = errors.New("nothing to change")

// stageWant stages the first wanted change and makes it pending.
func (c *Client) stageWant(v *conversation) {
	switch {
	case v.rec.Ahead != 0 && !v.wants[0].first:
		v.wants = slices.Insert(v.wants, 0, &want{stage: c.planWhole, first: true, done: func(error) {}})
	case !v.wants[0].leave && !v.wants[0].first && c.toLetGo(v):
		v.wants = slices.Insert(v.wants, 0, &want{stage: c.planLeavers, first: true, done: func(error) {}})
	}
	w := v.wants[0]
	err := c.stage(v, w)
	switch {
	case c.conversations[v.id] != v: // the store refused it: the state was read anew, and whoever waited has been told
	case err == nil:
		c.advance(v)
	case errors.Is(err, errBroken):
		c.broken(v) // staged again when the group is whole
	default:
		v.wants = v.wants[1:]
		if errors.Is(err, errNothing) {
			err = nil
		}
		w.done(err)
		c.advance(v)
	}
}

func (c *Client) stage(v *conversation, w *want) error {
	if w.leave {
		return c.stageLeave(v)
	}
	g, err := c.openGroup(v)
	if err != nil {
		return err
	}
	p, err := w.stage(v, g)
	if err != nil {
		return err
	}
	if !p.whole {
		p.back = c.cutMembers(v, g, p.remove)
	}
	p.declare(c.ref())
	s, err := g.Commit(c.mls(), p.options)
	if err != nil {
		return err
	}
	return c.makePending(v, pendingCommit, s, p)
}

// makePending judges one's own commit like anybody else's and makes it durable, with the state that
// follows it, before it leaves. The message key it took is gone from the present state in the same
// write: should the commit be dropped, the next one of the epoch takes another.
func (c *Client) makePending(v *conversation, kind uint8, s *mls.Staged, p plan) error {
	if kind != pendingCreate {
		if _, err := c.verifier.admit(v.group, s); err != nil {
			return wire.Errorf(wire.CodeForbidden, "%v", err)
		}
	}
	next := s.Merge()
	roster, err := rosterOf(next.Extensions())
	if err != nil {
		return err
	}
	info, err := sealInfo(c.cfg.Rand, roster.JoinKey, v.id, s.GroupInfo())
	if err != nil {
		return err
	}
	id, err := wire.NewMessageID(c.cfg.Rand, c.cfg.Now())
	if err != nil {
		return err
	}
	h := wire.Handshake{
		Conversation: v.id, Message: id, Previous: v.rec.Handshake, Frame: s.Message(), GroupInfo: info,
		Welcome: s.Welcome(), Add: p.add, Remove: p.remove, Return: p.back, Whole: p.whole, External: kind == pendingExternal,
	}
	if err := h.Check(); err != nil {
		return err
	}
	rec := &pendingRecord{
		Kind: kind, Message: id, Epoch: next.MarshalEpoch(), Ratchets: next.MarshalRatchets(), Notice: p.notice, next: next,
	}
	rec.Body = handshakeBody(kind, h, roster)
	t := c.begin()
	t.put(c.self.keys.of("pending", v.id), *rec)
	t.mark(v, markRecord)
	if kind == pendingCommit {
		v.group = s.Present()
		t.mark(v, markRatchet)
	}
	if err := t.commit(); err != nil {
		return err
	}
	v.pending = rec
	return nil
}

func handshakeBody(kind uint8, h wire.Handshake, roster Roster) []byte {
	if kind != pendingCreate {
		return encode(h)
	}
	create := wire.Create{Kind: roster.Kind, Handshake: h}
	if roster.Kind == wire.Open {
		create.JoinKey = &roster.JoinKey
	}
	return encode(create)
}

// sendPending sends the pending handshake: the same bytes each time, until the server said what
// became of it.
func (c *Client) sendPending(v *conversation) {
	p := v.pending
	op := wire.OpHandshake
	switch p.Kind {
	case pendingCreate:
		op = wire.OpCreate
	case pendingLeave:
		op = wire.OpLeave
	}
	c.requestAppend(v, op, p.Body, func(a wire.Appended, err error) {
		if v.pending != p {
			c.advance(v) // the log was faster than the answer
			return
		}
		if err != nil {
			c.refused(v, p, err)
			return
		}
		v.attempts, v.turned = 0, false
		if v.rec.State == stateActive && a.Seq <= v.rec.Cursor {
			c.passedBy(v)
			return
		}
		if v.rec.State == stateActive {
			c.await(v, a.Seq) // merged when the log shows it
			return
		}
		t := c.begin()
		err = c.enterGroup(t, v, a.Seq, a.Received)
		if errors.Is(err, errBroken) {
			c.dropPending(v, nil)
			c.retry(v, nil)
		}
		if err != nil {
			c.cfg.Log.Error("merge a joining commit", "conversation", v.id, "error", err)
			return
		}
		if t.commit() == nil {
			c.subscribe(v)
			c.advance(v)
		}
	})
}

// refused deals with a pending handshake the server did not accept.
func (c *Client) refused(v *conversation, p *pendingRecord, err error) {
	if passes(err) {
		c.retry(v, err)
		return
	}
	var refusal *wire.Error
	errors.As(err, &refusal)
	code := wire.CodeOf(err)
	switch {
	case p.Kind == pendingCreate && v.rec.Kind == wire.Open:
		c.dropPending(v, func() { v.rec.Begun = true }) // somebody else was first: join
		c.retry(v, nil)
	case p.Kind == pendingCreate:
		c.abandon(v, refusal)
	case code == wire.CodeConflict && p.Kind == pendingExternal:
		c.dropPending(v, nil)
		c.retry(v, nil)
	case code == wire.CodeConflict && v.tellsNothing(refusal.Last, p.handshake().Previous):
		c.turnedDown(v, refusal, p.handshake().Previous)
	case code == wire.CodeConflict:
		c.dropPending(v, nil)
		c.await(v, refusal.Last)
		c.advance(v)
	case code == wire.CodeForbidden && v.attempts < maxDoubts && p.Kind != pendingExternal:
		c.retry(v, err) // perhaps cut off: the log will say
	case p.Kind == pendingExternal:
		c.dropPending(v, nil)
		c.emit(about(v, code, refusal.Message))
		c.later(v, longRetry)
	default:
		c.dropPending(v, nil)
		c.failWant(v, err)
	}
}

// dropPending forgets a handshake that was not accepted.
func (c *Client) dropPending(v *conversation, change func()) {
	t := c.begin()
	t.delete(c.self.keys.of("pending", v.id))
	v.pending = nil
	if change != nil {
		change()
		t.mark(v, markRecord)
	}
	_ = t.commit()
}

func (c *Client) failWant(v *conversation, err error) {
	if len(v.wants) > 0 {
		w := v.wants[0]
		v.wants = v.wants[1:]
		w.done(err)
	}
	c.advance(v)
}

// abandon forgets a conversation that could not be created.
func (c *Client) abandon(v *conversation, refusal *wire.Error) {
	t := c.begin()
	t.dropGroup(v)
	t.delete(c.self.keys.of("conv", v.id))
	t.delete(c.self.keys.of("roster", v.id))
	delete(c.conversations, v.id)
	if t.commit() != nil {
		return
	}
	for _, f := range v.born {
		if refusal.Code == wire.CodeExists && refusal.Conversation != nil {
			f(*refusal.Conversation, nil)
		} else {
			f(wire.ID{}, refusal)
		}
	}
	v.born = nil
}

// merge makes the state after the pending handshake the present one. Keys of messages that arrived
// while it waited stay gone.
func (c *Client) merge(t *tx, v *conversation) error {
	g, err := v.pending.group(c.self.key.Signer())
	if err != nil {
		return errBroken
	}
	commit := v.pending.Kind == pendingCommit
	var present *mls.Group
	if commit {
		if present, err = c.openGroup(v); err != nil {
			return err
		}
		g = g.After(present)
	}
	before, was := v.rec.JoinKey, v.roster
	if err := c.adopt(v, g); err != nil {
		return err
	}
	v.departed()
	v.asked = false
	if !commit {
		t.delete(c.self.keys.of("since", v.id))
	} else if err := c.noteCame(t, v, present, &was); err != nil {
		return err
	}
	c.mended(v, v.pending.handshake().Return)
	if v.rec.JoinKey != before {
		c.stateChanged(t)
	}
	t.delete(c.self.keys.of("pending", v.id))
	t.mark(v, markRecord|markGroup)
	v.pending = nil
	return nil
}

// enterGroup merges a handshake by which this device came in: its log begins here.
func (c *Client) enterGroup(t *tx, v *conversation, seq, received uint64) error {
	notice, lost, before := v.pending.Notice, v.rec.Lost != 0, v.roster
	back := v.pending.Kind == pendingExternal && len(v.pending.handshake().Remove) > 0 // in the place of an old leaf
	if back && v.rec.Counter == 0 {
		c.countOn(v) // its record was lost
	}
	created := v.pending.Kind == pendingCreate
	if err := c.merge(t, v); err != nil {
		return err
	}
	if created {
		c.stateChanged(t) // the join key is as old as the conversation: merging it changes nothing
	}
	v.joinAsk = joinAsk{}
	v.outside, v.ahead, v.gap, v.gaps, v.awaiting, v.known = false, false, false, 0, 0, seq
	v.rec.State, v.rec.Begun, v.rec.Confirmed, v.rec.Skipped, v.rec.Cut, v.rec.Unshown = stateActive, true, false, false, nil, false
	c.lacking(t, v, v.rec.Cursor, seq)
	if v.rec.Read == 0 {
		v.rec.Read = seq // what came before is not news here
	}
	v.rec.Cursor, v.rec.Handshake, v.rec.Joined, v.rec.Epoch = seq, seq, seq, v.group.Epoch()
	if !back {
		v.rec.Since = v.rec.Epoch
	}
	if lost {
		c.rejoined(t, v, before)
	}
	t.deleteRange(Prefix(c.self.keys.rows("peer", v.id)))
	v.peers = map[wire.MemberRef]peerRecord{}
	c.putNotice(t, v, seq, received, notice)
	t.then(func() {
		for _, f := range v.born {
			f(v.id, nil)
		}
		v.born = nil
		c.notify(v.id)
		c.doubtPins(v)
		v.cared++
		c.tidyLater(v)
	})
	return nil
}
