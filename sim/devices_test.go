package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/wire"
)

// second is another device of a person, signed in at the same time.
func (w *World) second(t *testing.T, of *person) *person {
	t.Helper()
	ctx := context.Background()
	p := &person{
		name: of.name, keys: of.keys, kdf: of.kdf, suite: of.suite, rand: of.rand, log: of.log, store: memory.New(), signedUp: true,
		promised: map[wire.ID]string{}, given: map[wire.ID]bool{}, opened: map[wire.ID]int{},
	}
	p.lane = newLane(w.server, rand.New(rand.NewPCG(w.opts.Seed, uint64(2000+len(w.people)))))
	w.people = append(w.people, p)
	if err := errors.Join(p.start(ctx), p.signInAgain(ctx)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	return p
}

func (p *person) newest(t *testing.T, id wire.ID) client.Message {
	t.Helper()
	rows := p.rows(t, id)
	if len(rows) == 0 {
		t.Fatalf("%s sees nothing", p.name)
	}
	return rows[len(rows)-1]
}

func TestSeveralDevicesOfAnAccountAreInStep(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben, cleo := p[0], p[1], p[2]
		direct, group := phone.create(t, wire.Direct, ben), ben.create(t, wire.Group, phone, cleo)
		ben.say(t, direct, "before")
		time.Sleep(5 * time.Second) // state and message keys are saved

		laptop := w.second(t, phone)
		if s := phone.on().Session(); s.State != client.SignedIn {
			t.Fatalf("the first device is %s", s.State)
		}
		for _, id := range []wire.ID{direct, group} {
			ben.say(t, id, "to both")
			phone.reads(t, id, "to both")
			laptop.reads(t, id, "to both")
			laptop.say(t, id, "from the laptop")
			ben.reads(t, id, "from the laptop")
			phone.reads(t, id, "from the laptop")
			if m := phone.newest(t, id); !m.Own || m.State != client.Sent {
				t.Fatalf("an own message of the other device looks like %+v", m)
			}
			phone.say(t, id, "from the phone")
			laptop.reads(t, id, "from the phone")
			ben.sees(t, id, phone.name+" signed in on a new device")
		}
		if !slices.ContainsFunc(laptop.rows(t, direct), func(m client.Message) bool { return m.Text == "before" }) {
			t.Fatal("the history is gone")
		}
		if again := laptop.create(t, wire.Direct, ben); again != direct {
			t.Fatal("the new device does not know the pair's conversation")
		}

		// What either device begins, both are in; and so it is when others begin it.
		mine, theirs := laptop.create(t, wire.Direct, cleo), cleo.create(t, wire.Group, ben, laptop)
		time.Sleep(3 * time.Second)
		for _, id := range []wire.ID{mine, theirs} {
			cleo.say(t, id, "hello")
			phone.reads(t, id, "hello")
			laptop.reads(t, id, "hello")
			phone.say(t, id, "hello cleo")
			laptop.reads(t, id, "hello cleo")
			cleo.reads(t, id, "hello cleo")
		}

		// What was read on one is read on the other.
		cleo.say(t, mine, "read me")
		position := phone.newest(t, mine).Position
		if err := phone.on().Read(ctx, mine, position); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		for _, v := range laptop.conversations(ctx) {
			if v.ID == mine && v.Unread != 0 {
				t.Fatalf("%d messages are unread on the other device", v.Unread)
			}
		}
	})
}
