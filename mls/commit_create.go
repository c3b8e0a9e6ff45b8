package mls

import (
	"fmt"
	"slices"
)

// CommitOptions say what a commit shall do. The zero value is the self-update: it changes nothing but
// the committer's keys.
type CommitOptions struct {
	Add        []*KeyPackage
	Remove     []LeafIndex
	Extensions []Extension // non-nil: replaces all group context extensions
	PSKs       []PSKID     // external pre-shared keys to inject; their nonces are drawn here
	Pending    bool        // cover the collected proposals, as far as they go together
	NoPath     bool        // leave out the path where §12.4 allows it
	AAD        []byte      // sent in the clear, authenticated
	Public     bool        // send as PublicMessage instead of PrivateMessage
}

// Commit makes a commit (RFC 9420 §12.4.1) and the epoch it leads to. The group stays where it is
// until the commit is accepted by everybody and the result is merged.
func (g *Group) Commit(c Config, o CommitOptions) (*Staged, error) {
	if err := g.active(); err != nil {
		return nil, err
	}
	list, refs, err := g.proposalsFor(&c, o)
	if err != nil {
		return nil, err
	}
	ch, err := g.apply(&c, list, g.self())
	if err != nil {
		return nil, err
	}
	keys, err := c.findPSKs(ch.psks, g.resumptionPSK)
	if err != nil {
		return nil, err
	}
	m := &commitMaker{group: g, config: &c, list: list, change: ch, commit: &commit{proposals: refs}, psks: keys}
	return m.make(o)
}

// commitMaker holds the parts of a commit while it is made.
type commitMaker struct {
	group  *Group
	config *Config
	list   []sentProposal
	change *change
	commit *commit
	path   *newPath
	psks   []psk
}

func (m *commitMaker) make(o CommitOptions) (*Staged, error) {
	g, ch := m.group, m.change
	commitSecret, err := m.makePath(o)
	if err != nil {
		return nil, err
	}
	if err := ch.checkResult(m.list, slices.Concat(ch.added, ch.updated)); err != nil {
		return nil, err
	}
	format := WirePrivateMessage
	if o.Public {
		format = WirePublicMessage
	}
	content := frame(&g.context, g.self(), o.AAD, ContentCommit, m.commit.encode())
	a, err := signed(g.suite, g.signer, format, content, g.encodedContext)
	if err != nil {
		return nil, err
	}
	n := g.advance(ch, a, g.secrets.init, commitSecret, m.psks)
	a.confirmationTag = n.state.confirmationTag
	n.state.own, n.state.keys = g.own, g.keys.survivors(ch.tree)
	if m.path != nil {
		n.state.keys = n.state.keys.with(m.path.keys)
	}
	staged := &Staged{next: n.group(g), effects: g.effects(ch, ch.tree.leaf(g.own).at(g.own), a)}
	if staged.welcome, err = m.makeWelcome(n, staged.next); err != nil {
		return nil, err
	}
	tree, err := m.protect(staged, a)
	if err != nil {
		return nil, err
	}
	staged.next.past = g.pastWith(tree, m.config.seconds())
	return staged, nil
}

// makePath renews the committer's keys unless that is neither wanted nor needed, and returns the
// commit secret. It leaves the tree hashed.
func (m *commitMaker) makePath(o CommitOptions) ([]byte, error) {
	g, ch := m.group, m.change
	if o.NoPath && !ch.needsPath {
		ch.tree.rehash()
		return g.suite.zero(), nil
	}
	template := ch.tree.renewed(g.own, nil, m.config.Extensions)
	path, err := ch.tree.drawPath(m.config.Rand, g.signer, g.context.groupID, g.own, template)
	if err != nil {
		return nil, err
	}
	m.path = path
	m.commit.path, err = ch.tree.encryptPath(path, ch.provisional(), ch.added)
	return path.commit, err
}

// protect frames the commit under the keys of the epoch that it ends, and returns the secret tree that
// remains of that epoch.
func (m *commitMaker) protect(staged *Staged, a *authenticatedContent) (tree *secretNode, err error) {
	g := m.group
	tree = g.secretTree
	if a.wireFormat == WirePublicMessage {
		staged.message, err = g.suite.protectPublic(a, g.secrets.membership, g.encodedContext)
	} else {
		staged.message, tree, err = g.epochKeys().protect(m.config.Rand, a)
	}
	if err == nil && len(staged.message) > MaxMessage {
		err = fmt.Errorf("%w: commit of %d bytes", ErrTooLarge, len(staged.message))
	}
	return tree, err
}

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
		nonce, err := randomBytes(c.Rand, g.suite.nh)
		if err != nil {
			return nil, err
		}
		id.Nonce = nonce
		list = append(list, &proposal{typ: ProposalPSK, psk: id})
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
	slices.SortStableFunc(newest, func(a, b cachedProposal) int {
		return boolOrder(a.proposal.typ == ProposalRemove, b.proposal.typ == ProposalRemove)
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

// boolOrder sorts true before false.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
