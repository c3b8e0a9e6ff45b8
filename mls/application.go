package mls

import (
	"bytes"
	"fmt"
)

// Application is an opened application message (RFC 9420 §15). Sender is the member as of the epoch the
// message was sent in, which may be past.
type Application struct {
	Sender    Member
	Epoch     uint64
	AAD       []byte
	Plaintext []byte
}

// maxApplication bounds application data and its authenticated data, so that the message stays below
// MaxMessage.
const maxApplication = MaxMessage - 64<<10

// Seal encrypts an application message to the members of this epoch. aad is sent in the clear but
// authenticated. Store next before message leaves: a key must never be used twice. While collected
// proposals wait to be committed nothing can be sent: a removal that was proposed comes first (§12.4).
func (g *Group) Seal(c Config, aad, plaintext []byte) (next *Group, message []byte, err error) {
	if err := g.active(); err != nil {
		return nil, nil, err
	}
	if len(g.proposals) > 0 {
		return nil, nil, refuse(ErrUncommitted, "12.4", "%d collected", len(g.proposals))
	}
	if len(aad)+len(plaintext) > maxApplication {
		return nil, nil, fmt.Errorf("%w: application message of %d bytes", ErrTooLarge, len(aad)+len(plaintext))
	}
	body := newWriter(len(plaintext) + 4)
	body.opaque(plaintext)
	content := &framedContent{
		groupID: g.context.groupID, epoch: g.context.epoch, sender: g.self(), aad: aad,
		contentType: ContentApplication, application: plaintext,
	}
	content.raw = encodeFramedContent(content.groupID, content.epoch, content.sender, aad, ContentApplication, body.b)
	a, err := signed(g.suite, g.signer, WirePrivateMessage, content, g.encodedContext)
	if err != nil {
		return nil, nil, err
	}
	message, tree, err := g.epochKeys().protect(c.Rand, a)
	if err != nil {
		return nil, nil, err
	}
	return g.next(tree), message, nil
}

func (g *Group) self() sender { return sender{SenderMember, uint32(g.own)} }

// Open decrypts an application message of this epoch or a recent one. The key it used is gone from
// next: opening the message again is refused with ErrReplay, as is one's own message.
func (g *Group) Open(c Config, message []byte) (next *Group, m *Application, err error) {
	r, err := openMessageOf(WirePrivateMessage, "a private message", message)
	if err != nil {
		return nil, nil, err
	}
	p, err := parsePrivateMessage(r)
	if err != nil {
		return nil, nil, err
	}
	if p.contentType != ContentApplication {
		return nil, nil, fmt.Errorf("%w: content type %d instead of application", ErrWrongContent, p.contentType)
	}
	if err := g.checkGroup(p.groupID, p.epoch); err != nil {
		return nil, nil, err
	}
	if p.epoch == g.context.epoch {
		keys := g.epochKeys()
		m, err := keys.openApplication(p, func(i LeafIndex) *identity { return identityOf(g.tree.leaf(i)) })
		if err != nil {
			return nil, nil, err
		}
		return g.next(keys.tree), m, nil
	}
	i, err := g.pastEpoch(p.epoch, c.seconds())
	if err != nil {
		return nil, nil, err
	}
	past, keys := g.past[i], g.past[i].keys(g)
	m, err = keys.openApplication(p, past.member)
	if err != nil {
		return nil, nil, err
	}
	return g.withPast(i, keys.tree), m, nil
}

func identityOf(l *leafNode) *identity {
	if l == nil {
		return nil
	}
	return l.identity
}

func (p *pastEpoch) member(i LeafIndex) *identity {
	if int(i) >= len(p.members) {
		return nil
	}
	return p.members[i]
}

// openApplication decrypts and authenticates; afterwards k.tree is without the key that was used.
func (k *epochKeys) openApplication(p *privateMessage, member func(LeafIndex) *identity) (*Application, error) {
	a, tree, err := k.unprotect(p, func(i LeafIndex) error { return admitMember(member(i), i) })
	if err != nil {
		return nil, err
	}
	leaf := a.content.sender.leaf()
	id := member(leaf)
	if err := a.verify(k.suite, id.signatureKey, k.context); err != nil {
		return nil, err
	}
	k.tree = tree
	return &Application{
		Sender: id.at(leaf), Epoch: p.epoch, AAD: bytes.Clone(p.aad), Plaintext: a.content.application,
	}, nil
}
