package mls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
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

// ecdsaScheme signs a digest; its public keys are uncompressed points, its signatures DER.
type ecdsaScheme struct {
	curve elliptic.Curve
	hash  crypto.Hash
	sum   func([]byte) []byte
}

var (
	ecdsaP256 = ecdsaScheme{elliptic.P256(), crypto.SHA256, func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }}
	ecdsaP384 = ecdsaScheme{elliptic.P384(), crypto.SHA384, func(b []byte) []byte { h := sha512.Sum384(b); return h[:] }}
	ecdsaP521 = ecdsaScheme{elliptic.P521(), crypto.SHA512, func(b []byte) []byte { h := sha512.Sum512(b); return h[:] }}
)

func (e ecdsaScheme) publicKey(signer crypto.Signer) ([]byte, error) {
	public, ok := signer.Public().(*ecdsa.PublicKey)
	if !ok || public.Curve != e.curve {
		return nil, fmt.Errorf("%w: the suite signs with ECDSA on %s", ErrOption, e.curve.Params().Name)
	}
	return public.Bytes()
}

func (e ecdsaScheme) check(public []byte) error {
	if _, err := ecdsa.ParseUncompressedPublicKey(e.curve, public); err != nil {
		return fmt.Errorf("%w: ECDSA public key", ErrMalformed)
	}
	return nil
}

func (e ecdsaScheme) sign(signer crypto.Signer, message []byte) ([]byte, error) {
	return signer.Sign(rand.Reader, e.sum(message), e.hash)
}

func (e ecdsaScheme) verify(public, message, signature []byte) bool {
	key, err := ecdsa.ParseUncompressedPublicKey(e.curve, public)
	return err == nil && ecdsa.VerifyASN1(key, e.sum(message), signature)
}
