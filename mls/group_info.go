package mls

import (
	"bytes"
	"crypto"
	"fmt"
)

// groupInfo is GroupInfo (RFC 9420 §12.4.3): an epoch as its members describe it to newcomers.
type groupInfo struct {
	context         groupContext
	encodedContext  []byte
	extensions      []Extension
	confirmationTag []byte
	signer          LeafIndex
	signature       []byte
	raw             []byte
	unsigned        int
}

func readGroupInfo(r *reader) *groupInfo {
	start := r.b
	i := &groupInfo{context: readGroupContext(r)}
	i.encodedContext = r.since(start)
	i.extensions = readExtensions(r)
	i.confirmationTag = r.opaque()
	i.signer = LeafIndex(r.uint32())
	i.unsigned = len(r.since(start))
	i.signature = r.opaque()
	i.raw = r.since(start)
	return i
}

func parseGroupInfo(r *reader) (*groupInfo, error) {
	i := readGroupInfo(r)
	return i, r.end("group info")
}

// treeExtension is the ratchet_tree extension.
func (e *epochState) treeExtension() Extension {
	tree := newWriter(e.tree.encodedSize())
	e.tree.write(tree)
	return Extension{Type: ExtensionRatchetTree, Data: tree.b}
}

// RatchetTree is the public tree of the epoch as JoinWithTree and ExternalOptions.Tree take it: what the
// ratchet_tree extension would hold (§12.4.3.3). A service may keep it, so that welcomes stay small.
func (g *Group) RatchetTree() []byte { return g.treeExtension().Data }

// makeGroupInfo describes the epoch e with the given extensions. The result is not framed.
func (e *epochState) makeGroupInfo(signer crypto.Signer, extensions ...Extension) ([]byte, error) {
	size := len(e.encodedContext) + 512
	for _, x := range extensions {
		size += len(x.Data) + 8
	}
	w := newWriter(size)
	w.raw(e.encodedContext)
	writeExtensions(w, extensions)
	w.opaque(e.confirmationTag)
	w.uint32(uint32(e.own))
	signature, err := e.suite.signWithLabel(signer, "GroupInfoTBS", w.b)
	if err != nil {
		return nil, err
	}
	w.opaque(signature)
	return w.b, nil
}

// GroupInfo describes the present epoch for those who join by external commit: an MLSMessage with the
// ratchet tree and the external key, signed by this member. Its size grows with the group.
func (g *Group) GroupInfo() ([]byte, error) {
	external, err := g.suite.deriveKeyPair(g.secrets.external)
	if err != nil {
		return nil, err
	}
	key := newWriter(len(external.public) + 4)
	key.opaque(external.public)
	info, err := g.makeGroupInfo(g.signer, g.treeExtension(), Extension{Type: ExtensionExternalPub, Data: key.b})
	if err != nil {
		return nil, err
	}
	if len(info) > MaxMessage-4 {
		return nil, fmt.Errorf("%w: group info of %d bytes", ErrTooLarge, len(info))
	}
	w := newMessage(WireGroupInfo, len(info))
	w.raw(info)
	return w.b, nil
}

// verifyTree finds the ratchet tree, in the group info unless external has it, and makes all checks
// that a newcomer owes before it believes the group info (§12.4.3.1).
func (i *groupInfo) verifyTree(c *Config, s *suite, external []byte) (*ratchetTree, error) {
	if t, twice := repeatedExtension(i.extensions); twice {
		return nil, refuse(ErrInvalidGroupInfo, "13.4", "extension 0x%04X occurs twice", uint16(t))
	}
	encoded, present := findExtension(i.extensions, ExtensionRatchetTree)
	if external != nil {
		encoded, present = external, true
	}
	if !present {
		return nil, refuse(ErrInvalidGroupInfo, "12.4.3.3", "no ratchet tree")
	}
	t, err := parseRatchetTree(s, encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidGroupInfo, err)
	}
	if !bytes.Equal(t.hash(), i.context.treeHash) {
		return nil, refuse(ErrInvalidGroupInfo, "12.4.3.1", "tree hash")
	}
	if err := i.verifySignature(s, t); err != nil {
		return nil, err
	}
	if err := t.validateShape(); err != nil {
		return nil, err
	}
	return t, t.verifyLeaves(c, &i.context)
}

func (i *groupInfo) verifySignature(s *suite, t *ratchetTree) error {
	signer := t.leaf(i.signer)
	if signer == nil {
		return refuse(ErrInvalidGroupInfo, "12.4.3.1", "signed by blank leaf %d", i.signer)
	}
	if !s.verifyWithLabel(signer.signatureKey, "GroupInfoTBS", i.raw[:i.unsigned:i.unsigned], i.signature) {
		return refuse(ErrInvalidGroupInfo, "12.4.3.1", "%w", ErrSignature)
	}
	return nil
}

// verifyLeaves validates every leaf as when joining (§7.3).
func (t *ratchetTree) verifyLeaves(c *Config, ctx *groupContext) error {
	if err := t.checkAllLeaves(); err != nil {
		return err
	}
	for i := range LeafIndex(t.leafCount()) {
		l := t.leaf(i)
		if l == nil {
			continue
		}
		if err := l.validate(t.suite, ctx, i); err != nil {
			return err
		}
		if err := c.authenticate(l.at(i)); err != nil {
			return err
		}
	}
	return nil
}

// authenticateAll asks the application about every leaf.
func (t *ratchetTree) authenticateAll(c *Config) error {
	for _, m := range t.memberList() {
		if err := c.authenticate(m); err != nil {
			return err
		}
	}
	return nil
}

// GroupInfoView is what a verified group info says about its group.
type GroupInfoView struct {
	GroupID    []byte
	Epoch      uint64
	Suite      CipherSuite
	Extensions []Extension // of the group context
	Members    []Member
	Signer     LeafIndex

	info  *groupInfo
	suite *suite
	tree  *ratchetTree
}

// InspectGroupInfo reads an MLSMessage that carries a group info with its ratchet tree, and verifies
// it: signatures, hashes and shape of the tree. Whether the members are who they claim to be is for the
// caller to judge.
func InspectGroupInfo(message []byte) (*GroupInfoView, error) {
	i, s, err := openGroupInfo(message)
	if err != nil {
		return nil, err
	}
	t, err := i.verifyTree(&Config{}, s, nil)
	if err != nil {
		return nil, err
	}
	return &GroupInfoView{
		GroupID: i.context.groupID, Epoch: i.context.epoch, Suite: i.context.suite,
		Extensions: i.context.extensions, Members: t.memberList(), Signer: i.signer,
		info: i, suite: s, tree: t,
	}, nil
}

// SameState reports whether the group information is of the very state that g is in: the same commits led there.
func (v *GroupInfoView) SameState(g *Group) bool {
	return v.Epoch == g.Epoch() && bytes.Equal(v.info.context.confirmedTranscriptHash, g.context.confirmedTranscriptHash)
}

func openGroupInfo(message []byte) (*groupInfo, *suite, error) {
	r, err := openMessageOf(WireGroupInfo, "a group info", bytes.Clone(message))
	if err != nil {
		return nil, nil, err
	}
	i, err := parseGroupInfo(r)
	if err != nil {
		return nil, nil, err
	}
	s, err := suiteOf(i.context.suite)
	return i, s, err
}
