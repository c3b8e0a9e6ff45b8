package mls

import "bytes"

// parentHash is the parent hash of p with the given original sibling tree hash (RFC 9420 §7.9).
func (t *ratchetTree) parentHash(p *parentNode, siblingHash []byte) []byte {
	w := newWriter(len(p.encryptionKey) + len(p.parentHash) + len(siblingHash) + 8)
	w.opaque(p.encryptionKey)
	w.opaque(p.parentHash)
	w.opaque(siblingHash)
	return t.suite.hash(w.b)
}

// verifyParentHashes checks that each non-blank parent node is parent-hash valid (§7.9.2): that
// exactly one node below it was set together with it. By induction every parent is then chained to a
// leaf, whose signature covers the chain.
func (t *ratchetTree) verifyParentHashes() error {
	scratch := newWriter(2048)
	for i, n := range t.nodes {
		if n.parent == nil {
			continue
		}
		p := nodeIndex(i)
		links := t.countLinks(p, p.left(), p.right(), scratch) + t.countLinks(p, p.right(), p.left(), scratch)
		if links != 1 {
			return refuse(ErrInvalidTree, "7.9.2", "node %d has %d valid parent hashes below it", i, links)
		}
	}
	return nil
}

// countLinks counts the nodes D below child whose parent hash is that of p with copath child sibling.
func (t *ratchetTree) countLinks(p, child, sibling nodeIndex, scratch *writer) int {
	parent := t.nodes[p].parent
	want := t.parentHash(parent, t.hashWithout(sibling, parent.unmerged, scratch))
	resolution := t.resolution(child, nil)
	links := 0
	for _, d := range resolution {
		if bytes.Equal(t.storedParentHash(d), want) && t.unmergedExcept(parent, child, resolution, d) {
			links++
		}
	}
	return links
}

// storedParentHash is the parent_hash field of a node, nil when it has none.
func (t *ratchetTree) storedParentHash(i nodeIndex) []byte {
	n := t.nodes[i]
	switch {
	case n.leaf != nil && n.leaf.source == sourceCommit:
		return n.leaf.parentHash
	case n.parent != nil:
		return n.parent.parentHash
	}
	return nil
}

// unmergedExcept tells whether the unmerged leaves of p under child are the resolution of child
// without d.
func (t *ratchetTree) unmergedExcept(p *parentNode, child nodeIndex, resolution []nodeIndex, d nodeIndex) bool {
	unmerged := below(p.unmerged, child)
	if len(unmerged) != len(resolution)-1 {
		return false
	}
	for _, r := range resolution {
		if r != d && (!r.isLeaf() || !contains(unmerged, r.leaf())) {
			return false
		}
	}
	return true
}
