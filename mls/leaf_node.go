package mls

import (
	"bytes"
	"crypto"
	"slices"
)

// protocolVersion is mls10, the only version there is (RFC 9420 §6).
const protocolVersion = 1

// leafSource says how a leaf came into the tree (§7.2).
type leafSource uint8

const (
	sourceKeyPackage leafSource = 1
	sourceUpdate     leafSource = 2
	sourceCommit     leafSource = 3
)

// Lifetime bounds the validity of a key package, in seconds since 1970-01-01 UTC, both ends included.
type Lifetime struct{ NotBefore, NotAfter uint64 }

// capabilities is Capabilities (§7.2). Values nobody knows, GREASE among them, are kept and ignored.
type capabilities struct {
	versions     []uint16
	cipherSuites []CipherSuite
	extensions   []ExtensionType
	proposals    []ProposalType
	credentials  []CredentialType
}

// ownCapabilities are those of this package, plus the application's extensions.
func ownCapabilities(extensions ...ExtensionType) capabilities {
	c := capabilities{
		versions:     []uint16{protocolVersion},
		cipherSuites: Suites(),
		credentials:  []CredentialType{CredentialBasic, CredentialX509},
	}
	for _, t := range extensions {
		if !t.isDefault() {
			c.extensions = addMissing(c.extensions, t)
		}
	}
	return c
}

func (c capabilities) write(w *writer) {
	writeUint16s(w, c.versions)
	writeUint16s(w, c.cipherSuites)
	writeUint16s(w, c.extensions)
	writeUint16s(w, c.proposals)
	writeUint16s(w, c.credentials)
}

func readCapabilities(r *reader) capabilities {
	return capabilities{
		versions:     readUint16s[uint16](r),
		cipherSuites: readUint16s[CipherSuite](r),
		extensions:   readUint16s[ExtensionType](r),
		proposals:    readUint16s[ProposalType](r),
		credentials:  readUint16s[CredentialType](r),
	}
}

func (c *capabilities) hasExtension(t ExtensionType) bool {
	return t.isDefault() || slices.Contains(c.extensions, t)
}

func (c *capabilities) hasProposal(t ProposalType) bool {
	return t.isDefault() || slices.Contains(c.proposals, t)
}

func (c *capabilities) hasCredential(t CredentialType) bool {
	return slices.Contains(c.credentials, t)
}

// meets reports what of required is missing, or "".
func (c *capabilities) meets(required requiredCapabilities) string {
	for _, t := range required.extensions {
		if !c.hasExtension(t) {
			return "extension"
		}
	}
	for _, t := range required.proposals {
		if !c.hasProposal(t) {
			return "proposal"
		}
	}
	for _, t := range required.credentials {
		if !c.hasCredential(t) {
			return "credential"
		}
	}
	return ""
}

// leafNode is LeafNode (§7.2). It is never changed: raw is its encoding, the other fields alias it.
type leafNode struct {
	*identity
	raw           []byte
	unsigned      int // length of raw before the signature
	encryptionKey []byte
	capabilities  capabilities
	source        leafSource
	lifetime      Lifetime // source key_package
	parentHash    []byte   // source commit
	extensions    []Extension
	signature     []byte
}

func readLeafNode(r *reader) *leafNode {
	start := r.b
	l := &leafNode{identity: &identity{}}
	l.encryptionKey = r.opaque()
	l.signatureKey = r.opaque()
	l.credential = readCredential(r)
	l.capabilities = readCapabilities(r)
	l.source = leafSource(r.uint8())
	switch l.source {
	case sourceKeyPackage:
		l.lifetime = Lifetime{NotBefore: r.uint64(), NotAfter: r.uint64()}
	case sourceUpdate:
	case sourceCommit:
		l.parentHash = r.opaque()
	default:
		r.fail()
	}
	l.extensions = readExtensions(r)
	l.unsigned = len(r.since(start))
	l.signature = r.opaque()
	l.raw = r.since(start)
	return l
}

func (l *leafNode) write(w *writer) { w.raw(l.raw) }

// detached is a copy that does not keep alive the message it was read from.
func (l *leafNode) detached() *leafNode {
	return readLeafNode(&reader{b: bytes.Clone(l.raw)})
}

// toBeSigned is LeafNodeTBS: leaves made within a group are bound to it and to their place (§7.2).
func (l *leafNode) toBeSigned(unsigned, groupID []byte, leaf LeafIndex) []byte {
	if l.source == sourceKeyPackage {
		return unsigned
	}
	w := newWriter(len(unsigned) + len(groupID) + 8)
	w.raw(unsigned)
	w.opaque(groupID)
	w.uint32(uint32(leaf))
	return w.b
}

// sign encodes and signs the fields of l and returns the finished leaf.
func (l *leafNode) sign(s *suite, signer crypto.Signer, groupID []byte, leaf LeafIndex) (*leafNode, error) {
	w := newWriter(256 + len(l.encryptionKey) + len(l.credential.Identity))
	w.opaque(l.encryptionKey)
	w.opaque(l.signatureKey)
	l.credential.write(w)
	l.capabilities.write(w)
	w.uint8(uint8(l.source))
	switch l.source {
	case sourceKeyPackage:
		w.uint64(l.lifetime.NotBefore)
		w.uint64(l.lifetime.NotAfter)
	case sourceCommit:
		w.opaque(l.parentHash)
	}
	writeExtensions(w, l.extensions)
	signature, err := s.signWithLabel(signer, "LeafNodeTBS", l.toBeSigned(w.b, groupID, leaf))
	if err != nil {
		return nil, err
	}
	w.opaque(signature)
	return readLeafNode(&reader{b: w.b}), nil
}

func (l *leafNode) verifySignature(s *suite, groupID []byte, leaf LeafIndex) bool {
	tbs := l.toBeSigned(l.raw[:l.unsigned:l.unsigned], groupID, leaf)
	return s.verifyWithLabel(l.signatureKey, "LeafNodeTBS", tbs, l.signature)
}
