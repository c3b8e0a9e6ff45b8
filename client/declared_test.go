package client

import (
	"errors"
	"testing"

	"frond/mls"
	"frond/wire"
)

func (a *actor) ref() wire.MemberRef {
	return wire.MemberRef{Account: a.id(), Device: wire.ID(a.cred.Device)}
}

func TestACommitIsValidOnlyIfItDoesWhatItDeclares(t *testing.T) {
	t.Parallel()
	c := newCircle(t, wire.Group)
	by := c.owner.ref()
	bob, stranger := []wire.MemberRef{c.bob.ref()}, []wire.MemberRef{c.stranger.ref()}
	gone := c.roster.without(c.bob.id())
	gone.JoinKey = wire.Hash{2}
	removal := mls.CommitOptions{Remove: []mls.LeafIndex{c.leaf(c.bob)}, Extensions: extension(gone)}
	addition := mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger)}, Extensions: extension(c.roster.with(c.stranger.person(Member)))}
	for _, test := range []struct {
		what string
		o    mls.CommitOptions
		aad  []byte
		ok   bool
	}{
		{"nothing, declared", mls.CommitOptions{}, wire.Declare(by, nil, nil, nil), true},
		{"nothing, undeclared", mls.CommitOptions{}, nil, false},
		{"nothing, declared by somebody else", mls.CommitOptions{}, wire.Declare(c.ann.ref(), nil, nil, nil), false},
		{"nothing, declared by another device", mls.CommitOptions{}, wire.Declare(c.owner.otherDevice().ref(), nil, nil, nil), false},
		{"a removal that is declared", removal, wire.Declare(by, nil, bob, nil), true},
		{"a removal that is not", removal, wire.Declare(by, nil, nil, nil), false},
		{"a declared removal that does not happen", mls.CommitOptions{}, wire.Declare(by, nil, bob, nil), false},
		{"an addition that is declared", addition, wire.Declare(by, stranger, nil, nil), true},
		{"an addition of somebody else", addition, wire.Declare(by, bob, nil, nil), false},
		{"a member returns", mls.CommitOptions{}, wire.Declare(by, nil, nil, bob), true},
		{"a stranger returns", mls.CommitOptions{}, wire.Declare(by, nil, nil, stranger), false},
		{"who is removed returns", removal, wire.Declare(by, nil, bob, bob), false},
		{"something else altogether", mls.CommitOptions{}, append(wire.Declare(by, nil, nil, nil), 0), false},
	} {
		test.o.AAD = test.aad
		s := must(c.ownerG.Commit(config(), test.o))
		for who, g := range map[string]*mls.Group{"the author": c.ownerG, "ann": c.annG} {
			received := s
			if g != c.ownerG {
				received = must(g.Stage(config(), s.Message()))
			}
			if _, err := new(verifier).admit(g, received); (err == nil) != test.ok || err != nil && !errors.Is(err, errNotAllowed) {
				t.Errorf("%s: %s finds %v", test.what, who, err)
			}
		}
	}
}
