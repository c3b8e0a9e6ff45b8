//go:build !nonist

package mls

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
)

// The suites on NIST curves. The build tag nonist leaves them out, which spares a browser that uses
// none of them some 45 kB of its download.
func init() {
	suites = append(suites,
		sha256AES128.row(SuiteP256, "MLS_128_DHKEMP256_AES128GCM_SHA256_P256", hpke.DHKEM(ecdh.P256()), 65, ecdsaP256),
		sha512AES256.row(SuiteP521, "MLS_256_DHKEMP521_AES256GCM_SHA512_P521", hpke.DHKEM(ecdh.P521()), 133, ecdsaP521),
		sha384AES256.row(SuiteP384, "MLS_256_DHKEMP384_AES256GCM_SHA384_P384", hpke.DHKEM(ecdh.P384()), 97, ecdsaP384),
		sha256AES128.row(SuiteHybridP256, "MLS_128_MLKEM768P256_AES128GCM_SHA256_P256", hpke.MLKEM768P256(), 1249, ecdsaP256),
		sha384AES256.row(SuiteHybridP256AES256, "MLS_128_MLKEM768P256_AES256GCM_SHA384_P256", hpke.MLKEM768P256(), 1249, ecdsaP256),
		sha384AES256.row(SuiteHybridP384, "MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384", hpke.MLKEM1024P384(), 1665, ecdsaP384),
		sha384AES256.row(SuiteMLKEM768P256, "MLS_128_MLKEM768_AES256GCM_SHA384_P256", hpke.MLKEM768(), 1184, ecdsaP256),
		sha384AES256.row(SuiteMLKEM1024P384, "MLS_192_MLKEM1024_AES256GCM_SHA384_P384", hpke.MLKEM1024(), 1568, ecdsaP384),
	)
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
