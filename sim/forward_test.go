package sim

import (
	"context"
	"testing"
	"time"

	"frond/client"
	"frond/identity"
	"frond/wire"
)

// The server's database is put back to what it was before a device was removed and messages were stored. The devices that
// remember give it what it lacks: the removed device is removed again, and the vault is as it was.
func TestAServerThatWasSetBackIsBroughtForward(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		lost, laptop := w.second(t, phone), w.second(t, phone)
		ben.say(t, direct, "one")
		time.Sleep(20 * time.Second)
		old, err := w.server.snapshot()
		must(t, err)
		time.Sleep(30 * time.Second)
		must(t, phone.on().RemoveDevice(ctx, lost.device()))
		time.Sleep(time.Minute)
		root := laptop.root(t)
		epoch := w.epoch(t, phone.account)
		must(t, laptop.on().SignOut(ctx, false))

		must(t, w.server.restore(old))
		if active := must1(w.activeDevices(ctx, phone.account)); !active[lost.device()] {
			t.Fatal("the old copy knows of the removal")
		}
		time.Sleep(time.Minute)
		(&theft{t: t}).alarmed(phone, client.CodeRolledBack)
		must(t, laptop.signsIn())
		time.Sleep(time.Minute)
		for _, d := range []*person{phone, laptop} {
			d.keepsRoot(t, root)
			d.stored(t)
		}
		if got := w.epoch(t, phone.account); got != epoch {
			t.Fatalf("the vault is in epoch %d, was in %d", got, epoch)
		}
		if active := must1(w.activeDevices(ctx, phone.account)); active[lost.device()] || !active[phone.device()] || !active[laptop.device()] {
			t.Fatalf("%v are active", active)
		}
		must(t, phone.on().Draft(ctx, direct, "half a thought")) // and the vault takes what comes
		time.Sleep(time.Minute)
		w.headed(t, phone, laptop)
	})
}

// root is the root of the account, as a device knows it.
func (p *person) root(t *testing.T) identity.RootKey {
	t.Helper()
	return (&theft{t: t}).root(loot(t, p.store, p.account)).Public()
}

// keepsRoot demands that a device did not go back to an earlier root.
func (p *person) keepsRoot(t *testing.T, root identity.RootKey) {
	t.Helper()
	if p.root(t) != root {
		t.Fatalf("%s went back to the root of before", p.name)
	}
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What was stored and who came after the backup was made: keys of messages that the backup has are stored again, and a
// device that the backup does not know signs in again.
func TestWhatTheVaultLostWithTheServerIsStoredAgain(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		time.Sleep(20 * time.Second)
		ben.say(t, direct, "in the log, and its key not yet in the vault")
		old, err := w.server.snapshot()
		must(t, err)
		time.Sleep(time.Minute)
		phone.stored(t)
		laptop := w.second(t, phone)
		time.Sleep(time.Minute)

		must(t, w.server.restore(old))
		time.Sleep(2 * time.Minute)
		must(t, laptop.signInAgain(context.Background()))
		time.Sleep(time.Minute)
		w.headed(t, phone, laptop)
		must(t, phone.crash(context.Background())) // so that nobody can be asked
		must(t, laptop.crash(context.Background()))
		must(t, ben.crash(context.Background()))
		tablet := w.blank(t, phone)
		must(t, tablet.signsIn())
		time.Sleep(time.Minute)
		tablet.finds(t, direct, "in the log, and its key not yet in the vault")
	})
}

// What changes while the server is brought forward is saved after it.
func TestWhatChangesWhileAServerIsBroughtForwardIsSaved(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		time.Sleep(20 * time.Second)
		old, err := w.server.snapshot()
		must(t, err)
		must(t, phone.on().SetSetting(ctx, "theme", "dark"))
		time.Sleep(20 * time.Second)
		held := make(chan struct{})
		x := slow(wire.OpBringForward)
		says := x.says
		x.says = func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if asked == wire.OpBringForward {
				defer close(held)
			}
			return says(asked, f)
		}
		phone.lane.lie(x)
		must(t, w.server.restore(old))
		<-held
		must(t, phone.on().SetSetting(ctx, "theme", "light"))
		time.Sleep(5 * time.Second)
		ben.say(t, direct, "hello")
		time.Sleep(2 * time.Minute)
		phone.lane.lie(liar{})
		tablet := w.blank(t, phone)
		must(t, tablet.signsIn())
		time.Sleep(time.Minute)
		tablet.isSet(t, "theme", "light")
	})
}
