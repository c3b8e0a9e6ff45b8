package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
)

// Record is one piece of the state that changes with messages. Key is short printable ASCII and unique
// within the group; a nil Value says that the record is to be deleted. It is secret.
//
// Records hold the same as MarshalRatchets. They are for groups in which many speak: a message changes
// one record, and the first of a sender in an epoch some log N of them, whatever the size of the group.
type Record struct {
	Key   string
	Value []byte
}

// The keys of records. The numbers of epochs, nodes and places are hexadecimal.
//
//	head                     the epoch half that the records belong to
//	k<epoch>.<node>          a node of the secret tree: a secret, or the ratchets of a sender
//	p<place>                 a collected proposal
//	u<place>                 the private key of an own update
const (
	headRecord     = "head"
	keyRecord      = 'k'
	proposalRecord = 'p'
	updateRecord   = 'u'
	recordSet      = 'S'
)

func nodeKey(epoch uint64, i nodeIndex) string {
	return fmt.Sprintf("%c%016x.%08x", keyRecord, epoch, i)
}

func placeKey(kind byte, place int) string { return fmt.Sprintf("%c%04x", kind, place) }

// Changes are the records that differ between since and g, by rising key: what a store that holds since
// has to put and to delete so that it holds g. A nil since gives all records. Write them in one
// transaction, together with MarshalEpoch when the epoch is another.
func (g *Group) Changes(since *Group) []Record {
	d := recordDiff{}
	if since == nil || !bytes.Equal(since.stateID(), g.stateID()) {
		head := newState(recordSet, 64)
		head.opaque(g.stateID())
		d[headRecord] = head.b
	}
	d.lists(since, g)
	if since != nil {
		for _, old := range since.epochTrees() {
			if g.treeOfEpoch(old) == nil {
				d.drop(old.epoch, old.root, old.tree)
			}
		}
	}
	for _, now := range g.epochTrees() {
		d.compare(now.epoch, now.root, since.treeOfEpoch(now), now.tree)
	}
	out := make([]Record, 0, len(d))
	for _, key := range slices.Sorted(maps.Keys(d)) {
		out = append(out, Record{key, d[key]})
	}
	return out
}

// epochTree is the secret tree of the current epoch or a past one.
type epochTree struct {
	epoch   uint64
	context []byte
	root    nodeIndex
	tree    *secretNode
}

func (g *Group) epochTrees() []epochTree {
	list := []epochTree{{g.context.epoch, g.encodedContext, g.tree.root(), g.secretTree}}
	for _, p := range g.past {
		list = append(list, epochTree{p.epoch, p.context, rootOf(uint32(len(p.members))), p.secretTree})
	}
	return list
}

// treeOfEpoch is the tree that g has of the epoch e, nil when it has none.
func (g *Group) treeOfEpoch(e epochTree) *secretNode {
	if g == nil {
		return nil
	}
	for _, o := range g.epochTrees() {
		if o.epoch == e.epoch && bytes.Equal(o.context, e.context) {
			return o.tree
		}
	}
	return nil
}

// recordDiff collects changes by key.
type recordDiff map[string][]byte

// compare records how the subtree at i went from old to now. What both share they share by pointer, so
// that the comparison costs no more than the change.
func (d recordDiff) compare(epoch uint64, i nodeIndex, old, now *secretNode) {
	switch {
	case old == now:
	case now.inner() && old != nil && old.inner():
		d.compare(epoch, i.left(), old.left, now.left)
		d.compare(epoch, i.right(), old.right, now.right)
	default:
		if old != nil {
			d.drop(epoch, i, old)
		}
		d.put(epoch, i, now)
	}
}

func (d recordDiff) put(epoch uint64, i nodeIndex, n *secretNode) {
	if n.inner() {
		d.put(epoch, i.left(), n.left)
		d.put(epoch, i.right(), n.right)
		return
	}
	w := newWriter(96)
	n.write(w)
	d[nodeKey(epoch, i)] = w.b
}

func (d recordDiff) drop(epoch uint64, i nodeIndex, n *secretNode) {
	if n.inner() {
		d.drop(epoch, i.left(), n.left)
		d.drop(epoch, i.right(), n.right)
		return
	}
	d[nodeKey(epoch, i)] = nil
}

// lists records the proposals and updates. Within an epoch they only grow; the next one begins without.
func (d recordDiff) lists(since, g *Group) {
	var proposals []cachedProposal
	var updates []ownUpdate
	if since != nil {
		proposals, updates = since.proposals, since.updates
	}
	for i := range max(len(proposals), len(g.proposals)) {
		switch {
		case i >= len(g.proposals):
			d[placeKey(proposalRecord, i)] = nil
		case i >= len(proposals) || !bytes.Equal(proposals[i].ref, g.proposals[i].ref):
			w := newWriter(256)
			g.proposals[i].write(w)
			d[placeKey(proposalRecord, i)] = w.b
		}
	}
	for i := range max(len(updates), len(g.updates)) {
		switch {
		case i >= len(g.updates):
			d[placeKey(updateRecord, i)] = nil
		case i >= len(updates) || !bytes.Equal(updates[i].key.public, g.updates[i].key.public):
			w := newWriter(128)
			g.updates[i].write(w)
			d[placeKey(updateRecord, i)] = w.b
		}
	}
}

// ParseGroupRecords is ParseGroup for a state whose changing half is stored as records, in any order.
func ParseGroupRecords(epoch []byte, records []Record, signer crypto.Signer) (*Group, error) {
	g, err := parseEpochHalf(epoch)
	if err != nil {
		return nil, err
	}
	l := recordLoader{group: g, nodes: map[uint64]map[nodeIndex]*secretNode{}}
	sorted := slices.Clone(records)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Key < sorted[j].Key })
	for _, rec := range sorted {
		if err := l.add(rec); err != nil {
			return nil, fmt.Errorf("%w: record %q: %w", ErrState, rec.Key, err)
		}
	}
	if !l.head {
		return nil, fmt.Errorf("%w: no head record", ErrState)
	}
	if err := l.assemble(); err != nil {
		return nil, err
	}
	return g.signedBy(signer)
}

// recordLoader puts a group together again from its records.
type recordLoader struct {
	group *Group
	nodes map[uint64]map[nodeIndex]*secretNode
	head  bool
}

// add reads one record. Proposals and updates come in the order of their places.
func (l *recordLoader) add(rec Record) error {
	g := l.group
	if rec.Key == headRecord {
		return l.addHead(rec.Value)
	}
	r := &reader{b: bytes.Clone(rec.Value)}
	switch {
	case rec.Key == placeKey(proposalRecord, len(g.proposals)):
		g.proposals = append(g.proposals, readCachedProposal(r))
	case rec.Key == placeKey(updateRecord, len(g.updates)):
		g.updates = append(g.updates, readOwnUpdate(g.suite, r))
	default:
		epoch, i, ok := parseNodeKey(rec.Key)
		if !ok || len(rec.Value) > 0 && rec.Value[0] == storedChildren {
			return ErrMalformed
		}
		if l.nodes[epoch] == nil {
			l.nodes[epoch] = map[nodeIndex]*secretNode{}
		}
		if l.nodes[epoch][i] != nil {
			return fmt.Errorf("%w: twice", ErrMalformed)
		}
		l.nodes[epoch][i] = readSecretTree(g.suite, r, i)
	}
	return r.end("record")
}

func (l *recordLoader) addHead(b []byte) error {
	r, err := openState(recordSet, b)
	if err != nil {
		return err
	}
	if !equalSecret(r.opaque(), l.group.stateID()) {
		return fmt.Errorf("%w: the records are of another epoch", ErrState)
	}
	l.head = true
	return r.end("head")
}

func parseNodeKey(key string) (epoch uint64, i nodeIndex, ok bool) {
	if len(key) != 26 || key[0] != keyRecord || key[17] != '.' {
		return 0, 0, false
	}
	epoch, err := strconv.ParseUint(key[1:17], 16, 64)
	node, err2 := strconv.ParseUint(key[18:], 16, 32)
	i = nodeIndex(node)
	return epoch, i, err == nil && err2 == nil && nodeKey(epoch, i) == key
}

// assemble builds the secret trees. Each node must be there once, or be covered by its children.
func (l *recordLoader) assemble() (err error) {
	g := l.group
	if g.secretTree, err = l.tree(g.context.epoch, g.tree.root()); err != nil {
		return err
	}
	if g.secretTree == nil {
		return fmt.Errorf("%w: no keys of the epoch", ErrState)
	}
	for _, p := range g.past {
		if p.secretTree, err = l.tree(p.epoch, rootOf(uint32(len(p.members)))); err != nil {
			return err
		}
	}
	g.forgetUnread()
	if len(l.nodes) > 0 {
		return fmt.Errorf("%w: keys of epochs nobody knows", ErrState)
	}
	return nil
}

func (l *recordLoader) tree(epoch uint64, root nodeIndex) (*secretNode, error) {
	nodes := l.nodes[epoch]
	delete(l.nodes, epoch)
	if nodes == nil {
		return nil, nil
	}
	tree := assembleAt(nodes, root)
	if tree == nil || len(nodes) > 0 {
		return nil, fmt.Errorf("%w: the keys of epoch %d do not make a tree", ErrState, epoch)
	}
	return tree, nil
}

// assembleAt takes the nodes of the subtree at i out of nodes; nil when one is missing.
func assembleAt(nodes map[nodeIndex]*secretNode, i nodeIndex) *secretNode {
	if n := nodes[i]; n != nil {
		delete(nodes, i)
		return n
	}
	if i.isLeaf() {
		return nil
	}
	left := assembleAt(nodes, i.left())
	if left == nil {
		return nil
	}
	right := assembleAt(nodes, i.right())
	if right == nil {
		return nil
	}
	return &secretNode{left: left, right: right}
}
