package client

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// errNotAllowed says that a commit breaks a rule of the conversation. All clients find the same
// ones, because they look at nothing but the commit and the group before it.
var errNotAllowed = errors.New("the change is not allowed")

func notAllowed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errNotAllowed, fmt.Sprintf(format, args...))
}

// change is a commit as the roster sees it.
type change struct {
	before, after   Roster
	by              identity.Credential
	was             identity.Credential // the author's leaf before
	external        bool
	added, removed  []identity.Credential
	rosterUntouched bool
	left            bool // it carries out what others who left proposed
	another         bool // the author joined beside other devices of its account
	declared        wire.Declaration
}

// judge checks a staged commit, one's own or received, and returns what it does.
//
//	who                      what
//	either in a direct one   changes how long messages are kept, and nothing else
//	owner                    everything, except leaving no owner
//	moderator                adds and removes people whose role is member
//	anybody in the group     carries out the wish of others to leave, which all other commits must wait for;
//	                         renews the own keys, also into a leaf under the root its account is pinned
//	                         to; removes devices of the own account; and whose leaf is under the pinned
//	                         root replaces that by another, which the leaf takes in the same commit
//	a device from outside    joins, if its account is rostered under its root (open conversation:
//	                         any), and may remove the leaf it had before; nothing else changes
//
// Whoever may remove somebody and add them anew, or is the other one of two people, may instead replace the
// root that they are pinned to, with all their leaves (readmit.go): they lost everything and began anew.
//
// An account may have several devices in a conversation, each a leaf. Whoever removes a person or a
// device, or replaces a root, changes the join key, but in the open conversation, where everybody has it.
// Nobody adds to, or removes others from, a direct or open conversation.
func (v *verifier) judge(e mls.Effects) (change, error) {
	ch, err := v.change(e)
	if err != nil {
		return change{}, err
	}
	if ch.external {
		return ch, ch.checkExternal()
	}
	if err := ch.before.keeps(ch.was); err != nil {
		return ch, notAllowed("committer: %v", err)
	}
	if e.Unheeded > 0 {
		return ch, notAllowed("somebody who left is to be let go first")
	}
	if ch.left, err = v.carriesOut(&ch, e); err != nil {
		return ch, err
	}
	if ch.left {
		return ch, ch.checkLeft()
	}
	if ch.ownCare() {
		return ch, ch.checkOwnCare()
	}
	if was, is, found := ch.reinstated(); found {
		return ch, ch.checkReinstated(was, is)
	}
	if err := ch.checkMembers(); err != nil {
		return ch, err
	}
	return ch, ch.checkRoster()
}

// change reads the parts of a commit: rosters and credentials.
func (v *verifier) change(e mls.Effects) (ch change, err error) {
	if e.ReInit != nil {
		return ch, notAllowed("a conversation is not begun anew")
	}
	if len(e.PSKs) > 0 {
		return ch, notAllowed("a pre-shared key, which not everybody has, would split the conversation")
	}
	ch = change{external: e.External, rosterUntouched: slices.EqualFunc(e.Before, e.After, equalExtension)}
	if ch.before, err = rosterOf(e.Before); err != nil {
		return ch, fmt.Errorf("roster before: %w", err)
	}
	if ch.after, err = rosterOf(e.After); err != nil {
		return ch, notAllowed("roster after: %v", err)
	}
	if ch.by, err = v.credential(e.Committer); err != nil {
		return ch, notAllowed("committer: %v", err)
	}
	if ch.was = ch.by; !e.External && len(e.Were) > 0 {
		if ch.was, err = v.credential(e.Were[0]); err != nil {
			return ch, notAllowed("committer before: %v", err)
		}
	}
	for _, m := range e.Added {
		if e.External && m.Leaf == e.Committer.Leaf {
			continue
		}
		c, err := v.credential(m)
		if err != nil {
			return ch, notAllowed("added leaf: %v", err)
		}
		ch.added = append(ch.added, c)
	}
	for _, m := range e.Removed {
		c, err := v.credential(m)
		if err != nil {
			return ch, notAllowed("removed leaf: %v", err)
		}
		ch.removed = append(ch.removed, c)
	}
	return ch, v.checkSamePeople(ch, e)
}

// checkSamePeople lets nobody renew a leaf into one of another device or account, nor into one under
// another root than the pinned one.
func (v *verifier) checkSamePeople(ch change, e mls.Effects) error {
	now := e.Updated
	if !e.External {
		now = append([]mls.Member{e.Committer}, now...)
	}
	for i, m := range e.Were {
		was, err := v.credential(m)
		if err != nil {
			return notAllowed("renewed leaf: %v", err)
		}
		is, err := v.credential(now[i])
		if err != nil || !sameDevice(was, is) {
			return notAllowed("a leaf changes whose it is")
		}
		if is.Root == was.Root {
			err = ch.after.keeps(is)
		} else {
			err = ch.after.admits(is)
		}
		if err != nil {
			return notAllowed("renewed leaf: %v", err)
		}
	}
	return nil
}

func equalExtension(a, b mls.Extension) bool { return a.Type == b.Type && bytes.Equal(a.Data, b.Data) }

func (ch *change) checkExternal() error {
	if !ch.rosterUntouched || len(ch.added) > 0 {
		return notAllowed("a device that joins changes nothing else")
	}
	if err := ch.after.admits(ch.by); err != nil {
		return notAllowed("%v", err)
	}
	if len(ch.removed) > 1 || len(ch.removed) == 1 && !sameDevice(ch.removed[0], ch.by) {
		return notAllowed("a device that joins replaces at most one leaf, its own")
	}
	return nil
}

// checkMembers checks added and removed devices against the roster that follows and the author's role.
func (ch *change) checkMembers() error {
	if len(ch.added)+len(ch.removed) == 0 {
		return nil
	}
	if ch.after.Kind != wire.Group || ch.before.role(wire.ID(ch.by.Account)) < Moderator {
		return notAllowed("only owners and moderators of a group add and remove")
	}
	for _, c := range ch.added {
		if err := ch.after.admits(c); err != nil {
			return notAllowed("added device: %v", err)
		}
	}
	for _, c := range ch.removed {
		if err := ch.checkRemoved(c); err != nil {
			return err
		}
	}
	return nil
}

func sameDevice(a, b identity.Credential) bool {
	return a.Account == b.Account && a.Device == b.Device && a.DeviceKey == b.DeviceKey
}

// checkRemoved allows to take out a device together with its account, or of somebody below.
func (ch *change) checkRemoved(c identity.Credential) error {
	_, stays := ch.after.Person(wire.ID(c.Account))
	mine, theirs := ch.before.role(wire.ID(ch.by.Account)), ch.before.role(wire.ID(c.Account))
	if stays && c.Account != ch.by.Account && theirs >= mine {
		return notAllowed("removes a device of somebody who stays and stands no lower")
	}
	return nil
}

// checkRoster checks who may change what in the roster.
func (ch *change) checkRoster() error {
	if ch.rosterUntouched {
		return nil
	}
	before, after := ch.before, ch.after
	role := before.role(wire.ID(ch.by.Account))
	if before.Kind == wire.Direct {
		return ch.checkDirect()
	}
	if before.Kind != wire.Group || after.Kind != before.Kind || role < Moderator {
		return notAllowed("the roster changes only in a group, by an owner or a moderator")
	}
	if role < Owner {
		if err := ch.checkModerator(); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(after.People, func(p Person) bool { return p.Role == Owner }) {
		return notAllowed("a group keeps an owner")
	}
	for _, p := range before.People {
		next, stays := after.Person(p.Account)
		if !stays && before.JoinKey == after.JoinKey {
			return notAllowed("somebody is removed and keeps the join key")
		}
		if stays && !sameRoots(next, p) {
			return notAllowed("a pinned root is replaced")
		}
	}
	return checkNewcomers(before, after)
}

// checkNewcomers lets nobody in with a root of before.
func checkNewcomers(before, after Roster) error {
	for _, p := range after.People {
		if _, was := before.Person(p.Account); !was && len(p.Former) > 0 {
			return notAllowed("somebody new has former roots")
		}
	}
	return nil
}

// checkDirect allows either person to change how long messages are kept.
func (ch *change) checkDirect() error {
	a, b := ch.before, ch.after
	a.Retention, a.Timer = b.Retention, b.Timer
	if same, err := equalRosters(a, b); err != nil || !same {
		return notAllowed("in a direct conversation only how long messages are kept can change")
	}
	return nil
}

// checkModerator allows people of role member to come and go, and nothing else.
func (ch *change) checkModerator() error {
	before, after := ch.before, ch.after
	a, b := before, after
	a.People, b.People, a.JoinKey, b.JoinKey = nil, nil, wire.Hash{}, wire.Hash{}
	same, err := equalRosters(a, b)
	if err != nil || !same {
		return notAllowed("a moderator changes no settings")
	}
	for _, p := range before.People {
		next, stays := after.Person(p.Account)
		if !stays && p.Role != Member || stays && (next.Role != p.Role || !sameRoots(next, p)) {
			return notAllowed("a moderator removes members only and changes no roles")
		}
	}
	for _, p := range after.People {
		if _, was := before.Person(p.Account); !was && p.Role != Member {
			return notAllowed("a moderator adds members only")
		}
	}
	return nil
}

func equalRosters(a, b Roster) (bool, error) {
	x, err := wire.Encode(a)
	if err != nil {
		return false, err
	}
	y, err := wire.Encode(b)
	return bytes.Equal(x, y), err
}

// judgeStaged judges a commit and the group that follows it.
func (v *verifier) judgeStaged(s *mls.Staged) (change, error) {
	e := s.Effects()
	ch, err := v.judge(e)
	if err != nil || e.SelfRemoved {
		return ch, err
	}
	if ch.rosterUntouched && !ch.external && len(ch.added) == 0 {
		return ch, nil
	}
	members := s.Merge().Members()
	if err := v.checkTree(members, &ch.after); err != nil {
		return ch, err
	}
	if !ch.rosterUntouched {
		return ch, v.checkFormer(ch, members)
	}
	ch.another = ch.external && v.hasAnother(members, ch.by)
	return ch, nil
}

// checkTree checks every leaf of a group against its roster: on joining, when others join, and after each
// change of the roster, when a device of a removed person could have been left behind. No two leaves name one
// device, whatever their accounts: who certifies a device chooses its id, and could pass for another's.
func (v *verifier) checkTree(members []mls.Member, r *Roster) error {
	seen := make(map[identity.ID]bool, len(members))
	for _, m := range members {
		c, err := v.credential(m)
		if err != nil {
			return notAllowed("leaf %d: %v", m.Leaf, err)
		}
		if err := r.keeps(c); err != nil {
			return notAllowed("leaf %d: %v", m.Leaf, err)
		}
		if seen[c.Device] {
			return notAllowed("leaf %d: its device has another leaf", m.Leaf)
		}
		seen[c.Device] = true
	}
	return nil
}

// hasAnother reports whether the account of a device has other devices in the conversation.
func (v *verifier) hasAnother(members []mls.Member, by identity.Credential) bool {
	return slices.ContainsFunc(members, func(m mls.Member) bool {
		c, err := v.credential(m)
		return err == nil && c.Account == by.Account && c.Device != by.Device
	})
}
