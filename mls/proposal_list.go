package mls

// sentProposal is a proposal with the role in which it was proposed.
type sentProposal struct {
	*proposal
	from sender
}

// change is what a list of proposals does to an epoch (RFC 9420 §12.3).
type change struct {
	tree                    *ratchetTree
	context                 groupContext // of the next epoch; tree hash and transcript hash are still old
	added, removed, updated []LeafIndex  // added is sorted
	psks                    []PSKID
	kemOutput               []byte
	reInit                  *ReInit
	needsPath               bool
}

// apply validates the proposals that a commit covers (§12.2) and applies them to a copy of the tree
// and the context (§12.3). Leaves among their neighbours are checked later, when the path is in place.
func (e *epochState) apply(c *Config, list []sentProposal, committer sender) (*change, error) {
	if err := e.checkList(list, committer); err != nil {
		return nil, err
	}
	ch := &change{tree: e.tree.clone(), context: e.context, needsPath: len(list) == 0}
	ch.context.epoch++
	for _, p := range list {
		ch.needsPath = ch.needsPath || p.typ.needsPath()
		if p.typ == ProposalGroupContextExtensions {
			ch.context.extensions = p.extensions
		}
	}
	for _, step := range []func(*Config, *epochState, []sentProposal) error{
		ch.applyUpdates, ch.applyRemoves, ch.applyAdds, ch.applyRest,
	} {
		if err := step(c, e, list); err != nil {
			return nil, err
		}
	}
	return ch, nil
}

// checkList makes the checks that concern the list as a whole.
func (e *epochState) checkList(list []sentProposal, committer sender) error {
	counts := make(map[ProposalType]int)
	touched := make(map[LeafIndex]bool)
	for _, p := range list {
		counts[p.typ]++
		if err := p.checkSender(); err != nil {
			return err
		}
		leaf, touches := p.target()
		if !touches {
			continue
		}
		if touched[leaf] {
			return refuse(ErrInvalidCommit, "12.2", "two updates or removals of leaf %d", leaf)
		}
		touched[leaf] = true
		if committer.typ == SenderMember && leaf == committer.leaf() {
			return refuse(ErrInvalidCommit, "12.2", "the committer updates or removes itself")
		}
	}
	if committer.typ == SenderNewMemberCommit {
		return checkExternalList(counts, len(list))
	}
	switch {
	case counts[ProposalExternalInit] > 0:
		return refuse(ErrInvalidCommit, "12.2", "external init in a commit of a member")
	case counts[ProposalGroupContextExtensions] > 1:
		return refuse(ErrInvalidCommit, "12.2", "several group context extensions proposals")
	case counts[ProposalReInit] > 0 && len(list) > 1:
		return refuse(ErrInvalidCommit, "12.2", "re-init together with other proposals")
	}
	return nil
}

func checkExternalList(counts map[ProposalType]int, n int) error {
	switch {
	case counts[ProposalExternalInit] != 1:
		return refuse(ErrInvalidCommit, "12.2", "%d external inits in an external commit", counts[ProposalExternalInit])
	case counts[ProposalRemove] > 1:
		return refuse(ErrInvalidCommit, "12.2", "an external commit removes several members")
	case n != 1+counts[ProposalRemove]+counts[ProposalPSK]:
		return refuse(ErrInvalidCommit, "12.2", "an external commit with proposals of other types")
	}
	return nil
}

// checkSender checks that the proposal may come from where it came (§6.1, §12.1.8).
func (p sentProposal) checkSender() error {
	switch {
	case p.from.typ == SenderExternal && !p.typ.allowedExternal(),
		p.from.typ == SenderNewMemberProposal && p.typ != ProposalAdd,
		p.from.typ != SenderMember && p.typ == ProposalUpdate:
		return refuse(ErrInvalidProposal, "12.1.8", "proposal type %d from sender type %d", p.typ, p.from.typ)
	}
	return nil
}

// target is the leaf that an Update or Remove is about.
func (p sentProposal) target() (LeafIndex, bool) {
	switch p.typ {
	case ProposalUpdate:
		return p.from.leaf(), true
	case ProposalRemove:
		return p.removed, true
	}
	return 0, false
}
