package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
)

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
	return g.signedBy(signer)
}

func (g *Group) signedBy(signer crypto.Signer) (*Group, error) {
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
		if len(g.past) >= maxPastEpochs {
			r.fail()
			return
		}
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
		g.proposals = append(g.proposals, readCachedProposal(r))
	})
	r.each(func(r *reader) { g.updates = append(g.updates, readOwnUpdate(g.suite, r)) })
	g.forgetUnread()
	if err := r.end("stored ratchets"); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	return nil
}

// forgetUnread drops the past epochs whose keys were not stored.
func (g *Group) forgetUnread() {
	g.past = slices.DeleteFunc(g.past, func(p *pastEpoch) bool { return p.secretTree == nil })
}

func (p *cachedProposal) write(w *writer) {
	w.opaque(p.ref)
	p.from.write(w)
	w.raw(p.proposal.raw)
}

func readCachedProposal(r *reader) cachedProposal {
	return cachedProposal{ref: r.opaque(), from: readSender(r), proposal: readProposal(r)}
}

func (u *ownUpdate) write(w *writer) { w.opaque(u.key.bytes()) }

func readOwnUpdate(s *suite, r *reader) ownUpdate {
	key, err := s.parsePrivateKey(r.opaque())
	if err != nil {
		r.fail()
	}
	return ownUpdate{key: key}
}
