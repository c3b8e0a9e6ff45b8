package client

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// comeback is a commit that lets somebody in again, as a test may spoil it.
type comeback struct {
	roster Roster
	remove []mls.LeafIndex
	add    []*mls.KeyPackage
}

func (c *circle) comeback(of *actor, next *actor) comeback {
	p, _ := c.roster.Person(of.id())
	r := c.roster.with(next.person(p.Role))
	r.JoinKey = wire.Hash{7}
	return comeback{r, []mls.LeafIndex{c.leaf(of)}, []*mls.KeyPackage{packageOf(next)}}
}

func TestWhoLostEverythingIsLetInByWhoCouldRemoveAndAddThem(t *testing.T) {
	t.Parallel()
	c := newCircle(t, wire.Group)
	ann, moderator, owner := c.ann.impostor(), c.moderator.impostor(), c.owner.impostor()
	spoilt := func(f func(*comeback)) comeback {
		b := c.comeback(c.ann, ann)
		f(&b)
		return b
	}
	for _, test := range []struct {
		what   string
		author *mls.Group
		b      comeback
		ok     bool
	}{
		{"the owner lets a member in", c.ownerG, c.comeback(c.ann, ann), true},
		{"the moderator lets a member in", c.moderatorG, c.comeback(c.ann, ann), true},
		{"the owner lets the moderator in", c.ownerG, c.comeback(c.moderator, moderator), true},
		{"a member lets a member in", c.bobG, c.comeback(c.ann, ann), false},
		{"the moderator makes himself an owner's new root", c.moderatorG, c.comeback(c.owner, owner), false},
		{"the new devices come later", c.ownerG, spoilt(func(b *comeback) { b.add = nil }), true},
		{"two new devices", c.ownerG, spoilt(func(b *comeback) { b.add = append(b.add, packageOf(ann.otherDevice())) }), true},
		{"the old leaf stays", c.ownerG, spoilt(func(b *comeback) { b.remove = nil }), false},
		{"the join key stays", c.ownerG, spoilt(func(b *comeback) { b.roster.JoinKey = c.roster.JoinKey }), false},
		{"with a role", c.ownerG, spoilt(func(b *comeback) {
			b.roster = b.roster.with(ann.person(Owner))
		}), false},
		{"with another name of the group", c.ownerG, spoilt(func(b *comeback) { b.roster.Name = "other" }), false},
		{"and somebody else goes", c.ownerG, spoilt(func(b *comeback) {
			b.roster = b.roster.without(c.bob.id())
			b.remove = append(b.remove, c.leaf(c.bob))
		}), false},
		{"and somebody else's device goes", c.ownerG, spoilt(func(b *comeback) { b.remove = append(b.remove, c.leaf(c.bob)) }), false},
		{"and somebody else comes", c.ownerG, spoilt(func(b *comeback) {
			b.roster = b.roster.with(c.stranger.person(Member))
			b.add = append(b.add, packageOf(c.stranger))
		}), false},
		{"two at once", c.ownerG, spoilt(func(b *comeback) {
			next := c.bob.impostor()
			b.roster = b.roster.with(next.person(Member))
			b.remove, b.add = append(b.remove, c.leaf(c.bob)), append(b.add, packageOf(next))
		}), false},
		{"a device under the old root comes", c.ownerG, spoilt(func(b *comeback) { b.add = append(b.add, packageOf(c.ann.otherDevice())) }), false},
	} {
		s, err := test.author.Commit(config(), mls.CommitOptions{Extensions: extension(test.b.roster), Remove: test.b.remove, Add: test.b.add})
		if err != nil {
			t.Errorf("%s: can not even be staged: %v", test.what, err)
			continue
		}
		if err := c.verdict(t, test.author, s.Message()); (err == nil) != test.ok {
			t.Errorf("%s: judged %v", test.what, err)
		} else if err != nil && !errors.Is(err, errNotAllowed) {
			t.Errorf("%s: %v", test.what, err)
		}
	}
}

func TestOneOfTwoPeopleLetsTheOtherIn(t *testing.T) {
	t.Parallel()
	c := newCircle(t, wire.Direct)
	b := c.comeback(c.ann, c.ann.impostor())
	s := must(c.ownerG.Commit(config(), mls.CommitOptions{Extensions: extension(b.roster), Remove: b.remove, Add: b.add}))
	if err := c.verdict(t, c.ownerG, s.Message()); err != nil {
		t.Error(err)
	}
	self := c.comeback(c.owner, c.owner.impostor())
	own := must(c.ownerG.Commit(config(), mls.CommitOptions{Extensions: extension(self.roster), Add: self.add}))
	if err := c.verdict(t, c.ownerG, own.Message()); !errors.Is(err, errNotAllowed) {
		t.Errorf("somebody lets a root in that nobody vouches for: %v", err)
	}
}

// What one device of an account saw or decided is not lost to another's older word on something else.
func TestDevicesOfAnAccountAgreeOnWhoBeganAnew(t *testing.T) {
	t.Parallel()
	a := newActor("ann")
	old := must(identity.NewChain(rand.Reader, a.root, "ann", time.Now()))
	lost := must(old.Reset(must(identity.NewRoot(rand.Reader)), time.Now()))
	base := contact{name: "ann", pinned: true, chain: old, verified: wire.Hash(old.Root())}
	seen := func(at uint64, unsaved bool) contact {
		k := base
		k.chain, k.changed, k.held, k.reset, k.unsaved = lost, true, true, at, unsaved
		return k
	}
	unheld := func(at uint64) contact { // by a device that had not heard that ann was verified
		k := seen(at, false)
		k.verified, k.held = wire.Hash{}, false
		return k
	}
	for what, c := range map[string]struct {
		theirs, ours contact
		changed      bool
		reset        uint64
	}{
		"only the other saw it":                     {seen(50, false), base, true, 50},
		"only this device saw it":                   {base, seen(50, true), true, 50},
		"and has saved it":                          {base, seen(50, false), true, 50},
		"the other saw it, and this one verified":   {unheld(50), base, true, 50},
		"this one saw it, and the other verified":   {base, unheld(50), true, 50},
		"the other saw it first":                    {seen(40, false), seen(50, true), true, 40},
		"this device saw it first":                  {seen(50, false), seen(40, false), true, 40},
		"the other accepted it":                     {*seen(50, false).acknowledged(), seen(50, false), false, 0},
		"this device accepted it":                   {seen(50, false), func() contact { k := seen(50, false).acknowledged(); k.unsaved = true; return *k }(), false, 0},
		"this device has unsaved words from before": {seen(50, false), func() contact { k := base; k.unsaved = true; return k }(), true, 50},
	} {
		k, forked := c.theirs.beside(&c.ours)
		if forked || k.changed != c.changed || k.reset != c.reset || k.held != c.changed || !k.chain.Equal(lost) {
			t.Errorf("%s: %+v", what, k)
		}
		if told := c.theirs.held || c.ours.held; k.held && !told && !k.unsaved {
			t.Errorf("%s: the other devices never hear of it", what)
		}
	}
}
