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
	// SuiteP521 is MLS_256_DHKEMP521_AES256GCM_SHA512_P521.
	SuiteP521 CipherSuite = 0x0005
	// SuiteP384 is MLS_256_DHKEMP384_AES256GCM_SHA384_P384.
	SuiteP384 CipherSuite = 0x0007
	// SuiteHybrid is MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519 of draft-ietf-mls-pq-ciphersuites
	// (KEM 0x647a): what is recorded today stays closed to a later quantum computer. The number is of
	// the private-use range until IANA assigns one.
	SuiteHybrid CipherSuite = 0xF07A
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
	nh      int // KDF.Nh, also the size of the hash
	nk      int // AEAD.Nk
	npk     int // KEM.Npk
}

// aeadNonceSize is AEAD.Nn of every suite in the table.
const aeadNonceSize = 12

var suites = []*suite{
	{
		id: SuiteX25519, name: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
		kem: hpke.DHKEM(ecdh.X25519()), npk: 32, kdf: hpke.HKDFSHA256(), aead: hpke.AES128GCM(),
		sig: ed25519Scheme{}, newHash: sha256.New, nh: 32, nk: 16,
	},
	{
		id: SuiteP256, name: "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
		kem: hpke.DHKEM(ecdh.P256()), npk: 65, kdf: hpke.HKDFSHA256(), aead: hpke.AES128GCM(),
		sig: ecdsaP256, newHash: sha256.New, nh: 32, nk: 16,
	},
	{
		id: SuiteP521, name: "MLS_256_DHKEMP521_AES256GCM_SHA512_P521",
		kem: hpke.DHKEM(ecdh.P521()), npk: 133, kdf: hpke.HKDFSHA512(), aead: hpke.AES256GCM(),
		sig: ecdsaP521, newHash: sha512.New, nh: 64, nk: 32,
	},
	{
		id: SuiteP384, name: "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
		kem: hpke.DHKEM(ecdh.P384()), npk: 97, kdf: hpke.HKDFSHA384(), aead: hpke.AES256GCM(),
		sig: ecdsaP384, newHash: sha512.New384, nh: 48, nk: 32,
	},
	{
		id: SuiteHybrid, name: "MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519",
		kem: hpke.MLKEM768X25519(), npk: 1216, kdf: hpke.HKDFSHA256(), aead: hpke.AES128GCM(),
		sig: ed25519Scheme{}, newHash: sha256.New, nh: 32, nk: 16,
	},
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
	return nil, fmt.Errorf("%w: cipher suite 0x%04X", ErrUnsupported, uint16(id))
}

// seal and open are the AEAD of the suite, under a key used once.
func (s *suite) seal(key, nonce, aad, plaintext []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(make([]byte, 0, len(plaintext)+gcm.Overhead()), nonce, plaintext, aad), nil
}

func (s *suite) open(key, nonce, aad, ciphertext []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	plaintext, err := gcm.Open(nil, nonce, ciphertext, aad)
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
