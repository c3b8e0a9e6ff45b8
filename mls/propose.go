package mls

import (
	"bytes"
	"fmt"
	"slices"
)

// maxProposals bounds the proposals collected in one epoch.
const maxProposals = 1024

// ProposalOptions choose one proposal to send by itself.
type ProposalOptions struct {
	Add        *KeyPackage
	Remove     *LeafIndex
	Update     bool        // replace the own leaf's keys when somebody commits
	Extensions []Extension // non-nil: replace the group context extensions
	AAD        []byte      // sent in the clear, authenticated
	Public     bool        // send as PublicMessage instead of PrivateMessage
}

// Propose makes a proposal for somebody's later commit (§12.1). The proposal is collected in next,
// and next has the key of a proposed update: store it before message leaves.
func (g *Group) Propose(c Config, o ProposalOptions) (next *Group, message []byte, err error) {
	if err := g.active(); err != nil {
		return nil, nil, err
	}
	if err := checkHandshakeSize(o.AAD, o.Extensions); err != nil {
		return nil, nil, err
	}
	p, key, err := g.makeProposal(&c, o)
	if err != nil {
		return nil, nil, err
	}
	format := WirePrivateMessage
	if o.Public {
		format = WirePublicMessage
	}
	content := frame(&g.context, g.self(), o.AAD, ContentProposal, p.raw)
	a, err := signed(g.suite, g.signer, format, content, g.encodedContext)
	if err != nil {
		return nil, nil, err
	}
	tree := g.secretTree
	if o.Public {
		message, err = g.suite.protectPublic(a, g.secrets.membership, g.encodedContext)
	} else {
		message, tree, err = g.epochKeys().protect(c.Rand, a)
	}
	if err != nil {
		return nil, nil, err
	}
	if next, err = g.collect(a, tree); err != nil {
		return nil, nil, err
	}
	if p.typ == ProposalUpdate {
		next.updates = append(slices.Clone(g.updates), ownUpdate{key: key})
	}
	return next, message, nil
}

func (g *Group) makeProposal(c *Config, o ProposalOptions) (*proposal, hpkeKey, error) {
	var key hpkeKey
	var list []*proposal
	if o.Add != nil {
		if c.Now == nil {
			return nil, key, fmt.Errorf("%w: adding members needs Config.Now", ErrOption)
		}
		if err := o.Add.Verify(c.Now()); err != nil {
			return nil, key, err
		}
		list = append(list, &proposal{typ: ProposalAdd, keyPackage: o.Add})
	}
	if o.Remove != nil {
		list = append(list, &proposal{typ: ProposalRemove, removed: *o.Remove})
	}
	if o.Extensions != nil {
		list = append(list, &proposal{typ: ProposalGroupContextExtensions, extensions: o.Extensions})
	}
	if o.Update {
		var err error
		if key, err = g.suite.generateKey(c.Rand); err != nil {
			return nil, key, err
		}
		leaf, err := g.tree.makeUpdate(g.signer, g.context.groupID, g.own, key, c.Extensions)
		if err != nil {
			return nil, key, err
		}
		list = append(list, &proposal{typ: ProposalUpdate, leaf: leaf})
	}
	if len(list) != 1 {
		return nil, key, fmt.Errorf("%w: %d proposals instead of one", ErrOption, len(list))
	}
	return list[0].encoded(), key, nil
}

// Collect verifies a proposal of this epoch and keeps it for a commit that refers to it (§12.1). That
// the proposal fits the group is checked when it is committed.
func (g *Group) Collect(c Config, message []byte) (next *Group, err error) {
	if err := g.active(); err != nil {
		return nil, err
	}
	a, tree, err := g.openHandshake(message, ContentProposal)
	if err != nil {
		return nil, err
	}
	return g.collect(a, tree)
}

func (g *Group) collect(a *authenticatedContent, tree *secretNode) (*Group, error) {
	next := g.next(tree)
	ref := g.suite.proposalRef(a.encode())
	if slices.ContainsFunc(g.proposals, func(p cachedProposal) bool { return bytes.Equal(p.ref, ref) }) {
		return next, nil
	}
	if len(g.proposals) >= maxProposals {
		return nil, fmt.Errorf("%w: more than %d proposals in one epoch", ErrTooLarge, maxProposals)
	}
	cached := cachedProposal{ref: ref, proposal: a.content.proposal, from: a.content.sender}
	next.proposals = append(slices.Clone(g.proposals), cached)
	return next, nil
}
