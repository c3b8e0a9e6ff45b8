package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// fills signs in on new browsers and clears each, until the account has as many devices as it may.
func (w *World) fills(t *testing.T, ada *person) {
	t.Helper()
	for len(w.chainOf(t, ada.account).Devices()) < wire.MaxDevices {
		q := w.blank(t, ada)
		must(t, q.signsIn())
		time.Sleep(10 * time.Second)
		must(t, q.on().SignOut(context.Background(), true))
	}
}

// chooses demands that an account is full and returns its devices, as a new one is shown them.
func (p *person) chooses(t *testing.T, err error) []client.OwnDevice {
	t.Helper()
	if wire.CodeOf(err) != client.CodeTooMany {
		t.Fatalf("a device more than there may be: %v", err)
	}
	list, err := p.on().Replaceable(context.Background())
	must(t, err)
	if len(list) != wire.MaxDevices || list[0].Name == "" || list[0].Added.IsZero() {
		t.Fatalf("to choose from: %+v", list)
	}
	return list
}

func (p *person) inPlaceOf(device wire.ID) error {
	o := p.credentials()
	o.Replace = device
	return p.on().SignIn(context.Background(), o)
}

func TestBrowsersThatWereClearedKeepNobodyOut(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		direct := ada.create(t, wire.Direct, ben)
		ben.say(t, direct, "long ago")
		ada.reads(t, direct, "long ago")
		code, err := vault.NewRecoveryCode(ada.rand)
		must(t, err)
		must(t, ada.on().SetRecovery(ctx, code))
		time.Sleep(10 * time.Second)
		must(t, ada.on().SignOut(ctx, true))
		w.fills(t, ada)

		fresh := w.blank(t, ada)
		list := fresh.chooses(t, fresh.signsIn())
		must(t, fresh.inPlaceOf(list[0].ID))
		time.Sleep(2 * time.Minute)
		fresh.finds(t, direct, "long ago")
		w.allTalk(t, direct, fresh, ben)
		if left, err := fresh.on().Replaceable(ctx); err != nil || len(left) > 0 {
			t.Fatalf("still to choose from: %v %v", left, err)
		}

		next := vault.Keys{Auth: [32]byte{1}, Wrap: [32]byte{2}}
		found := w.blank(t, ada)
		list = found.chooses(t, found.on().Recover(ctx, ada.name, code, next, ada.kdf, wire.ID{}))
		if slices.ContainsFunc(list, func(d client.OwnDevice) bool { return d.ID == ada.device() }) {
			t.Fatal("the device that was replaced is still there to choose")
		}
		must(t, found.on().Recover(ctx, ada.name, code, next, ada.kdf, list[0].ID))
		time.Sleep(2 * time.Minute)
		w.allTalk(t, direct, found, fresh, ben)
		other := w.blank(t, ada)
		other.keys = next
		other.chooses(t, other.signsIn()) // the new password is in force
		noFaultsBut(t, "", fresh, found, ben)
	})
}

func TestAReplacedDeviceIsOutLikeOneThatWasRemoved(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		lost := w.second(t, phone)
		time.Sleep(20 * time.Second)
		lost.say(t, direct, "while it was mine")
		ben.reads(t, direct, "while it was mine")
		time.Sleep(20 * time.Second) // its key is in the vault
		must(t, phone.on().Draft(ctx, direct, "begun"))
		time.Sleep(10 * time.Second)
		before := w.chainOf(t, phone.account)

		fresh := w.blank(t, phone)
		must(t, fresh.inPlaceOf(lost.device()))
		if s := lost.on().Session(); s.State != client.LockedOut {
			time.Sleep(5 * time.Second)
			if s = lost.on().Session(); s.State != client.LockedOut {
				t.Fatalf("the replaced device is %v", s.State)
			}
		}
		time.Sleep(3 * time.Minute)
		after := w.chainOf(t, phone.account)
		if _, active := after.Credential(identity.ID(lost.device())); active || after.Root() == before.Root() {
			t.Fatal("the sigchain still lists it, or has the root that it knew")
		}
		if in := ben.leaves(t, direct, phone); slices.Contains(in, lost.device()) || !slices.Contains(in, fresh.device()) {
			t.Fatalf("leaves of the account: %v", in)
		}
		w.headed(t, phone, fresh)
		ben.say(t, direct, "not for the lost one")
		for _, q := range []*person{phone, fresh} {
			q.reads(t, direct, "not for the lost one")
		}
		fresh.finds(t, direct, "while it was mine")
		if slices.ContainsFunc(lost.rows(t, direct), func(m client.Message) bool { return m.Text == "not for the lost one" }) {
			t.Fatal("it reads on")
		}
		time.Sleep(time.Second) // it is asked for when the conversation is looked at
		page, err := fresh.on().Messages(ctx, direct, 0, 10)
		if must(t, err); page.Draft != "begun" {
			t.Fatalf("the draft is %q", page.Draft)
		}
		w.allTalk(t, direct, phone, fresh, ben)
		noFaultsBut(t, "", phone, fresh, ben)
	})
}

func TestWhoIsLockedOutOfAFullAccountChoosesBeforeTheVaultOpens(t *testing.T) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ctx, ada := context.Background(), p[0]
		code, err := vault.NewRecoveryCode(ada.rand)
		must(t, err)
		must(t, ada.on().SetRecovery(ctx, code))
		time.Sleep(10 * time.Second)
		w.fills(t, ada)
		must(t, ada.on().SetProtection(ctx, true, ada.keys, ada.kdf))
		fresh := w.blank(t, ada)
		must(t, fresh.signsIn())
		_, err = fresh.on().AskApproval(ctx, wire.ID{})
		fresh.chooses(t, err)
		list := fresh.chooses(t, fresh.on().Unlock(ctx, code, wire.ID{}))
		must(t, fresh.on().Unlock(ctx, code, list[len(list)-1].ID))
		time.Sleep(time.Minute)
		if in := w.chainOf(t, ada.account).Devices(); len(in) != wire.MaxDevices || wire.ID(in[len(in)-1].ID) != fresh.device() {
			t.Fatalf("the devices are %v", in)
		}
		noFaultsBut(t, "", ada, fresh)
	})
}

func TestALostAnswerReplacesADeviceOnce(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		direct := ada.create(t, wire.Direct, ben)
		lost := w.second(t, ada)
		time.Sleep(20 * time.Second)
		fresh := w.blank(t, ada)
		missed := false
		fresh.lane.lie(liar{posts: func(path string, answer []byte) []byte {
			if path == wire.PathDevice && !missed {
				missed = true
				return nil
			}
			return answer
		}})
		must(t, fresh.inPlaceOf(lost.device()))
		time.Sleep(2 * time.Minute)
		if n := len(w.chainOf(t, ada.account).Devices()); n != 2 {
			t.Fatalf("the account has %d devices", n)
		}
		w.headed(t, ada, fresh)
		w.allTalk(t, direct, ada, fresh, ben)
	})
}

func TestDevicesThatComeInPlaceOfOneAtTheSameSecondAllGetIn(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		direct := ada.create(t, wire.Direct, ben)
		lost := w.second(t, ada)
		time.Sleep(20 * time.Second)
		x, y := w.blank(t, ada), w.blank(t, ada)
		gone := lost.device()
		atOnce(t, func() error { return x.inPlaceOf(gone) }, func() error { return y.inPlaceOf(gone) })
		time.Sleep(2 * time.Minute)
		w.headed(t, ada, x, y)
		w.allTalk(t, direct, ada, x, y, ben)
	})
}
