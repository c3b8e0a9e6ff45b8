package sim

import (
	"errors"
	"strings"
	"testing"
	"time"

	"frond/client"
	"frond/wire"
)

func TestWhoWasVerifiedIsHeldForADay(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, carla, ben := p[0], p[1], p[2]
		direct := ada.create(t, wire.Direct, carla)
		carla.verifies(t, ada)
		other := ben.create(t, wire.Direct, ada)
		ben.verifies(t, ada)
		ben.now = func() time.Time { return time.Now().Add(30 * time.Hour) } // his clock is wrong
		if err := errors.Join(ben.crash(t.Context()), ben.start(t.Context())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		phone := w.second(t, carla)

		ada.losesAndBeginsAnew(t, w)
		for _, q := range []*person{carla, phone, ben} {
			k := q.contact(t, ada)
			if !k.Reset || !k.Changed || k.Verified || k.HeldUntil.Before(time.Now().Add(23*time.Hour)) {
				t.Fatalf("%s is shown %+v", q.name, k)
			}
			if err := q.accepts(ada); wire.CodeOf(err) != wire.CodeHeld {
				t.Fatalf("%s accepts at once: %v", q.name, err)
			}
		}
		carla.mayNotSend(t, direct)
		if a, b := carla.contact(t, ada).HeldUntil, phone.contact(t, ada).HeldUntil; !a.Equal(b) {
			t.Fatalf("carla's devices wait until %v and %v", a, b)
		}
		if err := carla.on().Verify(t.Context(), ada.account, false); err != nil || wire.CodeOf(carla.accepts(ada)) != wire.CodeHeld {
			t.Fatal("the mark is taken back, and the wait with it")
		}
		ada.lane.set(true, false)
		time.Sleep(23 * time.Hour)
		for _, q := range []*person{carla, phone, ben} {
			if err := q.accepts(ada); wire.CodeOf(err) != wire.CodeHeld {
				t.Fatalf("%s accepts after 23 hours: %v", q.name, err)
			}
		}
		ada.lane.set(false, false)
		time.Sleep(time.Minute)

		// Comparing the numbers again needs no waiting.
		ada.create2(t, ben)
		ben.verifies(t, ada)
		time.Sleep(10 * time.Second)
		ben.say(t, other, "it is you")
		ada.reads(t, other, "it is you")

		time.Sleep(time.Hour)
		if err := phone.accepts(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		carla.say(t, direct, "a day later") // her other device said so
		ada.reads(t, direct, "a day later")
	})
}

// What waits for a comparison can not be had by another door: a group would hand the new keys everything said in it.
func TestWhoIsHeldComesIntoNoGroup(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := t.Context()
		ada, ben, cleo := p[0], p[1], p[2]
		group := ben.create(t, wire.Group, cleo)
		direct := cleo.create(t, wire.Direct, ada)
		once := ben.create(t, wire.Group, ada)
		ben.verifies(t, ada)
		must(t, ben.on().Remove(ctx, once, ada.account))
		ada.losesAndBeginsAnew(t, w)
		refused := func(code wire.Code, q *person) {
			t.Helper()
			err := q.on().Add(ctx, group, []string{ada.name})
			if wire.CodeOf(err) != code || !strings.Contains(err.Error(), ada.name) {
				t.Fatalf("%s adds her: %v", q.name, err)
			}
			_, err = q.on().Create(ctx, client.NewConversation{Kind: wire.Group, Name: "new", People: []string{ada.name}})
			if wire.CodeOf(err) != code || !strings.Contains(err.Error(), ada.name) {
				t.Fatalf("%s begins a group with her: %v", q.name, err)
			}
		}
		refused(wire.CodeHeld, ben)
		must(t, ben.on().SetRole(ctx, group, cleo.account, client.Moderator))
		time.Sleep(5 * time.Second)
		refused(client.CodeKeyChanged, cleo) // who never compared is asked first, too
		if got := ben.leaves(t, group, ada); len(got) != 0 {
			t.Fatalf("ada is in the group with %v", got)
		}

		// Two people have a place to answer in, and nothing is sent there before.
		fresh := ben.create(t, wire.Direct, ada)
		ben.mayNotSend(t, fresh)
		time.Sleep(25 * time.Hour)
		refused(client.CodeKeyChanged, ben) // a day has passed, and he has not answered
		must(t, ben.accepts(ada))
		must(t, ben.on().Add(ctx, group, []string{ada.name}))
		time.Sleep(5 * time.Second)
		cleo.mayNotSend(t, direct)
		ben.say(t, group, "here you are")
		ada.reads(t, group, "here you are")
	})
}

func TestWhoAcceptsOfflineIsToldWhatIsStillWaitedFor(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		direct := ada.create(t, wire.Direct, ben)
		reason := func(want client.KeyReason) {
			t.Helper()
			if v := ben.view(t, direct); v.KeyReason != want || v.KeyChanged != (want != "") || ben.keysOf(t, direct, ada).Keys != want {
				t.Fatalf("ben is shown %+v, not %q", v, want)
			}
		}
		ada.losesAndBeginsAnew(t, w)
		reason(client.KeysChanged)
		ben.lane.set(true, false)
		time.Sleep(5 * time.Second)
		must(t, ben.accepts(ada))
		reason(client.KeysReadmitting)
		ben.mayNotSend(t, direct)
		ben.lane.set(false, false)
		time.Sleep(time.Minute)
		reason("")
		ben.say(t, direct, "now you are back")
		ada.reads(t, direct, "now you are back")
	})
}

func TestAGroupSaysWhoseKeysChanged(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ben, ada, cleo, dan := p[0], p[1], p[2], p[3]
		id := ben.create(t, wire.Group, ada, cleo, dan)
		ben.verifies(t, ada)
		ada.losesAndBeginsAnew(t, w)
		cleo.losesAndBeginsAnew(t, w)
		if k := ben.keysOf(t, id, ada); k.Keys != client.KeysChanged || !k.Reset || k.HeldUntil.Before(time.Now().Add(23*time.Hour)) {
			t.Fatalf("of ada: %+v", k)
		}
		if k := ben.keysOf(t, id, cleo); k.Keys != client.KeysChanged || !k.Reset || !k.HeldUntil.IsZero() {
			t.Fatalf("of cleo: %+v", k)
		}
		if k := ben.keysOf(t, id, dan); k.Keys != "" || k.Reset || !k.HeldUntil.IsZero() {
			t.Fatalf("of dan: %+v", k)
		}
		list, _, err := ben.on().Members(t.Context(), id)
		for _, m := range list {
			if m.Changed != (m.Account == ada.account || m.Account == cleo.account) {
				t.Fatalf("%+v, %v", m, err)
			}
		}
	})
}

// create2 asks for a conversation that exists and that nobody has let the person back into.
func (p *person) create2(t *testing.T, q *person) {
	t.Helper()
	if _, err := p.on().Create(t.Context(), client.NewConversation{Kind: wire.Direct, People: []string{q.name}}); wire.CodeOf(err) != wire.CodeExists {
		t.Fatalf("a second conversation of a pair: %v", err)
	}
}
