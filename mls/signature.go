package mls

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
)

// signatureScheme is the signature algorithm of a cipher suite. Public keys and signatures have the
// encodings of RFC 9420 §5.1.1 and §5.1.2.
type signatureScheme interface {
	publicKey(crypto.Signer) ([]byte, error)
	check(public []byte) error
	sign(signer crypto.Signer, message []byte) ([]byte, error)
	verify(public, message, signature []byte) bool
}

type ed25519Scheme struct{}

func (ed25519Scheme) publicKey(signer crypto.Signer) ([]byte, error) {
	if key, ok := signer.(ed25519.PrivateKey); ok && len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: Ed25519 private key of %d bytes", ErrOption, len(key))
	}
	public, ok := signer.Public().(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the suite signs with Ed25519", ErrOption)
	}
	return public, nil
}

func (ed25519Scheme) check(public []byte) error {
	if len(public) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: Ed25519 public key of %d bytes", ErrMalformed, len(public))
	}
	return nil
}

func (ed25519Scheme) sign(signer crypto.Signer, message []byte) ([]byte, error) {
	return signer.Sign(rand.Reader, message, crypto.Hash(0))
}

func (ed25519Scheme) verify(public, message, signature []byte) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, message, signature)
}
