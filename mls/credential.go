package mls

import "fmt"

// CredentialType says how a credential names its holder (RFC 9420 §5.3).
type CredentialType uint16

const (
	CredentialBasic CredentialType = 0x0001
	CredentialX509  CredentialType = 0x0002
)

// Credential names the holder of a signature key. For a basic credential Identity is the application's
// encoding of who that is; for X.509 it is the certificate chain as encoded in the vector
// certificates<V>, without the header of that vector. Whether the name is true is decided by
// Config.Authenticate.
type Credential struct {
	Type     CredentialType
	Identity []byte
}

// BasicCredential is a bare assertion of identity.
func BasicCredential(identity []byte) Credential {
	return Credential{Type: CredentialBasic, Identity: identity}
}

// X509Credential carries a certificate chain, the end entity first, each certificate as DER (§5.3). The
// package carries it; parsing it, and comparing its key with the leaf's, is up to Config.Authenticate.
func X509Credential(chain ...[]byte) Credential {
	w := newWriter(2048)
	for _, certificate := range chain {
		w.opaque(certificate)
	}
	return Credential{Type: CredentialX509, Identity: w.b}
}

// Chain is the certificate chain of an X.509 credential.
func (c Credential) Chain() ([][]byte, error) {
	if c.Type != CredentialX509 {
		return nil, fmt.Errorf("%w: credential type %d has no certificates", ErrUnsupported, c.Type)
	}
	r := reader{b: c.Identity}
	var chain [][]byte
	for len(r.b) > 0 {
		chain = append(chain, r.opaque())
	}
	return chain, r.end("certificate chain")
}

func (c Credential) equal(o Credential) bool {
	return c.Type == o.Type && sameKey(c.Identity, o.Identity)
}

func (c Credential) write(w *writer) {
	w.uint16(uint16(c.Type))
	w.opaque(c.Identity)
}

// readCredential reads a credential. The types that exist are each one vector; a type from the future
// is read as one too, and refused later because nobody's capabilities list it.
func readCredential(r *reader) Credential {
	c := Credential{Type: CredentialType(r.uint16()), Identity: r.opaque()}
	if c.Type == CredentialX509 {
		chain := reader{b: c.Identity}
		for len(chain.b) > 0 {
			chain.opaque()
		}
		if chain.bad {
			r.fail()
		}
	}
	return c
}

// Member is a leaf of the group as the application sees it: where it stands, who it claims to be, and
// the key that signs its messages.
type Member struct {
	Leaf         LeafIndex
	Credential   Credential
	SignatureKey []byte
}

// identity is what a Member is made of, shared by all epochs in which it stays the same.
type identity struct {
	credential   Credential
	signatureKey []byte
}

func (id *identity) at(leaf LeafIndex) Member {
	return Member{Leaf: leaf, Credential: id.credential, SignatureKey: id.signatureKey}
}

func (id *identity) equal(o *identity) bool {
	if id == nil || o == nil {
		return id == o
	}
	return id == o || id.credential.equal(o.credential) && sameKey(id.signatureKey, o.signatureKey)
}
