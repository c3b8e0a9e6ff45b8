package mls

import (
	"bytes"
	"crypto"
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
	PSK        *PSKID      // inject a pre-shared key; its nonce is drawn here
	ReInit     *ReInit     // end the group in favour of another
	// Signer and Credential go with Update: the own signature key and credential to be. Nil keeps them.
	Signer     crypto.Signer
	Credential *Credential
	AAD        []byte // sent in the clear, authenticated
	Public     bool   // send as PublicMessage instead of PrivateMessage
	Loose      bool   // do not collect it: somebody else commits it. Not for Update
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
	p, update, err := g.makeProposal(&c, o)
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
	if o.Loose && !o.Update {
		return g.next(tree), message, nil
	}
	if next, err = g.collect(a, tree); err != nil {
		return nil, nil, err
	}
	if p.typ == ProposalUpdate {
		next.updates = append(slices.Clone(g.updates), update)
	}
	return next, message, nil
}

func (g *Group) makeProposal(c *Config, o ProposalOptions) (*proposal, ownUpdate, error) {
	var update ownUpdate
	list, err := plainProposals(c, g.suite, plainOptions{o.Add, o.Remove, o.Extensions, o.PSK, o.ReInit})
	if err != nil {
		return nil, update, err
	}
	if o.Update {
		var leaf *leafNode
		if leaf, update, err = g.makeUpdate(c, o); err != nil {
			return nil, update, err
		}
		list = append(list, &proposal{typ: ProposalUpdate, leaf: leaf})
	} else if o.Signer != nil || o.Credential != nil {
		return nil, update, fmt.Errorf("%w: a signer or credential without Update", ErrOption)
	}
	p, err := single(list)
	return p, update, err
}

func (g *Group) makeUpdate(c *Config, o ProposalOptions) (leaf *leafNode, update ownUpdate, err error) {
	id, signer, err := g.newIdentity(o.Signer, o.Credential)
	if err != nil {
		return nil, update, err
	}
	update.signer = signer
	if update.key, err = g.suite.generateKey(c.Rand); err != nil {
		return nil, update, err
	}
	leaf, err = g.tree.makeUpdate(id, signer, g.context.groupID, g.own, update.key, c.Extensions)
	return leaf, update, err
}

// plainOptions are the proposals that need no keys of a group.
type plainOptions struct {
	add        *KeyPackage
	remove     *LeafIndex
	extensions []Extension
	psk        *PSKID
	reInit     *ReInit
}

func plainProposals(c *Config, s *suite, o plainOptions) (list []*proposal, err error) {
	if o.add != nil {
		if c.Now == nil {
			return nil, fmt.Errorf("%w: adding members needs Config.Now", ErrOption)
		}
		if err := o.add.Verify(c.Now()); err != nil {
			return nil, err
		}
		list = append(list, &proposal{typ: ProposalAdd, keyPackage: o.add})
	}
	if o.remove != nil {
		list = append(list, &proposal{typ: ProposalRemove, removed: *o.remove})
	}
	if o.extensions != nil {
		list = append(list, &proposal{typ: ProposalGroupContextExtensions, extensions: o.extensions})
	}
	if o.psk != nil {
		p, err := s.pskProposal(c, *o.psk)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if o.reInit != nil {
		p, err := o.reInit.proposal()
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func single(list []*proposal) (*proposal, error) {
	if len(list) != 1 {
		return nil, fmt.Errorf("%w: %d proposals instead of one", ErrOption, len(list))
	}
	return list[0].encoded(), nil
}

// pskProposal draws the nonce of a PreSharedKey proposal. Keys of usage reinit and branch tie a new group
// to an old one and go nowhere else (§11.2, §11.3).
func (s *suite) pskProposal(c *Config, id PSKID) (*proposal, error) {
	if id.Type == PSKResumption && id.Usage != PSKApplication {
		return nil, fmt.Errorf("%w: a resumption key of usage %d", ErrOption, id.Usage)
	}
	return s.anyPSKProposal(c, id)
}

func (s *suite) anyPSKProposal(c *Config, id PSKID) (*proposal, error) {
	if id.Type != PSKExternal && id.Type != PSKResumption {
		return nil, fmt.Errorf("%w: pre-shared key of type %d", ErrOption, id.Type)
	}
	if err := checkSize("names of a pre-shared key", len(id.ID)+len(id.GroupID), maxGroupID); err != nil {
		return nil, err
	}
	nonce, err := randomBytes(c.Rand, s.nh)
	id.Nonce = nonce
	return &proposal{typ: ProposalPSK, psk: id}, err
}

// proposal checks that the successor is one this package can make. A zero version means MLS 1.0.
func (i ReInit) proposal() (*proposal, error) {
	if i.Version == 0 {
		i.Version = protocolVersion
	}
	if _, err := suiteOf(i.Suite); err != nil {
		return nil, err
	}
	if len(i.GroupID) == 0 || i.Version != protocolVersion {
		return nil, fmt.Errorf("%w: re-init without a group id, or to version %d", ErrOption, i.Version)
	}
	if err := checkSize("group id", len(i.GroupID), maxGroupID); err != nil {
		return nil, err
	}
	if t, twice := repeatedExtension(i.Extensions); twice {
		return nil, fmt.Errorf("%w: extension 0x%04X occurs twice", ErrOption, uint16(t))
	}
	if err := checkExtensionSize(i.Extensions); err != nil {
		return nil, err
	}
	return &proposal{typ: ProposalReInit, reInit: &i}, nil
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

// Pending is a collected proposal that waits for a commit.
type Pending struct {
	Type    ProposalType
	From    Member // who proposed it; zero when that is no member
	Removed Member // of a Remove; zero when the leaf is blank
}

// Pending lists the proposals collected in this epoch, in the order in which they came.
func (g *Group) Pending() (list []Pending) {
	for _, c := range g.proposals {
		p := Pending{Type: c.proposal.typ}
		if c.from.typ == SenderMember {
			p.From, _ = g.Member(c.from.leaf())
		}
		if p.Type == ProposalRemove {
			p.Removed, _ = g.Member(c.proposal.removed)
		}
		list = append(list, p)
	}
	return list
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
