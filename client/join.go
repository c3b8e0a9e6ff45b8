package client

import (
	"errors"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// joinKeyTries is how often a join key that does not fit is asked for anew before that is a fault.
const joinKeyTries = 5

// join brings this device into a conversation by itself: it creates the open one when nobody has,
// and otherwise fetches the group information and joins by external commit.
func (c *Client) join(v *conversation) {
	if v.rec.Kind == wire.Open && !v.rec.Begun {
		if err := c.stageOpen(v); err != nil {
			c.cfg.Log.Error("create the open conversation", "error", err)
			c.retry(v, nil)
			return
		}
		c.advance(v)
		return
	}
	c.requestFor(v, wire.OpGroupInfo, wire.ConversationRef{Conversation: v.id}, func(body []byte, err error) {
		var info wire.GroupInfo
		if err == nil {
			err = wire.Decode(body, &info)
		}
		if err == nil {
			err = c.stageExternal(v, info)
		}
		if err != nil {
			c.cfg.Log.Warn("join", "conversation", v.id, "error", err)
			c.joinFailed(v, err)
			return
		}
		c.advance(v)
	})
}

func (c *Client) joinFailed(v *conversation, err error) {
	var unknown *pinsUnknown
	pinned := errors.As(err, &unknown)
	if !pinned {
		c.beg(v, err)
	}
	if err == errJoinKey && (v.attempts >= 2 || v.rec.Lost != 0) { // a key that has just changed comes with the account's state
		c.askJoinKey(v)
	}
	switch {
	case pinned && !v.looked:
		c.lookBeforeJoining(v, unknown.accounts)
	case err == errJoinKey && v.rec.Lost == 0 && (v.attempts < joinKeyTries || v.begging()):
		if v.attempts == joinKeyTries {
			c.tellCannotJoin(v)
		}
		c.fetchState() // the key was changed, and another device knows it
		c.retry(v, nil)
	case v.rec.Lost != 0 && (wire.CodeOf(err) == wire.CodeForbidden || wire.CodeOf(err) == wire.CodeNotFound) && v.outside && !c.cutOff(v) && !(c.lateForCopy() && v.rec.Kind != wire.Direct):
		c.countedOut(v)
	case v.rec.State == stateJoining && wire.CodeOf(err) == wire.CodeNotFound && v.attempts >= 2 && v.rec.Kind != wire.Open:
		c.notLetIn(v)
	case v.rec.Lost == lostStep && !v.ahead && !v.behindCopy() && !(isWire(err) && passes(err)):
		c.found(v) // nobody went on, and nobody joins by this: the commit was good for nobody
	case v.rec.Lost != 0 && !(isWire(err) && passes(err)):
		if v.outdated = err == errJoinKey; !v.outdated {
			c.later(v, c.jitter(longRetry))
			return
		}
		c.fetchState()
		c.later(v, c.jitter(v.joinAsk.pause()))
	case pinned || wire.CodeOf(err) == CodeKeyChanged || wire.CodeOf(err) == wire.CodeForbidden:
		v.looked = false // and once more with the next try
		c.tellCannotJoin(v)
		c.later(v, longRetry)
	default:
		if v.attempts == suspicious && !isWire(err) {
			c.tellCannotJoin(v)
		}
		c.retry(v, err)
	}
}

// lookBeforeJoining asks for the newest chains of those who are pinned to roots that are not known, and then tries again.
func (c *Client) lookBeforeJoining(v *conversation, accounts []wire.ID) {
	if v.looking {
		return
	}
	v.looking = true
	c.lookAgain(accounts, func() {
		v.looking, v.looked = false, true
		c.advance(v)
	})
}

// tellCannotJoin tells the person; what exactly was wrong is in the log.
func (c *Client) tellCannotJoin(v *conversation) {
	if v.rec.Unshown {
		return
	}
	c.emit(about(v, CodeKeyChanged, "The server does not show how this device can join a conversation that it belongs in: "+c.view(v).Title+". It tries again."))
}

// stageOpen makes the open conversation: a group of one.
func (c *Client) stageOpen(v *conversation) error {
	key, err := newJoinKey(c.cfg.Rand)
	if err != nil {
		return err
	}
	roster := Roster{Version: rosterVersion, Kind: wire.Open, Retention: Full, JoinKey: key, Posting: Member, People: []Person{}}
	return c.stageCreate(v, roster, plan{notice: noticeRecord{What: noticeCreated, By: c.self.Account}})
}

// stageCreate makes a group with the roster, and its first commit.
func (c *Client) stageCreate(v *conversation, roster Roster, p plan) error {
	extensions, err := roster.extension()
	if err != nil {
		return err
	}
	g, err := mls.Create(c.mls(), mls.CreateOptions{
		Suite: c.cfg.Suite, GroupID: v.id[:], Signer: c.self.key.Signer(), Credential: c.self.credential(), Extensions: extensions,
	})
	if err != nil {
		return err
	}
	p.declare(c.ref())
	s, err := g.Commit(c.mls(), p.options)
	if err != nil {
		return err
	}
	if err := c.verifier.checkTree(s.Merge().Members(), &roster); err != nil {
		return err
	}
	return c.makePending(v, pendingCreate, s, p)
}

// stageExternal checks the group information and stages the commit that joins.
func (c *Client) stageExternal(v *conversation, sealed wire.GroupInfo) error {
	key := v.rec.JoinKey
	if v.rec.Kind == wire.Open && sealed.JoinKey != nil {
		key = *sealed.JoinKey
	}
	info, err := openInfo(key, v.id, sealed.Sealed)
	var offer *joinOffer
	if err == errJoinKey {
		if info, offer, err = v.openOffered(sealed.Sealed); offer != nil {
			key = offer.key.Key
		}
	}
	if err != nil {
		return err
	}
	view, err := mls.InspectGroupInfo(info)
	if err != nil {
		return err
	}
	roster, old, err := c.checkInfo(v, view, key)
	if err == nil && offer != nil {
		err = c.checkOffer(v, offer, view, &roster)
	}
	if err != nil {
		return err
	}
	cred, err := c.joinAs(&roster)
	if err != nil {
		return err
	}
	if v.rec.Lost != 0 {
		if may, err := c.mayRejoin(v, view, &roster, sealed.Seq); err != nil || !may {
			return err
		}
	}
	p := plan{notice: noticeRecord{What: noticeJoined, By: c.self.Account, Fresh: true}}
	if c.verifier.hasAnother(view.Members, c.self.cred) || len(old) > 0 {
		p.notice.What = noticeDevice
	}
	if len(old) > 0 {
		p.remove = []wire.MemberRef{c.ref()}
	}
	p.declare(c.ref())
	s, err := mls.JoinExternal(c.mls(), mls.ExternalOptions{
		Inspected: view, Signer: c.self.key.Signer(), Credential: *leafCredential(cred), Resync: old, AAD: p.options.AAD,
	})
	if err != nil {
		return err
	}
	previous := v.rec.Handshake
	v.rec.Handshake = sealed.Seq
	err = c.makePending(v, pendingExternal, s, p)
	if v.rec.State == stateActive {
		v.rec.Handshake = previous // still processing the log with the old group
	}
	return err
}

// checkInfo checks that the group information is of this conversation, that everybody in it
// belongs there, and returns the leaf that this device had before.
func (c *Client) checkInfo(v *conversation, view *mls.GroupInfoView, key wire.Hash) (roster Roster, old []mls.LeafIndex, err error) {
	if roster, err = rosterOf(view.Extensions); err != nil {
		return roster, nil, err
	}
	if string(view.GroupID) != string(v.id[:]) || roster.Kind != v.rec.Kind || roster.JoinKey != key {
		return roster, nil, wire.Errorf(wire.CodeForbidden, "the group information is of another conversation")
	}
	if err := c.verifier.checkTree(view.Members, &roster); err != nil {
		return roster, nil, wire.Errorf(wire.CodeForbidden, "group information: %v", err)
	}
	if err := c.checkPinned(&roster); err != nil {
		return roster, nil, err
	}
	for _, m := range view.Members {
		leaf, err := c.verifier.credential(m)
		if err == nil && sameDevice(leaf, c.self.cred) {
			return roster, []mls.LeafIndex{m.Leaf}, nil
		}
	}
	return roster, nil, nil
}

// joinAs is the credential that a roster admits: under the root it pins the account to, which may be one
// that nobody has replaced there yet.
func (c *Client) joinAs(roster *Roster) (identity.Credential, error) {
	p, in := roster.Person(c.self.Account)
	if !in {
		return c.self.cred, roster.admits(c.self.cred)
	}
	return c.credentialUnder(p.Root)
}
