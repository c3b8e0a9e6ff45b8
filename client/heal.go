package client

import (
	"errors"
	"time"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// Why a conversation's group is not to be used any more. While one of these stands, this device reads
// what it can and seals nothing; it joins the conversation again, in the place of its old leaf.
const (
	lostStep  = 1 // a commit could not be followed: perhaps the others went on without this device
	lostSeat  = 2 // the server does not count this device in, and no commit removed it
	lostBack  = 3 // the store was set back: message keys and counters would serve a second time
	lostState = 4 // the store does not give the group back
)

const (
	// rejoinPause is the least time between two repairs of one conversation, in milliseconds.
	rejoinPause = 10 * 60 * 1000
	// lookPause is how long the others get to renew a group in which a commit failed, before this device
	// looks for a later epoch. It is longer than renewPause.
	lookPause = 60 * time.Second
)

// errBroken says that the store does not give a conversation's group back.
var errBroken = errors.New("client: a damaged conversation in the store")

// lose gives the conversation's group up for now. A graver cause takes the place of a lighter one.
func (c *Client) lose(t *tx, v *conversation, why uint8, patience time.Duration) {
	if !c.putAside(t, v, why, patience) {
		return
	}
	c.count(t, [...]string{lostStep: countLostStep, lostSeat: countLostSeat, lostBack: countRolledBack, lostState: countBroken}[why])
	if why == lostBack {
		c.countOn(v)
	}
}

// putAside lets the group rest until the group information was looked at.
func (c *Client) putAside(t *tx, v *conversation, why uint8, patience time.Duration) bool {
	if v.rec.Lost >= why || v.rec.State != stateActive {
		return false
	}
	c.cfg.Log.Warn("the group is not to be used any more", "conversation", v.id, "cause", why)
	v.rec.Lost = why
	t.mark(v, markRecord|markLook)
	t.then(func() {
		v.notUntil = time.Time{}
		c.later(v, patience)
	})
	return true
}

// countOn goes on counting where this device does not know how far it was: whatever counters the lost time
// used, it had fewer messages than milliseconds.
func (c *Client) countOn(v *conversation) {
	v.rec.Counter, v.rec.Previous = max(v.rec.Counter, c.nowMillis()), wire.Hash{}
}

// broken gives the group up that the store does not give back.
func (c *Client) broken(v *conversation) {
	t := c.begin()
	c.lose(t, v, lostState, 0)
	_ = t.commit()
}

// found goes on with the group: what was suspected of it is not so.
func (c *Client) found(v *conversation) {
	t := c.begin()
	v.rec.Lost, v.ahead = 0, false
	t.mark(v, markRecord|markLook)
	t.then(func() {
		c.renewLater(v)
		c.askSoon()
		c.advance(v)
	})
	_ = t.commit()
}

// rejoin joins a conversation again whose group was given up, once in rejoinPause at most.
func (c *Client) rejoin(v *conversation) {
	if v.pending != nil && v.pending.Kind == pendingCommit {
		c.dropPending(v, nil) // it follows a state that nobody shares
	}
	if rest := c.restUntilRejoin(v); rest > 0 {
		c.later(v, rest)
		return
	}
	c.join(v)
}

func (c *Client) restUntilRejoin(v *conversation) time.Duration {
	now := c.nowMillis()
	if v.rec.Rejoined == 0 || now >= v.rec.Rejoined+rejoinPause {
		return 0
	}
	rest := min(v.rec.Rejoined+rejoinPause-now, rejoinPause) // also when the clock was set back
	return time.Duration(rest) * time.Millisecond
}

// mayRejoin decides whether the group information leads on from what this device knows. The log is to be
// processed as far as that. A group in which somebody else was heard is given up for a later epoch only,
// or for the same one when its keys must not be used: nobody leads it back.
func (c *Client) mayRejoin(v *conversation, view *mls.GroupInfoView, roster *Roster, seq uint64) (bool, error) {
	if seq > v.rec.Cursor && (v.rec.Lost != lostSeat || !v.outside) { // whom the server counts out it shows no log
		c.await(v, seq)
		return false, nil
	}
	g, err := c.openGroup(v)
	switch {
	case errors.Is(err, errBroken):
		return true, nil
	case err != nil:
		return false, err
	case v.rec.Lost == lostStep && view.Epoch == g.Epoch() && !view.SameState(g) && c.forked(v, g, view, roster):
		return true, nil
	case v.rec.Lost == lostStep && (view.Epoch == g.Epoch() || v.rec.Confirmed && view.Epoch < g.Epoch()):
		c.found(v)
		return false, nil
	case v.rec.Confirmed && view.Epoch < g.Epoch():
		return false, wire.Errorf(wire.CodeConflict, "the group information is older than this device's group")
	case v.rec.Lost == lostStep && v.rec.Confirmed && view.Epoch == g.Epoch()+1:
		if err := c.allowedFor(v, g, view, roster); err != nil {
			c.cfg.Log.Warn("stays in its group", "conversation", v.id, "error", err)
			c.found(v)
			return false, nil
		}
	}
	return true, nil
}

// allowedFor judges what can be seen of the one commit between this device's group and the group
// information: whether its author, who signed that, might change the roster so.
func (c *Client) allowedFor(v *conversation, g *mls.Group, view *mls.GroupInfoView, after *Roster) error {
	after = c.vouchedRoots(&v.roster, after)
	if same, err := equalRosters(v.roster, *after); err != nil || same {
		return err
	}
	for _, m := range view.Members {
		if m.Leaf != view.Signer {
			continue
		}
		by, err := c.verifier.credential(m)
		if err != nil {
			return err
		}
		if a, b := v.roster, *after; a.JoinKey != b.JoinKey {
			if a.JoinKey = b.JoinKey; v.roster.role(wire.ID(by.Account)) >= Member {
				if same, err := equalRosters(a, b); err != nil || same {
					return err // a device was removed by its own account
				}
			}
		}
		ch := change{before: v.roster, after: *after, by: by, was: by}
		if was, in := c.memberOf(g, wire.ID(by.Account), wire.ID(by.Device)); in {
			ch.was = was
		}
		return ch.checkRoster()
	}
	return notAllowed("nobody signed the group information")
}

// rejoined ends a repair: the log goes on here, and what was sealed and not sent is sealed anew.
func (c *Client) rejoined(t *tx, v *conversation, before Roster) {
	v.rec.Lost, v.rec.Split, v.rec.Rejoined = 0, 0, c.nowMillis()
	t.mark(v, markRecord|markLook)
	c.count(t, countRejoined)
	t.then(c.askSoon) // who could not ask before
	for _, row := range v.outbox {
		if row.rec.Sealed != nil && !row.accepted {
			row.rec.Sealed = nil
			t.put(c.self.keys.row("out", v.id, row.order), row.rec)
		}
	}
	if text := c.rosterNews(&before, &v.roster); text != "" && before.Version != 0 {
		t.emit(about(v, CodeRejoined, "This device had lost step with "+c.title(v, c.view(v).People)+" and joined it again. Meanwhile "+text+"."))
	}
}

// rosterNews puts into words whose place, keys or role differ between two rosters.
func (c *Client) rosterNews(before, after *Roster) string {
	var came, gone, other []wire.ID
	for _, p := range after.People {
		was, in := before.Person(p.Account)
		switch {
		case !in:
			came = append(came, p.Account)
		case was.Root != p.Root || was.Role != p.Role:
			other = append(other, p.Account)
		}
	}
	for _, p := range before.People {
		if _, stays := after.Person(p.Account); !stays {
			gone = append(gone, p.Account)
		}
	}
	text := ""
	for _, part := range []struct {
		who  []wire.ID
		what string
	}{{came, " came in"}, {gone, " went"}, {other, " got another role or other keys"}} {
		if len(part.who) > 0 {
			if text != "" {
				text += ", "
			}
			text += c.names(part.who) + part.what
		}
	}
	return text
}

// mayBeMine says whether a commit that failed here may have been good for others. One that breaks a rule of
// the conversation, or is of an epoch that this device has left, fails for everybody.
func (c *Client) mayBeMine(v *conversation, err error) bool {
	switch {
	case errors.Is(err, errNotAllowed), errors.Is(err, mls.ErrUnknownEpoch) && v.rec.Confirmed:
		return false
	case errors.Is(err, mls.ErrFutureEpoch) && v.rec.Confirmed:
		return v.rec.Split != 0 // else every commit so far was followed, and this one is of no epoch at all
	}
	return true
}

// doubt suspects this device's own group when a message is of an epoch it does not know: somebody may
// have gone on by a commit that failed here, or this device joined by group information that came with
// a commit everybody skipped.
func (c *Client) doubt(t *tx, v *conversation, err error) {
	future := errors.Is(err, mls.ErrFutureEpoch)
	switch {
	case !v.rec.Confirmed && (future || errors.Is(err, mls.ErrUnknownEpoch)):
		c.lose(t, v, lostStep, 0)
	case future && v.rec.Split != 0:
		v.ahead = true
		c.lose(t, v, lostStep, c.jitter(lookPause))
	}
}

// elsewhere reports whether a commit takes this device's leaf away because the device itself came back in
// another place: its store was set back to a time before that.
func (c *Client) elsewhere(ch *change) bool {
	return ch.external && sameDevice(ch.by, c.self.cred)
}

// unknownOwn deals with a message of this device that it does not know. If the group opens it, its key was
// not used here: the store was set back. A key that is used up says that only the message was lost. One that
// has disappeared says nothing; what is known of it here is kept until the log shows it, so the store was set back.
func (c *Client) unknownOwn(t *tx, v *conversation, e *wire.Entry, rec *messageRecord) error {
	if e.Gone() {
		c.lose(t, v, lostBack, 0)
		rec.Reason = ReasonGone
		return nil
	}
	g, err := c.openGroup(v)
	if errors.Is(err, errBroken) {
		c.lose(t, v, lostState, 0)
		return nil
	}
	if err != nil {
		return err
	}
	opened, cred, err := c.openMessage(t, v, g, e)
	switch {
	case err == nil && identity.ID(c.self.Device) == cred.Device:
		c.lose(t, v, lostBack, 0)
		rec.fill(&opened, e)
		rec.Epoch = epochOf(e)
		v.rec.Counter, v.rec.Previous = max(v.rec.Counter, opened.Counter), opened.Hash
	case errors.Is(err, mls.ErrReplay):
	case errors.Is(err, mls.ErrFutureEpoch), errors.Is(err, mls.ErrUnknownEpoch):
		c.lose(t, v, lostBack, 0)
		v.rec.Previous = wire.Hash{}
	default:
		rec.Reason = reasonFor(err)
	}
	return nil
}
