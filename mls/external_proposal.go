package mls

import "crypto"

// ExternalProposalOptions choose one proposal that somebody outside sends to a group (RFC 9420 §12.1.8).
// Group, epoch and suite are those of a group info or a handshake message.
type ExternalProposalOptions struct {
	Suite   CipherSuite // zero: DefaultSuite
	GroupID []byte
	Epoch   uint64
	Signer  crypto.Signer
	Sender  uint32 // the place in the group's external_senders extension

	Add        *KeyPackage
	Remove     *LeafIndex
	Extensions []Extension // non-nil: replace the group context extensions
	PSK        *PSKID      // inject a pre-shared key; its nonce is drawn here
	ReInit     *ReInit
	AAD        []byte
}

// ProposeExternal makes a proposal of an external sender, such as a service that the group listed in its
// external_senders extension. Members Collect it.
func ProposeExternal(c Config, o ExternalProposalOptions) (message []byte, err error) {
	s, err := suiteOf(orDefault(o.Suite))
	if err != nil {
		return nil, err
	}
	list, err := plainProposals(&c, s, plainOptions{o.Add, o.Remove, o.Extensions, o.PSK, o.ReInit})
	if err != nil {
		return nil, err
	}
	p, err := single(list)
	if err != nil {
		return nil, err
	}
	return s.proposeFrom(sender{SenderExternal, o.Sender}, p, o)
}

// ProposeJoin makes the proposal of somebody outside to be added by its own key package, whose signer must
// be given (§12.1.8). Whether it is welcome is for the members to judge before they commit it.
func ProposeJoin(c Config, groupID []byte, epoch uint64, k *KeyPackage, signer crypto.Signer) (message []byte, err error) {
	list, err := plainProposals(&c, k.suite, plainOptions{add: k})
	if err != nil {
		return nil, err
	}
	p, err := single(list)
	if err != nil {
		return nil, err
	}
	o := ExternalProposalOptions{GroupID: groupID, Epoch: epoch, Signer: signer}
	return k.suite.proposeFrom(sender{typ: SenderNewMemberProposal}, p, o)
}

func (s *suite) proposeFrom(from sender, p *proposal, o ExternalProposalOptions) ([]byte, error) {
	if err := checkHandshakeSize(o.AAD, o.Extensions); err != nil {
		return nil, err
	}
	if err := checkSize("group id", len(o.GroupID), maxGroupID); err != nil {
		return nil, err
	}
	if _, err := s.signerKey(o.Signer); err != nil {
		return nil, err
	}
	ctx := groupContext{groupID: o.GroupID, epoch: o.Epoch}
	a, err := signed(s, o.Signer, WirePublicMessage, frame(&ctx, from, o.AAD, ContentProposal, p.raw), nil)
	if err != nil {
		return nil, err
	}
	return s.protectPublic(a, nil, nil)
}

// Proposal is a collected proposal as the application sees it, to be judged before it is committed. The
// field that Type selects is set.
type Proposal struct {
	Ref        []byte
	Type       ProposalType
	Sender     SenderType
	Index      uint32 // the leaf of a member, or the place among the external senders
	KeyPackage *KeyPackage
	Update     *Member
	Removed    LeafIndex
	PSK        *PSKID
	ReInit     *ReInit
	Extensions []Extension
}

// Proposals are those collected in this epoch, in the order of their arrival.
func (g *Group) Proposals() []Proposal {
	list := make([]Proposal, len(g.proposals))
	for i, c := range g.proposals {
		p := c.proposal
		list[i] = Proposal{
			Ref: c.ref, Type: p.typ, Sender: c.from.typ, Index: c.from.index, KeyPackage: p.keyPackage,
			Removed: p.removed, ReInit: p.reInit, Extensions: p.extensions,
		}
		if p.typ == ProposalPSK {
			list[i].PSK = &p.psk
		}
		if p.typ == ProposalUpdate {
			m := p.leaf.at(c.from.leaf())
			list[i].Update = &m
		}
	}
	return list
}
