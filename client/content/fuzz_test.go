package content

import (
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"frond/identity"
	"frond/wire"
)

func sha256Of(b []byte) wire.Hash { return sha256.Sum256(b) }

// FuzzInsider lets somebody who holds the token's key, and whose signature is not asked for, put
// any bytes into it: nothing panics and nothing unsigned is accepted.
func FuzzInsider(f *testing.F) {
	key, err := identity.NewDeviceKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, []byte{})
	f.Add(pad([]byte{0x82, 0x40, 0x40}), []byte{0xa3})
	f.Fuzz(func(t *testing.T, block, inner []byte) {
		if _, err := Open(insider(t, wire.ID{1}, block), key.Public()); err == nil {
			t.Fatal("accepted without the device's signature")
		}
		r := insider(t, wire.ID{1}, block)
		r.Secret = inner
		if _, err := Open(r, key.Public()); err == nil {
			t.Fatal("accepted with any key message")
		}
	})
}
