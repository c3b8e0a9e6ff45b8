package mls

import "slices"

// Staged is the next epoch of a group before the world has accepted it: a commit made here that waits
// for its place in the order of all commits, or a received one that was verified. Merge goes there; to
// stay, forget the Staged and go on with Present. Neither changes the Group it came from.
type Staged struct {
	present *Group // nil when this member joins by the commit
	next    *Group // nil when this member is removed
	message []byte
	welcome []byte
	effects Effects
}

// Message is the commit to send; nil when the commit was received.
func (s *Staged) Message() []byte { return s.message }

// Welcome is for the members that the commit adds; nil without any, or when the commit was received.
// Send it when the commit is accepted, not before.
func (s *Staged) Welcome() []byte { return s.welcome }

// GroupInfo describes the new epoch for those who join by external commit: an MLSMessage with the
// ratchet tree and the external key, signed by this member. Its size grows with the group. It is nil
// when this member is removed.
func (s *Staged) GroupInfo() []byte {
	if s.next == nil {
		return nil
	}
	info, err := s.next.GroupInfo()
	if err != nil {
		return nil
	}
	return info
}

// Present is the group as it stays until the commit is accepted: the one that the commit was made in or
// received by, without the message key that the commit took. Put it in the place of that Group and store
// it before Message leaves. Then a commit that is dropped, even after a crash, leaves no key behind that
// the next message of this epoch would use again (RFC 9420 §9.2). It is nil after JoinExternal.
func (s *Staged) Present() *Group { return s.present }

// Merge is the group in its next epoch; nil when the commit removed this member. It may be called more
// than once. When the present group opened or sent messages since the commit was staged, go on with
// [Group.After], so that their keys stay gone.
func (s *Staged) Merge() *Group { return s.next }

// Effects tells what the commit does, for the application to judge before it merges.
func (s *Staged) Effects() Effects { return s.effects }

// Effects is what a commit does to a group. Removed members are as of the epoch that ends, all others
// as of the one that begins. Updated has the members whose leaf was replaced by an Update proposal; the
// committer of a commit with a path renews its leaf as well.
type Effects struct {
	Committer               Member
	External                bool // the committer joined by this commit
	Path                    bool // the committer renewed its keys
	Added, Removed, Updated []Member
	Before, After           []Extension // of the group context
	SelfRemoved             bool
	ReInit                  *ReInit // set when the group ends and awaits its successor
	AAD                     []byte  // authenticated data of the commit
	PSKs                    []PSKID // pre-shared keys that the commit injects
	// Were is who renewed leaves belonged to before: the committer first, unless External, then
	// Updated in its order.
	Were []Member
	// Proposers is who proposed each of Removed: the committer, or the sender of a proposal that the commit
	// refers to. Whoever is no member, an external sender for one, has a zero Member here.
	Proposers []Member
	// Unheeded counts the collected proposals to remove somebody who stays all the same.
	Unheeded int
}

// unheeded counts the collected proposals of removal that a change leaves out.
func (g *Group) unheeded(ch *change) (n int) {
	for _, p := range g.proposals {
		if p.proposal.typ == ProposalRemove && !slices.Contains(ch.removed, p.proposal.removed) {
			n++
		}
	}
	return n
}

// proposers lists who proposed the removals of a commit, in their order.
func (e *epochState) proposers(list []sentProposal, committer Member) (members []Member) {
	for _, p := range list {
		switch {
		case p.typ != ProposalRemove:
		case p.from.typ == SenderNewMemberCommit, p.from.typ == SenderMember && p.from.leaf() == committer.Leaf:
			members = append(members, committer)
		case p.from.typ == SenderMember && e.tree.leaf(p.from.leaf()) != nil:
			members = append(members, e.tree.leaf(p.from.leaf()).at(p.from.leaf()))
		default:
			members = append(members, Member{})
		}
	}
	return members
}

func (e *epochState) effects(ch *change, list []sentProposal, committer Member, a *authenticatedContent) Effects {
	named := func(t *ratchetTree, leaves []LeafIndex) []Member {
		var members []Member
		for _, i := range leaves {
			members = append(members, t.leaf(i).at(i))
		}
		return members
	}
	were := named(e.tree, ch.updated)
	if a.content.sender.typ != SenderNewMemberCommit {
		were = append([]Member{e.tree.leaf(committer.Leaf).at(committer.Leaf)}, were...)
	}
	return Effects{
		Committer: committer,
		External:  a.content.sender.typ == SenderNewMemberCommit,
		Path:      a.content.commit.path != nil,
		Added:     named(ch.tree, ch.added),
		Removed:   named(e.tree, ch.removed),
		Updated:   named(ch.tree, ch.updated),
		Before:    e.context.extensions,
		After:     ch.context.extensions,
		ReInit:    ch.reInit,
		AAD:       a.content.aad,
		PSKs:      ch.psks,
		Were:      were,
		Proposers: e.proposers(list, committer),
	}
}
