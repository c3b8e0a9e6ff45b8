package mls

import "math/bits"

// The tree is an array of nodes in left-to-right order (RFC 9420 Appendix C): leaves have even
// indices, parents odd ones, and a tree with 2^d leaves has its root at 2^d - 1.

// LeafIndex numbers the leaves of the ratchet tree from the left. It names a member within one epoch;
// a later epoch may give it to somebody else.
type LeafIndex uint32

type nodeIndex uint32

func (l LeafIndex) node() nodeIndex { return nodeIndex(l) * 2 }

func (i nodeIndex) isLeaf() bool    { return i&1 == 0 }
func (i nodeIndex) leaf() LeafIndex { return LeafIndex(i / 2) }

// level is the height of node i above the leaves.
func (i nodeIndex) level() int { return bits.TrailingZeros32(^uint32(i)) }

// rootOf is the root of a tree with leaves leaves, a power of two.
func rootOf(leaves uint32) nodeIndex { return nodeIndex(leaves - 1) }

func nodeWidth(leaves uint32) uint32 { return 2*leaves - 1 }

func (i nodeIndex) left() nodeIndex  { return i ^ 1<<(i.level()-1) }
func (i nodeIndex) right() nodeIndex { return i ^ 3<<(i.level()-1) }

func (i nodeIndex) parent() nodeIndex {
	k := i.level()
	return (i | 1<<k) &^ (1 << (k + 1))
}

func (i nodeIndex) sibling() nodeIndex {
	p := i.parent()
	if i < p {
		return p.right()
	}
	return p.left()
}

// covers tells whether node j lies in the subtree of node i.
func (i nodeIndex) covers(j nodeIndex) bool {
	span := nodeIndex(1)<<i.level() - 1
	return j >= i-span && j <= i+span
}

// commonAncestor is the lowest node over two leaves.
func commonAncestor(a, b LeafIndex) nodeIndex {
	x, y := a.node(), b.node()
	for !x.covers(y) {
		x = x.parent()
	}
	return x
}

// directPath lists the ancestors of i, from its parent to the root; empty for the root.
func directPath(i nodeIndex, leaves uint32) []nodeIndex {
	var path []nodeIndex
	for root := rootOf(leaves); i != root; {
		i = i.parent()
		path = append(path, i)
	}
	return path
}
