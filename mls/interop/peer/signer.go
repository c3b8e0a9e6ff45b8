package peer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
)

// newSigner makes a signature key for a suite of RFC 9420 §17.1, or for a private-use one: those all
// sign with Ed25519.
func newSigner(suite uint16) (crypto.Signer, error) {
	switch suite {
	case 2:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case 5:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case 7:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}
