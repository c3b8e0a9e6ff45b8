package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"maps"
	"slices"
)

// The state of a member in a group is stored in two halves: what changes with each epoch, whose size
// grows with the group, and what changes with each message, whose size grows with the number of members
// heard from. Each half names the epoch and leaf it belongs to, so that halves of different epochs do
// not go together. Both are secret. The signer is stored elsewhere.

const (
	stateVersion  = 1
	epochHalf     = 'E'
	ratchetHalf   = 'R'
	keyPackageSet = 'K'
)

func newState(kind byte, size int) *writer {
	w := newWriter(size)
	w.uint8(stateVersion)
	w.uint8(kind)
	return w
}

func openState(kind byte, b []byte) (*reader, error) {
	r := &reader{b: bytes.Clone(b)}
	if version := r.uint8(); version != stateVersion {
		return nil, fmt.Errorf("%w: version %d", ErrState, version)
	}
	if k := r.uint8(); k != kind {
		return nil, fmt.Errorf("%w: kind %q instead of %q", ErrState, k, kind)
	}
	return r, nil
}

// stateID ties the halves together: one epoch of one group, as one member sees it.
func (e *epochState) stateID() []byte {
	w := newWriter(len(e.confirmationTag) + 4)
	w.raw(e.confirmationTag)
	w.uint32(uint32(e.own))
	return w.b
}

// MarshalEpoch encodes what changes once per epoch. Its size grows with the number of members.
func (g *Group) MarshalEpoch() []byte {
	w := newState(epochHalf, g.tree.encodedSize()+4096)
	w.opaque(g.encodedContext)
	tree := newWriter(g.tree.encodedSize())
	g.tree.write(tree)
	w.raw(tree.b)
	w.uint32(uint32(g.own))
	g.keys.write(w)
	for _, secret := range g.secrets.list() {
		w.opaque(*secret)
	}
	w.optional(g.reInit != nil)
	if g.reInit != nil {
		g.reInit.write(w)
	}
	w.vector(func() {
		newer := g.tree.members()
		for _, p := range g.past {
			p.write(w, newer)
			newer = p.members
		}
	})
	return w.b
}

func (k privateKeys) write(w *writer) {
	nodes := slices.Sorted(maps.Keys(k))
	w.vector(func() {
		for _, i := range nodes {
			w.uint32(uint32(i))
			w.opaque(k[i].bytes())
		}
	})
}

// bytes is the private key. Keys made by crypto/hpke always encode.
func (k hpkeKey) bytes() []byte {
	b, err := k.private.Bytes()
	if err != nil {
		panic("mls: encoding a private key: " + err.Error())
	}
	return b
}

func readPrivateKeys(s *suite, r *reader) privateKeys {
	keys := privateKeys{}
	r.each(func(r *reader) {
		i := nodeIndex(r.uint32())
		key, err := s.parsePrivateKey(r.opaque())
		if err != nil {
			r.fail()
		}
		keys[i] = key
	})
	return keys
}

// write encodes a past epoch. Of its members it says only how they differ from those of the epoch
// after it.
func (p *pastEpoch) write(w *writer, newer []*identity) {
	w.uint64(p.epoch)
	w.opaque(p.context)
	w.opaque(p.senderData)
	w.opaque(p.resumption)
	w.uint64(uint64(p.ended))
	w.uint32(uint32(len(p.members)))
	w.vector(func() {
		for i, m := range p.members {
			if i < len(newer) && m.equal(newer[i]) || i >= len(newer) && m == nil {
				continue
			}
			w.uint32(uint32(i))
			w.optional(m != nil)
			if m != nil {
				m.credential.write(w)
				w.opaque(m.signatureKey)
			}
		}
	})
}

func readPastEpoch(r *reader, newer []*identity) *pastEpoch {
	p := &pastEpoch{
		epoch: r.uint64(), context: r.opaque(), senderData: r.opaque(), resumption: r.opaque(),
		ended: int64(r.uint64()),
	}
	n := r.uint32()
	if n == 0 || n > maxLeaves || n&(n-1) != 0 {
		r.fail()
		return p
	}
	p.members = make([]*identity, n)
	copy(p.members, newer)
	r.each(func(r *reader) {
		i := r.uint32()
		var m *identity
		if r.optional() {
			m = &identity{credential: readCredential(r), signatureKey: r.opaque()}
		}
		if i >= n {
			r.fail()
			return
		}
		p.members[i] = m
	})
	return p
}

// MarshalRatchets encodes what changes with each message: message keys and collected proposals. Its
// size grows with the number of members heard from in this epoch and the kept ones, and with the number
// of messages that were passed over.
func (g *Group) MarshalRatchets() []byte {
	w := newState(ratchetHalf, 1024)
	w.opaque(g.stateID())
	g.secretTree.write(w)
	w.vector(func() {
		for _, p := range g.past {
			w.uint64(p.epoch)
			p.secretTree.write(w)
		}
	})
	w.vector(func() {
		for _, p := range g.proposals {
			w.opaque(p.ref)
			p.from.write(w)
			w.raw(p.proposal.raw)
		}
	})
	w.vector(func() {
		for _, u := range g.updates {
			w.opaque(u.key.bytes())
		}
	})
	return w.b
}

// ParseGroup reads a stored state. signer must be the member's; halves that do not belong together, or
// to this signer, are refused. Past epochs known to one half only are forgotten.
func ParseGroup(epoch, ratchets []byte, signer crypto.Signer) (*Group, error) {
	g, err := parseEpochHalf(epoch)
	if err != nil {
		return nil, err
	}
	if err := g.parseRatchetHalf(ratchets); err != nil {
		return nil, err
	}
	public, err := g.suite.signerKey(signer)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(public, g.tree.leaf(g.own).signatureKey) {
		return nil, fmt.Errorf("%w: the signer is another", ErrState)
	}
	g.signer = signer
	return g, nil
}

func parseEpochHalf(b []byte) (*Group, error) {
	r, err := openState(epochHalf, b)
	if err != nil {
		return nil, err
	}
	encoded := r.opaque()
	context := reader{b: encoded}
	e := &epochState{context: readGroupContext(&context), encodedContext: encoded}
	if err := context.end("stored group context"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if e.suite, err = suiteOf(e.context.suite); err != nil {
		return nil, err
	}
	if e.tree = readRatchetTree(e.suite, r); e.tree == nil {
		return nil, fmt.Errorf("%w: ratchet tree", ErrState)
	}
	e.own = LeafIndex(r.uint32())
	e.keys = readPrivateKeys(e.suite, r)
	for _, secret := range e.secrets.list() {
		*secret = r.opaque()
	}
	if r.optional() {
		e.reInit = readReInit(r)
	}
	g := &Group{epochState: e}
	newer := e.tree.members()
	r.each(func(r *reader) {
		p := readPastEpoch(r, newer)
		newer = p.members
		g.past = append(g.past, p)
	})
	if err := r.end("stored epoch"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	return g, e.restore()
}

// restore recomputes what is not stored, and checks that the parts belong together.
func (e *epochState) restore() error {
	e.tree.rehash()
	if !bytes.Equal(e.tree.hash(), e.context.treeHash) || e.tree.leaf(e.own) == nil {
		return fmt.Errorf("%w: the tree is not that of the epoch", ErrState)
	}
	if len(e.keys.survivors(e.tree)) != len(e.keys) {
		return fmt.Errorf("%w: private keys do not fit the tree", ErrState)
	}
	if _, have := e.keys[e.own.node()]; !have {
		return fmt.Errorf("%w: the leaf has no private key", ErrState)
	}
	confirmed := e.context.confirmedTranscriptHash
	e.confirmationTag = e.suite.mac(e.secrets.confirmation, confirmed)
	e.interim = e.suite.interimTranscriptHash(confirmed, e.confirmationTag)
	return nil
}

func (g *Group) parseRatchetHalf(b []byte) error {
	r, err := openState(ratchetHalf, b)
	if err != nil {
		return err
	}
	if !equalSecret(r.opaque(), g.stateID()) {
		return fmt.Errorf("%w: the halves are of different epochs", ErrState)
	}
	g.secretTree = readSecretTree(g.suite, r, g.tree.root())
	r.each(func(r *reader) {
		epoch := r.uint64()
		i := slices.IndexFunc(g.past, func(p *pastEpoch) bool { return p.epoch == epoch })
		if i < 0 {
			r.fail()
			return
		}
		g.past[i].secretTree = readSecretTree(g.suite, r, rootOf(uint32(len(g.past[i].members))))
	})
	r.each(func(r *reader) {
		g.proposals = append(g.proposals, cachedProposal{ref: r.opaque(), from: readSender(r), proposal: readProposal(r)})
	})
	r.each(func(r *reader) {
		key, err := g.suite.parsePrivateKey(r.opaque())
		if err != nil {
			r.fail()
		}
		g.updates = append(g.updates, ownUpdate{key})
	})
	g.past = slices.DeleteFunc(g.past, func(p *pastEpoch) bool { return p.secretTree == nil })
	if err := r.end("stored ratchets"); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	return nil
}
