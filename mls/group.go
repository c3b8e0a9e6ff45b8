package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
)

// Group is one member's view of a group in one epoch, at one point in its stream of messages. It is a
// value: no method changes it, and those that lead to another state return the next Group. Store that,
// then let the old one go; to go on with an old one reuses keys.
//
// A Group may be read by several goroutines at once.
type Group struct {
	*epochState
	secretTree *secretNode
	past       []*pastEpoch // newest first
	proposals  []cachedProposal
	updates    []ownUpdate
	signer     crypto.Signer
}

// epochState is what stays the same for the whole epoch.
type epochState struct {
	suite           *suite
	context         groupContext
	encodedContext  []byte
	tree            *ratchetTree
	own             LeafIndex
	keys            privateKeys
	secrets         epochSecrets
	confirmationTag []byte
	interim         []byte  // interim_transcript_hash
	reInit          *ReInit // set when the commit that began the epoch re-initializes the group
}

// Suite is the cipher suite of the group.
func (g *Group) Suite() CipherSuite { return g.suite.id }

// GroupID names the group.
func (g *Group) GroupID() []byte { return bytes.Clone(g.context.groupID) }

// Epoch counts the commits since the group was created.
func (g *Group) Epoch() uint64 { return g.context.epoch }

// OwnLeaf is where this member stands.
func (g *Group) OwnLeaf() LeafIndex { return g.own }

// Members lists the members by rising leaf index.
func (g *Group) Members() []Member { return g.tree.memberList() }

func (t *ratchetTree) memberList() []Member {
	list := make([]Member, 0, t.leafCount())
	for i := range LeafIndex(t.leafCount()) {
		if l := t.leaf(i); l != nil {
			list = append(list, l.at(i))
		}
	}
	return list
}

// Member is the member at a leaf of this epoch.
func (g *Group) Member(leaf LeafIndex) (Member, bool) {
	l := g.tree.leaf(leaf)
	if l == nil {
		return Member{}, false
	}
	return l.at(leaf), true
}

// Supports tells whether the capabilities of the member at leaf list an extension type.
func (g *Group) Supports(leaf LeafIndex, t ExtensionType) bool {
	l := g.tree.leaf(leaf)
	return l != nil && l.capabilities.hasExtension(t)
}

// Extensions are those of the group context. The data must not be changed.
func (g *Group) Extensions() []Extension { return slices.Clone(g.context.extensions) }

// Extension is the data of a group context extension. It must not be changed.
func (g *Group) Extension(t ExtensionType) ([]byte, bool) {
	return findExtension(g.context.extensions, t)
}

// EpochAuthenticator is the same for two members exactly when they agree on everything that ever
// happened in the group (RFC 9420 §8.7).
func (g *Group) EpochAuthenticator() []byte { return bytes.Clone(g.secrets.authentication) }

// ReInit is set when the group has ended and awaits its successor (§11.2); nothing can be sent then.
func (g *Group) ReInit() (ReInit, bool) {
	if g.reInit == nil {
		return ReInit{}, false
	}
	return *g.reInit, true
}

// Export derives n bytes, at most 4096, that only the members of this epoch know (§8.5). Give each
// purpose its own label.
func (g *Group) Export(label string, context []byte, n int) ([]byte, error) {
	if n < 0 || n > maxExport {
		return nil, fmt.Errorf("%w: export of %d bytes", ErrOption, n)
	}
	return g.suite.export(g.secrets.exporter, label, context, n), nil
}

// next is a Group that differs from g in its message keys.
func (g *Group) next(tree *secretNode) *Group {
	next := *g
	next.secretTree = tree
	return &next
}

// epochKeys are the keys for messages of the current epoch.
func (g *Group) epochKeys() *epochKeys {
	return &epochKeys{
		suite: g.suite, groupID: g.context.groupID, epoch: g.context.epoch, context: g.encodedContext,
		senderData: g.secrets.senderData, leaves: g.tree.leafCount(), tree: g.secretTree,
	}
}

func (g *Group) active() error {
	if g.reInit != nil {
		return refuse(ErrSuspended, "12.4.2", "the group was re-initialized")
	}
	return nil
}

// checkGroup compares the group and epoch named by a message with this group's.
func (g *Group) checkGroup(groupID []byte, epoch uint64) error {
	switch {
	case !bytes.Equal(groupID, g.context.groupID):
		return ErrWrongGroup
	case epoch > g.context.epoch:
		return fmt.Errorf("%w: %d, the group is at %d", ErrFutureEpoch, epoch, g.context.epoch)
	}
	return nil
}

func (g *Group) checkCurrent(groupID []byte, epoch uint64) error {
	if err := g.checkGroup(groupID, epoch); err != nil {
		return err
	}
	if epoch < g.context.epoch {
		return fmt.Errorf("%w: %d, the group is at %d", ErrUnknownEpoch, epoch, g.context.epoch)
	}
	return nil
}
