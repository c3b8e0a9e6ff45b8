package client

import (
	"fmt"

	"frond/mls"
	"frond/wire"
)

// rejoinPause is the least time between two repairs of one conversation, in milliseconds.
const rejoinPause = 10 * 60 * 1000

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
	switch {
	case wire.CodeOf(err) == CodeKeyChanged || wire.CodeOf(err) == wire.CodeForbidden:
		c.emit(Fault{Code: CodeKeyChanged, Text: "This device can not join a conversation it was in: " + err.Error()})
		c.later(v, longRetry)
	default:
		c.retry(v, err)
	}
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
	p.declare()
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
	if err != nil {
		return err
	}
	view, err := mls.InspectGroupInfo(info)
	if err != nil {
		return err
	}
	old, err := c.checkInfo(v, view, key)
	if err != nil {
		return err
	}
	if v.behind && !c.mayRejoin(v, view, sealed.Seq) {
		return nil
	}
	p := plan{notice: noticeRecord{What: noticeJoined, By: c.self.Account, Fresh: true}}
	if c.verifier.hasAnother(view.Members, c.self.cred) || len(old) > 0 {
		p.notice.What = noticeDevice
	}
	if len(old) > 0 {
		p.remove = []wire.MemberRef{{Account: c.self.Account, Device: c.self.Device}}
	}
	p.declare()
	s, err := mls.JoinExternal(c.mls(), mls.ExternalOptions{
		GroupInfo: info, Signer: c.self.key.Signer(), Credential: c.self.credential(), Resync: old, AAD: p.options.AAD,
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
func (c *Client) checkInfo(v *conversation, view *mls.GroupInfoView, key wire.Hash) ([]mls.LeafIndex, error) {
	roster, err := rosterOf(view.Extensions)
	if err != nil {
		return nil, err
	}
	if string(view.GroupID) != string(v.id[:]) || roster.Kind != v.rec.Kind || roster.JoinKey != key {
		return nil, wire.Errorf(wire.CodeForbidden, "the group information is of another conversation")
	}
	if err := c.verifier.checkTree(view.Members, &roster); err != nil {
		return nil, wire.Errorf(wire.CodeForbidden, "group information: %v", err)
	}
	if err := roster.admits(c.self.cred); err != nil {
		return nil, fmt.Errorf("this account: %w", err)
	}
	if err := c.checkPinned(&roster); err != nil {
		return nil, err
	}
	for _, m := range view.Members {
		cred, err := c.verifier.credential(m)
		if err == nil && sameDevice(cred, c.self.cred) {
			return []mls.LeafIndex{m.Leaf}, nil
		}
	}
	return nil, nil
}

// checkPinned compares the roots of a roster with those this device knows.
func (c *Client) checkPinned(roster *Roster) error {
	for _, p := range roster.People {
		if k := c.contacts[p.Account]; k != nil && !k.hadRoot(p.Root) {
			return wire.Errorf(CodeKeyChanged, "the conversation names other keys for %s than this device knows", k.name)
		}
	}
	return nil
}

// mayRejoin decides whether to give up the group this device has: only when the log is processed as
// far as the group information and that is of another epoch, and not twice within ten minutes. A
// group in which somebody else was heard is given up for a later epoch only: nobody leads it back.
func (c *Client) mayRejoin(v *conversation, view *mls.GroupInfoView, seq uint64) bool {
	now := c.nowMillis()
	g, err := c.openGroup(v)
	if err == nil && (view.Epoch == g.Epoch() || v.rec.Confirmed && view.Epoch < g.Epoch() || seq > v.rec.Cursor || now-v.rec.Rejoined < rejoinPause) {
		v.behind = false
		return false
	}
	v.rec.Rejoined = now
	return true
}
