package client

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"frond/identity"
	"frond/wire"
)

// acquaintance is somebody whose chain the server shows.
type acquaintance struct {
	root  identity.Root
	chain *identity.Chain
}

func meetSomebody(t *testing.T, name string) *acquaintance {
	t.Helper()
	a := &acquaintance{root: must(identity.NewRoot(rand.Reader))}
	a.chain = must(identity.NewChain(rand.Reader, a.root, name, time.Now()))
	return a
}

func (a *acquaintance) id() wire.ID { return wire.ID(a.chain.Account()) }

func (a *acquaintance) shown() []byte {
	return encode(wire.Accounts{Accounts: []wire.Account{{ID: a.id(), Name: "ben", Chain: a.chain.Events()}}})
}

func (a *acquaintance) rotate() {
	next := must(identity.NewRoot(rand.Reader))
	a.chain = must(a.chain.RotateRoot(a.root, next, time.Now()))
	a.root = next
}

// couple is a client that has a direct conversation with somebody, and the events it emits.
func couple(t *testing.T, with *acquaintance) (*Client, *conversation, *[]Event) {
	t.Helper()
	circle := newCircle(t, wire.Group)
	c, v := desk(circle, shelf{})
	c.self.chain = must(identity.NewChain(rand.Reader, circle.owner.root, "ada", time.Now()))
	c.inbox = make(chan func())
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	c.ctx, c.timers = ctx, map[*time.Timer]struct{}{}
	c.contacts, c.unknown, c.session.State = map[wire.ID]*contact{}, map[wire.ID]bool{}, SignedIn
	c.pages.due = map[pageID]uint64{}
	var events []Event
	c.cfg.Emit = func(e Event) { events = append(events, e) }
	must(c.met(with.shown(), true))
	own, _ := v.roster.Person(c.self.Account)
	v.roster = Roster{Version: rosterVersion, Kind: wire.Direct, Posting: Member, People: []Person{own, {Account: with.id(), Root: wire.Hash(with.root.Public()), Role: Member}}}
	slices.SortFunc(v.roster.People, func(a, b Person) int { return slices.Compare(a.Account[:], b.Account[:]) })
	v.rec.Kind, v.rec.Begun = wire.Direct, true
	go c.loop()
	return c, v, &events
}

func TestAChangedRootClearsVerifiedAndHoldsMessagesUntilAcknowledged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ben := meetSomebody(t, "ben")
	c, v, events := couple(t, ben)
	before := must(c.Contact(ctx, ben.id()))
	if before.Verified || before.Changed || len(strings.Fields(before.Number)) != 12 {
		t.Fatalf("%+v", before)
	}
	if err := c.Verify(ctx, ben.id(), true); err != nil {
		t.Fatal(err)
	}
	if k := must(c.Contact(ctx, ben.id())); !k.Verified || !c.view(v).Verified {
		t.Fatalf("not verified: %+v", k)
	}
	ben.rotate()
	must(c.met(ben.shown(), false))
	after := must(c.Contact(ctx, ben.id()))
	if after.Verified || !after.Changed || after.Number == before.Number {
		t.Fatalf("the change went unnoticed: %+v", after)
	}
	if look := c.view(v); look.Verified || !look.KeyChanged {
		t.Fatalf("%+v", look)
	}
	if _, err := c.Send(ctx, v.id, "secret"); wire.CodeOf(err) != CodeKeyChanged {
		t.Fatalf("sends to changed keys: %v", err)
	}
	told := false
	for _, e := range *events {
		f, ok := e.(Fault)
		told = told || ok && f.Code == CodeKeyChanged
	}
	if !told {
		t.Fatal("nobody was told")
	}
	if err := c.AcceptKey(ctx, ben.id()); err != nil {
		t.Fatal(err)
	}
	if k := must(c.Contact(ctx, ben.id())); k.Verified || k.Changed {
		t.Fatalf("%+v", k)
	}
	if _, err := c.Send(ctx, v.id, "secret"); err != nil {
		t.Fatal(err)
	}
}

func TestANameThatMovesToAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ben, impostor, mirror := meetSomebody(t, "ben"), meetSomebody(t, "ben"), meetSomebody(t, "ada")
	c, _, events := couple(t, ben)
	c.self.Name = "ada"
	for _, a := range []wire.Account{
		{ID: impostor.id(), Name: "ben", Chain: impostor.chain.Events()},
		{ID: mirror.id(), Name: "ada", Chain: mirror.chain.Events()},
	} {
		if found := must(c.met(encode(wire.Accounts{Accounts: []wire.Account{a}}), true)); len(found) != 0 {
			t.Fatalf("%s was taken for %v", a.Name, found)
		}
		if _, err := c.Contact(ctx, a.ID); wire.CodeOf(err) != CodeUnknownPerson {
			t.Fatalf("%s is a contact: %v", a.Name, err)
		}
	}
	if len(*events) == 0 {
		t.Fatal("nobody was told")
	}
}

func TestAComparedCodeMatchesTheTruePersonOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ben, eve := meetSomebody(t, "ben"), meetSomebody(t, "eve")
	c, _, _ := couple(t, ben)
	must(c.met(encode(wire.Accounts{Accounts: []wire.Account{{ID: eve.id(), Name: "eve", Chain: eve.chain.Events()}}}), true))
	own := must(c.Contact(ctx, ben.id()))
	if match, err := c.Compare(ctx, ben.id(), own.Code); err != nil || !match {
		t.Fatalf("%v, %v", match, err)
	}
	other := must(c.Contact(ctx, eve.id()))
	for _, code := range [][]byte{other.Code, own.Code[1:], nil} {
		if match, _ := c.Compare(ctx, ben.id(), code); match {
			t.Fatalf("%x matches", code)
		}
	}
	if _, err := c.Contact(ctx, wire.ID{9}); wire.CodeOf(err) != CodeUnknownPerson {
		t.Fatal(err)
	}
}
