package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"io"
	"slices"
	"time"
)

// MaxLifetime is the longest lifetime of a key package that Verify accepts: two years and a day.
const MaxLifetime = 731 * 24 * time.Hour

// KeyPackage is a client's signed offer to be added to a group (RFC 9420 §10). It is never changed.
type KeyPackage struct {
	suite      *suite
	initKey    []byte
	leaf       *leafNode
	extensions []Extension
	signature  []byte
	raw        []byte // without the frame of MLSMessage
	unsigned   int
}

// KeyPackageSecrets are the private keys of a key package, with the package itself. They open the
// Welcome that adds the client, and must be deleted once they did, except for those of a last resort.
type KeyPackageSecrets struct {
	keyPackage *KeyPackage
	init, leaf hpkeKey
}

// KeyPackageOptions say what a key package is for.
type KeyPackageOptions struct {
	Suite      CipherSuite // zero: DefaultSuite
	Signer     crypto.Signer
	Credential Credential
	Lifetime   Lifetime        // NotAfter is required
	LastResort bool            // may be used again when all others are used up
	Extensions []ExtensionType // extensions the application understands
	GREASE     bool            // add random values that receivers must ignore (§13.5)
}

// NewKeyPackage makes a key package and its secrets. A nil random means crypto/rand.
func NewKeyPackage(random io.Reader, o KeyPackageOptions) (*KeyPackage, *KeyPackageSecrets, error) {
	s, err := suiteOf(orDefault(o.Suite))
	if err != nil {
		return nil, nil, err
	}
	if o.Lifetime.NotAfter <= o.Lifetime.NotBefore {
		return nil, nil, fmt.Errorf("%w: a key package needs a lifetime", ErrOption)
	}
	secrets := &KeyPackageSecrets{}
	if secrets.init, err = s.generateKey(random); err != nil {
		return nil, nil, err
	}
	if secrets.leaf, err = s.generateKey(random); err != nil {
		return nil, nil, err
	}
	secrets.keyPackage, err = buildKeyPackage(random, s, o, secrets)
	return secrets.keyPackage, secrets, err
}

func orDefault(id CipherSuite) CipherSuite {
	if id == 0 {
		return DefaultSuite
	}
	return id
}

func buildKeyPackage(random io.Reader, s *suite, o KeyPackageOptions, secrets *KeyPackageSecrets) (*KeyPackage, error) {
	leaf, err := newLeaf(s, o.Signer, o.Credential, secrets.leaf.public)
	if err != nil {
		return nil, err
	}
	leaf.source, leaf.lifetime = sourceKeyPackage, o.Lifetime
	leaf.capabilities = ownCapabilities(o.Extensions...)
	var extensions []Extension
	if o.LastResort {
		leaf.capabilities.extensions = addMissing(leaf.capabilities.extensions, ExtensionLastResort)
		extensions = []Extension{{Type: ExtensionLastResort}}
	}
	if o.GREASE {
		e, err := leaf.greaseKeyPackage(random)
		if err != nil {
			return nil, err
		}
		extensions = append(extensions, e)
	}
	if leaf, err = leaf.sign(s, o.Signer, nil, 0); err != nil {
		return nil, err
	}
	w := newWriter(len(leaf.raw) + len(secrets.init.public) + 128)
	w.uint16(protocolVersion)
	w.uint16(uint16(s.id))
	w.opaque(secrets.init.public)
	leaf.write(w)
	writeExtensions(w, extensions)
	signature, err := s.signWithLabel(o.Signer, "KeyPackageTBS", w.b)
	if err != nil {
		return nil, err
	}
	w.opaque(signature)
	return readKeyPackage(&reader{b: w.b}), nil
}

// newLeaf fills in the fields of a leaf that do not depend on how it will come into a tree.
func newLeaf(s *suite, signer crypto.Signer, c Credential, encryptionKey []byte) (*leafNode, error) {
	public, err := s.signerKey(signer)
	if err != nil {
		return nil, err
	}
	if c.Type == 0 {
		return nil, fmt.Errorf("%w: no credential", ErrOption)
	}
	if err := checkSize("credential", len(c.Identity), maxCredential); err != nil {
		return nil, err
	}
	id := &identity{credential: c, signatureKey: public}
	return &leafNode{identity: id, encryptionKey: encryptionKey}, nil
}

// readKeyPackage yields a key package with a nil suite when this package does not know the suite.
func readKeyPackage(r *reader) *KeyPackage {
	start := r.b
	if r.uint16() != protocolVersion {
		r.fail()
	}
	k := &KeyPackage{suite: &suite{id: CipherSuite(r.uint16())}}
	if s, err := suiteOf(k.suite.id); err == nil {
		k.suite = s
	}
	k.initKey = r.opaque()
	k.leaf = readLeafNode(r)
	k.extensions = readExtensions(r)
	k.unsigned = len(r.since(start))
	k.signature = r.opaque()
	k.raw = r.since(start)
	return k
}

// ParseKeyPackage reads an MLSMessage that carries a key package, of a suite this package has. It does
// not judge it: call Verify.
func ParseKeyPackage(b []byte) (*KeyPackage, error) {
	r, err := openMessageOf(WireKeyPackage, "a key package", bytes.Clone(b))
	if err != nil {
		return nil, err
	}
	k := readKeyPackage(r)
	if err := r.end("key package"); err != nil {
		return nil, err
	}
	if _, err := suiteOf(k.suite.id); err != nil {
		return nil, err
	}
	return k, nil
}

// Marshal encodes the key package as an MLSMessage.
func (k *KeyPackage) Marshal() []byte {
	w := newMessage(WireKeyPackage, len(k.raw))
	w.raw(k.raw)
	return w.b
}

// Verify makes the checks of §10.1 that need no group, and that now lies within a lifetime no longer
// than MaxLifetime (§7.2).
func (k *KeyPackage) Verify(now time.Time) error {
	if err := k.verify(); err != nil {
		return err
	}
	return k.checkLifetime(now)
}

func (k *KeyPackage) checkLifetime(now time.Time) error {
	l := k.leaf.lifetime
	t := uint64(max(now.Unix(), 0))
	if t < l.NotBefore || t > l.NotAfter {
		return refuse(ErrInvalidKeyPackage, "7.3", "outside of its lifetime")
	}
	if l.NotAfter-l.NotBefore > uint64(MaxLifetime/time.Second) {
		return refuse(ErrInvalidKeyPackage, "7.2", "lifetime longer than %d days", MaxLifetime/(24*time.Hour))
	}
	return nil
}

// verify makes the checks that all members make alike, whenever they make them.
func (k *KeyPackage) verify() error {
	s := k.suite
	if s.kem == nil {
		return fmt.Errorf("%w: cipher suite 0x%04X", ErrUnsupported, uint16(s.id))
	}
	if err := s.checkPublicKey(k.initKey); err != nil {
		return refuse(ErrInvalidKeyPackage, "10", "init key: %w", err)
	}
	if err := s.checkPublicKey(k.leaf.encryptionKey); err != nil {
		return refuse(ErrInvalidKeyPackage, "7.3", "encryption key: %w", err)
	}
	if k.leaf.source != sourceKeyPackage {
		return refuse(ErrInvalidKeyPackage, "7.3", "leaf_node_source is not key_package")
	}
	if err := k.leaf.validateAlone(s); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidKeyPackage, err)
	}
	if !k.leaf.verifySignature(s, nil, 0) {
		return refuse(ErrInvalidKeyPackage, "7.3", "leaf: %w", ErrSignature)
	}
	if !s.verifyWithLabel(k.leaf.signatureKey, "KeyPackageTBS", k.raw[:k.unsigned:k.unsigned], k.signature) {
		return refuse(ErrInvalidKeyPackage, "10.1", "%w", ErrSignature)
	}
	if sameKey(k.leaf.encryptionKey, k.initKey) {
		return refuse(ErrInvalidKeyPackage, "10.1", "init key and encryption key are the same")
	}
	if t, twice := repeatedExtension(k.extensions); twice {
		return refuse(ErrInvalidKeyPackage, "13.4", "extension 0x%04X occurs twice", uint16(t))
	}
	return nil
}

// Ref is the KeyPackageRef (§5.2) by which a Welcome says whom it is for.
func (k *KeyPackage) Ref() []byte { return k.suite.keyPackageRef(k.raw) }

// Suite is the cipher suite of the groups the client can be added to by this key package.
func (k *KeyPackage) Suite() CipherSuite { return k.suite.id }

// Credential is what the client claims to be.
func (k *KeyPackage) Credential() Credential { return k.leaf.credential }

// SignatureKey is the key that signs the client's messages.
func (k *KeyPackage) SignatureKey() []byte { return slices.Clone(k.leaf.signatureKey) }

// Lifetime is the time in which the key package may be used.
func (k *KeyPackage) Lifetime() Lifetime { return k.leaf.lifetime }

// LastResort tells whether the key package may be used more than once.
func (k *KeyPackage) LastResort() bool {
	_, present := findExtension(k.extensions, ExtensionLastResort)
	return present
}

// Supports tells whether the client's capabilities list an extension type.
func (k *KeyPackage) Supports(t ExtensionType) bool { return k.leaf.capabilities.hasExtension(t) }

// KeyPackage is the public half.
func (s *KeyPackageSecrets) KeyPackage() *KeyPackage { return s.keyPackage }
