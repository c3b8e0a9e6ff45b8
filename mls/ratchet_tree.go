package mls

import (
	"fmt"
	"math/bits"
	"slices"
)

// maxLeaves bounds the width of a ratchet tree, blank leaves included.
const maxLeaves = 1 << 16

// parentNode is ParentNode (RFC 9420 §7.1). It is never changed.
type parentNode struct {
	encryptionKey []byte
	parentHash    []byte
	unmerged      []LeafIndex // sorted
}

func (p *parentNode) write(w *writer) {
	w.opaque(p.encryptionKey)
	w.opaque(p.parentHash)
	w.length(4 * len(p.unmerged))
	for _, l := range p.unmerged {
		w.uint32(uint32(l))
	}
}

func readParentNode(r *reader) *parentNode {
	p := &parentNode{encryptionKey: r.opaque(), parentHash: r.opaque()}
	list := reader{b: r.opaque()}
	for len(list.b) > 0 {
		leaf := LeafIndex(list.uint32())
		if n := len(p.unmerged); list.bad || n > 0 && p.unmerged[n-1] >= leaf {
			r.fail() // not sorted in increasing order
			break
		}
		p.unmerged = append(p.unmerged, leaf)
	}
	return p
}

// node is one place in the tree: a leaf, a parent, or blank when it has neither. hash is the tree hash
// of the subtree (§7.8), nil until rehash has computed it. A node with a hash is never changed.
type node struct {
	leaf   *leafNode
	parent *parentNode
	hash   []byte
}

func (n *node) blank() bool { return n.leaf == nil && n.parent == nil }

func (n *node) encryptionKey() []byte {
	switch {
	case n.leaf != nil:
		return n.leaf.encryptionKey
	case n.parent != nil:
		return n.parent.encryptionKey
	}
	return nil
}

// ratchetTree is the public state of a group (§7): an array of nodes of which trees of different
// epochs share all that did not change. Operations on it belong to clone; a tree in a Group stays as
// it is.
type ratchetTree struct {
	suite *suite
	nodes []*node
}

func newRatchetTree(s *suite, creator *leafNode) *ratchetTree {
	t := &ratchetTree{suite: s, nodes: []*node{{leaf: creator}}}
	t.rehash()
	return t
}

// clone copies the array of pointers, not the nodes.
func (t *ratchetTree) clone() *ratchetTree {
	return &ratchetTree{suite: t.suite, nodes: slices.Clone(t.nodes)}
}

func (t *ratchetTree) leafCount() uint32 { return uint32(len(t.nodes)+1) / 2 }

func (t *ratchetTree) root() nodeIndex { return rootOf(t.leafCount()) }

// leaf is the leaf node at index i, nil when blank or outside.
func (t *ratchetTree) leaf(i LeafIndex) *leafNode {
	if uint32(i) >= t.leafCount() {
		return nil
	}
	return t.nodes[i.node()].leaf
}

// put replaces a node and forgets the hashes that cover it.
func (t *ratchetTree) put(i nodeIndex, leaf *leafNode, parent *parentNode) {
	t.nodes[i] = &node{leaf: leaf, parent: parent}
	for root := t.root(); i != root; {
		i = i.parent()
		n := t.nodes[i]
		if n.hash == nil {
			return
		}
		t.nodes[i] = &node{leaf: n.leaf, parent: n.parent}
	}
}

func (t *ratchetTree) blankPath(leaf LeafIndex) {
	for _, i := range directPath(leaf.node(), t.leafCount()) {
		if t.nodes[i].parent != nil {
			t.put(i, nil, nil)
		}
	}
}

// leftmostBlank is where the next member goes; it may lie just outside of the tree.
func (t *ratchetTree) leftmostBlank() LeafIndex {
	for i := range t.leafCount() {
		if t.nodes[2*i].leaf == nil {
			return LeafIndex(i)
		}
	}
	return LeafIndex(t.leafCount())
}

// extend doubles the tree, with a blank root and a blank right half (§7.7).
func (t *ratchetTree) extend() {
	for range len(t.nodes) + 1 {
		t.nodes = append(t.nodes, &node{})
	}
}

// truncate halves the tree while its right half has no member (§7.7).
func (t *ratchetTree) truncate() {
	for len(t.nodes) > 1 {
		half := len(t.nodes) / 2
		for i := half + 1; i < len(t.nodes); i += 2 {
			if t.nodes[i].leaf != nil {
				return
			}
		}
		t.nodes = t.nodes[:half:half]
	}
}

// add puts a new member at the leftmost blank leaf (§12.1.1).
func (t *ratchetTree) add(l *leafNode) (LeafIndex, error) {
	i := t.leftmostBlank()
	if err := t.makeRoom(i); err != nil {
		return 0, err
	}
	for _, a := range directPath(i.node(), t.leafCount()) {
		if p := t.nodes[a].parent; p != nil {
			unmerged := append(slices.Clone(p.unmerged), i)
			slices.Sort(unmerged)
			t.put(a, nil, &parentNode{p.encryptionKey, p.parentHash, unmerged})
		}
	}
	t.put(i.node(), l, nil)
	return i, nil
}

func (t *ratchetTree) makeRoom(i LeafIndex) error {
	if i >= maxLeaves {
		return fmt.Errorf("%w: more than %d members", ErrTooLarge, maxLeaves)
	}
	for uint32(i) >= t.leafCount() {
		t.extend()
	}
	return nil
}

// update replaces a leaf and blanks its direct path (§12.1.2).
func (t *ratchetTree) update(i LeafIndex, l *leafNode) {
	t.put(i.node(), l, nil)
	t.blankPath(i)
}

// remove blanks a leaf and its direct path (§12.1.3); truncate when all removals are made.
func (t *ratchetTree) remove(i LeafIndex) {
	t.put(i.node(), nil, nil)
	t.blankPath(i)
}

// resolution is the shortest list of non-blank nodes that covers the members below i (§4.1.1),
// without the leaves in except, which is sorted.
func (t *ratchetTree) resolution(i nodeIndex, except []LeafIndex) []nodeIndex {
	return t.appendResolution(nil, i, except)
}

func (t *ratchetTree) appendResolution(list []nodeIndex, i nodeIndex, except []LeafIndex) []nodeIndex {
	n := t.nodes[i]
	switch {
	case n.leaf != nil:
		if !contains(except, i.leaf()) {
			list = append(list, i)
		}
	case n.parent != nil:
		list = append(list, i)
		for _, u := range n.parent.unmerged {
			if !contains(except, u) {
				list = append(list, u.node())
			}
		}
	case !i.isLeaf():
		list = t.appendResolution(list, i.left(), except)
		list = t.appendResolution(list, i.right(), except)
	}
	return list
}

func contains(sorted []LeafIndex, l LeafIndex) bool {
	_, found := slices.BinarySearch(sorted, l)
	return found
}

// members tells who stands at each leaf; blank leaves are nil.
func (t *ratchetTree) members() []*identity {
	list := make([]*identity, t.leafCount())
	for i := range list {
		if l := t.leaf(LeafIndex(i)); l != nil {
			list[i] = l.identity
		}
	}
	return list
}

// fullWidth is the size of the smallest full tree with at least n nodes.
func fullWidth(n int) int {
	return 1<<bits.Len(uint(n)) - 1
}
