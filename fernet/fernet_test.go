package fernet_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	peer "github.com/fernet/fernet-go"

	"frond/fernet"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newKey(t testing.TB) fernet.Key {
	t.Helper()
	key, err := fernet.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func seal(t testing.TB, key fernet.Key, plaintext []byte) []byte {
	t.Helper()
	token, err := fernet.Seal(rand.Reader, key, noon, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestWhatIsSealedIsOpened(t *testing.T) {
	key := newKey(t)
	for n := range 100 {
		plaintext := make([]byte, n)
		if _, err := rand.Read(plaintext); err != nil {
			t.Fatal(err)
		}
		token := seal(t, key, plaintext)
		got, at, err := fernet.Open(key, token)
		if err != nil || !bytes.Equal(got, plaintext) || !at.Equal(noon) {
			t.Fatalf("%d bytes: got %x, %v, %v", n, got, at, err)
		}
	}
}

func TestRawAndTextAreOneToken(t *testing.T) {
	key := newKey(t)
	raw, err := fernet.SealRaw(rand.Reader, key, noon, []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(raw)
	if got, _, err := fernet.OpenRaw(key, raw); err != nil || string(got) != "hello" {
		t.Fatalf("open raw: %q, %v", got, err)
	}
	if !bytes.Equal(raw, before) {
		t.Fatal("opening changed the raw token")
	}
	back, err := fernet.Raw(fernet.Encode(raw))
	if err != nil || !bytes.Equal(back, raw) {
		t.Fatalf("text and back: %x, %v", back, err)
	}
}

func TestTheReferenceImplementationOpensOurTokens(t *testing.T) {
	key := newKey(t)
	peerKey := peer.Key(key)
	for n := range 70 {
		plaintext := bytes.Repeat([]byte{byte(n + 1)}, n)
		got := peer.VerifyAndDecrypt(seal(t, key, plaintext), 0, []*peer.Key{&peerKey})
		if got == nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("%d bytes: the peer opened %x", n, got)
		}
	}
}

func TestWeOpenTheReferenceImplementationsTokens(t *testing.T) {
	key := newKey(t)
	peerKey := peer.Key(key)
	for n := range 70 {
		plaintext := bytes.Repeat([]byte{byte(n + 1)}, n)
		token, err := peer.EncryptAndSignAtTime(plaintext, &peerKey, noon)
		if err != nil {
			t.Fatal(err)
		}
		got, at, err := fernet.Open(key, token)
		if err != nil || !bytes.Equal(got, plaintext) || !at.Equal(noon) {
			t.Fatalf("%d bytes: got %x, %v, %v", n, got, at, err)
		}
	}
}

func TestEveryChangedBitIsRefused(t *testing.T) {
	key := newKey(t)
	raw, err := fernet.SealRaw(rand.Reader, key, noon, []byte("pay ada 10"))
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(raw) * 8 {
		changed := bytes.Clone(raw)
		changed[bit/8] ^= 1 << (bit % 8)
		refused(t, key, changed, fmt.Sprintf("bit %d", bit))
	}
	for n := range raw {
		refused(t, key, raw[:n], fmt.Sprintf("cut to %d", n))
	}
	refused(t, key, append(bytes.Clone(raw), make([]byte, 16)...), "a block longer")
	refused(t, newKey(t), raw, "another key")
}

func refused(t *testing.T, key fernet.Key, raw []byte, what string) {
	t.Helper()
	if got, at, err := fernet.OpenRaw(key, raw); err != fernet.ErrInvalid || got != nil || !at.IsZero() {
		t.Errorf("%s: got %q, %v, %v; want ErrInvalid and nothing else", what, got, at, err)
	}
}

func TestOnlyTheCanonicalTextIsRead(t *testing.T) {
	key := newKey(t)
	token := string(seal(t, key, []byte("hi"))) // 73 raw bytes: padded with "=="
	body := strings.TrimRight(token, "=")
	if body+"==" != token {
		t.Fatalf("a token of 73 bytes should end in two signs: %s", token)
	}
	strayBits := body[:len(body)-1] + next(body[len(body)-1]) + "=="
	for what, text := range map[string]string{
		"no padding":          body,
		"half the padding":    body + "=",
		"too much padding":    token + "=",
		"a quantum of it":     token + "====",
		"a second token":      token + token,
		"a letter after":      token + "A",
		"line break after":    token + "\n",
		"carriage return":     token + "\r\n",
		"line break within":   token[:40] + "\n" + token[40:],
		"breaks for padding":  body + "\n\n",
		"space before":        " " + token,
		"space within":        token[:40] + " " + token[40:],
		"zero byte after":     token + "\x00",
		"standard alphabet":   "+" + token[1:],
		"percent encoding":    body + "%3D%3D",
		"stray trailing bits": strayBits,
		"empty":               "",
	} {
		if got, _, err := fernet.Open(key, []byte(text)); err != fernet.ErrInvalid || got != nil {
			t.Errorf("%s: got %q, %v", what, got, err)
		}
		if got, err := fernet.Raw([]byte(text)); err != fernet.ErrInvalid || got != nil {
			t.Errorf("%s: Raw gave %x, %v", what, got, err)
		}
	}
	// The stray bits are all that is wrong with that text: a lenient reader takes it.
	if _, err := base64.URLEncoding.DecodeString(strayBits); err != nil {
		t.Errorf("the text with stray bits should decode leniently: %v", err)
	}
}

// next returns the base64url letter after c, which differs in its last bits.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)+1])
}

func TestSealRefusesWhatItCanNotWrite(t *testing.T) {
	key := newKey(t)
	largest := make([]byte, fernet.MaxPlaintext)
	raw, err := fernet.SealRaw(rand.Reader, key, noon, largest)
	if err != nil || len(raw) != fernet.MaxRaw {
		t.Fatalf("the largest message: %d bytes, %v; want %d", len(raw), err, fernet.MaxRaw)
	}
	if got, _, err := fernet.Open(key, fernet.Encode(raw)); err != nil || len(got) != len(largest) {
		t.Fatalf("opening the largest: %d bytes, %v", len(got), err)
	}
	if _, err := fernet.Seal(rand.Reader, key, noon, append(largest, 0)); !errors.Is(err, fernet.ErrTooLarge) {
		t.Errorf("one byte more: %v", err)
	}
	for _, when := range []time.Time{{}, time.Unix(-1, 0), time.Unix(253402300800, 0)} {
		if _, err := fernet.Seal(rand.Reader, key, when, nil); !errors.Is(err, fernet.ErrTime) {
			t.Errorf("at %v: %v", when, err)
		}
	}
	if _, err := fernet.Seal(strings.NewReader("short"), key, noon, nil); err == nil {
		t.Error("sealed without enough randomness")
	}
}

func TestATokenLargerThanTheLimitIsRefusedUnread(t *testing.T) {
	key := newKey(t)
	huge := bytes.Repeat([]byte{16}, fernet.MaxPlaintext+32)
	raw := forge(key, body(key, 0x80, 1, huge))
	refused(t, key, raw, "too large")
	if _, err := fernet.Raw(fernet.Encode(raw)); err != fernet.ErrInvalid {
		t.Errorf("Raw: %v", err)
	}
}

func TestTimeToLive(t *testing.T) {
	key := newKey(t)
	token := seal(t, key, nil)
	for _, c := range []struct {
		after time.Duration
		ok    bool
	}{
		{0, true}, {time.Minute, true}, {time.Minute + time.Second, false},
		{-time.Second, true}, {-5 * time.Second, true}, {-6 * time.Second, false},
	} {
		_, _, err := fernet.OpenWithin(key, token, noon.Add(c.after), time.Minute, 5*time.Second)
		if (err == nil) != c.ok {
			t.Errorf("%v after sealing: %v", c.after, err)
		}
	}
}

func TestKeysHaveOneText(t *testing.T) {
	key := newKey(t)
	if back, err := fernet.ParseKey(key.String()); err != nil || back != key {
		t.Fatalf("text and back: %v", err)
	}
	text := fernet.Key{}.String() // 43 times A, one sign
	for _, bad := range []string{
		"", text[:43], text + "=", text[:43] + "\n", text[:42] + "B=", text[:42] + "==", text[:43] + "A",
		" " + text[1:], "/" + text[1:], strings.Repeat("A", 43) + "%", text[:20] + "\n" + text[:23],
	} {
		if _, err := fernet.ParseKey(bad); err != fernet.ErrInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := fernet.NewKey(strings.NewReader("short")); err == nil {
		t.Error("a key from too little randomness")
	}
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	key := newKey(t)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+" ", key)
		fmt.Fprintf(&out, verb+" ", &key)
		fmt.Fprintf(&out, verb+" ", struct{ K fernet.Key }{key})
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("opening", "key", key, "in", struct{ K fernet.Key }{key})
	}
	if b, err := json.Marshal(key); err == nil {
		t.Errorf("written as JSON: %s", b)
	}
	for _, form := range []string{
		key.String(), fmt.Sprintf("%x", key[:]), fmt.Sprintf("%X", key[:]), fmt.Sprint(key[:])[1:20], string(key[:]),
		strings.ReplaceAll(fmt.Sprint(key[:8]), " ", ",")[1:],
	} {
		if bytes.Contains(out.Bytes(), []byte(form)) {
			t.Errorf("the key shows as %q in:\n%s", form, out.String())
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	for _, n := range []int{256, 1024, 16384} {
		b.Run(fmt.Sprintf("%dB", n), func(b *testing.B) {
			key, plaintext := newKey(b), make([]byte, n)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := fernet.SealRaw(rand.Reader, key, noon, plaintext); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{256, 1024, 16384} {
		b.Run(fmt.Sprintf("%dB", n), func(b *testing.B) {
			key := newKey(b)
			raw, err := fernet.SealRaw(rand.Reader, key, noon, make([]byte, n))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := fernet.OpenRaw(key, raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
