package sim

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

func (p *person) membersOf(t *testing.T, id wire.ID) (names []string) {
	t.Helper()
	list, _, err := p.on().Members(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return names
}

// In MLS nothing can be sealed while somebody's wish to leave waits: whoever writes carries it out first.
func TestSomebodyWritesJustAfterAnotherHasLeft(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		ben.say(t, id, "I was here")
		time.Sleep(5 * time.Second)
		if err := ben.on().Leave(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		ada.sees(t, id, ben.name+" left")
		ada.say(t, id, "not for who left")
		cleo.reads(t, id, "not for who left")
		cleo.say(t, id, "nor this")
		ada.reads(t, id, "nor this")
	})
}

// Ben leaves with both his devices; the only one who is there carries it out, although she is no owner.
func TestWhoLeavesAGroupIsOutWithAllDevices(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		ben.say(t, id, "I was here")
		time.Sleep(5 * time.Second)
		laptop := w.second(t, ben)
		time.Sleep(10 * time.Second)
		if err := ada.crash(ctx); err != nil {
			t.Fatal(err)
		}
		if _, can, err := ben.on().Members(ctx, id); err != nil || !can.Leave {
			t.Fatalf("ben may %+v, %v", can, err)
		}
		if err := ben.on().Leave(ctx, id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for _, q := range []*person{ben, laptop} {
			q.sees(t, id, "You left")
			q.has(t, id, "I was here")
			if _, err := q.on().Send(ctx, id, "still here"); wire.CodeOf(err) != wire.CodeForbidden {
				t.Fatalf("who left sends: %v", err)
			}
		}
		cleo.sees(t, id, ben.name+" left")
		time.Sleep(time.Minute)
		if got := cleo.membersOf(t, id); !slices.Equal(got, []string{ada.name, cleo.name}) {
			t.Fatalf("the members are %v", got)
		}
		cleo.say(t, id, "now we are two")
		for _, q := range []*person{ben, laptop} {
			if slices.ContainsFunc(q.rows(t, id), func(m client.Message) bool { return m.Text == "now we are two" }) {
				t.Fatal("who left reads on")
			}
		}
		if err := ada.start(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		ada.sees(t, id, ben.name+" left")
		ada.reads(t, id, "now we are two")
		for _, m := range ada.rows(t, id) {
			if strings.Contains(m.Text, "removed") {
				t.Fatalf("ada reads %q", m.Text)
			}
		}
		if err := ada.on().Add(ctx, id, []string{ben.name}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		ada.say(t, id, "welcome back")
		ben.reads(t, id, "welcome back")
		laptop.reads(t, id, "welcome back")
	})
}

func TestTheLastOwnerFindsAnotherBeforeLeaving(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		direct := ada.create(t, wire.Direct, ben)
		err := ada.on().Leave(ctx, id)
		if wire.CodeOf(err) != wire.CodeForbidden || !strings.Contains(err.Error(), "Make somebody else owner first.") {
			t.Fatal(err)
		}
		for _, other := range []wire.ID{direct, ada.everyone(t)} {
			if err := ada.on().Leave(ctx, other); wire.CodeOf(err) != wire.CodeForbidden {
				t.Fatalf("what is no group was left: %v", err)
			}
		}
		if err := ada.on().SetRole(ctx, id, ben.account, client.Owner); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		errs := together2(func() error { return ada.on().Leave(ctx, id) }, func() error { return ben.on().Leave(ctx, id) })
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("of two last owners leave: %v", errs)
		}
		stays := ada
		if errs[1] != nil {
			stays = ben
		}
		time.Sleep(time.Minute)
		if got := cleo.membersOf(t, id); len(got) != 2 {
			t.Fatalf("the members are %v", got)
		}
		if err := stays.on().Remove(ctx, id, cleo.account); err != nil {
			t.Fatal(err)
		}
		if err := stays.on().Leave(ctx, id); err != nil {
			t.Fatalf("the last one leaves: %v", err)
		}
		time.Sleep(time.Second)
		stays.sees(t, id, "You left")
	})
}

func together2(a, b func() error) [2]error {
	done := make(chan error, 1)
	go func() { done <- a() }()
	second := b()
	return [2]error{<-done, second}
}

// A device that joins by itself ends the epoch, and the proposals with it. The wish is not forgotten.
func TestALeaveThatLosesItsProposalsIsCarriedOutByAnOwner(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		ada.say(t, id, "hello")
		time.Sleep(5 * time.Second)
		if err := ada.crash(ctx); err != nil {
			t.Fatal(err)
		}
		if err := cleo.crash(ctx); err != nil {
			t.Fatal(err)
		}
		if err := ben.on().Leave(ctx, id); err != nil {
			t.Fatal(err)
		}
		tablet := w.second(t, cleo)
		tablet.say(t, id, "from the tablet")
		if err := cleo.start(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := cleo.membersOf(t, id); len(got) != 3 {
			t.Fatalf("a member removed somebody: %v", got)
		}
		if err := ada.start(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for _, q := range []*person{ada, cleo, tablet} {
			if got := q.membersOf(t, id); !slices.Equal(got, []string{ada.name, cleo.name}) {
				t.Fatalf("%s has %v", q.name, got)
			}
		}
		cleo.sees(t, id, ben.name+" left")
		tablet.say(t, id, "good bye ben")
		ada.reads(t, id, "good bye ben")
		cleo.reads(t, id, "good bye ben")
	})
}

// Before somebody who left is let go, no other commit of a member is valid; and nobody leaves for others.
func TestNobodyKeepsWhoLeftNorLeavesForOthers(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, mallory := p[0], p[1], p[2], p[3]
		id := ada.create(t, wire.Group, ben, cleo, mallory)
		ada.say(t, id, "hello")
		r := goRogue(t, mallory, id)
		_, wish, err := r.group.Propose(r.config(w), mls.ProposalOptions{Remove: r.leafOf(t, ben), Loose: true})
		if err != nil {
			t.Fatal(err)
		}
		message, _ := wire.NewID(mallory.rand)
		if _, err := r.ask(wire.OpLeave, wire.Leave{Conversation: id, Message: message, Previous: 1, Frames: [][]byte{wish}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		ben.sees(t, id, "A change by "+mallory.name+" was not valid and is ignored")
		if got := cleo.membersOf(t, id); len(got) != 4 {
			t.Fatalf("mallory left for ben: %v", got)
		}
		if err := ada.on().Remove(ctx, id, mallory.account); err != nil {
			t.Fatal(err)
		}
		ben.say(t, id, "all well")
		cleo.reads(t, id, "all well")
	})
}

// leafOf is where a person's device stands in the rogue's group.
func (r *rogue) leafOf(t *testing.T, p *person) *mls.LeafIndex {
	t.Helper()
	for _, m := range r.group.Members() {
		if cred := credentialOf(t, m); wire.ID(cred.Account) == p.account {
			return &m.Leaf
		}
	}
	t.Fatalf("%s is not in the group", p.name)
	return nil
}
