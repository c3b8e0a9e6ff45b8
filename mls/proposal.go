package mls

import "crypto"

// ProposalType numbers the kinds of proposals (RFC 9420 §12.1, §17.4).
type ProposalType uint16

const (
	ProposalAdd                    ProposalType = 0x0001
	ProposalUpdate                 ProposalType = 0x0002
	ProposalRemove                 ProposalType = 0x0003
	ProposalPSK                    ProposalType = 0x0004
	ProposalReInit                 ProposalType = 0x0005
	ProposalExternalInit           ProposalType = 0x0006
	ProposalGroupContextExtensions ProposalType = 0x0007
)

// isDefault tells the types that every client supports and none lists in its capabilities (§7.2).
func (t ProposalType) isDefault() bool { return t >= 1 && t <= 7 }

// needsPath tells the types that a commit may cover only with a path (§12.4).
func (t ProposalType) needsPath() bool {
	return t != ProposalAdd && t != ProposalPSK && t != ProposalReInit
}

// allowedExternal tells the types that an external sender may propose (§12.1.8).
func (t ProposalType) allowedExternal() bool {
	return t != ProposalUpdate && t != ProposalExternalInit
}

// proposal is Proposal (§12.1). raw is its encoding; the field that typ selects is set.
type proposal struct {
	typ        ProposalType
	raw        []byte
	keyPackage *KeyPackage // add
	leaf       *leafNode   // update
	removed    LeafIndex   // remove
	psk        PSKID       // psk
	reInit     *ReInit     // reinit
	kemOutput  []byte      // external_init
	extensions []Extension // group_context_extensions
}

// ReInit names the group that shall take the place of this one (§12.1.5). In options a zero Version means
// MLS 1.0.
type ReInit struct {
	GroupID    []byte
	Version    uint16
	Suite      CipherSuite
	Extensions []Extension
}

func (p *proposal) write(w *writer) {
	w.uint16(uint16(p.typ))
	switch p.typ {
	case ProposalAdd:
		w.raw(p.keyPackage.raw)
	case ProposalUpdate:
		p.leaf.write(w)
	case ProposalRemove:
		w.uint32(uint32(p.removed))
	case ProposalPSK:
		p.psk.write(w)
	case ProposalReInit:
		p.reInit.write(w)
	case ProposalExternalInit:
		w.opaque(p.kemOutput)
	case ProposalGroupContextExtensions:
		writeExtensions(w, p.extensions)
	}
}

// encoded fills in the encoding of a proposal made here.
func (p *proposal) encoded() *proposal {
	w := newWriter(256)
	p.write(w)
	p.raw = w.b
	return p
}

// readProposal reads a proposal of a type defined in the RFC. This package lists no other types among
// its capabilities, so that no valid commit contains one (§12.2).
func readProposal(r *reader) *proposal {
	start := r.b
	p := &proposal{typ: ProposalType(r.uint16())}
	switch p.typ {
	case ProposalAdd:
		p.keyPackage = readKeyPackage(r)
	case ProposalUpdate:
		p.leaf = readLeafNode(r)
	case ProposalRemove:
		p.removed = LeafIndex(r.uint32())
	case ProposalPSK:
		p.psk = readPSKID(r)
	case ProposalReInit:
		p.reInit = readReInit(r)
	case ProposalExternalInit:
		p.kemOutput = r.opaque()
	case ProposalGroupContextExtensions:
		p.extensions = readExtensions(r)
	default:
		r.fail()
	}
	p.raw = r.since(start)
	return p
}

func (i *ReInit) write(w *writer) {
	w.opaque(i.GroupID)
	w.uint16(i.Version)
	w.uint16(uint16(i.Suite))
	writeExtensions(w, i.Extensions)
}

func readReInit(r *reader) *ReInit {
	return &ReInit{
		GroupID:    r.opaque(),
		Version:    r.uint16(),
		Suite:      CipherSuite(r.uint16()),
		Extensions: readExtensions(r),
	}
}

// proposalOrRef is ProposalOrRef (§12.4): one of the two is set.
type proposalOrRef struct {
	proposal *proposal
	ref      []byte
}

const (
	byValue     = 1
	byReference = 2
)

func (p proposalOrRef) write(w *writer) {
	if p.proposal != nil {
		w.uint8(byValue)
		w.raw(p.proposal.raw)
		return
	}
	w.uint8(byReference)
	w.opaque(p.ref)
}

func readProposalOrRef(r *reader) proposalOrRef {
	switch r.uint8() {
	case byValue:
		return proposalOrRef{proposal: readProposal(r)}
	case byReference:
		return proposalOrRef{ref: r.opaque()}
	}
	r.fail()
	return proposalOrRef{}
}

// cachedProposal is a proposal that arrived by itself and waits for a commit to refer to it.
type cachedProposal struct {
	ref      []byte
	proposal *proposal
	from     sender
}

// ownUpdate keeps the private key of a leaf that this member proposed for itself. signer is not stored.
type ownUpdate struct {
	key    hpkeKey
	signer crypto.Signer
}

// newIdentity is who a member will be: signer and credential replace those it has, unless they are nil.
func (g *Group) newIdentity(signer crypto.Signer, credential *Credential) (*identity, crypto.Signer, error) {
	old := g.tree.leaf(g.own).identity
	if signer == nil && credential == nil {
		return old, g.signer, nil
	}
	id := &identity{credential: old.credential, signatureKey: old.signatureKey}
	if credential != nil {
		if err := checkSize("credential", len(credential.Identity), maxCredential); err != nil {
			return nil, nil, err
		}
		id.credential = *credential
	}
	if signer == nil {
		return id, g.signer, nil
	}
	public, err := g.suite.signerKey(signer)
	id.signatureKey = public
	return id, signer, err
}

// makeUpdate builds the leaf of an Update proposal of the member at the given leaf (§12.1.2).
func (t *ratchetTree) makeUpdate(id *identity, signer crypto.Signer, groupID []byte, at LeafIndex, key hpkeKey, more []ExtensionType) (*leafNode, error) {
	leaf := t.renewed(at, key.public, more)
	leaf.identity, leaf.source = id, sourceUpdate
	return leaf.sign(t.suite, signer, groupID, at)
}

// renewed is the leaf of a member with a fresh encryption key, not yet signed.
func (t *ratchetTree) renewed(at LeafIndex, encryptionKey []byte, more []ExtensionType) *leafNode {
	old := t.leaf(at)
	leaf := &leafNode{identity: old.identity, encryptionKey: encryptionKey, extensions: old.extensions}
	leaf.capabilities = old.capabilities
	own := ownCapabilities(more...)
	leaf.capabilities.cipherSuites = own.cipherSuites
	leaf.capabilities.extensions = addMissing(append([]ExtensionType(nil), old.capabilities.extensions...), own.extensions...)
	return leaf
}
