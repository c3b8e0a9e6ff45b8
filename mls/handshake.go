package mls

import (
	"bytes"
	"fmt"
)

// openHandshake decrypts and authenticates a commit or proposal of the current epoch. It returns what
// remains of the secret tree.
func (g *Group) openHandshake(message []byte, want ContentType) (*authenticatedContent, *secretNode, error) {
	format, r, err := openMessage(bytes.Clone(message))
	if err != nil {
		return nil, nil, err
	}
	switch format {
	case WirePublicMessage:
		a, err := g.openPublic(r, want)
		return a, g.secretTree, err
	case WirePrivateMessage:
		return g.openPrivate(r, want)
	}
	return nil, nil, fmt.Errorf("%w: wire format %d", ErrWrongContent, format)
}

func (g *Group) openPublic(r *reader, want ContentType) (*authenticatedContent, error) {
	m, err := parsePublicMessage(r)
	if err != nil {
		return nil, err
	}
	if err := g.checkCurrent(m.content.groupID, m.content.epoch); err != nil {
		return nil, err
	}
	if m.content.contentType != want {
		return nil, fmt.Errorf("%w: content type %d instead of %d", ErrWrongContent, m.content.contentType, want)
	}
	if m.content.sender.typ == SenderMember && m.content.sender.leaf() == g.own {
		return nil, ErrOwnMessage
	}
	if err := g.suite.verifyMembership(m, g.secrets.membership, g.encodedContext); err != nil {
		return nil, err
	}
	return &m.authenticatedContent, g.verifySender(&m.authenticatedContent)
}

func (g *Group) openPrivate(r *reader, want ContentType) (*authenticatedContent, *secretNode, error) {
	m, err := parsePrivateMessage(r)
	if err != nil {
		return nil, nil, err
	}
	if err := g.checkCurrent(m.groupID, m.epoch); err != nil {
		return nil, nil, err
	}
	if m.contentType != want {
		return nil, nil, fmt.Errorf("%w: content type %d instead of %d", ErrWrongContent, m.contentType, want)
	}
	a, tree, err := g.epochKeys().unprotect(m, g.admitHandshake)
	if err != nil {
		return nil, nil, err
	}
	return a, tree, g.verifySender(a)
}

// admitHandshake tells one's own handshake, whose key is gone, from a replayed one.
func (g *Group) admitHandshake(from LeafIndex) error {
	if from == g.own {
		return ErrOwnMessage
	}
	return admitMember(identityOf(g.tree.leaf(from)), from)
}

func admitMember(id *identity, leaf LeafIndex) error {
	if id == nil {
		return refuse(ErrUnknownSender, "6.3.2", "leaf %d", leaf)
	}
	return nil
}

// verifySender checks the signature with the key that the role of the sender demands (RFC 9420 §6.1),
// and that somebody in that role may send this content.
func (g *Group) verifySender(a *authenticatedContent) error {
	key, err := g.senderKey(a.content)
	if err != nil {
		return err
	}
	return a.verify(g.suite, key, g.encodedContext)
}

func (g *Group) senderKey(c *framedContent) ([]byte, error) {
	switch c.sender.typ {
	case SenderMember:
		if l := g.tree.leaf(c.sender.leaf()); l != nil {
			return l.signatureKey, nil
		}
		return nil, refuse(ErrUnknownSender, "6.1", "leaf %d", c.sender.index)
	case SenderNewMemberCommit:
		if c.contentType != ContentCommit || c.commit.path == nil {
			return nil, refuse(ErrInvalidCommit, "12.4.3.2", "an external commit needs a path")
		}
		return c.commit.path.leaf.signatureKey, nil
	case SenderNewMemberProposal:
		if c.contentType != ContentProposal || c.proposal.typ != ProposalAdd {
			return nil, refuse(ErrInvalidProposal, "6.1", "a new member proposes something other than to be added")
		}
		return c.proposal.keyPackage.leaf.signatureKey, nil
	}
	return g.externalSenderKey(c)
}

func (g *Group) externalSenderKey(c *framedContent) ([]byte, error) {
	if c.contentType != ContentProposal || !c.proposal.typ.allowedExternal() {
		return nil, refuse(ErrInvalidProposal, "12.1.8", "not for external senders")
	}
	data, present := findExtension(g.context.extensions, ExtensionExternalSenders)
	if !present {
		return nil, refuse(ErrUnknownSender, "12.1.8.1", "the group has no external senders")
	}
	senders, err := ParseExternalSenders(data)
	if err != nil {
		return nil, err
	}
	if int64(c.sender.index) >= int64(len(senders)) {
		return nil, refuse(ErrUnknownSender, "12.1.8.1", "external sender %d", c.sender.index)
	}
	return senders[c.sender.index].SignatureKey, nil
}
