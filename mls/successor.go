package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
)

// Groups that continue others: all members move on under new parameters (re-initialization, RFC 9420
// §11.2), or some of them form a group beside (branching, §11.3). In both a resumption key proves to those
// who join that whoever made the new group was a member of the old one.

// SuccessorOptions say who goes into a group that continues another, beside the one who makes it.
type SuccessorOptions struct {
	Members    []*KeyPackage // fresh ones, of the new group's suite
	Signer     crypto.Signer // nil: that of the old group
	Credential *Credential   // nil: that in the old group
}

// BranchOptions describe a group of some members of another.
type BranchOptions struct {
	GroupID    []byte // empty: drawn at random
	Extensions []Extension
	SuccessorOptions
}

// Reinitialize makes the group that a re-initialized one awaits, with all its members. Any member may do
// so; the application sees to it that one does. Staged has the Welcome for the others, who join by
// [Group.JoinSuccessor]; its message is for nobody.
func (g *Group) Reinitialize(c Config, o SuccessorOptions) (*Staged, error) {
	if g.reInit == nil {
		return nil, fmt.Errorf("%w: the group was not re-initialized", ErrOption)
	}
	staged, err := g.found(c, PSKReInit, CreateOptions{
		Suite: g.reInit.Suite, GroupID: g.reInit.GroupID, Extensions: g.reInit.Extensions,
	}, o)
	if err != nil {
		return nil, err
	}
	next := staged.Merge()
	return staged, checkWhole(&c, g.Members(), next.Members())
}

// Branch makes a group of this member and some others of the group, with its parameters. Staged has the
// Welcome for them, who join by [Group.JoinBranch].
func (g *Group) Branch(c Config, o BranchOptions) (*Staged, error) {
	if err := g.active(); err != nil {
		return nil, err
	}
	staged, err := g.found(c, PSKBranch, CreateOptions{
		Suite: g.suite.id, GroupID: o.GroupID, Extensions: o.Extensions,
	}, o.SuccessorOptions)
	if err != nil {
		return nil, err
	}
	return staged, checkPart(&c, g.Members(), staged.Merge().Members())
}

// found creates a group and commits to its members, with the resumption key of g.
func (g *Group) found(c Config, usage PSKUsage, create CreateOptions, o SuccessorOptions) (*Staged, error) {
	create.Signer, create.Credential = o.Signer, g.tree.leaf(g.own).credential
	if create.Signer == nil {
		create.Signer = g.signer
	}
	if o.Credential != nil {
		create.Credential = *o.Credential
	}
	if bytes.Equal(create.GroupID, g.context.groupID) {
		return nil, fmt.Errorf("%w: the new group has the id of the old one", ErrOption)
	}
	fresh, err := Create(c, create)
	if err != nil {
		return nil, err
	}
	id := PSKID{Type: PSKResumption, Usage: usage, GroupID: g.context.groupID, Epoch: g.context.epoch}
	c.PSK = func(PSKID) ([]byte, error) { return g.secrets.resumption, nil }
	return fresh.Commit(c, CommitOptions{Add: o.Members, origin: &id})
}

// JoinSuccessor enters the group that this one was re-initialized as, and checks that it is what was
// agreed on, with the same members (§11.2). A nil tree means that the Welcome has it.
func (g *Group) JoinSuccessor(c Config, welcome, tree []byte, secrets *KeyPackageSecrets, signer crypto.Signer) (*Group, error) {
	if g.reInit == nil {
		return nil, fmt.Errorf("%w: the group was not re-initialized", ErrOption)
	}
	return g.joinFrom(PSKReInit, c, welcome, tree, secrets, signer)
}

// JoinBranch enters a group that was branched from this one, and checks that its members are members of
// this one (§11.3). A nil tree means that the Welcome has it.
func (g *Group) JoinBranch(c Config, welcome, tree []byte, secrets *KeyPackageSecrets, signer crypto.Signer) (*Group, error) {
	return g.joinFrom(PSKBranch, c, welcome, tree, secrets, signer)
}

func (g *Group) joinFrom(usage PSKUsage, c Config, welcome, tree []byte, secrets *KeyPackageSecrets, signer crypto.Signer) (*Group, error) {
	m, err := parseWelcome(welcome)
	if err != nil {
		return nil, err
	}
	j := &joiner{
		config: &c, welcome: m, secrets: secrets, signer: signer, tree: bytes.Clone(tree),
		origin: &origin{group: g, usage: usage},
	}
	return j.join()
}

// findOrigin checks that the Welcome ties the group to the one it should continue, and to no other.
func (j *joiner) findOrigin(ids []PSKID) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id PSKID) bool {
		return id.Type != PSKResumption || id.Usage == PSKApplication
	})
	switch {
	case len(ids) > 1:
		return refuse(ErrNoPSK, "12.4.3.1", "%d keys that tie the group to others", len(ids))
	case j.origin == nil && len(ids) == 1:
		return refuse(ErrNotWelcome, "12.4.3.1", "the group continues another: join it from there")
	case j.origin == nil:
		return nil
	case len(ids) == 0 || ids[0].Usage != j.origin.usage || !bytes.Equal(ids[0].GroupID, j.origin.group.context.groupID):
		return refuse(ErrNotWelcome, "11", "the group does not continue this one")
	case j.origin.usage == PSKReInit && ids[0].Epoch != j.origin.group.context.epoch:
		return refuse(ErrNotWelcome, "11.2", "the key is of epoch %d, not of the one after the re-init", ids[0].Epoch)
	}
	j.origin.epoch = ids[0].Epoch
	return nil
}

// originKey is the resumption key of the group that is continued.
func (j *joiner) originKey(id PSKID) []byte {
	if j.origin == nil || id.Type != PSKResumption || id.Usage != j.origin.usage {
		return nil
	}
	return j.origin.group.resumption(id.Epoch)
}

// checkOrigin checks the parameters and the members of a group that continues another (§12.4.3.1).
func (j *joiner) checkOrigin(info *groupInfo, tree *ratchetTree) error {
	if j.origin == nil {
		return nil
	}
	if info.context.epoch != 1 {
		return refuse(ErrInvalidGroupInfo, "11", "the Welcome is of epoch %d instead of 1", info.context.epoch)
	}
	old := j.origin.group
	if j.origin.usage == PSKBranch {
		if info.context.suite != old.suite.id {
			return refuse(ErrInvalidGroupInfo, "11.3", "a branch with another cipher suite")
		}
		return checkPart(j.config, old.membersAt(j.origin.epoch), tree.memberList())
	}
	want := groupContext{
		suite: old.reInit.Suite, groupID: old.reInit.GroupID, epoch: 1, treeHash: info.context.treeHash,
		confirmedTranscriptHash: info.context.confirmedTranscriptHash, extensions: old.reInit.Extensions,
	}
	if old.reInit.Version != protocolVersion || !bytes.Equal(want.encode(), info.encodedContext) {
		return refuse(ErrInvalidGroupInfo, "11.2", "the group is not the one that was agreed on")
	}
	return checkWhole(j.config, old.Members(), tree.memberList())
}

// membersAt are the members of the current epoch or a past one.
func (g *Group) membersAt(epoch uint64) []Member {
	if epoch == g.context.epoch {
		return g.Members()
	}
	for _, p := range g.past {
		if p.epoch == epoch {
			return p.memberList()
		}
	}
	return nil
}

func (p *pastEpoch) memberList() (list []Member) {
	for i, m := range p.members {
		if m != nil {
			list = append(list, m.at(LeafIndex(i)))
		}
	}
	return list
}

// checkPart checks that each member of a branch is one of the old group.
func checkPart(c *Config, old, now []Member) error {
	for _, n := range now {
		if !slices.ContainsFunc(old, func(o Member) bool { return c.sameClient(o, n) }) {
			return refuse(ErrInvalidGroupInfo, "11.3", "the member at leaf %d is not of the old group", n.Leaf)
		}
	}
	return nil
}

// checkWhole checks that a successor has the members of the old group, all of them and no others.
func checkWhole(c *Config, old, now []Member) error {
	for _, o := range old {
		if !slices.ContainsFunc(now, func(n Member) bool { return c.sameClient(o, n) }) {
			return refuse(ErrInvalidGroupInfo, "11.2", "the member at leaf %d of the old group is missing", o.Leaf)
		}
	}
	if len(old) != len(now) {
		return refuse(ErrInvalidGroupInfo, "11.2", "%d members instead of %d", len(now), len(old))
	}
	return nil
}
