package mls

import (
	"fmt"
	"slices"
	"sort"
)

// proposalsFor gathers the proposals of a commit, by value from the options and by reference from
// those collected.
func (g *Group) proposalsFor(c *Config, o CommitOptions) ([]sentProposal, []proposalOrRef, error) {
	own, err := g.ownProposals(c, o)
	if err != nil {
		return nil, nil, err
	}
	var list []sentProposal
	var refs []proposalOrRef
	for _, p := range own {
		list = append(list, sentProposal{p, g.self()})
		refs = append(refs, proposalOrRef{proposal: p})
	}
	if o.Pending {
		for _, p := range g.pendingBeside(list) {
			list = append(list, sentProposal{p.proposal, p.from})
			refs = append(refs, proposalOrRef{ref: p.ref})
		}
	}
	for _, p := range list {
		if p.typ != ProposalAdd {
			continue
		}
		if c.Now == nil {
			return nil, nil, fmt.Errorf("%w: adding members needs Config.Now", ErrOption)
		}
		if err := p.keyPackage.checkLifetime(c.Now()); err != nil {
			return nil, nil, err
		}
	}
	return list, refs, nil
}

func (g *Group) ownProposals(c *Config, o CommitOptions) ([]*proposal, error) {
	var list []*proposal
	if o.Extensions != nil {
		list = append(list, &proposal{typ: ProposalGroupContextExtensions, extensions: o.Extensions})
	}
	for _, leaf := range o.Remove {
		list = append(list, &proposal{typ: ProposalRemove, removed: leaf})
	}
	for _, k := range o.Add {
		if k == nil {
			return nil, fmt.Errorf("%w: nil key package", ErrOption)
		}
		list = append(list, &proposal{typ: ProposalAdd, keyPackage: k})
	}
	for _, id := range o.PSKs {
		p, err := g.suite.pskProposal(c, id)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if o.origin != nil {
		p, err := g.suite.anyPSKProposal(c, *o.origin)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if o.ReInit != nil {
		p, err := o.ReInit.proposal()
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	for _, p := range list {
		p.encoded()
	}
	return list, nil
}

// pendingBeside chooses, of the collected proposals, those that may stand beside list in a commit of
// this member: removals before updates of the same leaf, the newest of several, and no re-init beside
// anything else (§12.2).
func (g *Group) pendingBeside(list []sentProposal) []cachedProposal {
	taken := map[LeafIndex]bool{g.own: true}
	extensions := false
	for _, p := range list {
		if leaf, touches := p.target(); touches {
			taken[leaf] = true
		}
		extensions = extensions || p.typ == ProposalGroupContextExtensions
	}
	var chosen, reInits []cachedProposal
	newest := slices.Clone(g.proposals)
	slices.Reverse(newest)
	sort.SliceStable(newest, func(i, j int) bool {
		return newest[i].proposal.typ == ProposalRemove && newest[j].proposal.typ != ProposalRemove
	})
	for _, p := range newest {
		leaf, touches := sentProposal{p.proposal, p.from}.target()
		switch typ := p.proposal.typ; {
		case touches && (taken[leaf] || g.tree.leaf(leaf) == nil),
			typ == ProposalGroupContextExtensions && extensions:
			continue
		case typ == ProposalReInit:
			reInits = append(reInits, p)
			continue
		case touches:
			taken[leaf] = true
		case typ == ProposalGroupContextExtensions:
			extensions = true
		}
		chosen = append(chosen, p)
	}
	if len(chosen)+len(list) == 0 && len(reInits) > 0 {
		return reInits[:1]
	}
	slices.Reverse(chosen)
	return chosen
}
