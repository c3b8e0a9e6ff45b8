package sim

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

const day = 24 * time.Hour

func wrongBy(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }

// The clocks of browsers are wrong. One is a day ahead, one a day behind, and the server's is right.
func TestClocksThatAreWrongByADayStopNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		time.Sleep(3 * day)
		w := New(Options{Seed: 1, People: 3, Dir: dir, Suite: mls.SuiteX25519})
		if err := w.server.start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := w.end(func() {}); err != nil {
				t.Error(err)
			}
		}()
		early, late, right := w.people[0], w.people[1], w.people[2]
		early.now, late.now = wrongBy(day), wrongBy(-day)
		for _, p := range w.people {
			if err := errors.Join(p.start(ctx), p.signUp(ctx)); err != nil {
				t.Fatal(p.name, err)
			}
			time.Sleep(2 * time.Second)
		}
		direct := early.create(t, wire.Direct, late)
		group := late.create(t, wire.Group, early, right)
		late.say(t, direct, "from yesterday")
		early.reads(t, direct, "from yesterday")
		early.say(t, direct, "from tomorrow")
		late.reads(t, direct, "from tomorrow")
		right.say(t, group, "from today")
		early.reads(t, group, "from today")
		time.Sleep(time.Minute)
		for i, p := range []*person{early, late, right} { // new devices, whose clocks are wrong the other way
			second := w.again(p)
			second.now = wrongBy([]time.Duration{-day, day, day}[i])
			second.signInOn(t)
			second.say(t, group, "on another device")
			for _, q := range []*person{early, late, right} {
				q.reads(t, group, "on another device")
			}
		}
		if err := errors.Join(late.on().Renew(ctx, group), early.on().Renew(ctx, direct), late.on().Remove(ctx, group, right.account)); err != nil {
			t.Fatal(err)
		}
		for _, p := range w.people {
			if s := p.on().Session(); s.State != client.SignedIn || p.told(client.CodeKeyChanged) || p.told(client.CodeWithheld) {
				t.Fatalf("%s is %s, with faults %+v", p.name, s.State, p.faults)
			}
		}
	})
}

func TestTwoDevicesThatSignInAtTheSameMomentBothGetIn(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		ben.say(t, id, "before")
		time.Sleep(10 * time.Second)
		both := []*person{w.again(phone), w.again(phone)}
		errs := make(chan error, 2)
		for _, q := range both {
			go func() { errs <- errors.Join(q.start(ctx), q.signInAgain(ctx)) }()
		}
		if err := errors.Join(<-errs, <-errs); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		ben.say(t, id, "to three")
		for _, q := range append(both, phone) {
			q.hasTexts(t, id, "before", "to three")
		}
		if list, err := phone.on().Devices(ctx); err != nil || len(list) != 3 {
			t.Fatal(list, err)
		}
	})
}

// A new device may lose its power before its first batch, its second, and so on, while it unlocks the vault and
// comes in. Whoever signs in again on it goes on, and finds everything.
func TestAnUnlockThatIsInterruptedAnywhereGoesOn(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		ben.say(t, id, "before")
		time.Sleep(10 * time.Second)
		for k, crashed := 1, true; crashed; k++ {
			q := w.again(phone)
			crashed = false
			q.store.FailWrites(func(write int, _ client.Batch) error {
				if write < k {
					return nil
				}
				crashed = true
				return errPower
			})
			short, cancel := context.WithTimeout(ctx, 10*time.Second)
			if err := q.start(short); err != nil {
				t.Fatal(err)
			}
			_ = q.on().SignIn(short, q.credentials())
			time.Sleep(20 * time.Second)
			cancel()
			if err := errors.Join(q.crash(ctx), q.start(ctx)); err != nil {
				t.Fatalf("after losing batch %d: %v", k, err)
			}
			if err := q.signInAgain(ctx); err != nil {
				t.Fatalf("after losing batch %d: %v", k, err)
			}
			q.settle(t)
			q.hasTexts(t, id, "before")
			w.people = w.people[:2]
			device := q.device()
			if err := errors.Join(q.crash(ctx), phone.on().RemoveDevice(ctx, device)); err != nil {
				t.Fatalf("after losing batch %d: %v", k, err)
			}
			w.removeOthers(t, phone)
			if k > 60 {
				t.Fatal("the story never ends")
			}
		}
	})
}

// removeOthers takes out what devices the account has beside this one: an interrupted one may have got as far
// as the sigchain and no further.
func (w *World) removeOthers(t *testing.T, p *person) {
	t.Helper()
	ctx := context.Background()
	time.Sleep(20 * time.Second)
	list, err := p.on().Devices(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		if !d.Current {
			if err := p.on().RemoveDevice(ctx, d.ID); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Second)
		}
	}
}

// A full disk while another device comes in is a full disk, and no lie of the server.
func TestAStoreThatCanNotTakeANewDeviceAccusesNobody(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		phone.store.FailWrites(func(int, client.Batch) error { return errors.New("no space left") })
		laptop := w.second(t, phone)
		time.Sleep(time.Minute)
		if !phone.told(client.CodeStorage) || phone.told(client.CodeKeyChanged) || phone.told(client.CodeRolledBack) {
			t.Errorf("the phone is told %+v", phone.faults)
		}
		phone.store.FailWrites(nil)
		time.Sleep(time.Minute)
		laptop.say(t, id, "from the laptop")
		phone.reads(t, id, "from the laptop")
	})
}
