package identity_test

import (
	"errors"
	"testing"
	"time"

	"frond/identity"
)

func TestNoTrustFlowsAcrossAReset(t *testing.T) {
	ok := must[*identity.Chain](t)
	first, second, third, fourth := newRoot(t), newRoot(t), newRoot(t), newRoot(t)
	old := withDevices(t, first, 3)
	old = ok(old.RotateRoot(first, second, noon))
	chain := ok(old.Reset(third, noon.Add(time.Hour)))
	id, key := newDevice(t)
	chain = ok(chain.AddDevice(third, id, key.Public(), "new phone", noon.Add(time.Hour)))
	chain = ok(chain.RotateRoot(third, fourth, noon.Add(2*time.Hour)))

	read := ok(identity.ParseChain(chain.Events()))
	if err := read.Extends(old); err != nil {
		t.Fatal(err)
	}
	if read.Account() != old.Account() || read.Root() != fourth.Public() {
		t.Fatal("the account or its root is another")
	}
	for root, want := range map[identity.RootKey][2]bool{
		first.Public(): {false, true}, second.Public(): {false, true}, third.Public(): {true, true}, fourth.Public(): {true, true},
		newRoot(t).Public(): {false, false},
	} {
		if got := [2]bool{read.HadRoot(root), read.NamedRoot(root)}; got != want {
			t.Errorf("trusted and named: %v, want %v", got, want)
		}
	}
	resets := read.Resets()
	want := identity.Reset{Index: old.Len(), At: noon.Add(time.Hour), Old: second.Public(), New: third.Public()}
	if len(resets) != 1 || resets[0] != want || len(old.Resets()) != 0 {
		t.Fatalf("resets: %+v", resets)
	}
	if devices := read.Devices(); len(devices) != 1 || devices[0].ID != id || len(read.AllDevices()) != 4 {
		t.Fatalf("devices: %+v", devices)
	}
	for _, d := range old.Devices() {
		if gone, found := read.Device(d.ID); !found || gone.Active() || !gone.RemovedAt.Equal(noon.Add(time.Hour)) {
			t.Errorf("a device from before: %+v", gone)
		}
		if _, ok := read.Credential(d.ID); ok {
			t.Error("a device from before has a credential")
		}
		if _, err := read.AddDevice(fourth, d.ID, key.Public(), "again", noon); !errors.Is(err, identity.ErrNotAllowed) {
			t.Errorf("a device from before comes back: %v", err)
		}
	}
	for what, root := range map[string]identity.Root{"rotated away": first, "ended by the reset": second} {
		if _, err := read.RemoveDevice(root, id, noon); !errors.Is(err, identity.ErrSignature) {
			t.Errorf("a root that was %s signs: %v", what, err)
		}
		if _, err := read.Reset(root, noon); !errors.Is(err, identity.ErrNotAllowed) {
			t.Errorf("a root that was %s comes back: %v", what, err)
		}
	}
	if _, err := read.RotateRoot(fourth, second, noon); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("rotated to a root from before the reset: %v", err)
	}
}

func TestAResetHoldsForOneChainOnly(t *testing.T) {
	ok := must[*identity.Chain](t)
	root, next := newRoot(t), newRoot(t)
	chain := withDevices(t, root, 1)
	reset := ok(chain.Reset(next, noon))
	event := reset.Event(reset.Len() - 1)
	if _, err := reset.Append(event); err == nil {
		t.Error("the same reset twice")
	}
	longer := ok(chain.RemoveDevice(root, chain.Devices()[0].ID, noon))
	if _, err := longer.Append(event); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("at another place of the chain: %v", err)
	}
	if _, err := withDevices(t, newRoot(t), 1).Append(event); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("in another account's chain: %v", err)
	}
	if _, err := identity.ParseChain([][]byte{event}); err == nil {
		t.Error("a chain begins with a reset")
	}
}

// Whoever has the root can replace it as often as a chain takes; that must not keep the owner from beginning anew.
func TestARootThatChangedAsOftenAsItMayIsReset(t *testing.T) {
	ok := must[*identity.Chain](t)
	root := newRoot(t)
	chain := withDevices(t, root, 1)
	rotate := func(times int) {
		for range times {
			next := newRoot(t)
			chain = ok(chain.RotateRoot(root, next, noon))
			root = next
		}
	}
	rotate(identity.MaxRotations)
	if _, err := chain.RotateRoot(root, newRoot(t), noon); !errors.Is(err, identity.ErrLimit) {
		t.Fatalf("a rotation too many: %v", err)
	}
	root = newRoot(t)
	chain = ok(chain.Reset(root, noon))
	rotate(identity.MaxRotations) // counted anew
	if _, err := chain.RotateRoot(root, newRoot(t), noon); !errors.Is(err, identity.ErrLimit) {
		t.Fatalf("a rotation too many after the reset: %v", err)
	}
}
