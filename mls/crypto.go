package mls

import (
	"bytes"
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"io"
)

// The labelled operations of RFC 9420 §5.1.2, §5.1.3, §5.2 and §8. Every label is prefixed by
// "MLS 1.0 " so that no value made for one purpose serves another.
const labelPrefix = "MLS 1.0 "

func labelled(label string, content []byte) []byte {
	w := newWriter(len(label) + len(content) + 16)
	w.length(len(labelPrefix) + len(label))
	w.b = append(append(w.b, labelPrefix...), label...)
	w.opaque(content)
	return w.b
}

// signWithLabel is SignWithLabel (§5.1.2).
func (s *suite) signWithLabel(signer crypto.Signer, label string, content []byte) ([]byte, error) {
	signature, err := s.sig.sign(signer, labelled(label, content))
	if err != nil {
		return nil, fmt.Errorf("mls: signing: %w", err)
	}
	return signature, nil
}

// verifyWithLabel is VerifyWithLabel (§5.1.2).
func (s *suite) verifyWithLabel(public []byte, label string, content, signature []byte) bool {
	return s.sig.verify(public, labelled(label, content), signature)
}

// hpkeCiphertext is HPKECiphertext (§7.6).
type hpkeCiphertext struct{ kemOutput, ciphertext []byte }

func (c hpkeCiphertext) write(w *writer) {
	w.opaque(c.kemOutput)
	w.opaque(c.ciphertext)
}

func readHPKECiphertext(r *reader) hpkeCiphertext {
	return hpkeCiphertext{kemOutput: r.opaque(), ciphertext: r.opaque()}
}

// encryptWithLabel is EncryptWithLabel (§5.1.3). The encapsulation draws from crypto/rand: crypto/hpke
// takes no other source.
func (s *suite) encryptWithLabel(public []byte, label string, context, plaintext []byte) (hpkeCiphertext, error) {
	key, err := s.kem.NewPublicKey(public)
	if err != nil {
		return hpkeCiphertext{}, fmt.Errorf("%w: HPKE public key", ErrMalformed)
	}
	enc, sender, err := hpke.NewSender(key, s.kdf, s.aead, labelled(label, context))
	if err != nil {
		return hpkeCiphertext{}, fmt.Errorf("%w: HPKE public key", ErrMalformed)
	}
	ciphertext, err := sender.Seal(nil, plaintext)
	return hpkeCiphertext{enc, ciphertext}, err
}

// decryptWithLabel is DecryptWithLabel (§5.1.3).
func (s *suite) decryptWithLabel(key hpke.PrivateKey, label string, context []byte, c hpkeCiphertext) ([]byte, error) {
	recipient, err := hpke.NewRecipient(c.kemOutput, key, s.kdf, s.aead, labelled(label, context))
	if err != nil {
		return nil, ErrDecrypt
	}
	plaintext, err := recipient.Open(nil, c.ciphertext)
	if err != nil {
		return nil, ErrDecrypt
	}
	return plaintext, nil
}

// The KEMs whose public keys can be judged without building what encryption needs of them.
const (
	kemX25519         = 0x0020
	kemMLKEM768       = 0x0041
	kemMLKEM1024      = 0x0042
	kemMLKEM768X25519 = 0x647a

	mlkem768Vector  = 1152 // bytes of the vector t, in front of each key
	mlkem1024Vector = 1536
	mlkemPrime      = 3329
)

// checkKeySize refuses an encryption key that cannot be one of the suite's KEM. Where it costs little it
// refuses all that checkPublicKey does; a newcomer asks it of each key in the tree, which the members
// have asked when the key entered.
func (s *suite) checkKeySize(public []byte) error {
	if len(public) != s.npk || s.quick != nil && !s.quick(public) {
		return fmt.Errorf("%w: HPKE public key of %d bytes", ErrMalformed, len(public))
	}
	return nil
}

// checkPublicKey refuses an encryption key that the suite's KEM cannot use. It is asked of keys that
// enter a tree.
func (s *suite) checkPublicKey(public []byte) error {
	if s.quick != nil {
		return s.checkKeySize(public)
	}
	if _, err := s.kem.NewPublicKey(public); err != nil {
		return fmt.Errorf("%w: HPKE public key of %d bytes", ErrMalformed, len(public))
	}
	return nil
}

// reducedMLKEM is the modulus check of FIPS 203 §7.2, the only one that an ML-KEM key of the right size can
// fail: each coefficient of 12 bits is below the prime.
func reducedMLKEM(t []byte) bool {
	for ; len(t) >= 3; t = t[3:] {
		a, b := uint16(t[0])|uint16(t[1]&0xf)<<8, uint16(t[1])>>4|uint16(t[2])<<4
		if a >= mlkemPrime || b >= mlkemPrime {
			return false
		}
	}
	return true
}

// hpkeKey is a key pair of the suite's KEM, with the public half at hand.
type hpkeKey struct {
	public  []byte
	private hpke.PrivateKey
}

func keyOf(private hpke.PrivateKey) hpkeKey {
	return hpkeKey{public: private.PublicKey().Bytes(), private: private}
}

// deriveKeyPair is KEM.DeriveKeyPair (RFC 9180 §4).
func (s *suite) deriveKeyPair(secret []byte) (hpkeKey, error) {
	private, err := s.kem.DeriveKeyPair(secret)
	if err != nil {
		return hpkeKey{}, fmt.Errorf("mls: deriving a key pair: %w", err)
	}
	return keyOf(private), nil
}

func (s *suite) generateKey(random io.Reader) (hpkeKey, error) {
	seed, err := s.random(random, s.nh)
	if err != nil {
		return hpkeKey{}, err
	}
	return s.deriveKeyPair(seed)
}

func (s *suite) parsePrivateKey(b []byte) (hpkeKey, error) {
	private, err := s.kem.NewPrivateKey(b)
	if err != nil {
		return hpkeKey{}, fmt.Errorf("%w: HPKE private key", ErrMalformed)
	}
	return keyOf(private), nil
}

// random draws n bytes from source, or from crypto/rand when source is nil.
func (s *suite) random(source io.Reader, n int) ([]byte, error) { return randomBytes(source, n) }

func randomBytes(source io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if source == nil {
		rand.Read(b) // never fails
		return b, nil
	}
	if _, err := io.ReadFull(source, b); err != nil {
		return nil, fmt.Errorf("mls: randomness: %w", err)
	}
	return b, nil
}

// hash is the hash of the suite, over the concatenation of parts.
func (s *suite) hash(parts ...[]byte) []byte {
	h := s.newHash()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(make([]byte, 0, s.nh))
}

// refHash is RefHash (§5.2); its labels carry their prefix.
func (s *suite) refHash(label string, value []byte) []byte {
	w := newWriter(len(label) + len(value) + 8)
	w.text(label)
	w.opaque(value)
	return s.hash(w.b)
}

func (s *suite) keyPackageRef(encoded []byte) []byte {
	return s.refHash("MLS 1.0 KeyPackage Reference", encoded)
}

func (s *suite) proposalRef(authenticatedContent []byte) []byte {
	return s.refHash("MLS 1.0 Proposal Reference", authenticatedContent)
}

// extract is KDF.Extract.
func (s *suite) extract(salt, ikm []byte) []byte {
	h := hmac.New(s.newHash, salt)
	h.Write(ikm)
	return h.Sum(make([]byte, 0, s.nh))
}

// expandWithLabel is ExpandWithLabel (§8). length is at most 255 hashes.
func (s *suite) expandWithLabel(secret []byte, label string, context []byte, length int) []byte {
	w := writer{b: make([]byte, 0, 64)}
	w.uint16(uint16(length))
	w.length(len(labelPrefix) + len(label))
	w.b = append(append(w.b, labelPrefix...), label...)
	w.opaque(context)
	if length <= s.nh {
		w.uint8(1)
		h := hmac.New(s.newHash, secret)
		h.Write(w.b)
		return h.Sum(make([]byte, 0, s.nh))[:length:length]
	}
	out, err := hkdf.Expand(s.newHash, secret, string(w.b), length)
	if err != nil {
		panic("mls: expanding to an impossible length: " + err.Error())
	}
	return out
}

// deriveSecret is DeriveSecret (§8).
func (s *suite) deriveSecret(secret []byte, label string) []byte {
	return s.expandWithLabel(secret, label, nil, s.nh)
}

// deriveTreeSecret is DeriveTreeSecret (§9.1).
func (s *suite) deriveTreeSecret(secret []byte, label string, generation uint32, length int) []byte {
	w := writer{b: make([]byte, 0, 4)}
	w.uint32(generation)
	return s.expandWithLabel(secret, label, w.b, length)
}

// mac is the MAC of the suite: HMAC with its hash (§5.1).
func (s *suite) mac(key, message []byte) []byte {
	h := hmac.New(s.newHash, key)
	h.Write(message)
	return h.Sum(make([]byte, 0, s.nh))
}

func (s *suite) zero() []byte { return make([]byte, s.nh) }

func equalSecret(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

func sameKey(a, b []byte) bool { return bytes.Equal(a, b) }
