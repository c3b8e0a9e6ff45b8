package mls

import (
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
