package sim

import (
	"context"
	"strings"
	"testing"
	"time"

	"frond/client"
	"frond/client/vault"
	"frond/wire"
)

// The server's database is put back to what it was before a device was removed. Devices that remember say so, and
// bring it forward. When the true database is back after all, so they do again with what they wrote meanwhile.
func TestAnAccountThatWasSetBackTwiceLosesNothing(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		lost, laptop := w.second(t, phone), w.second(t, phone)
		time.Sleep(20 * time.Second)
		old, err := w.server.snapshot()
		must(t, err)
		time.Sleep(30 * time.Second)
		must(t, phone.on().RemoveDevice(ctx, lost.device()))
		time.Sleep(time.Minute)
		root := laptop.root(t)
		now, err := w.server.snapshot()
		must(t, err)

		must(t, w.server.restore(old))
		time.Sleep(time.Minute)
		for _, d := range []*person{phone, laptop} {
			(&theft{t: t}).alarmed(d, client.CodeRolledBack)
			d.keepsRoot(t, root)
		}
		must(t, phone.on().SetSetting(ctx, "theme", "dark"))
		time.Sleep(time.Minute)

		must(t, w.server.restore(now))
		time.Sleep(time.Minute)
		w.allTalk(t, direct, phone, laptop, ben)
		w.headed(t, phone, laptop)
		tablet := w.second(t, phone)
		if got := must1(tablet.on().Settings(ctx)); got.All["theme"] != "dark" {
			t.Fatalf("the settings are %+v", got)
		}
	})
}

// What this account stores after a removal is under no key that the removed device knows, in a vault that was set
// back to before the removal too.
func TestNothingIsStoredUnderAnOldKeyInAVaultThatWasSetBack(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		lost := w.second(t, phone)
		ben.say(t, direct, "one")
		phone.settle(t)
		old, err := w.server.snapshot()
		must(t, err)
		time.Sleep(30 * time.Second)
		must(t, phone.on().RemoveDevice(ctx, lost.device()))
		time.Sleep(time.Minute)
		ben.say(t, direct, "two")
		phone.reads(t, direct, "two")
		must(t, phone.crash(ctx)) // with a key that it has not stored
		epoch := w.epoch(t, phone.account)

		must(t, w.server.restore(old))
		list, err := w.server.store.Pages(ctx, phone.account, direct, wire.DraftBucket+1, wire.MaxPages)
		must(t, err)
		before := map[uint64]uint64{}
		for _, p := range list {
			before[p.Bucket] = p.Revision
		}
		must(t, phone.start(ctx))
		must(t, phone.on().Draft(ctx, direct, "half a thought"))
		time.Sleep(time.Minute)
		phone.settle(t)
		list, err = w.server.store.Pages(ctx, phone.account, direct, wire.DraftBucket+1, wire.MaxPages)
		must(t, err)
		written := 0
		for _, p := range list {
			if p.Revision == before[p.Bucket] {
				continue
			}
			written++
			if got, err := vault.PageEpoch(p.Page); err != nil || got < epoch {
				t.Fatalf("a page is sealed under the key of epoch %d: %v", got, err)
			}
		}
		if written != 2 || w.epoch(t, phone.account) < epoch {
			t.Fatalf("%d pages were written, the vault is in epoch %d", written, w.epoch(t, phone.account))
		}
	})
}

// The sealed state of before, which the server shows a device that was signed out with its memory kept,
// names less of what ben's chain was seen to be. Nothing known is forgotten.
func TestWhatWasSeenOfAContactIsNeverForgotten(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		phone.create(t, wire.Direct, ben)
		lost := w.second(t, ben)
		laptop := w.second(t, phone)
		time.Sleep(20 * time.Second)
		must(t, laptop.crash(ctx))
		must(t, ben.on().RemoveDevice(ctx, lost.device()))
		time.Sleep(time.Minute)
		seen := func(d *person) int {
			t.Helper()
			events := record(t, d.store, phone.account.String()+"/contact/"+ben.account.String())[2]
			var chain [][]byte
			must(t, wire.Decode(events, &chain))
			return len(chain)
		}
		all := w.chainOf(t, ben.account).Len()
		if seen(phone) != all || seen(laptop) == all {
			t.Fatalf("the phone saw %d of %d events, the laptop, which was off, %d", seen(phone), all, seen(laptop))
		}
		// The laptop saves a state with the chain it knows, before it hears of the longer one.
		laptop.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if asked == wire.OpLookup || f.Kind == wire.PushEntry {
				return nil
			}
			return []wire.Frame{f}
		}})
		must(t, laptop.start(ctx))
		time.Sleep(10 * time.Second)
		if err := laptop.on().Verify(ctx, ben.account, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if seen(phone) != all {
			t.Fatalf("the phone forgot: %d of %d events", seen(phone), all)
		}
		if k, err := phone.on().Contact(ctx, ben.account); err != nil || !k.Verified {
			t.Fatalf("the mark does not follow on the phone: %+v, %v", k, err)
		}
		laptop.lane.lie(liar{})
	})
}

func TestADeviceThatWasRemovedWhileItWasOffIsToldWhenItReturns(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		lost := w.second(t, phone)
		ben.say(t, direct, "before")
		time.Sleep(20 * time.Second)
		device := lost.device()
		must(t, lost.crash(ctx))
		must(t, phone.on().RemoveDevice(ctx, device))
		time.Sleep(time.Minute)
		must(t, lost.start(ctx))
		time.Sleep(5 * time.Second)
		if s := lost.on().Session(); s.State != client.LockedOut {
			t.Fatalf("the removed device is %s", s.State)
		}
		lost.mu.Lock()
		told := len(lost.faults) == 1 && strings.Contains(lost.faults[0].Text, "removed from your account") && strings.Contains(lost.faults[0].Text, "sign in again")
		lost.mu.Unlock()
		if !told {
			t.Fatalf("it is told %+v", lost.faults)
		}
		lost.reads(t, direct, "before") // what is here stays readable
		must(t, lost.signsIn())
		time.Sleep(time.Minute)
		if lost.device() == device {
			t.Fatal("it came back as what it was")
		}
		w.allTalk(t, direct, phone, lost, ben)
		w.headed(t, phone, lost)
	})
}
