package client

import (
	"testing"

	"frond/mls"
	"frond/wire"
)

// Ann wants to leave. Anybody may carry that out, and nobody may do anything else before.
func TestAnybodyCarriesOutALeaveAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCircle(t, wire.Group)
	leaf := c.leaf(c.ann)
	_, wish, err := c.annG.Propose(config(), mls.ProposalOptions{Remove: &leaf, Loose: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []**mls.Group{&c.ownerG, &c.moderatorG, &c.bobG} {
		next, account, err := new(verifier).leaving(config(), *g, [][]byte{wish})
		if err != nil || account != c.ann.id() {
			t.Fatalf("%v leaves: %v", account, err)
		}
		*g = next
	}
	c.annG = nil
	gone := c.roster.without(c.ann.id())
	gone.JoinKey = wire.Hash{2}
	same, both, renamed, promoted := gone, gone.without(c.moderator.id()), gone, gone.with(c.bob.person(Owner))
	same.JoinKey = c.roster.JoinKey
	renamed.Name = "bob's"
	for _, test := range []struct {
		what   string
		author *mls.Group
		o      mls.CommitOptions
		ok     bool
	}{
		{"a member carries it out", c.bobG, mls.CommitOptions{Pending: true, Extensions: extension(gone)}, true},
		{"the owner carries it out", c.ownerG, mls.CommitOptions{Pending: true, Extensions: extension(gone)}, true},
		{"the owner removes her", c.ownerG, mls.CommitOptions{Remove: []mls.LeafIndex{leaf}, Extensions: extension(gone)}, true},
		{"a member removes her", c.bobG, mls.CommitOptions{Remove: []mls.LeafIndex{leaf}, Extensions: extension(gone)}, false},
		{"a member lets her stay in the roster", c.bobG, mls.CommitOptions{Pending: true}, false},
		{"a member keeps the join key", c.bobG, mls.CommitOptions{Pending: true, Extensions: extension(same)}, false},
		{"a member takes the moderator out too", c.bobG, mls.CommitOptions{Pending: true, Remove: []mls.LeafIndex{c.leaf(c.moderator)}, Extensions: extension(both)}, false},
		{"a member renames the group", c.bobG, mls.CommitOptions{Pending: true, Extensions: extension(renamed)}, false},
		{"a member becomes owner", c.bobG, mls.CommitOptions{Pending: true, Extensions: extension(promoted)}, false},
		{"a member renews keys meanwhile", c.bobG, mls.CommitOptions{}, false},
		{"the owner adds meanwhile", c.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger)}, Extensions: extension(c.roster.with(c.stranger.person(Member)))}, false},
	} {
		s, err := test.author.Commit(config(), test.o)
		if err != nil {
			t.Fatalf("%s: %v", test.what, err)
		}
		if err := c.verdict(t, test.author, s.Message()); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.what, err)
		}
	}
}

func TestNobodyLeavesForAnotherNorWithoutAnOwner(t *testing.T) {
	t.Parallel()
	c := newCircle(t, wire.Group)
	d := newCircle(t, wire.Direct)
	for _, test := range []struct {
		what   string
		author *mls.Group
		judge  *mls.Group
		leaf   mls.LeafIndex
	}{
		{"for another", c.annG, c.bobG, c.leaf(c.bob)},
		{"the last owner", c.ownerG, c.bobG, c.leaf(c.owner)},
		{"a direct conversation", d.annG, d.ownerG, d.leaf(d.ann)},
	} {
		_, wish, err := test.author.Propose(config(), mls.ProposalOptions{Remove: &test.leaf, Loose: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := new(verifier).leaving(config(), test.judge, [][]byte{wish}); err == nil {
			t.Errorf("somebody left: %s", test.what)
		}
	}
	_, update, err := c.annG.Propose(config(), mls.ProposalOptions{Update: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := new(verifier).leaving(config(), c.bobG, [][]byte{update}); err == nil {
		t.Error("an update passed for a leave")
	}
}
