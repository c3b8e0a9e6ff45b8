package client

import (
	"context"
	"testing"

	"frond/wire"
)

// faultsAbout counts what the person was told of an account.
func faultsAbout(events *[]Event, account wire.ID) (n int) {
	for _, e := range *events {
		if f, ok := e.(Fault); ok && f.Code == CodeKeyChanged && f.Account == account {
			n++
		}
	}
	return n
}

// contradictions are chains of ben's that can not be, and ben after the last event that is known of him.
func contradictions(t *testing.T) (ben *acquaintance, all map[string][]byte) {
	t.Helper()
	ben = meetSomebody(t, "ben")
	short, fork, stranger := ben.shown(), *ben, meetSomebody(t, "ben")
	ben.rotate()
	fork.rotate()
	stranger.rotate()
	account := func(events [][]byte) []byte {
		return encode(wire.Accounts{Accounts: []wire.Account{{ID: ben.id(), Name: "ben", Chain: events}}})
	}
	return ben, map[string][]byte{
		"shortened":    short,
		"forked":       fork.shown(),
		"another root": account(append(ben.chain.Events(), stranger.chain.Event(1))),
		"nothing":      account(nil),
	}
}

func TestAContradictedChainHoldsMessagesUntilItIsSeenWhole(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ben, all := contradictions(t)
	for what, answer := range all {
		c, v, events := couple(t, ben)
		if err := c.Verify(ctx, ben.id(), true); err != nil {
			t.Fatal(err)
		}
		for range 2 { // shown again it is no news
			if names := must(c.met(answer, false)); len(names) != 0 || faultsAbout(events, ben.id()) != 1 {
				t.Fatalf("%s: took %v, told %+v", what, names, *events)
			}
		}
		if k := c.contacts[ben.id()]; !k.chain.Equal(ben.chain) {
			t.Fatalf("%s: the chain that was seen before is gone", what)
		}
		if k := must(c.Contact(ctx, ben.id())); !k.Doubted || k.Verified || k.Changed {
			t.Fatalf("%s: %+v", what, k)
		}
		if look := c.view(v); look.KeyReason != KeysDoubted || look.Verified {
			t.Fatalf("%s: %+v", what, look)
		}
		if _, err := c.Send(ctx, v.id, "secret"); wire.CodeOf(err) != CodeKeyChanged {
			t.Fatalf("%s: sends: %v", what, err)
		}
		must(c.met(ben.shown(), false))
		if k := must(c.Contact(ctx, ben.id())); k.Doubted || !k.Verified {
			t.Fatalf("%s, and whole again: %+v", what, k)
		}
		if _, err := c.Send(ctx, v.id, "secret"); err != nil || c.view(v).KeyChanged {
			t.Fatalf("%s, and whole again: %v", what, err)
		}
	}
}

func TestWhoGoesOnInSpiteOfADoubtIsAskedAgainOnlyAboutAnother(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ben, all := contradictions(t)
	c, v, events := couple(t, ben)
	must(c.met(all["forked"], false))
	if err := c.AcceptKey(ctx, ben.id()); err != nil {
		t.Fatal(err)
	}
	must(c.met(all["forked"], false))
	if _, err := c.Send(ctx, v.id, "said"); err != nil || faultsAbout(events, ben.id()) != 1 {
		t.Fatalf("%v, told %+v", err, *events)
	}
	must(c.met(all["shortened"], false))
	if _, err := c.Send(ctx, v.id, "secret"); wire.CodeOf(err) != CodeKeyChanged || faultsAbout(events, ben.id()) != 2 {
		t.Fatalf("%v, told %+v", err, *events)
	}
	if err := c.Verify(ctx, ben.id(), true); err != nil { // comparing numbers settles it as well
		t.Fatal(err)
	}
	if _, err := c.Send(ctx, v.id, "said"); err != nil {
		t.Fatal(err)
	}
	ben.rotate()
	must(c.met(ben.shown(), false))
	if k := c.contacts[ben.id()]; !k.chain.Equal(ben.chain) || k.doubt.open() {
		t.Fatalf("the chain does not go on: %+v", k.doubt)
	}
}

// Whatever the server shows one device, that another was shown a second history stays until the person decides.
func TestTwoHistoriesOfAContactStayInDoubtUntilThePersonDecides(t *testing.T) {
	t.Parallel()
	ben := meetSomebody(t, "ben")
	fork := *ben
	ben.rotate()
	fork.rotate()
	contactWith := func(a *acquaintance) *contact { return &contact{name: "ben", pinned: true, chain: a.chain} }
	mine, theirs := contactWith(ben), contactWith(&fork)
	next, news := theirs.together(mine)
	if !news || !next.doubt.open() || !next.chain.Equal(ben.chain) || mine.doubt.open() {
		t.Fatalf("%v %+v", news, next.doubt)
	}
	kept := must(contactOf(next.record()))
	if kept.doubt != next.doubt {
		t.Fatal("the store forgets it")
	}
	for what, d := range map[string]doubtRecord{
		"the server shows this one's chain": kept.doubt.whole(),
		"the server shows less of it":       must2(kept.doubt.with(wire.Hash{1}, false)),
	} {
		if d != kept.doubt {
			t.Errorf("%s: %+v", what, d)
		}
	}
	fork.rotate()
	if next, news := contactWith(&fork).together(kept); news || next.doubt != kept.doubt {
		t.Errorf("the other history grew: %v %+v", news, next.doubt)
	}
	gone := kept.acknowledged()
	if next, news := contactWith(&fork).together(gone); news || next.doubt.open() {
		t.Errorf("it is asked again: %v %+v", news, next.doubt)
	}
	if next, news := contactWith(ben).together(kept); news || next.doubt != kept.doubt {
		t.Errorf("a state with the same history: %v %+v", news, next.doubt)
	}
	if next, news := theirs.together(nil); news || next.doubt.open() {
		t.Errorf("somebody new: %v %+v", news, next.doubt)
	}
}

func must2(d doubtRecord, _ bool) doubtRecord { return d }

func TestADepartureHasOneNameHoweverLongTheChain(t *testing.T) {
	t.Parallel()
	known := [][]byte{{1}, {2}, {3}}
	same := func(a, b [][]byte) bool { return departure(known, a) == departure(known, b) }
	if !same([][]byte{{1}, {4}}, [][]byte{{1}, {4}, {5}}) {
		t.Error("a fork that grew is another")
	}
	all := map[wire.Hash]int{}
	for i, shown := range [][][]byte{nil, {{1}}, {{1}, {2}}, {{1}, {4}}, {{5}}, {{1}, {2}, {3}, {6}}} {
		if j, double := all[departure(known, shown)]; double {
			t.Errorf("%d is taken for %d", i, j)
		}
		all[departure(known, shown)] = i
	}
}
