package mls

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
)

// CipherSuite names the algorithms of a group (RFC 9420 §5.1, §17.1).
type CipherSuite uint16

const (
	// SuiteX25519 is MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, which every MLS implementation has.
	SuiteX25519 CipherSuite = 0x0001
	// SuiteP256 is MLS_128_DHKEMP256_AES128GCM_SHA256_P256.
	SuiteP256 CipherSuite = 0x0002
	// SuiteX25519ChaCha is MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519.
	SuiteX25519ChaCha CipherSuite = 0x0003
	// SuiteP521 is MLS_256_DHKEMP521_AES256GCM_SHA512_P521.
	SuiteP521 CipherSuite = 0x0005
	// SuiteP384 is MLS_256_DHKEMP384_AES256GCM_SHA384_P384.
	SuiteP384 CipherSuite = 0x0007
)

// The suites of draft-ietf-mls-pq-ciphersuites with KEMs that crypto/hpke has: what is recorded today
// stays closed to a later quantum computer. Until IANA assigns numbers theirs are of the private-use
// range; groups move to the assigned ones, as to any other suite, by re-initialization ([Group.Reinitialize]).
const (
	// SuiteHybrid is MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519 (KEM 0x647a).
	SuiteHybrid CipherSuite = 0xF07A
	// SuiteHybridX25519AES256 is MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519.
	SuiteHybridX25519AES256 CipherSuite = 0xF102
	// SuiteHybridP256 is MLS_128_MLKEM768P256_AES128GCM_SHA256_P256.
	SuiteHybridP256 CipherSuite = 0xF103
	// SuiteHybridP256AES256 is MLS_128_MLKEM768P256_AES256GCM_SHA384_P256.
	SuiteHybridP256AES256 CipherSuite = 0xF104
	// SuiteHybridP384 is MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384.
	SuiteHybridP384 CipherSuite = 0xF105
	// SuiteMLKEM768Ed25519 is MLS_128_MLKEM768_AES256GCM_SHA384_Ed25519, without a second KEM beside.
	SuiteMLKEM768Ed25519 CipherSuite = 0xF106
	// SuiteMLKEM768P256 is MLS_128_MLKEM768_AES256GCM_SHA384_P256, without a second KEM beside.
	SuiteMLKEM768P256 CipherSuite = 0xF107
	// SuiteMLKEM1024P384 is MLS_192_MLKEM1024_AES256GCM_SHA384_P384, without a second KEM beside.
	SuiteMLKEM1024P384 CipherSuite = 0xF108
	// DefaultSuite is the suite for new groups.
	DefaultSuite = SuiteHybrid
)

// suite is one row of the table of cipher suites. Lengths are bytes.
type suite struct {
	id      CipherSuite
	name    string
	kem     hpke.KEM
	kdf     hpke.KDF
	aead    hpke.AEAD
	sig     signatureScheme
	newHash func() hash.Hash
	newAEAD func(key []byte) (cipher.AEAD, error)
	nh      int                      // KDF.Nh, also the size of the hash
	nk      int                      // AEAD.Nk
	npk     int                      // KEM.Npk
	quick   func(public []byte) bool // finds out what the KEM's parser would, in less time; may be nil
}

// aeadNonceSize is AEAD.Nn of every suite in the table.
const aeadNonceSize = 12

// The parts that rows share.
var (
	sha256AES128 = suite{kdf: hpke.HKDFSHA256(), newHash: sha256.New, nh: 32, aead: hpke.AES128GCM(), newAEAD: newGCM, nk: 16}
	sha256ChaCha = suite{kdf: hpke.HKDFSHA256(), newHash: sha256.New, nh: 32, aead: hpke.ChaCha20Poly1305(), newAEAD: newChaCha20Poly1305, nk: 32}
	sha384AES256 = suite{kdf: hpke.HKDFSHA384(), newHash: sha512.New384, nh: 48, aead: hpke.AES256GCM(), newAEAD: newGCM, nk: 32}
	sha512AES256 = suite{kdf: hpke.HKDFSHA512(), newHash: sha512.New, nh: 64, aead: hpke.AES256GCM(), newAEAD: newGCM, nk: 32}
)

// suites are those in use; suite_nist.go adds the ones on NIST curves.
var suites = []*suite{
	sha256AES128.row(SuiteX25519, "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", hpke.DHKEM(ecdh.X25519()), 32, ed25519Scheme{}),
	sha256ChaCha.row(SuiteX25519ChaCha, "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519", hpke.DHKEM(ecdh.X25519()), 32, ed25519Scheme{}),
	sha256AES128.row(SuiteHybrid, "MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519", hpke.MLKEM768X25519(), 1216, ed25519Scheme{}),
	sha384AES256.row(SuiteHybridX25519AES256, "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519", hpke.MLKEM768X25519(), 1216, ed25519Scheme{}),
	sha384AES256.row(SuiteMLKEM768Ed25519, "MLS_128_MLKEM768_AES256GCM_SHA384_Ed25519", hpke.MLKEM768(), 1184, ed25519Scheme{}),
}

func (s suite) row(id CipherSuite, name string, kem hpke.KEM, npk int, sig signatureScheme) *suite {
	s.id, s.name, s.kem, s.npk, s.sig = id, name, kem, npk, sig
	switch kem.ID() {
	case kemX25519:
		s.quick = func([]byte) bool { return true } // any 32 bytes (RFC 7748)
	case kemMLKEM768, kemMLKEM768X25519:
		s.quick = func(public []byte) bool { return reducedMLKEM(public[:mlkem768Vector]) }
	case kemMLKEM1024:
		s.quick = func(public []byte) bool { return reducedMLKEM(public[:mlkem1024Vector]) }
	}
	return &s
}

// absent are the registered suites that this package refuses, with the reason.
var absent = map[CipherSuite]string{
	0x0004: "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448 needs X448 and Ed448",
	0x0006: "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448 needs X448 and Ed448",
}

// Suites lists the cipher suites this package implements, in the order of its table.
func Suites() []CipherSuite {
	out := make([]CipherSuite, len(suites))
	for i, s := range suites {
		out[i] = s.id
	}
	return out
}

// String is the registered name of the suite, or its number when this package does not have it.
func (id CipherSuite) String() string {
	if s, err := suiteOf(id); err == nil {
		return s.name
	}
	return fmt.Sprintf("CipherSuite(0x%04X)", uint16(id))
}

func suiteOf(id CipherSuite) (*suite, error) {
	for _, s := range suites {
		if s.id == id {
			return s, nil
		}
	}
	if why := absent[id]; why != "" {
		return nil, fmt.Errorf("%w: cipher suite 0x%04X: %s", ErrUnsupported, uint16(id), why)
	}
	return nil, fmt.Errorf("%w: cipher suite 0x%04X", ErrUnsupported, uint16(id))
}

// seal and open are the AEAD of the suite, under a key used once.
func (s *suite) seal(key, nonce, aad, plaintext []byte) ([]byte, error) {
	aead, err := s.newAEAD(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(make([]byte, 0, len(plaintext)+aead.Overhead()), nonce, plaintext, aad), nil
}

func (s *suite) open(key, nonce, aad, ciphertext []byte) ([]byte, error) {
	aead, err := s.newAEAD(key)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nonce, ciphertext, aad)
	if err != nil {
		return nil, ErrDecrypt
	}
	return plaintext, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// signerKey is the public key of signer as a SignaturePublicKey of the suite.
func (s *suite) signerKey(signer crypto.Signer) ([]byte, error) {
	if signer == nil {
		return nil, fmt.Errorf("%w: no signer", ErrOption)
	}
	return s.sig.publicKey(signer)
}
