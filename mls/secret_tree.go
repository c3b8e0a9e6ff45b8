package mls

// maxSkipped bounds how far ahead of the last message of a sender the next may be, and how many keys of
// messages that have not arrived are kept per sender and kind (RFC 9420 §9.2, §15.3).
const maxSkipped = 1000

// secretNode is a node of the secret tree (§9). It holds the secret of its subtree until that is first
// needed; then its children (or, at a leaf, the two ratchets) take its place and the secret is gone.
// Nodes are never changed: using a key gives a new path from the root to its leaf.
type secretNode struct {
	secret      []byte
	left, right *secretNode
	ratchets    *ratchets
}

// inner tells a node whose children took its place.
func (n *secretNode) inner() bool { return n.secret == nil && n.ratchets == nil }

// ratchets are the two hash ratchets of one sender.
type ratchets struct{ handshake, application ratchet }

func (r *ratchets) of(t ContentType) *ratchet {
	if t == ContentApplication {
		return &r.application
	}
	return &r.handshake
}

// ratchet gives one key for each generation (§9.1). secret is that of generation next; keys of earlier
// generations that were passed over wait in skipped, in rising order.
type ratchet struct {
	secret  []byte
	next    uint32
	skipped []messageKey
}

// messageKey seals or opens one message.
type messageKey struct {
	generation uint32
	size       uint8
	key        [32]byte
	nonce      [aeadNonceSize]byte
}

func (s *suite) expand(n *secretNode, leaf bool) *secretNode {
	if n.secret == nil {
		return n
	}
	if leaf {
		return &secretNode{ratchets: &ratchets{
			handshake:   ratchet{secret: s.deriveSecret(n.secret, "handshake")},
			application: ratchet{secret: s.deriveSecret(n.secret, "application")},
		}}
	}
	return &secretNode{
		left:  &secretNode{secret: s.expandWithLabel(n.secret, "tree", []byte("left"), s.nh)},
		right: &secretNode{secret: s.expandWithLabel(n.secret, "tree", []byte("right"), s.nh)},
	}
}

// use lets f take a key from the ratchet of a leaf. It returns the tree without that key; the tree it
// was given stays as it is. The tree has the given number of leaves.
func (s *suite) use(tree *secretNode, leaves uint32, leaf LeafIndex, t ContentType, f func(*ratchet) error) (*secretNode, error) {
	return s.useAt(tree, rootOf(leaves), leaf, t, f)
}

func (s *suite) useAt(n *secretNode, i nodeIndex, leaf LeafIndex, t ContentType, f func(*ratchet) error) (*secretNode, error) {
	n = s.expand(n, i.isLeaf())
	if i.isLeaf() {
		both := *n.ratchets
		if err := f(both.of(t)); err != nil {
			return nil, err
		}
		return &secretNode{ratchets: &both}, nil
	}
	next := secretNode{left: n.left, right: n.right}
	side, at := &next.left, i.left()
	if leaf.node() > i {
		side, at = &next.right, i.right()
	}
	child, err := s.useAt(*side, at, leaf, t, f)
	if err != nil {
		return nil, err
	}
	*side = child
	return &next, nil
}

// advance takes the key of the next generation and steps the ratchet.
func (r *ratchet) advance(s *suite) messageKey {
	k := messageKey{generation: r.next, size: uint8(s.nk)}
	copy(k.key[:], s.deriveTreeSecret(r.secret, "key", r.next, s.nk))
	copy(k.nonce[:], s.deriveTreeSecret(r.secret, "nonce", r.next, aeadNonceSize))
	r.secret = s.deriveTreeSecret(r.secret, "secret", r.next, s.nh)
	r.next++
	return k
}

// take removes the key of a generation from the ratchet. Keys passed over are kept for messages that
// come late, the newest maxSkipped of them.
func (r *ratchet) take(s *suite, generation uint32) (messageKey, error) {
	if generation < r.next {
		return r.takeSkipped(generation)
	}
	ahead := generation - r.next
	if ahead > maxSkipped || generation == ^uint32(0) {
		return messageKey{}, refuse(ErrTooFarAhead, "15.3", "%d generations", ahead)
	}
	if ahead > 0 {
		keep := min(len(r.skipped), maxSkipped-int(ahead))
		skipped := make([]messageKey, 0, keep+int(ahead))
		r.skipped = append(skipped, r.skipped[len(r.skipped)-keep:]...)
		for range ahead {
			r.skipped = append(r.skipped, r.advance(s))
		}
	}
	return r.advance(s), nil
}

func (r *ratchet) takeSkipped(generation uint32) (messageKey, error) {
	for i, k := range r.skipped {
		if k.generation == generation {
			rest := make([]messageKey, 0, len(r.skipped)-1)
			r.skipped = append(append(rest, r.skipped[:i]...), r.skipped[i+1:]...)
			return k, nil
		}
	}
	return messageKey{}, refuse(ErrReplay, "9.2", "generation %d", generation)
}

// next takes the key for sending.
func (r *ratchet) send(s *suite) (messageKey, error) {
	if r.next == ^uint32(0) {
		return messageKey{}, refuse(ErrTooFarAhead, "9.1", "all generations of the epoch are used")
	}
	return r.advance(s), nil
}

// guarded is the key's nonce with the reuse guard in it (§6.3.1).
func (k *messageKey) guarded(guard [4]byte) []byte {
	nonce := k.nonce
	for i, g := range guard {
		nonce[i] ^= g
	}
	return nonce[:]
}

// clearKey is the AEAD key.
func (k *messageKey) aeadKey() []byte { return k.key[:k.size] }
