package mls

import "fmt"

// The ratchet_tree extension (RFC 9420 §12.4.3.3): optional<Node> ratchet_tree<V>, nodes from left to
// right, without the blank ones after the last member.

const (
	nodeTypeLeaf   = 1
	nodeTypeParent = 2
)

func (t *ratchetTree) write(w *writer) {
	last := len(t.nodes)
	for last > 0 && t.nodes[last-1].blank() {
		last--
	}
	w.vector(func() {
		for _, n := range t.nodes[:last] {
			writeOptionalNode(w, n)
		}
	})
}

func writeOptionalNode(w *writer, n *node) {
	w.optional(!n.blank())
	switch {
	case n.leaf != nil:
		w.uint8(nodeTypeLeaf)
		n.leaf.write(w)
	case n.parent != nil:
		w.uint8(nodeTypeParent)
		n.parent.write(w)
	}
}

// encodedSize estimates the size of the encoding, so that writing it seldom grows its buffer.
func (t *ratchetTree) encodedSize() int {
	size := len(t.nodes) + 8
	for _, n := range t.nodes {
		switch {
		case n.leaf != nil:
			size += len(n.leaf.raw) + 1
		case n.parent != nil:
			size += len(n.parent.encryptionKey) + len(n.parent.parentHash) + 4*len(n.parent.unmerged) + 12
		}
	}
	return size
}

func parseRatchetTree(s *suite, b []byte) (*ratchetTree, error) {
	r := reader{b: b}
	t := readRatchetTree(s, &r)
	if err := r.end("ratchet tree"); err != nil {
		return nil, err
	}
	if t == nil {
		return nil, refuse(ErrInvalidTree, "12.4.3.3", "no nodes, a blank node at the end, or more than %d leaves", maxLeaves)
	}
	t.rehash()
	return t, nil
}

// readRatchetTree returns nil for a tree that is well encoded but not allowed.
func readRatchetTree(s *suite, r *reader) *ratchetTree {
	t := &ratchetTree{suite: s}
	r.each(func(r *reader) {
		if len(t.nodes) >= 2*maxLeaves {
			r.fail()
			return
		}
		t.nodes = append(t.nodes, readOptionalNode(r, len(t.nodes)%2 == 0))
	})
	n := len(t.nodes)
	if n == 0 || t.nodes[n-1].blank() || fullWidth(n) > 2*maxLeaves {
		return nil
	}
	for len(t.nodes) < fullWidth(n) {
		t.nodes = append(t.nodes, &node{})
	}
	return t
}

func readOptionalNode(r *reader, leaf bool) *node {
	if !r.optional() {
		return &node{}
	}
	switch typ := r.uint8(); {
	case typ == nodeTypeLeaf && leaf:
		return &node{leaf: readLeafNode(r)}
	case typ == nodeTypeParent && !leaf:
		return &node{parent: readParentNode(r)}
	}
	r.fail()
	return &node{}
}

// validateShape makes the checks on parent nodes that a joiner owes (§12.4.3.1): parent hashes,
// unmerged leaves, and encryption keys that occur once.
func (t *ratchetTree) validateShape() error {
	if err := t.validateUnmerged(); err != nil {
		return err
	}
	keys := newKeySet(len(t.nodes))
	for i, n := range t.nodes {
		if n.blank() {
			continue
		}
		if !keys.add(n.encryptionKey()) {
			return refuse(ErrInvalidTree, "12.4.3.1", "the encryption key of node %d occurs twice", i)
		}
	}
	return t.verifyParentHashes()
}

func (t *ratchetTree) validateUnmerged() error {
	for i, n := range t.nodes {
		if n.parent == nil {
			continue
		}
		if err := t.suite.checkKeySize(n.parent.encryptionKey); err != nil {
			return refuse(ErrInvalidTree, "7.1", "node %d: %w", i, err)
		}
		for _, u := range n.parent.unmerged {
			if err := t.validateUnmergedLeaf(nodeIndex(i), u); err != nil {
				return fmt.Errorf("node %d: %w", i, err)
			}
		}
	}
	return nil
}

// validateUnmergedLeaf walks from the leaf u up to the parent node top that lists it.
func (t *ratchetTree) validateUnmergedLeaf(top nodeIndex, u LeafIndex) error {
	if t.leaf(u) == nil || !top.covers(u.node()) {
		return refuse(ErrInvalidTree, "12.4.3.1", "unmerged leaf %d is no member below", u)
	}
	for i := u.node().parent(); i != top; i = i.parent() {
		if p := t.nodes[i].parent; p != nil && !contains(p.unmerged, u) {
			return refuse(ErrInvalidTree, "12.4.3.1", "leaf %d is unmerged above but merged at node %d", u, i)
		}
	}
	return nil
}
