package account

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"frond/identity"
	"frond/server/account/chaintest"
	"frond/server/store"
	"frond/wire"
)

// house is an account with two devices, and a session that has none.
type house struct {
	t           *testing.T
	s           *Service
	st          *store.Store
	owner       *chaintest.Owner
	first, next wire.ID
	device      store.Session // of the second device
	guest       store.Session
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, first: newID(t), next: newID(t)}
	h.s, h.st = newService(t, time.Now)
	h.s.limits = newLimiters(Limits{}, time.Now)
	h.owner = chaintest.New(t, "ana", h.first)
	if _, _, err := h.s.SignUp(t.Context(), "192.0.2.1", signUpOf(h.owner, "ana", h.first)); err != nil {
		t.Fatal(err)
	}
	h.device = h.signIn()
	h.code(h.add(h.device, h.owner.AddDevice(h.next)), "")
	h.device.Device = &h.next
	h.guest = h.signIn()
	return h
}

func (h *house) signIn() store.Session {
	h.t.Helper()
	token, _, err := h.s.SignIn(h.t.Context(), "192.0.2.1", &wire.SignIn{Name: "ana", Auth: wire.Hash{1}})
	if err != nil {
		h.t.Fatal(err)
	}
	of, err := h.s.Authenticate(h.t.Context(), token)
	if err != nil {
		h.t.Fatal(err)
	}
	return of
}

func (h *house) code(err error, want wire.Code) {
	h.t.Helper()
	if got := wire.CodeOf(err); got != want {
		h.t.Fatalf("got %v, want code %q", err, want)
	}
}

func (h *house) add(of store.Session, r wire.AddDevice) error {
	return h.s.AddDevice(h.t.Context(), "192.0.2.1", of, &r)
}

func (h *house) remove(r wire.RemoveDevice) error {
	return h.s.RemoveDevice(h.t.Context(), h.device, &r)
}

func (h *house) vault() wire.PutVault {
	return wire.PutVault{Epoch: 2, Header: []byte("header"), Revision: 2, State: []byte("state")}
}

// is demands that sigchain and devices are the same to the server as to the owner.
func (h *house) is(owner *chaintest.Owner) {
	h.t.Helper()
	events, err := h.st.Chain(h.t.Context(), owner.ID())
	if err != nil || !slices.EqualFunc(events, owner.Chain.Events(), bytes.Equal) {
		h.t.Fatalf("the sigchain has %d events, the owner's %d; %v", len(events), owner.Chain.Len(), err)
	}
	devices, err := h.st.Devices(h.t.Context(), []wire.ID{owner.ID()})
	if err != nil {
		h.t.Fatal(err)
	}
	var has []wire.ID
	for _, d := range devices {
		if d.Active {
			has = append(has, d.ID)
		}
	}
	want := active(owner.Chain)
	if slices.SortFunc(has, compareIDs); len(has) == 0 {
		h.t.Fatal("no device is left")
	}
	if slices.SortFunc(want, compareIDs); !slices.Equal(has, want) {
		h.t.Fatalf("the server has the devices %v, the sigchain %v", has, want)
	}
}

func compareIDs(a, b wire.ID) int { return bytes.Compare(a[:], b[:]) }

// authored is what an owner writes who keeps to no order; the owner's own chain stays as it is.
func (h *house) authored(write func(*chaintest.Owner)) [][]byte {
	h.t.Helper()
	o, n := h.owner.Copy(), h.owner.Chain.Len()
	write(o)
	return o.Since(n)
}

func TestASignUpIsOfItsNameAndItsDevice(t *testing.T) {
	t.Parallel()
	s, _ := newService(t, time.Now)
	device := newID(t)
	owner := chaintest.New(t, "ana", device)
	for what, change := range map[string]func(*wire.SignUp){
		"another account":   func(r *wire.SignUp) { r.Account = newID(t) },
		"another name":      func(r *wire.SignUp) { r.Name = "ben" },
		"another device":    func(r *wire.SignUp) { r.Device = newID(t) },
		"no event":          func(r *wire.SignUp) { r.Chain = [][]byte{r.Chain[0], {0}} },
		"a false signature": func(r *wire.SignUp) { r.Chain[1][len(r.Chain[1])-1] ^= 1 },
		"a reset": func(r *wire.SignUp) {
			o := chaintest.New(t, "ana", device)
			o.BeginAnew()
			r.Account, r.Chain = o.ID(), [][]byte{r.Chain[0], o.Chain.Event(2)}
		},
	} {
		r := signUpOf(owner, "ana", device)
		change(r)
		if _, _, err := s.SignUp(t.Context(), "192.0.2.1", r); wire.CodeOf(err) != wire.CodeBadRequest {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := s.SignUp(t.Context(), "192.0.2.1", signUpOf(owner, "Ana", device)); err != nil {
		t.Fatal(err)
	}
}

func TestANewDeviceIsTheOneThatTheSigchainLists(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	fresh, other := newID(t), newID(t)
	stranger := h.owner.Copy()
	stranger.Root = chaintest.Root(t)
	for what, events := range map[string][][]byte{
		"junk":                        {{0}},
		"another device":              h.authored(func(o *chaintest.Owner) { o.List(other) }),
		"one more":                    h.authored(func(o *chaintest.Owner) { o.List(fresh); o.List(other) }),
		"one that came and went":      h.authored(func(o *chaintest.Owner) { o.List(other); o.Unlist(other) }),
		"itself, which came and went": h.authored(func(o *chaintest.Owner) { o.List(fresh); o.Unlist(fresh) }),
		"another root":                h.authored(func(o *chaintest.Owner) { o.Rotate(); o.List(fresh) }),
		"another root, at last":       h.authored(func(o *chaintest.Owner) { o.List(fresh); o.Rotate() }),
		"a reset":                     h.authored(func(o *chaintest.Owner) { o.BeginAnew(); o.List(fresh) }),
		"one in place of another":     h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.List(fresh) }),
		"nothing new":                 h.authored(func(o *chaintest.Owner) { o.Rotate() }),
		"an event of another place":   {h.owner.Chain.Event(1)},
	} {
		r := wire.AddDevice{Device: fresh, Index: uint64(h.owner.Chain.Len()), Events: events}
		if err := h.add(h.guest, r); wire.CodeOf(err) != wire.CodeBadRequest {
			t.Errorf("%s: %v", what, err)
		}
	}
	forged := h.owner.AddDevice(fresh)
	for _, index := range []uint64{forged.Index - 1, forged.Index + 1} {
		early := forged
		early.Index = index
		err := h.add(h.guest, early)
		if h.code(err, wire.CodeConflict); err.(*wire.Error).Last != forged.Index {
			t.Errorf("the loser is told of %d events", err.(*wire.Error).Last)
		}
	}
	h.code(h.add(h.guest, forged), "")
	h.is(h.owner)
}

func TestASessionBecomesADeviceOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := h.owner.Copy()
	add := h.owner.AddDevice(newID(t))
	h.code(h.add(h.guest, add), "")
	h.code(h.add(h.guest, add), "") // the answer was lost
	now, err := h.st.SessionByToken(t.Context(), h.guest.Token)
	h.code(err, "")
	h.code(h.add(now, add), "")
	other := before.AddDevice(add.Device)
	h.code(h.add(now, other), wire.CodeForbidden) // other events of the same device
	more := h.owner.Copy().AddDevice(newID(t))
	h.code(h.add(now, more), wire.CodeForbidden)
	h.code(h.add(h.guest, more), wire.CodeForbidden) // as it was when the request came
	h.code(h.add(h.device, more), wire.CodeForbidden)
	h.is(h.owner)
}

func TestARemovalIsOfItsDeviceAndReplacesTheRoot(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	fresh := newID(t)
	for what, events := range map[string][][]byte{
		"junk":                       {{0}, {0}},
		"no new root":                h.authored(func(o *chaintest.Owner) { o.Unlist(h.first) }),
		"nobody goes":                h.authored(func(o *chaintest.Owner) { o.Rotate() }),
		"nobody goes, twice":         h.authored(func(o *chaintest.Owner) { o.Rotate(); o.Rotate() }),
		"another goes":               h.authored(func(o *chaintest.Owner) { o.Unlist(h.next); o.Rotate() }),
		"all go":                     h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.Unlist(h.next) }),
		"all go, and the root":       h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.Unlist(h.next); o.Rotate() }),
		"the root goes first":        h.authored(func(o *chaintest.Owner) { o.Rotate(); o.Unlist(h.first) }),
		"somebody comes":             h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.List(fresh); o.Rotate() }),
		"somebody comes afterwards":  h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.Rotate(); o.List(fresh) }),
		"a reset":                    h.authored(func(o *chaintest.Owner) { o.BeginAnew() }),
		"a reset beside the removal": h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.BeginAnew() }),
		"a reset with a device":      h.authored(func(o *chaintest.Owner) { o.BeginAnew(); o.List(fresh) }),
	} {
		v := h.vault()
		r := wire.RemoveDevice{Device: h.first, Index: uint64(h.owner.Chain.Len()), Events: events, Vault: &v}
		if err := h.remove(r); wire.CodeOf(err) != wire.CodeBadRequest {
			t.Errorf("%s: %v", what, err)
		}
	}
	guest := h.owner.Copy().RemoveDevice(h.first, h.vault())
	h.code(h.s.RemoveDevice(t.Context(), h.guest, &guest), wire.CodeForbidden)
	r := h.owner.RemoveDevice(h.first, h.vault())
	unknown := r
	unknown.Device = fresh
	h.code(h.remove(unknown), wire.CodeBadRequest)
	late := r
	late.Index--
	h.code(h.remove(late), wire.CodeConflict)
	h.code(h.remove(r), "")
	h.is(h.owner)
	h.code(h.remove(r), wire.CodeConflict)
}

func TestWhoComesInPlaceOfADeviceDoesThatAndNothingElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	fresh, other := newID(t), newID(t)
	replaces := func(events [][]byte) wire.AddDevice {
		v := h.vault()
		return wire.AddDevice{Device: fresh, Index: uint64(h.owner.Chain.Len()), Events: events, Replace: &wire.Replace{Device: h.first, Vault: &v}}
	}
	for what, events := range map[string][][]byte{
		"junk":                  {{0}, {0}, {0}},
		"nobody goes":           h.authored(func(o *chaintest.Owner) { o.List(fresh) }),
		"nobody goes, new root": h.authored(func(o *chaintest.Owner) { o.Rotate(); o.List(fresh) }),
		"nobody comes":          h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.Rotate() }),
		"no new root":           h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.List(fresh) }),
		"no new root at all":    h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.List(fresh); o.List(other) }),
		"the root goes first":   h.authored(func(o *chaintest.Owner) { o.Rotate(); o.Unlist(h.first); o.List(fresh) }),
		"the old root lists it": h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.List(fresh); o.Rotate() }),
		"it comes first":        h.authored(func(o *chaintest.Owner) { o.List(fresh); o.Unlist(h.first); o.Rotate() }),
		"two roots":             h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.Rotate(); o.Rotate(); o.List(fresh) }),
		"another goes":          h.authored(func(o *chaintest.Owner) { o.Unlist(h.next); o.Rotate(); o.List(fresh) }),
		"two go":                h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.Unlist(h.next); o.Rotate(); o.List(fresh) }),
		"another comes":         h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.Rotate(); o.List(other) }),
		"two come":              h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.Rotate(); o.List(fresh); o.List(other) }),
		"a reset":               h.authored(func(o *chaintest.Owner) { o.Unlist(h.first); o.BeginAnew(); o.List(fresh) }),
	} {
		if err := h.add(h.guest, replaces(events)); wire.CodeOf(err) != wire.CodeBadRequest {
			t.Errorf("%s: %v", what, err)
		}
	}
	plain := replaces(h.authored(func(o *chaintest.Owner) { o.List(fresh) }))
	h.code(h.add(h.device, plain), wire.CodeForbidden)
	before := h.owner.Copy()
	r := h.owner.ReplaceDevice(fresh, h.first, h.vault())
	silent := r
	silent.Replace = nil
	h.code(h.add(h.guest, silent), wire.CodeBadRequest)
	late := r
	late.Index--
	h.code(h.add(h.guest, late), wire.CodeConflict)
	h.is(before)
	h.code(h.add(h.guest, r), "")
	h.code(h.add(h.guest, r), "") // the answer was lost
	h.is(h.owner)
	now, err := h.st.SessionByToken(t.Context(), h.guest.Token)
	if h.code(err, ""); now.Device == nil || *now.Device != fresh {
		t.Fatalf("the session is of %v", now.Device)
	}
	h.code(h.add(now, before.Copy().ReplaceDevice(newID(t), h.next, h.vault())), wire.CodeForbidden)
}

func TestWhoComesInPlaceOfADeviceEndsItsSessionsAndTheLooseOnes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var heard []Revoked
	h.s.OnRevoke(func(r Revoked) { heard = append(heard, r) })
	loose := h.signIn()
	h.code(h.add(h.guest, h.owner.ReplaceDevice(newID(t), h.next, h.vault())), "")
	for what, of := range map[string]store.Session{"the replaced device's": h.device, "a loose one": loose} {
		if _, err := h.st.SessionByToken(t.Context(), of.Token); wire.CodeOf(err) != wire.CodeUnauthenticated {
			t.Errorf("%s session: %v", what, err)
		}
		if !slices.ContainsFunc(heard, func(r Revoked) bool { return r.Hits(of.Token, of.Device) }) {
			t.Errorf("of %s session nobody was told", what)
		}
	}
	if slices.ContainsFunc(heard, func(r Revoked) bool { return r.Hits(h.guest.Token, h.guest.Device) }) {
		t.Error("the newcomer's own session is said to be over")
	}
}

func TestAResetLeavesOneDeviceUnderANewRoot(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := wire.Hash{7}
	hash := hashAuth(token)
	leave := store.PendingReset{Account: h.owner.ID(), Hash: hash, Usable: time.Now().Add(-time.Second), Expires: time.Now().Add(time.Hour)}
	h.code(h.st.CreateReset(t.Context(), leave), "")
	fresh := newID(t)
	try := func(r wire.Reset) error {
		r.Name, r.Token, r.Auth, r.KDF = "ana", token, wire.Hash{2}, wire.KDF{Memory: 65536, Time: 3, Threads: 1, Salt: make([]byte, wire.SaltSize)}
		r.Epoch, r.Header, r.Revision, r.State = 2, []byte("header"), 2, []byte("state")
		_, _, err := h.s.Reset(t.Context(), "192.0.2.1", &r)
		return err
	}
	for what, events := range map[string][][]byte{
		"junk":              {{0}, {0}},
		"another device":    h.authored(func(o *chaintest.Owner) { o.BeginAnew(); o.List(newID(t)) }),
		"the old root":      h.authored(func(o *chaintest.Owner) { o.Rotate(); o.List(fresh) }),
		"no device":         h.authored(func(o *chaintest.Owner) { o.BeginAnew(); o.Rotate() }),
		"one that goes":     h.authored(func(o *chaintest.Owner) { o.List(fresh); o.BeginAnew() }),
		"two resets":        h.authored(func(o *chaintest.Owner) { o.BeginAnew(); o.BeginAnew() }),
		"a mere new device": h.authored(func(o *chaintest.Owner) { o.List(newID(t)); o.List(fresh) }),
	} {
		r := wire.Reset{Device: fresh, Index: uint64(h.owner.Chain.Len()), Events: events}
		if err := try(r); wire.CodeOf(err) != wire.CodeBadRequest {
			t.Errorf("%s: %v", what, err)
		}
	}
	h.code(try(h.owner.Reset(fresh)), "")
	h.is(h.owner)
}

// longest is a sigchain that takes the server as long to verify as any.
func longest(t testing.TB) [][]byte {
	t.Helper()
	id := func() (id wire.ID) { _, _ = rand.Read(id[:]); return id }
	o := chaintest.New(t, "ana", id())
	for range wire.MaxDevices - 2 {
		o.List(id())
	}
	for o.Chain.Len()+4 < wire.MaxChainEvents {
		device := id()
		o.List(device)
		o.Unlist(device)
		o.Rotate()
	}
	return o.Chain.Events()
}

func BenchmarkVerifyTheLongestSigchain(b *testing.B) {
	events := longest(b)
	for b.Loop() {
		if _, err := identity.ParseChain(events); err != nil {
			b.Fatal(err)
		}
	}
}
