package client

import (
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// household is a group in which ann has two devices.
type household struct {
	*circle
	tab  *actor // ann's other device
	tabG *mls.Group
	next *actor // ann under another root
}

func newHousehold(t *testing.T) *household {
	t.Helper()
	h := &household{circle: newCircle(t, wire.Group)}
	h.tab = h.ann.otherDevice()
	kp, secrets := h.tab.keyPackage()
	s := must(h.ownerG.Commit(config(), mls.CommitOptions{Add: []*mls.KeyPackage{kp}}))
	h.accept(t, h.ownerG, s)
	h.tabG = must(mls.Join(config(), s.Welcome(), secrets, h.tab.key.Signer()))
	h.next = h.ann.under(must(identity.NewRoot(rand.Reader)))
	return h
}

// under is the same device, certified by another root.
func (a *actor) under(root identity.Root) *actor {
	b := *a
	b.root = root
	b.certify(root)
	return &b
}

// accept lets everybody take a commit.
func (h *household) accept(t *testing.T, author *mls.Group, s *mls.Staged) {
	t.Helper()
	for _, g := range []**mls.Group{&h.ownerG, &h.moderatorG, &h.annG, &h.bobG, &h.tabG} {
		switch {
		case *g == nil:
		case *g == author:
			*g = s.Merge()
		default:
			*g = must((*g).Stage(config(), s.Message())).Merge()
		}
	}
}

// pin is the roster with ann under a root, and another join key.
func (h *household) pin(root identity.RootKey, former ...identity.RootKey) Roster {
	p := h.ann.person(Member)
	p.Root = wire.Hash(root)
	for _, f := range former {
		p.Former = append(p.Former, wire.Hash(f))
	}
	r := h.roster.with(p)
	r.JoinKey = wire.Hash{7}
	return r
}

func (a *actor) leafCredential() *mls.Credential { c := a.credential(); return &c }

func (h *household) judged(t *testing.T, what string, author *mls.Group, o mls.CommitOptions, ok bool) *mls.Staged {
	t.Helper()
	s, err := author.Commit(config(), o)
	if err != nil {
		t.Fatalf("%s: can not even be staged: %v", what, err)
	}
	if err := h.verdict(t, author, s.Message()); (err == nil) != ok || err != nil && !errors.Is(err, errNotAllowed) {
		t.Errorf("%s: judged %v", what, err)
	}
	return s
}

func TestADeviceReplacesTheRootOfItsOwnAccountAndNothingElse(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	r1, r2 := h.ann.root.Public(), h.next.root.Public()
	leaf := h.next.leafCredential()
	tab := h.leafOf(h.annG, h.tab)
	renamed, kept, promoted, bobs := h.pin(r2, r1), h.pin(r2, r1), h.pin(r2, r1), h.pin(r2, r1)
	renamed.Name = "other"
	kept.JoinKey = h.roster.JoinKey
	own, _ := promoted.Person(h.ann.id())
	own.Role = Owner
	promoted = promoted.with(own)
	bob, _ := bobs.Person(h.bob.id())
	bob.Root = wire.Hash(r2)
	bobs = bobs.with(bob)
	for _, test := range []struct {
		what string
		o    mls.CommitOptions
		ok   bool
	}{
		{"the root is replaced, and the other device's leaf is under the one before", mls.CommitOptions{Credential: leaf, Extensions: extension(h.pin(r2, r1))}, true},
		{"and the other device is removed", mls.CommitOptions{Credential: leaf, Remove: []mls.LeafIndex{tab}, Extensions: extension(h.pin(r2))}, true},
		{"the root before is not listed", mls.CommitOptions{Credential: leaf, Extensions: extension(h.pin(r2))}, false},
		{"a root is listed that no leaf carries", mls.CommitOptions{Credential: leaf, Remove: []mls.LeafIndex{tab}, Extensions: extension(h.pin(r2, r1))}, false},
		{"the join key stays", mls.CommitOptions{Credential: leaf, Extensions: extension(kept)}, false},
		{"the leaf stays", mls.CommitOptions{Extensions: extension(h.pin(r2, r1))}, false},
		{"the leaf alone changes", mls.CommitOptions{Credential: leaf}, false},
		{"the name changes too", mls.CommitOptions{Credential: leaf, Extensions: extension(renamed)}, false},
		{"the role changes too", mls.CommitOptions{Credential: leaf, Extensions: extension(promoted)}, false},
		{"somebody else's root changes too", mls.CommitOptions{Credential: leaf, Extensions: extension(bobs)}, false},
		{"somebody else is removed too", mls.CommitOptions{Credential: leaf, Remove: []mls.LeafIndex{h.leaf(h.bob)}, Extensions: extension(h.pin(r2, r1).without(h.bob.id()))}, false},
		{"a device comes too", mls.CommitOptions{Credential: leaf, Add: []*mls.KeyPackage{packageOf(h.next.otherDevice())}, Extensions: extension(h.pin(r2, r1))}, false},
	} {
		h.judged(t, test.what, h.annG, test.o, test.ok)
	}
	h.judged(t, "the owner replaces ann's root", h.ownerG, mls.CommitOptions{Extensions: extension(h.pin(r2, r1))}, false)
}

func (h *household) leafOf(g *mls.Group, a *actor) mls.LeafIndex {
	i := slices.IndexFunc(g.Members(), func(m mls.Member) bool { return string(m.SignatureKey) == string(a.cred.DeviceKey[:]) })
	return g.Members()[i].Leaf
}

func TestALeafUnderAFormerRootStaysAndNoneComesInUnderIt(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	r1, r2 := h.ann.root.Public(), h.next.root.Public()
	third := must(identity.NewRoot(rand.Reader))
	h.accept(t, h.annG, h.judged(t, "ann replaces her root", h.annG, mls.CommitOptions{Credential: h.next.leafCredential(), Extensions: extension(h.pin(r2, r1))}, true))
	h.roster = h.pin(r2, r1)

	followed := h.pin(r2)
	tab := h.tab.under(h.next.root)
	h.judged(t, "the other device renews its keys", h.tabG, mls.CommitOptions{}, true)
	h.judged(t, "it follows", h.tabG, mls.CommitOptions{Credential: tab.leafCredential(), Extensions: extension(followed)}, true)
	h.judged(t, "it follows and leaves the root before in the list", h.tabG, mls.CommitOptions{Credential: tab.leafCredential(), Extensions: extension(h.roster)}, true)
	rekeyed := followed
	rekeyed.JoinKey = wire.Hash{8}
	h.judged(t, "it follows and changes the join key", h.tabG, mls.CommitOptions{Credential: tab.leafCredential(), Extensions: extension(rekeyed)}, false)
	h.judged(t, "it strikes the root before and stays under it", h.tabG, mls.CommitOptions{Extensions: extension(followed)}, false)
	another := h.pin(third.Public(), r2)
	another.JoinKey = wire.Hash{8}
	h.judged(t, "it replaces a root that it is not under", h.tabG, mls.CommitOptions{Credential: h.tab.under(third).leafCredential(), Extensions: extension(another)}, false)
	h.judged(t, "ann goes back", h.annG, mls.CommitOptions{Credential: h.ann.leafCredential()}, false)
	h.judged(t, "the owner adds a device under the root before", h.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(h.ann.otherDevice())}}, false)
	h.judged(t, "the owner adds one under the root of now", h.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(h.next.otherDevice())}}, true)
	former := h.stranger.person(Member)
	former.Former = []wire.Hash{{1}}
	h.judged(t, "the owner adds somebody with a root of before", h.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(h.stranger)}, Extensions: extension(h.roster.with(former))}, false)

	h.info = must(h.ownerG.GroupInfo())
	for what, c := range map[string]struct {
		who     *actor
		replace []mls.LeafIndex
		ok      bool
	}{
		"a device under the root before comes in": {h.ann.otherDevice(), nil, false},
		"one under the root of now":               {h.next.otherDevice(), nil, true},
		"a device returns under the root before":  {h.tab, []mls.LeafIndex{h.leafOf(h.ownerG, h.tab)}, false},
		"it returns under the root of now":        {tab, []mls.LeafIndex{h.leafOf(h.ownerG, h.tab)}, true},
	} {
		s := must(h.external(t, c.who, c.replace...))
		if err := h.verdict(t, nil, s.Message()); (err == nil) != c.ok {
			t.Errorf("%s: %v", what, err)
		}
	}
}
