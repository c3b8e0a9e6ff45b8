package mls

import (
	"bytes"
	"crypto"
	"io"
	"maps"
	"slices"
)

// TreeKEM (RFC 9420 §7.4-§7.6): a committer draws new keys for its leaf and the nodes above it, and
// encrypts to everybody else exactly those that lie above them.

// privateKeys are the keys a member has: that of its leaf and of the nodes above that it was told.
type privateKeys map[nodeIndex]hpkeKey

// survivors are the keys that still belong to their node in the tree t.
func (k privateKeys) survivors(t *ratchetTree) privateKeys {
	kept := make(privateKeys, len(k))
	for i, key := range k {
		if int(i) < len(t.nodes) && bytes.Equal(t.nodes[i].encryptionKey(), key.public) {
			kept[i] = key
		}
	}
	return kept
}

func (k privateKeys) with(more privateKeys) privateKeys {
	all := maps.Clone(k)
	maps.Copy(all, more)
	return all
}

// pathStep is one node of a filtered direct path with its child on the copath.
type pathStep struct{ node, copath nodeIndex }

// filteredPath is the direct path of a leaf without the nodes whose other child has nobody below it
// (§4.1.2).
func (t *ratchetTree) filteredPath(leaf LeafIndex) []pathStep {
	var path []pathStep
	for i, root := leaf.node(), t.root(); i != root; i = i.parent() {
		if other := i.sibling(); t.inhabited(other) {
			path = append(path, pathStep{i.parent(), other})
		}
	}
	return path
}

// inhabited tells whether the resolution of i is not empty.
func (t *ratchetTree) inhabited(i nodeIndex) bool {
	n := t.nodes[i]
	if !n.blank() {
		return true
	}
	return !i.isLeaf() && (t.inhabited(i.left()) || t.inhabited(i.right()))
}

// nextPathSecret steps from a node to the next one above.
func (s *suite) nextPathSecret(secret []byte) []byte { return s.deriveSecret(secret, "path") }

func (s *suite) nodeKey(pathSecret []byte) (hpkeKey, error) {
	return s.deriveKeyPair(s.deriveSecret(pathSecret, "node"))
}

// setPath blanks the direct path of a leaf, puts the new keys on its filtered part, and computes the
// parent hashes from the root down (§7.5, §7.9). It returns the parent hash for the leaf.
func (t *ratchetTree) setPath(leaf LeafIndex, path []pathStep, keys [][]byte) []byte {
	t.blankPath(leaf)
	t.rehash() // the copath, for original_sibling_tree_hash
	above := []byte{}
	for n := len(path) - 1; n >= 0; n-- {
		p := &parentNode{encryptionKey: keys[n], parentHash: above}
		t.put(path[n].node, nil, p)
		above = t.parentHash(p, t.nodes[path[n].copath].hash)
	}
	return above
}

// newPath is what a committer knows about the path it makes.
type newPath struct {
	steps   []pathStep
	secrets [][]byte // path_secret[n] for steps[n]
	keys    privateKeys
	commit  []byte // commit_secret
	leaf    *leafNode
}

// drawPath draws fresh keys for the path of leaf and puts them into the tree, with the leaf renewed
// from template and signed (§7.5). The tree is ready for hashing afterwards.
func (t *ratchetTree) drawPath(random io.Reader, signer crypto.Signer, groupID []byte, at LeafIndex, template *leafNode) (*newPath, error) {
	p := &newPath{steps: t.filteredPath(at), keys: privateKeys{}}
	leafKey, err := t.suite.generateKey(random)
	if err != nil {
		return nil, err
	}
	secret, err := randomBytes(random, t.suite.nh)
	if err != nil {
		return nil, err
	}
	public := make([][]byte, len(p.steps))
	for n, step := range p.steps {
		key, err := t.suite.nodeKey(secret)
		if err != nil {
			return nil, err
		}
		p.keys[step.node], public[n] = key, key.public
		p.secrets = append(p.secrets, secret)
		secret = t.suite.nextPathSecret(secret)
	}
	p.commit = secret
	p.keys[at.node()] = leafKey
	leaf := *template
	leaf.source, leaf.encryptionKey = sourceCommit, leafKey.public
	leaf.parentHash = t.setPath(at, p.steps, public)
	if p.leaf, err = leaf.sign(t.suite, signer, groupID, at); err != nil {
		return nil, err
	}
	t.put(at.node(), p.leaf, nil)
	t.rehash()
	return p, nil
}

// encryptPath encrypts each path secret to the members below the copath, except to the leaves that the
// same commit adds: those learn it from their Welcome.
func (t *ratchetTree) encryptPath(p *newPath, context []byte, added []LeafIndex) (*updatePath, error) {
	path := &updatePath{leaf: p.leaf}
	for n, step := range p.steps {
		out := updatePathNode{encryptionKey: p.keys[step.node].public}
		for _, to := range t.resolution(step.copath, added) {
			key := t.nodes[to].encryptionKey()
			c, err := t.suite.encryptWithLabel(key, "UpdatePathNode", context, p.secrets[n])
			if err != nil {
				return nil, err
			}
			out.secrets = append(out.secrets, c)
		}
		path.nodes = append(path.nodes, out)
	}
	return path, nil
}

// secretAt is the path secret of a node on the path, nil for others.
func (p *newPath) secretAt(i nodeIndex) []byte {
	for n, step := range p.steps {
		if step.node == i {
			return p.secrets[n]
		}
	}
	return nil
}

// mergePath puts a received path into the tree, and checks its form and the parent hash that the leaf
// signs (§7.5).
func (t *ratchetTree) mergePath(from LeafIndex, path *updatePath, added []LeafIndex) ([]pathStep, error) {
	steps := t.filteredPath(from)
	if len(path.nodes) != len(steps) {
		return nil, refuse(ErrInvalidCommit, "7.6", "path of %d nodes instead of %d", len(path.nodes), len(steps))
	}
	public := make([][]byte, len(steps))
	for n, step := range steps {
		if want := len(t.resolution(step.copath, added)); len(path.nodes[n].secrets) != want {
			return nil, refuse(ErrInvalidCommit, "7.6", "%d path secrets instead of %d", len(path.nodes[n].secrets), want)
		}
		if err := t.suite.checkPublicKey(path.nodes[n].encryptionKey); err != nil {
			return nil, refuse(ErrInvalidCommit, "7.6", "%w", err)
		}
		public[n] = bytes.Clone(path.nodes[n].encryptionKey)
	}
	if hash := t.setPath(from, steps, public); !bytes.Equal(hash, path.leaf.parentHash) {
		return nil, refuse(ErrInvalidCommit, "7.9.2", "parent hash of the committer's leaf")
	}
	t.put(from.node(), path.leaf.detached(), nil)
	t.rehash()
	return steps, nil
}

// decryptPath finds the path secret that is meant for the member with the given keys, and derives from
// it the keys up to the root and the commit secret (§7.5).
func (t *ratchetTree) decryptPath(own LeafIndex, keys privateKeys, steps []pathStep, path *updatePath, context []byte, added []LeafIndex) (privateKeys, []byte, error) {
	for n, step := range steps {
		if !step.copath.covers(own.node()) {
			continue
		}
		for c, to := range t.resolution(step.copath, added) {
			key, have := keys[to]
			if !have || !to.covers(own.node()) {
				continue
			}
			secret, err := t.suite.decryptWithLabel(key.private, "UpdatePathNode", context, path.nodes[n].secrets[c])
			if err != nil {
				return nil, nil, refuse(ErrDecrypt, "7.5", "path secret")
			}
			return t.climb(steps[n:], secret)
		}
		break
	}
	return nil, nil, refuse(ErrInvalidCommit, "7.5", "no path secret for this member")
}

// climb derives the keys of the given nodes, each from the path secret of the one before, and checks
// them against the tree. The secret after the last is the commit secret.
func (t *ratchetTree) climb(steps []pathStep, secret []byte) (privateKeys, []byte, error) {
	keys := make(privateKeys, len(steps))
	for _, step := range steps {
		key, err := t.suite.nodeKey(secret)
		if err != nil {
			return nil, nil, err
		}
		if !bytes.Equal(key.public, t.nodes[step.node].encryptionKey()) {
			return nil, nil, refuse(ErrInvalidCommit, "7.5", "node %d has another key than its path secret gives", step.node)
		}
		keys[step.node] = key
		secret = t.suite.nextPathSecret(secret)
	}
	return keys, secret, nil
}

// checkFresh refuses path keys that stand anywhere in the tree already (§12.4.2), or twice in the path. It
// looks at every node, so it compares in full only what begins alike.
func (t *ratchetTree) checkFresh(path *updatePath) error {
	fresh := make(map[[8]byte][][]byte, len(path.nodes)+1)
	known := func(key []byte) bool {
		return slices.ContainsFunc(fresh[prefixOf(key)], func(k []byte) bool { return bytes.Equal(k, key) })
	}
	add := func(key []byte) { fresh[prefixOf(key)] = append(fresh[prefixOf(key)], key) }
	add(path.leaf.encryptionKey)
	for _, n := range path.nodes {
		if known(n.encryptionKey) {
			return refuse(ErrInvalidCommit, "12.4.2", "a key occurs twice in the path")
		}
		add(n.encryptionKey)
	}
	for _, n := range t.nodes {
		if key := n.encryptionKey(); key != nil && known(key) {
			return refuse(ErrInvalidCommit, "12.4.2", "a key of the path is in the tree already")
		}
	}
	return nil
}

func prefixOf(key []byte) (p [8]byte) {
	copy(p[:], key)
	return p
}
