package mls

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"testing"

	reference "golang.org/x/crypto/chacha20poly1305"
)

func fromHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	must(t, err)
	return b
}

// The example of RFC 8439 §2.8.2.
func TestChaCha20Poly1305AsInItsRFC(t *testing.T) {
	t.Parallel()
	key := fromHex(t, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")
	nonce, aad := fromHex(t, "070000004041424344454647"), fromHex(t, "50515253c0c1c2c3c4c5c6c7")
	text := []byte("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.")
	a, err := newChaCha20Poly1305(key)
	must(t, err)
	sealed := a.Seal(nil, nonce, text, aad)
	same(t, "tag", sealed[len(text):], fromHex(t, "1ae10b594f09e26a7e902ecbd0600691"))
	same(t, "start", sealed[:16], fromHex(t, "d31a8d34648e60db7b86afbc53ef7ec2"))
	opened, err := a.Open(nil, nonce, sealed, aad)
	must(t, err)
	same(t, "text", opened, text)
}

// Every length around the block sizes, against another implementation, and every bit of the tag.
func TestChaCha20Poly1305AgreesWithAnother(t *testing.T) {
	t.Parallel()
	random := func(n int) []byte { b := make([]byte, n); rand.Read(b); return b }
	for n := range 400 {
		key, nonce, aad, text := random(32), random(12), random(n%37), random(n)
		ours, err := newChaCha20Poly1305(key)
		must(t, err)
		theirs, err := reference.New(key)
		must(t, err)
		sealed := ours.Seal([]byte("prefix"), nonce, text, aad)
		same(t, "ciphertext", sealed, theirs.Seal([]byte("prefix"), nonce, text, aad))
		opened, err := ours.Open(nil, nonce, sealed[6:], aad)
		must(t, err)
		same(t, "text", opened, text)
		for i := 6; i < len(sealed); i += 7 {
			damaged := bytes.Clone(sealed[6:])
			damaged[i-6] ^= 1 << (i % 8)
			if _, err := ours.Open(nil, nonce, damaged, aad); err == nil {
				t.Fatalf("byte %d may be changed", i)
			}
		}
	}
	large := random(1 << 20)
	key, nonce := random(32), random(12)
	ours, _ := newChaCha20Poly1305(key)
	theirs, _ := reference.New(key)
	same(t, "a megabyte", ours.Seal(nil, nonce, large, nil), theirs.Seal(nil, nonce, large, nil))
}

// Values of the polynomial that carry as far as carries go: h at and around the prime.
func TestPoly1305AtItsEdges(t *testing.T) {
	t.Parallel()
	full := bytes.Repeat([]byte{0xff}, 64)
	for _, key := range [][]byte{
		bytes.Repeat([]byte{0xff}, 32), append([]byte{1}, make([]byte, 31)...), append([]byte{2}, make([]byte, 31)...),
		append([]byte{4, 0, 0, 0}, make([]byte, 28)...),
	} {
		for n := range len(full) + 1 {
			for _, head := range []byte{0xff, 0xfe, 0xfc, 0xfb, 0xfa, 0} {
				message := bytes.Clone(full[:n])
				if n > 0 {
					message[0] = head
				}
				tag := poly1305((*[32]byte)(key), nil, message)
				same(t, "tag", tag[:], slowPoly1305(key, message))
			}
		}
	}
	if _, err := newChaCha20Poly1305(make([]byte, 31)); err == nil {
		t.Fatal("a short key is accepted")
	}
}
