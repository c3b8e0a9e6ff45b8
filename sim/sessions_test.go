package sim

import (
	"context"
	"crypto/rand"
	randv2 "math/rand/v2"
	"testing"
	"time"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// stranger is somebody who learnt a password and signed in, without adding a device: nothing shows.
type stranger struct {
	w    *World
	lane *lane
	s    wire.Session
	root identity.Root // from the vault, where the password opens it
}

func (w *World) stranger(t *testing.T, knows *person) *stranger {
	t.Helper()
	x := &stranger{w: w, lane: newLane(w.server, randv2.New(randv2.NewPCG(9, 9)))}
	body, err := x.lane.inner.Post(context.Background(), wire.PathSignIn, encoded(t, wire.SignIn{Name: knows.name, Auth: knows.keys.Auth}))
	must(t, err)
	must(t, wire.Decode(body, &x.s))
	h, err := vault.ParseHeader(x.s.Header)
	must(t, err)
	key, err := h.Open(x.s.Account, vault.SlotPassword, [16]byte{}, knows.keys.Wrap)
	must(t, err)
	plain, err := vault.OpenState(key, x.s.Account, x.s.Epoch, x.s.Revision, x.s.State)
	must(t, err)
	var state map[uint64]any
	must(t, wire.Decode(plain, &state))
	x.root, err = identity.ParseRoot(state[2].([]byte))
	must(t, err)
	return x
}

// looks asks what there is to unlock, as a session without a device may.
func (x *stranger) looks(t *testing.T) error {
	t.Helper()
	_, err := x.lane.inner.Post(context.Background(), wire.PathApprovalSession, encoded(t, wire.Nothing{}))
	return err
}

// comes certifies a device of their own by the root they know.
func (x *stranger) comes(t *testing.T) error {
	t.Helper()
	chain := x.w.chainOf(t, x.s.Account)
	key, err := identity.NewDeviceKey(rand.Reader)
	must(t, err)
	id, err := identity.NewID(rand.Reader)
	must(t, err)
	n := chain.Len()
	chain, err = chain.AddDevice(x.root, id, key.Public(), "laptop", time.Now())
	must(t, err)
	_, err = x.lane.inner.Post(context.Background(), wire.PathDevice,
		encoded(t, wire.AddDevice{Device: wire.ID(id), Index: uint64(n), Events: chain.Events()[n:]}))
	return err
}

func TestWhoSignedInByAnEarlierPasswordAddsNoDeviceLater(t *testing.T) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ada := p[0]
		x := w.stranger(t, ada)
		must(t, ada.on().ChangePassword(context.Background(), &ada.keys, vault.Keys{Auth: [32]byte{1}, Wrap: [32]byte{2}}, ada.kdf))
		time.Sleep(10 * 24 * time.Hour)
		if err := x.comes(t); wire.CodeOf(err) != wire.CodeUnauthenticated {
			t.Fatalf("ten days after the password was changed, the old one's session adds a device: %v", err)
		}
	})
}

func TestASessionWithoutADeviceEndsWhenAnythingDecidesAnewWhoMayComeIn(t *testing.T) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ctx, ada := context.Background(), p[0]
		x := w.stranger(t, ada)
		lost := w.second(t, ada) // and the vault goes on, for it has a device more
		must(t, x.looks(t))
		code, err := vault.NewRecoveryCode(rand.Reader)
		must(t, err)
		must(t, ada.on().SetRecovery(ctx, code))
		must(t, x.looks(t)) // by the password, as before

		ends := func(what string, x *stranger, change func() error) {
			t.Helper()
			must(t, change())
			if err := x.looks(t); wire.CodeOf(err) != wire.CodeUnauthenticated {
				t.Fatalf("%s: %v", what, err)
			}
			time.Sleep(10 * time.Second)
			if _, err := ada.on().Devices(ctx); err != nil {
				t.Fatalf("%s, and the own session is over: %v", what, err)
			}
		}
		ends("a device was removed", x, func() error { return ada.on().RemoveDevice(ctx, lost.device()) })
		x = w.stranger(t, ada)
		ends("high protection", x, func() error { return ada.on().SetProtection(ctx, true, ada.keys, ada.kdf) })
		must(t, ada.on().SetProtection(ctx, false, ada.keys, ada.kdf))
		x = w.stranger(t, ada)
		found := w.again(ada)
		must(t, found.start(ctx))
		ends("the recovery code set a password", x, func() error {
			return found.on().Recover(ctx, ada.name, code, vault.Keys{Auth: [32]byte{1}, Wrap: [32]byte{2}}, ada.kdf, wire.ID{})
		})
	})
}
