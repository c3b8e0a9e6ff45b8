package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/identity"
	"frond/wire"
)

// pinned reads from a person's store to which roots an account is pinned in a conversation.
func (p *person) pinned(t *testing.T, id, account wire.ID) client.Person {
	t.Helper()
	b, err := p.store.Get(context.Background(), p.account.String()+"/roster/"+id.String())
	if err != nil {
		t.Fatal(err)
	}
	roster, err := client.ParseRoster(b)
	if err != nil {
		t.Fatal(err)
	}
	person, in := roster.Person(account)
	if !in {
		t.Fatalf("%s is not in it", account)
	}
	return person
}

// rootOf reads an account's root from the chain that the server keeps.
func (w *World) rootOf(t *testing.T, account wire.ID) wire.Hash {
	t.Helper()
	return wire.Hash(w.chainOf(t, account).Root())
}

func (w *World) chainOf(t *testing.T, account wire.ID) *identity.Chain {
	t.Helper()
	events, err := w.server.store.Chain(context.Background(), account)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := identity.ParseChain(events)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

// settled demands that everywhere the account stands under its root of now and no other.
func (w *World) settled(t *testing.T, account wire.ID, people []*person, ids ...wire.ID) {
	t.Helper()
	root := w.rootOf(t, account)
	for _, p := range people {
		for _, id := range ids {
			if got := p.pinned(t, id, account); got.Root != root || len(got.Former) > 0 {
				t.Fatalf("%s has %x pinned, formerly %x; the root is %x", p.name, got.Root[:4], got.Former, root[:4])
			}
		}
	}
}

// noFaults demands that nobody was alarmed.
func noFaults(t *testing.T, people ...*person) {
	t.Helper()
	for _, p := range people {
		p.mu.Lock()
		faults := slices.Clone(p.faults)
		p.mu.Unlock()
		if len(faults) > 0 {
			t.Fatalf("%s was told %+v", p.name, faults)
		}
	}
}

// Three devices; one is removed while another is off. Everywhere the account gets another root, the
// device that was off finds its way under it, and nobody who talks to the person is alarmed.
func TestARemovalGivesTheAccountAnotherRootInEveryConversation(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben, cleo := p[0], p[1], p[2]
		direct, group := phone.create(t, wire.Direct, ben), cleo.create(t, wire.Group, phone, ben)
		ids := []wire.ID{direct, group}
		lost, laptop := w.second(t, phone), w.second(t, phone)
		time.Sleep(20 * time.Second)
		if err := ben.on().Verify(ctx, phone.account, true); err != nil {
			t.Fatal(err)
		}
		before := w.rootOf(t, phone.account)
		if err := laptop.crash(ctx); err != nil {
			t.Fatal(err)
		}
		if err := phone.on().RemoveDevice(ctx, lost.device()); err != nil {
			t.Fatal(err)
		}
		if w.rootOf(t, phone.account) == before {
			t.Fatal("the root that the removed device knows is still in force")
		}
		time.Sleep(30 * time.Second)
		for _, id := range ids {
			got := ben.pinned(t, id, phone.account)
			if got.Root != w.rootOf(t, phone.account) || !slices.Equal(got.Former, []wire.Hash{before}) {
				t.Fatalf("while a device is off: %+v", got)
			}
			phone.say(t, id, "one device less")
			ben.reads(t, id, "one device less")
			ben.sees(t, id, phone.name+" removed a device. The safety number is a new one, vouched for by the old keys")
		}
		k, err := ben.on().Contact(ctx, phone.account)
		if err != nil || !k.Verified || k.Changed {
			t.Fatalf("ben, who had compared the number, sees %+v, %v", k, err)
		}

		if err := laptop.start(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.settled(t, phone.account, []*person{phone, laptop, ben, cleo}, ids[1])
		w.settled(t, phone.account, []*person{phone, laptop, ben}, ids[0])
		for _, id := range ids {
			laptop.say(t, id, "I am back")
			phone.reads(t, id, "I am back")
			ben.reads(t, id, "I am back")
			ben.say(t, id, "welcome")
			laptop.reads(t, id, "welcome")
		}
		noFaults(t, phone, laptop, ben, cleo)

		// A second removal, by the device that was off, and a new device afterwards.
		tablet := w.second(t, phone)
		if err := laptop.on().RemoveDevice(ctx, tablet.device()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.settled(t, phone.account, []*person{phone, laptop, ben}, ids...)
		third := w.second(t, phone)
		for _, id := range ids {
			third.say(t, id, "another one")
			for _, q := range []*person{phone, laptop, ben} {
				q.reads(t, id, "another one")
			}
		}
		other := ben.create(t, wire.Group, cleo, phone)
		time.Sleep(30 * time.Second)
		for _, q := range []*person{phone, laptop, third} {
			q.say(t, other, "hello from "+q.device().String())
			ben.reads(t, other, "hello from "+q.device().String())
		}
		noFaults(t, phone, laptop, third, ben, cleo)
	})
}
