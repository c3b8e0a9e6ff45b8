package content

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"frond/fernet"
	"frond/identity"
	"frond/wire"
)

func newID(t *testing.T) wire.ID {
	t.Helper()
	id, err := wire.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newKey(t *testing.T) identity.DeviceKey {
	t.Helper()
	key, err := identity.NewDeviceKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func text(t *testing.T, body string) Content {
	return Content{
		Conversation: newID(t), Message: newID(t), Account: newID(t), Device: newID(t),
		Counter: 7, Previous: wire.Hash{1}, Sent: 1700000000000, Kind: Text, Body: []byte(body),
	}
}

func seal(t *testing.T, key identity.DeviceKey, c Content) (Sealed, Received) {
	t.Helper()
	s, err := Seal(rand.Reader, time.Now(), key, c)
	if err != nil {
		t.Fatal(err)
	}
	return s, Received{Token: s.Token, Commitment: s.Commitment, Secret: s.Secret, AAD: slices.Clone(s.Commitment[:])}
}

func TestWhatWasSealedOpensUnchanged(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for _, body := range []string{"hello", "<b>&amp;</b>", "שלום", strings.Repeat("🌿", 10000), strings.Repeat("x", MaxBody)} {
		c := text(t, body)
		sealed, received := seal(t, key, c)
		opened, err := Open(received, key.Public())
		if err != nil {
			t.Fatal(err)
		}
		c.Version = Version
		if opened.Hash != sealed.Hash || opened.Key != sealed.Key || opened.Message != c.Message ||
			!bytes.Equal(opened.Body, c.Body) || opened.Counter != c.Counter || opened.Previous != c.Previous {
			t.Fatalf("opened %+v, sealed %+v", opened, c)
		}
		if err := wire.CheckToken(sealed.Token); err != nil {
			t.Fatalf("the server would refuse the token: %v", err)
		}
	}
}

func TestUnacceptableContentIsNotSealed(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for name, c := range map[string]Content{
		"empty":    text(t, ""),
		"not text": text(t, "\xff\xfe"),
		"too long": text(t, strings.Repeat("x", MaxBody+1)),
	} {
		if _, err := Seal(rand.Reader, time.Now(), key, c); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
}

func TestEachTamperingHasItsName(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	_, good := seal(t, key, text(t, "pay 10"))
	_, other := seal(t, key, text(t, "pay 99"))
	for _, test := range []struct {
		name   string
		change func(*Received)
		want   error
	}{
		{"another token under the same key message", func(r *Received) { r.Token = other.Token }, ErrTokenHash},
		{"not a token", func(r *Received) { r.Token = []byte("gAAAAA") }, ErrToken},
		{"log names another commitment", func(r *Received) { r.Commitment = other.Commitment }, ErrCommitment},
		{"MLS authenticated another commitment", func(r *Received) { r.AAD = other.AAD }, ErrCommitment},
		{"no authenticated data", func(r *Received) { r.AAD = nil }, ErrCommitment},
		{"key message cut short", func(r *Received) { r.Secret = r.Secret[:len(r.Secret)-1] }, ErrSecret},
		{"key message with a tail", func(r *Received) { r.Secret = append(slices.Clone(r.Secret), 0) }, ErrSecret},
		{"key message of another", func(r *Received) { r.Secret = other.Secret }, ErrTokenHash},
	} {
		r := good
		test.change(&r)
		if _, err := Open(r, key.Public()); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if _, err := Open(good, newKey(t).Public()); !errors.Is(err, ErrSignature) {
		t.Errorf("signed by another device: %v", err)
	}
}

// An insider holds the key and can put anything into a token.
func TestAnInsidersOddTokensAreRefused(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	c := text(t, "hi")
	plain, _, err := sign(key, c)
	if err != nil {
		t.Fatal(err)
	}
	unpadded := append([]byte{0, 0, 0, byte(len(plain))}, plain...)
	dirty := pad(plain)
	dirty[len(dirty)-1] = 1
	long := pad(plain)
	long[0] = 0xff
	for name, block := range map[string][]byte{
		"empty": {}, "unpadded": unpadded, "dirty padding": dirty, "length beyond the end": long,
		"garbage": bytes.Repeat([]byte{0x81}, minPadded), "too much padding": append(pad(plain), make([]byte, 512)...),
	} {
		if _, err := Open(insider(t, c.Message, block), key.Public()); !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(insider(t, newID(t), pad(plain)), key.Public()); !errors.Is(err, ErrMalformed) {
		t.Errorf("key for another message: %v", err)
	}
}

// insider makes a received message around any block.
func insider(t testing.TB, message wire.ID, block []byte) Received {
	t.Helper()
	key, _ := fernet.NewKey(rand.Reader)
	raw, err := fernet.SealRaw(rand.Reader, key, time.Now(), block)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256Of(raw)
	inner, _ := wire.Encode(secret{Key: wire.Hash(key), Message: message, Token: hash})
	c := Commitment(key, hash)
	return Received{Token: fernet.Encode(raw), Commitment: c, Secret: inner, AAD: c[:]}
}

func TestANewerVersionSaysSo(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	c := text(t, "from the future")
	c.Version = Version + 1
	body, _ := wire.Encode(c)
	signature, _ := identity.SignContent(key, body)
	plain, _ := wire.Encode(signed{Content: body, Signature: signature})
	if _, err := Open(insider(t, c.Message, pad(plain)), key.Public()); !errors.Is(err, ErrVersion) {
		t.Fatal(err)
	}
}

func TestPaddingHidesSmallDifferencesAndCostsAtMostAnEighth(t *testing.T) {
	t.Parallel()
	sizes := map[int]bool{}
	last := 0
	for n := range 100_000 {
		size := padmeSize(n)
		if size < n || size < last {
			t.Fatalf("%d bytes padded to %d", n, size)
		}
		if n >= minPadded && float64(size) > 1.12*float64(n) {
			t.Fatalf("%d bytes padded to %d", n, size)
		}
		sizes[size], last = true, size
	}
	if len(sizes) > 130 {
		t.Fatalf("%d different sizes", len(sizes))
	}
	for _, n := range []int{0, 1, 507, 508, 509, 5000, 70000} {
		got, ok := unpad(pad(bytes.Repeat([]byte{0}, n)))
		if !ok || len(got) != n {
			t.Fatalf("%d bytes come back as %d", n, len(got))
		}
	}
}
