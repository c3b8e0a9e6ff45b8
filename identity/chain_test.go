package identity_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"frond/identity"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newRoot(t testing.TB) identity.Root {
	t.Helper()
	return must[identity.Root](t)(identity.NewRoot(rand.Reader))
}

func newDevice(t testing.TB) (identity.ID, identity.DeviceKey) {
	t.Helper()
	return must[identity.ID](t)(identity.NewID(rand.Reader)), must[identity.DeviceKey](t)(identity.NewDeviceKey(rand.Reader))
}

func newChain(t testing.TB, root identity.Root) *identity.Chain {
	t.Helper()
	return must[*identity.Chain](t)(identity.NewChain(rand.Reader, root, "ada", noon))
}

// withDevices returns a chain of one account and n devices.
func withDevices(t testing.TB, root identity.Root, n int) *identity.Chain {
	t.Helper()
	chain := newChain(t, root)
	for i := range n {
		id, key := newDevice(t)
		chain = must[*identity.Chain](t)(chain.AddDevice(root, id, key.Public(), fmt.Sprintf("device %d", i), noon))
	}
	return chain
}

func TestAnAccountsLifeIsReadBackWhole(t *testing.T) {
	ok := must[*identity.Chain](t)
	root, next := newRoot(t), newRoot(t)
	laptop, laptopKey := newDevice(t)
	phone, phoneKey := newDevice(t)
	tablet, tabletKey := newDevice(t)

	chain := newChain(t, root)
	chain = ok(chain.AddDevice(root, laptop, laptopKey.Public(), "Firefox on Linux", noon.Add(time.Minute)))
	chain = ok(chain.AddDevice(root, phone, phoneKey.Public(), "Téléphone", noon.Add(2*time.Minute)))
	chain = ok(chain.RemoveDevice(root, laptop, noon.Add(3*time.Minute)))
	chain = ok(chain.RotateRoot(root, next, noon.Add(4*time.Minute)))
	chain = ok(chain.AddDevice(next, tablet, tabletKey.Public(), "Tablet", noon.Add(5*time.Minute)))

	read := ok(identity.ParseChain(chain.Events()))
	if read.Account() != chain.Account() || read.Head() != chain.Head() || read.Len() != 6 || !read.Equal(chain) {
		t.Fatal("the chain read back is another")
	}
	if read.UserName() != "ada" || read.Root() != next.Public() || !read.HadRoot(root.Public()) {
		t.Errorf("name %q, root %v", read.UserName(), read.Root())
	}
	if read.HadRoot(newRoot(t).Public()) {
		t.Error("claims a root it never had")
	}
	devices := read.Devices()
	if len(devices) != 2 || devices[0].ID != phone || devices[1].ID != tablet || len(read.AllDevices()) != 3 {
		t.Fatalf("devices: %+v", devices)
	}
	gone, found := read.Device(laptop)
	if !found || gone.Active() || !gone.RemovedAt.Equal(noon.Add(3*time.Minute)) || gone.Key != laptopKey.Public() {
		t.Errorf("the removed laptop: %+v", gone)
	}
	if got := devices[0]; got.Name != "Téléphone" || !got.AddedAt.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("the phone: %+v", got)
	}
	if _, found := read.Device(identity.ID{1}); found {
		t.Error("found a device that never was")
	}
	if !bytes.Equal(read.Event(0), chain.Events()[0]) || read.Event(6) != nil || read.Event(-1) != nil {
		t.Error("Event and Events differ")
	}
}

func TestAChainNeverChanges(t *testing.T) {
	root := newRoot(t)
	chain := withDevices(t, root, 3)
	head, first := chain.Head(), chain.Devices()[0]
	a := must[*identity.Chain](t)(chain.RemoveDevice(root, first.ID, noon))
	id, key := newDevice(t)
	b := must[*identity.Chain](t)(chain.AddDevice(root, id, key.Public(), "other", noon))
	if chain.Head() != head || chain.Len() != 4 || len(chain.Devices()) != 3 {
		t.Fatal("a next chain changed the one before")
	}
	if a.Head() == b.Head() || len(a.Devices()) != 2 || len(b.Devices()) != 4 {
		t.Fatal("two next chains share what they should not")
	}
	chain.Events()[0][5] ^= 1
	chain.Devices()[0].Certificate[5] ^= 1
	if !must[*identity.Chain](t)(identity.ParseChain(chain.Events())).Equal(chain) || chain.Devices()[0].Certificate == nil {
		t.Fatal("what a caller was given is the chain's own")
	}
	if _, err := identity.ParseCredential(mustCredential(t, chain, first.ID).Marshal()); err != nil {
		t.Fatalf("a caller's change reached the certificate: %v", err)
	}
}

func mustCredential(t *testing.T, chain *identity.Chain, id identity.ID) identity.Credential {
	t.Helper()
	c, ok := chain.Credential(id)
	if !ok {
		t.Fatal("no credential for an active device")
	}
	return c
}

func TestEventsAreTakenOneByOne(t *testing.T) {
	root := newRoot(t)
	chain := withDevices(t, root, 4)
	read := must[*identity.Chain](t)(identity.ParseChain(chain.Events()[:2]))
	for i := 2; i < chain.Len(); i++ {
		read = must[*identity.Chain](t)(read.Append(chain.Event(i)))
	}
	if !read.Equal(chain) {
		t.Fatal("appended chain differs")
	}
	if _, err := read.Append(chain.Event(2)); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("an event taken twice: %v", err)
	}
}

func TestEveryChangedByteBreaksTheChain(t *testing.T) {
	root := newRoot(t)
	chain := withDevices(t, root, 1)
	chain = must[*identity.Chain](t)(chain.RotateRoot(root, newRoot(t), noon))
	for e, event := range chain.Events() {
		for i := range event {
			events := chain.Events()
			events[e][i] ^= 0x01
			if _, err := identity.ParseChain(events); err == nil {
				t.Fatalf("event %d, byte %d changed: accepted", e, i)
			}
			events = chain.Events()
			events[e] = events[e][:i]
			if _, err := identity.ParseChain(events); err == nil {
				t.Fatalf("event %d cut to %d bytes: accepted", e, i)
			}
		}
		events := chain.Events()
		events[e] = append(events[e], 0)
		if _, err := identity.ParseChain(events); !errors.Is(err, identity.ErrMalformed) {
			t.Fatalf("event %d with a byte more: %v", e, err)
		}
	}
}

func TestEventsHaveOnePlace(t *testing.T) {
	root := newRoot(t)
	chain := withDevices(t, root, 3)
	other := withDevices(t, root, 3) // the same root and name, another account
	if chain.Account() == other.Account() {
		t.Fatal("two accounts with one id")
	}
	for what, change := range map[string]func(e [][]byte) [][]byte{
		"none":                 func(e [][]byte) [][]byte { return nil },
		"first left out":       func(e [][]byte) [][]byte { return e[1:] },
		"middle left out":      func(e [][]byte) [][]byte { return append(e[:1:1], e[2:]...) },
		"swapped":              func(e [][]byte) [][]byte { e[1], e[2] = e[2], e[1]; return e },
		"doubled":              func(e [][]byte) [][]byte { return append(e, e[3]) },
		"two beginnings":       func(e [][]byte) [][]byte { return append(e[:1:1], e...) },
		"other account's":      func(e [][]byte) [][]byte { e[3] = other.Event(3); return e },
		"other account's head": func(e [][]byte) [][]byte { e[0] = other.Event(0); return e },
		"empty event":          func(e [][]byte) [][]byte { e[2] = nil; return e },
	} {
		if _, err := identity.ParseChain(change(chain.Events())); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestOnlyTheRootInForceExtendsTheChain(t *testing.T) {
	root, next, stranger := newRoot(t), newRoot(t), newRoot(t)
	chain := withDevices(t, root, 1)
	id, key := newDevice(t)
	if _, err := chain.AddDevice(stranger, id, key.Public(), "spy", noon); !errors.Is(err, identity.ErrSignature) {
		t.Errorf("a stranger adds a device: %v", err)
	}
	if _, err := chain.RemoveDevice(stranger, chain.Devices()[0].ID, noon); !errors.Is(err, identity.ErrSignature) {
		t.Errorf("a stranger removes a device: %v", err)
	}
	if _, err := chain.RotateRoot(stranger, next, noon); !errors.Is(err, identity.ErrSignature) {
		t.Errorf("a stranger rotates: %v", err)
	}
	rotated := must[*identity.Chain](t)(chain.RotateRoot(root, next, noon))
	if _, err := rotated.AddDevice(root, id, key.Public(), "spy", noon); !errors.Is(err, identity.ErrSignature) {
		t.Errorf("the old root adds a device: %v", err)
	}
	if _, err := rotated.RotateRoot(next, root, noon); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("back to the old root: %v", err)
	}
	if _, err := rotated.RotateRoot(next, next, noon); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("from a root to itself: %v", err)
	}
	if _, err := chain.AddDevice(identity.Root{}, id, key.Public(), "spy", noon); !errors.Is(err, identity.ErrKey) {
		t.Errorf("no root adds a device: %v", err)
	}
	if _, err := chain.RotateRoot(root, identity.Root{}, noon); !errors.Is(err, identity.ErrKey) {
		t.Errorf("rotating to no root: %v", err)
	}
}

func TestADeviceIsAddedOnceAndRemovedOnce(t *testing.T) {
	root := newRoot(t)
	chain := withDevices(t, root, 1)
	device := chain.Devices()[0]
	id, key := newDevice(t)
	if _, err := chain.AddDevice(root, device.ID, key.Public(), "again", noon); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("an id twice: %v", err)
	}
	if _, err := chain.AddDevice(root, id, device.Key, "again", noon); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("a key twice: %v", err)
	}
	if _, err := chain.RemoveDevice(root, id, noon); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("removing what is not there: %v", err)
	}
	removed := must[*identity.Chain](t)(chain.RemoveDevice(root, device.ID, noon))
	if _, err := removed.RemoveDevice(root, device.ID, noon); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("removing twice: %v", err)
	}
	if _, err := removed.AddDevice(root, device.ID, device.Key, "back", noon); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("coming back: %v", err)
	}
	if _, ok := removed.Credential(device.ID); ok {
		t.Error("a removed device still has a credential")
	}
}

func TestRotationCertifiesEveryActiveDeviceAgain(t *testing.T) {
	root, next := newRoot(t), newRoot(t)
	chain := withDevices(t, root, 3)
	chain = must[*identity.Chain](t)(chain.RemoveDevice(root, chain.Devices()[1].ID, noon))
	rotated := must[*identity.Chain](t)(chain.RotateRoot(root, next, noon))
	for _, d := range rotated.Devices() {
		c := must[identity.Credential](t)(identity.ParseCredential(mustCredential(t, rotated, d.ID).Marshal()))
		if c.Root != next.Public() || c.Matches(d.Key[:]) != nil {
			t.Errorf("after the rotation: %+v", c)
		}
	}
	// The certificate from before stays true of the root from before.
	if _, err := identity.ParseCredential(mustCredential(t, chain, chain.Devices()[0].ID).Marshal()); err != nil {
		t.Errorf("the credential from before: %v", err)
	}
}

func TestShorteningAndForkingAreNoticed(t *testing.T) {
	root := newRoot(t)
	long := withDevices(t, root, 3)
	short := must[*identity.Chain](t)(identity.ParseChain(long.Events()[:2]))
	id, key := newDevice(t)
	fork := must[*identity.Chain](t)(short.AddDevice(root, id, key.Public(), "only some see me", noon))
	longFork := fork
	for range 3 {
		id, key := newDevice(t)
		longFork = must[*identity.Chain](t)(longFork.AddDevice(root, id, key.Public(), "more", noon))
	}
	for what, c := range map[string]struct {
		newer, older *identity.Chain
		want         error
	}{
		"the same":            {long, long, nil},
		"a first sight":       {long, nil, nil},
		"a continuation":      {long, short, nil},
		"a shorter one":       {short, long, identity.ErrShortened},
		"a fork":              {fork, long, identity.ErrForked},
		"a longer fork":       {longFork, long, identity.ErrForked},
		"another account's":   {newChain(t, root), short, identity.ErrOtherAccount},
		"the other way round": {long, fork, identity.ErrForked},
	} {
		if err := c.newer.Extends(c.older); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", what, err, c.want)
		}
	}
}

func TestLimitsOfAChain(t *testing.T) {
	root := newRoot(t)
	full := withDevices(t, root, identity.MaxDevices)
	id, key := newDevice(t)
	if _, err := full.AddDevice(root, id, key.Public(), "one more", noon); !errors.Is(err, identity.ErrLimit) {
		t.Errorf("a device too many: %v", err)
	}
	room := must[*identity.Chain](t)(full.RemoveDevice(root, full.Devices()[0].ID, noon))
	if _, err := room.AddDevice(root, id, key.Public(), "one more", noon); err != nil {
		t.Errorf("after removing one: %v", err)
	}
	if _, err := full.RotateRoot(root, newRoot(t), noon); err != nil {
		t.Errorf("rotating with all devices: %v", err)
	}
	if _, err := identity.ParseChain(make([][]byte, identity.MaxEvents+1)); !errors.Is(err, identity.ErrLimit) {
		t.Errorf("too many events: %v", err)
	}
	events := [][]byte{make([]byte, identity.MaxEventSize+1)}
	if _, err := identity.ParseChain(events); !errors.Is(err, identity.ErrLimit) {
		t.Errorf("too large an event: %v", err)
	}
	chain := newChain(t, root)
	for range identity.MaxRotations {
		next := newRoot(t)
		chain = must[*identity.Chain](t)(chain.RotateRoot(root, next, noon))
		root = next
	}
	if _, err := chain.RotateRoot(root, newRoot(t), noon); !errors.Is(err, identity.ErrLimit) {
		t.Errorf("a rotation too many: %v", err)
	}
}

func TestNamesAndTimesAreChecked(t *testing.T) {
	root := newRoot(t)
	for _, name := range []string{"", strings.Repeat("a", 65), "a b", "ada\n", "adà", "\x00", "ada\u202e"} {
		if _, err := identity.NewChain(rand.Reader, root, name, noon); err == nil {
			t.Errorf("user name %q: accepted", name)
		}
	}
	chain := newChain(t, root)
	id, key := newDevice(t)
	for _, name := range []string{"", strings.Repeat("é", 33), "a\nb", "\xff", "a\u202eb", "a\x00", "\u200b"} {
		if _, err := chain.AddDevice(root, id, key.Public(), name, noon); err == nil {
			t.Errorf("device name %q: accepted", name)
		}
	}
	for _, at := range []time.Time{{}, time.Unix(-1, 0), time.Unix(253402300800, 0)} {
		if _, err := identity.NewChain(rand.Reader, root, "ada", at); !errors.Is(err, identity.ErrTime) {
			t.Errorf("created at %v: %v", at, err)
		}
		if _, err := chain.AddDevice(root, id, key.Public(), "late", at); !errors.Is(err, identity.ErrTime) {
			t.Errorf("added at %v: %v", at, err)
		}
	}
	if _, err := identity.NewChain(strings.NewReader("short"), root, "ada", noon); err == nil {
		t.Error("an account without a whole nonce")
	}
}

func BenchmarkParseChain(b *testing.B) {
	events := withDevices(b, newRoot(b), 31).Events()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := identity.ParseChain(events); err != nil {
			b.Fatal(err)
		}
	}
}
