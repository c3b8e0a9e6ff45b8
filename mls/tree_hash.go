package mls

// hash is the tree hash of the whole tree (RFC 9420 §7.8).
func (t *ratchetTree) hash() []byte { return t.nodes[t.root()].hash }

// rehash computes the tree hashes that are missing: after a change, those on the paths from the
// changed nodes to the root.
func (t *ratchetTree) rehash() { t.rehashNode(t.root(), newWriter(2048)) }

func (t *ratchetTree) rehashNode(i nodeIndex, scratch *writer) []byte {
	n := t.nodes[i]
	if n.hash != nil {
		return n.hash
	}
	if i.isLeaf() {
		n.hash = t.leafHash(scratch, i.leaf(), n.leaf)
	} else {
		left, right := t.rehashNode(i.left(), scratch), t.rehashNode(i.right(), scratch)
		n.hash = t.parentNodeHash(scratch, n.parent, left, right)
	}
	return n.hash
}

// leafHash hashes a TreeHashInput with a LeafNodeHashInput; l is nil for a blank leaf.
func (t *ratchetTree) leafHash(w *writer, i LeafIndex, l *leafNode) []byte {
	w.b = w.b[:0]
	w.uint8(nodeTypeLeaf)
	w.uint32(uint32(i))
	w.optional(l != nil)
	if l != nil {
		l.write(w)
	}
	return t.suite.hash(w.b)
}

// parentNodeHash hashes a TreeHashInput with a ParentNodeHashInput; p is nil for a blank node.
func (t *ratchetTree) parentNodeHash(w *writer, p *parentNode, left, right []byte) []byte {
	w.b = w.b[:0]
	w.uint8(nodeTypeParent)
	w.optional(p != nil)
	if p != nil {
		p.write(w)
	}
	w.opaque(left)
	w.opaque(right)
	return t.suite.hash(w.b)
}

// hashWithout is the tree hash at i of the tree in which the leaves gone (sorted) are blank and appear
// in no list of unmerged leaves: the original_sibling_tree_hash of §7.9. Subtrees without any of them
// keep the hash they have.
func (t *ratchetTree) hashWithout(i nodeIndex, gone []LeafIndex, scratch *writer) []byte {
	gone = below(gone, i)
	if len(gone) == 0 {
		return t.nodes[i].hash
	}
	if i.isLeaf() {
		return t.leafHash(scratch, i.leaf(), nil)
	}
	left, right := t.hashWithout(i.left(), gone, scratch), t.hashWithout(i.right(), gone, scratch)
	p := t.nodes[i].parent
	if p != nil {
		p = &parentNode{p.encryptionKey, p.parentHash, without(p.unmerged, gone)}
	}
	return t.parentNodeHash(scratch, p, left, right)
}

// below is the part of the sorted list that lies under node i.
func below(sorted []LeafIndex, i nodeIndex) []LeafIndex {
	for len(sorted) > 0 && sorted[0].node() < i && !i.covers(sorted[0].node()) {
		sorted = sorted[1:]
	}
	n := 0
	for n < len(sorted) && i.covers(sorted[n].node()) {
		n++
	}
	return sorted[:n:n]
}

func without(list, gone []LeafIndex) []LeafIndex {
	var rest []LeafIndex
	for _, l := range list {
		if !contains(gone, l) {
			rest = append(rest, l)
		}
	}
	return rest
}
