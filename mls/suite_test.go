package mls

import (
	"bytes"
	"strings"
	"testing"
)

func TestEachRowOfTheSuiteTableIsConsistent(t *testing.T) {
	t.Parallel()
	seen := map[CipherSuite]bool{}
	for _, s := range suites {
		if seen[s.id] {
			t.Fatalf("suite 0x%04X stands twice in the table", uint16(s.id))
		}
		seen[s.id] = true
		key, err := s.generateKey(nil)
		must(t, err)
		if len(key.public) != s.npk {
			t.Errorf("%s: public keys of %d bytes, %d in the table", s.name, len(key.public), s.npk)
		}
		if n := s.newHash().Size(); n != s.nh {
			t.Errorf("%s: a hash of %d bytes, %d in the table", s.name, n, s.nh)
		}
		a, err := s.newAEAD(make([]byte, s.nk))
		must(t, err)
		if a.NonceSize() != aeadNonceSize {
			t.Errorf("%s: a nonce of %d bytes", s.name, a.NonceSize())
		}
		again, err := s.parsePrivateKey(key.bytes())
		must(t, err)
		same(t, "public key of a stored private key", again.public, key.public)
		if s.id.String() != s.name || !strings.HasPrefix(s.name, "MLS_") {
			t.Errorf("suite 0x%04X is called %s", uint16(s.id), s.id)
		}
	}
}

func TestSuitesOfTheRFCThatAreMissingAreRefusedByName(t *testing.T) {
	t.Parallel()
	for id, name := range map[CipherSuite]string{4: "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448", 6: "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448"} {
		_, err := Create(testConfig(), CreateOptions{Suite: id, Signer: newSigner(t, SuiteX25519), Credential: BasicCredential([]byte("a"))})
		wantError(t, err, ErrUnsupported)
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the refusal of suite %d does not name it: %v", id, err)
		}
	}
}

// The quick check of a public key says the same as the parser of its KEM.
func TestQuickKeyCheckSaysWhatTheParserSays(t *testing.T) {
	t.Parallel()
	for _, s := range suites {
		if s.quick == nil {
			continue
		}
		key, err := s.generateKey(nil)
		must(t, err)
		refused := 0
		for i := range 400 {
			public := bytes.Clone(key.public)
			at := len(public) * i / 400
			public[at] ^= byte(1 + i%255)
			if i%2 == 0 && at+3 <= len(public) {
				copy(public[at-at%3:], []byte{0x01, 0x1d, 0xd0}) // the prime, and the largest number below it
			}
			_, err := s.kem.NewPublicKey(public)
			if ours := s.checkPublicKey(public); (ours == nil) != (err == nil) {
				t.Fatalf("%s: changed at %d: we say %v, the parser %v", s.name, at, ours, err)
			}
			if err != nil {
				refused++
			}
		}
		if s.id != SuiteX25519 && s.id != SuiteX25519ChaCha && refused < 50 {
			t.Errorf("%s: the parser refused %d of 400 damaged keys", s.name, refused)
		}
		for _, n := range []int{0, 31, s.npk - 1, s.npk + 1} {
			wantError(t, s.checkPublicKey(make([]byte, n)), ErrMalformed)
		}
	}
}
