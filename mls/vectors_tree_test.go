package mls

import (
	"bytes"
	"encoding/json"
	"testing"
)

func runTreeOperations(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		Before     hexBytes  `json:"tree_before"`
		After      hexBytes  `json:"tree_after"`
		HashBefore hexBytes  `json:"tree_hash_before"`
		HashAfter  hexBytes  `json:"tree_hash_after"`
		Proposal   hexBytes  `json:"proposal"`
		Sender     LeafIndex `json:"proposal_sender"`
	}](t, raw)
	before, err := parseRatchetTree(s, v.Before)
	must(t, err)
	same(t, "tree hash before", before.hash(), v.HashBefore)
	r := reader{b: v.Proposal}
	p := readProposal(&r)
	must(t, r.end("proposal"))
	after := before.clone()
	switch p.typ {
	case ProposalAdd:
		_, err = after.add(p.keyPackage.leaf)
		must(t, err)
	case ProposalUpdate:
		after.update(v.Sender, p.leaf)
	case ProposalRemove:
		after.remove(p.removed)
		after.truncate()
	default:
		t.Fatalf("proposal of type %d", p.typ)
	}
	after.rehash()
	w := newWriter(1024)
	after.write(w)
	same(t, "tree after", w.b, v.After)
	same(t, "tree hash after", after.hash(), v.HashAfter)
	same(t, "tree hash before, again", before.hash(), v.HashBefore)
}

func runTreeValidation(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		Tree        hexBytes      `json:"tree"`
		GroupID     hexBytes      `json:"group_id"`
		Resolutions [][]nodeIndex `json:"resolutions"`
		Hashes      []hexBytes    `json:"tree_hashes"`
	}](t, raw)
	tree, err := parseRatchetTree(s, v.Tree)
	must(t, err)
	if len(tree.nodes) != len(v.Hashes) {
		t.Fatalf("%d nodes, want %d", len(tree.nodes), len(v.Hashes))
	}
	for i := range tree.nodes {
		same(t, "tree hash", tree.nodes[i].hash, v.Hashes[i])
		resolution := tree.resolution(nodeIndex(i), nil)
		if len(resolution) != len(v.Resolutions[i]) {
			t.Fatalf("resolution of %d is %v, want %v", i, resolution, v.Resolutions[i])
		}
		for j, n := range resolution {
			if n != v.Resolutions[i][j] {
				t.Fatalf("resolution of %d is %v, want %v", i, resolution, v.Resolutions[i])
			}
		}
	}
	must(t, tree.validateShape())
	for i := range LeafIndex(tree.leafCount()) {
		if l := tree.leaf(i); l != nil && !l.verifySignature(s, v.GroupID, i) {
			t.Fatalf("signature of leaf %d", i)
		}
	}
}

type treeKEMVector struct {
	GroupID   hexBytes `json:"group_id"`
	Epoch     uint64   `json:"epoch"`
	Confirmed hexBytes `json:"confirmed_transcript_hash"`
	Tree      hexBytes `json:"ratchet_tree"`
	Leaves    []struct {
		Index       LeafIndex
		Encryption  hexBytes `json:"encryption_priv"`
		Signature   hexBytes `json:"signature_priv"`
		PathSecrets []struct {
			Node       nodeIndex
			PathSecret hexBytes `json:"path_secret"`
		} `json:"path_secrets"`
	} `json:"leaves_private"`
	Paths []struct {
		Sender       LeafIndex
		UpdatePath   hexBytes   `json:"update_path"`
		PathSecrets  []hexBytes `json:"path_secrets"`
		CommitSecret hexBytes   `json:"commit_secret"`
		TreeHash     hexBytes   `json:"tree_hash_after"`
	} `json:"update_paths"`
}

// context is the encoded context under which the path secrets for a tree are encrypted.
func (v *treeKEMVector) context(s *suite, tree *ratchetTree) []byte {
	c := groupContext{suite: s.id, groupID: v.GroupID, epoch: v.Epoch, treeHash: tree.hash(), confirmedTranscriptHash: v.Confirmed}
	return c.encode()
}

func runTreeKEM(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[treeKEMVector](t, raw)
	tree, err := parseRatchetTree(s, v.Tree)
	must(t, err)
	must(t, tree.validateShape())
	keys, signers := map[LeafIndex]privateKeys{}, map[LeafIndex][]byte{}
	for _, l := range v.Leaves {
		own := privateKeys{}
		key, err := s.parsePrivateKey(l.Encryption)
		must(t, err)
		own[l.Index.node()] = key
		for _, p := range l.PathSecrets {
			key, err := s.nodeKey(p.PathSecret)
			must(t, err)
			own[p.Node] = key
		}
		if len(own.survivors(tree)) != len(own) {
			t.Fatalf("the private keys of leaf %d are not those of the tree", l.Index)
		}
		keys[l.Index], signers[l.Index] = own, l.Signature
	}
	nodeKeys := map[string][]byte{}
	for n, u := range v.Paths {
		r := reader{b: u.UpdatePath}
		path := readUpdatePath(&r)
		must(t, r.end("update path"))
		after := tree.clone()
		steps, err := after.mergePath(u.Sender, path, nil)
		must(t, err)
		same(t, "tree hash after", after.hash(), u.TreeHash)
		if !path.leaf.verifySignature(s, v.GroupID, u.Sender) {
			t.Fatal("signature of the path's leaf")
		}
		for i, own := range keys {
			if i == u.Sender {
				continue
			}
			fresh, commitSecret, err := after.decryptPath(i, own, steps, path, v.context(s, after), nil)
			must(t, err)
			same(t, "commit secret", commitSecret, u.CommitSecret)
			shared := commonAncestor(i, u.Sender)
			secret := string(u.PathSecrets[i])
			if nodeKeys[secret] == nil {
				key, err := s.nodeKey(u.PathSecrets[i])
				must(t, err)
				nodeKeys[secret] = key.public
			}
			same(t, "key of the path secret", fresh[shared].public, nodeKeys[secret])
		}
		if n == 0 || *allSuites {
			v.renew(t, s, tree, u.Sender, signers[u.Sender], keys)
		}
	}
}

// renew makes a new path for a leaf and lets all others follow it.
func (v *treeKEMVector) renew(t *testing.T, s *suite, tree *ratchetTree, from LeafIndex, private []byte, keys map[LeafIndex]privateKeys) {
	t.Helper()
	made := tree.clone()
	path, err := made.drawPath(nil, vectorSigner(t, s, private), v.GroupID, from, made.renewed(from, nil, nil))
	must(t, err)
	context := v.context(s, made)
	update, err := made.encryptPath(path, context, nil)
	must(t, err)
	w := newWriter(1024)
	update.write(w)
	received := readUpdatePath(&reader{b: w.b})
	after := tree.clone()
	steps, err := after.mergePath(from, received, nil)
	must(t, err)
	if !bytes.Equal(after.hash(), made.hash()) {
		t.Fatal("the tree with the new path is not the one it was made in")
	}
	for i, own := range keys {
		if i == from {
			continue
		}
		_, commitSecret, err := after.decryptPath(i, own, steps, received, context, nil)
		must(t, err)
		same(t, "new commit secret", commitSecret, path.commit)
	}
}
