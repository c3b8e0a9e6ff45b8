package mls

import (
	"bytes"
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

// MarshalRatchets encodes what changes with each message: message keys and collected proposals. Its
// size grows with the number of members heard from in this epoch and the kept ones, and with the number
// of messages that were passed over; [Group.Changes] says the same piece by piece.
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
			p.write(w)
		}
	})
	w.vector(func() {
		for _, u := range g.updates {
			u.write(w)
		}
	})
	return w.b
}
