package sim

import (
	"context"
	"crypto/rand"
	randv2 "math/rand/v2"
	"slices"
	"testing"
	"time"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// intruder is a programmer with a session of somebody's account.
type intruder struct {
	t    *testing.T
	lane *lane
}

// intrude signs in with a person's password, and opens no vault.
func (w *World) intrude(t *testing.T, p *person) *intruder {
	t.Helper()
	x := &intruder{t, newLane(w.server, randv2.New(randv2.NewPCG(9, 9)))}
	_, err := x.lane.inner.Post(context.Background(), wire.PathSignIn, encoded(t, wire.SignIn{Name: p.name, Auth: p.keys.Auth}))
	must(t, err)
	return x
}

// add asks for a device, by what follows the first n events of a sigchain.
func (x *intruder) add(device identity.ID, n int, events [][]byte) wire.Code {
	x.t.Helper()
	_, err := x.lane.inner.Post(context.Background(), wire.PathDevice,
		encoded(x.t, wire.AddDevice{Device: wire.ID(device), Index: uint64(n), Events: events}))
	return wire.CodeOf(err)
}

func TestInHighProtectionWhoKnowsThePasswordSpoilsNothing(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		code, err := vault.NewRecoveryCode(rand.Reader)
		must(t, err)
		must(t, phone.on().SetRecovery(ctx, code))
		must(t, phone.on().SetProtection(ctx, true, phone.keys, phone.kdf))
		time.Sleep(10 * time.Second)

		x, chain := w.intrude(t, phone), w.chainOf(t, phone.account)
		me, err := identity.NewID(rand.Reader)
		must(t, err)
		for what, events := range map[string][][]byte{"junk": {{0}}, "an event of before": {chain.Event(1)}} {
			if got := x.add(me, chain.Len(), events); got != wire.CodeBadRequest {
				t.Fatalf("%s for a sigchain is answered %q", what, got)
			}
		}
		claim := wire.Resume{Device: phone.device(), Signature: make([]byte, 64)}
		if _, err := x.lane.inner.Post(ctx, wire.PathResume, encoded(t, claim)); wire.CodeOf(err) != wire.CodeForbidden {
			t.Fatalf("a password is enough to pass for a device: %v", err)
		}
		r := &rogue{person: phone}
		r.conn, err = x.lane.inner.Dial(ctx)
		if err == nil {
			_, err = r.ask(wire.OpHello, wire.Hello{Version: wire.Version, Device: wire.ID(me)})
		}
		if err == nil {
			t.Fatal("a device that nobody listed says hello")
		}

		id := ben.create(t, wire.Direct, phone)
		laptop := w.again(phone)
		must(t, laptop.start(ctx))
		must(t, laptop.on().Recover(ctx, phone.name, code, phone.keys, phone.kdf, wire.ID{}))
		time.Sleep(20 * time.Second)
		w.allTalk(t, id, phone, laptop, ben)
		anew := w.again(phone)
		must(t, anew.start(ctx))
		must(t, anew.beginsAnew(w.mayBeginAnew(t, phone, time.Now())))
	})
}

// Who has a device and the password of somebody can bring in another device. It is in the list that the owner
// sees, and goes when it is removed.
func TestAThiefBringsInNoDeviceThatIsNotInTheList(t *testing.T) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone := p[0]
		lost := w.second(t, phone)
		time.Sleep(20 * time.Second)
		must(t, lost.crash(ctx))
		root, err := identity.ParseRoot(loot(t, lost.store, lost.account).field(t, 5))
		must(t, err)
		chain := w.chainOf(t, lost.account)
		n := chain.Len()
		shown, err := identity.NewID(rand.Reader)
		must(t, err)
		hidden, err := identity.NewID(rand.Reader)
		must(t, err)
		key, err := identity.NewDeviceKey(rand.Reader)
		must(t, err)
		listed, err := chain.AddDevice(root, shown, key.Public(), "laptop", time.Now())
		must(t, err)
		gone, err := listed.RemoveDevice(root, shown, time.Now())
		must(t, err)

		stolen, guest := &intruder{t, lost.lane}, w.intrude(t, phone)
		if got := stolen.add(shown, n, listed.Events()[n:]); got != wire.CodeForbidden {
			t.Fatalf("a session that has a device gets another one: %q", got)
		}
		for what, events := range map[string][][]byte{"another device": listed.Events()[n:], "one that came and went": gone.Events()[n:]} {
			if got := guest.add(hidden, n, events); got != wire.CodeBadRequest {
				t.Fatalf("a device whose sigchain lists %s: %q", what, got)
			}
		}
		if got := guest.add(shown, n, listed.Events()[n:]); got != "" {
			t.Fatal(got)
		}
		time.Sleep(20 * time.Second)
		devices := func() (ids []wire.ID) {
			list, err := phone.on().Devices(ctx)
			must(t, err)
			for _, d := range list {
				ids = append(ids, d.ID)
			}
			return ids
		}
		if list := devices(); len(list) != 3 || !slices.Contains(list, wire.ID(shown)) {
			t.Fatalf("the owner sees %v", list)
		}
		for _, d := range []wire.ID{lost.device(), wire.ID(shown)} {
			must(t, phone.on().RemoveDevice(ctx, d))
			time.Sleep(20 * time.Second)
		}
		if list := devices(); !slices.Equal(list, []wire.ID{phone.device()}) {
			t.Fatalf("the owner still sees %v", list)
		}
		for _, x := range []*intruder{stolen, guest} {
			if got := x.add(hidden, n, listed.Events()[n:]); got != wire.CodeUnauthenticated {
				t.Fatalf("a removed device's session lives on: %q", got)
			}
		}
	})
}
