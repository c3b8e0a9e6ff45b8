package vault_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"frond/client/vault"
)

func somePage(t testing.TB, n int) (vault.Key, vault.PagePlace, []vault.PageKey) {
	t.Helper()
	key, err := vault.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	place := vault.PagePlace{Account: [16]byte{1}, Conversation: [16]byte{2}, Bucket: 3, Revision: 4}
	var keys []vault.PageKey
	for i := range n {
		k := vault.PageKey{Seq: 3*vault.PageSpan + uint64(i)}
		_, _ = rand.Read(k.Key[:])
		_, _ = rand.Read(k.Commitment[:])
		keys = append(keys, k)
	}
	return key, place, keys
}

func sealPage(t testing.TB, key vault.Key, epoch uint64, place vault.PagePlace, keys []vault.PageKey) []byte {
	t.Helper()
	sealed, err := vault.SealPage(rand.Reader, key, epoch, place, keys)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestAPageOpensInItsPlaceAndNowhereElse(t *testing.T) {
	t.Parallel()
	key, place, keys := somePage(t, 200)
	sealed := sealPage(t, key, 7, place, keys)
	if epoch, err := vault.PageEpoch(sealed); err != nil || epoch != 7 {
		t.Fatalf("epoch %d, %v", epoch, err)
	}
	got, err := vault.OpenPage(key, place, sealed)
	if err != nil || !reflect.DeepEqual(got, keys) {
		t.Fatalf("%v, %d keys", err, len(got))
	}
	other, _, _ := somePage(t, 0)
	if _, err := vault.OpenPage(other, place, sealed); !errors.Is(err, vault.ErrOpen) {
		t.Errorf("another key: %v", err)
	}
	for what, change := range map[string]func(*vault.PagePlace){
		"account":      func(p *vault.PagePlace) { p.Account[0]++ },
		"conversation": func(p *vault.PagePlace) { p.Conversation[0]++ },
		"bucket":       func(p *vault.PagePlace) { p.Bucket++ },
		"revision":     func(p *vault.PagePlace) { p.Revision-- },
	} {
		elsewhere := place
		change(&elsewhere)
		if _, err := vault.OpenPage(key, elsewhere, sealed); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("another %s: %v", what, err)
		}
	}
}

func TestATruncatedOrChangedPageDoesNotOpen(t *testing.T) {
	t.Parallel()
	key, place, keys := somePage(t, 3)
	sealed := sealPage(t, key, 7, place, keys)
	for i := range sealed {
		if _, err := vault.OpenPage(key, place, sealed[:i]); err == nil {
			t.Fatalf("cut to %d of %d bytes it opens", i, len(sealed))
		}
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := vault.OpenPage(key, place, changed); err == nil {
			t.Fatalf("changed at byte %d it opens", i)
		}
	}
	if _, err := vault.OpenPage(key, place, append(bytes.Clone(sealed), 0)); !errors.Is(err, vault.ErrOpen) {
		t.Fatal("with a byte more it opens")
	}
}

func TestAPageTakesKeysOfItsBucketInOrderOnly(t *testing.T) {
	t.Parallel()
	key, place, keys := somePage(t, 3)
	for what, list := range map[string][]vault.PageKey{
		"twice":          {keys[0], keys[0]},
		"out of order":   {keys[1], keys[0]},
		"another bucket": {{Seq: 4 * vault.PageSpan}},
	} {
		if _, err := vault.SealPage(rand.Reader, key, 1, place, list); !errors.Is(err, vault.ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestAMessageCostsTheVaultAtMost120Bytes counts a full page, and one with a single message in it.
func TestAMessageCostsTheVaultAtMost120Bytes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 64, vault.PageSpan} {
		key, place, keys := somePage(t, n)
		size := len(sealPage(t, key, 1000, place, keys))
		if size > 120*n {
			t.Errorf("%d messages take %d bytes", n, size)
		}
		t.Logf("%d messages: %.1f bytes each", n, float64(size)/float64(n))
	}
}

func TestPrintingAPageKeyShowsNothing(t *testing.T) {
	t.Parallel()
	k := vault.PageKey{Key: [32]byte{0xAB}}
	for _, verb := range []string{"%v", "%+v", "%x", "%#v"} {
		if s := fmt.Sprintf(verb, k); !strings.Contains(s, "secret") {
			t.Errorf("%s: %s", verb, s)
		}
	}
}

func FuzzOpenPage(f *testing.F) {
	key := vault.Key{1}
	place := vault.PagePlace{Account: [16]byte{1}, Bucket: 3, Revision: 1}
	whole, _ := vault.SealPage(bytes.NewReader(make([]byte, 64)), key, 1, place, []vault.PageKey{{Seq: 3 * vault.PageSpan}})
	f.Add(whole)
	f.Add([]byte{})
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := vault.OpenPage(key, place, b)
		if err == nil && !bytes.Equal(b, whole) {
			t.Fatalf("forged: %d keys", len(keys))
		}
	})
}
