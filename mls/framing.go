package mls

import (
	"crypto"
	"fmt"
)

// WireFormat says what an MLSMessage carries (RFC 9420 §6, §17.2).
type WireFormat uint16

const (
	WirePublicMessage  WireFormat = 0x0001
	WirePrivateMessage WireFormat = 0x0002
	WireWelcome        WireFormat = 0x0003
	WireGroupInfo      WireFormat = 0x0004
	WireKeyPackage     WireFormat = 0x0005
)

// ContentType says what a framed message is for.
type ContentType uint8

const (
	ContentApplication ContentType = 1
	ContentProposal    ContentType = 2
	ContentCommit      ContentType = 3
)

// SenderType says in which role a framed message was sent.
type SenderType uint8

const (
	SenderMember            SenderType = 1
	SenderExternal          SenderType = 2
	SenderNewMemberProposal SenderType = 3
	SenderNewMemberCommit   SenderType = 4
)

// MaxMessage bounds every MLSMessage this package reads or writes, in bytes.
const MaxMessage = 16 << 20

// sender is Sender: index is a leaf index for members, a place in external_senders for external ones.
type sender struct {
	typ   SenderType
	index uint32
}

func (s sender) leaf() LeafIndex { return LeafIndex(s.index) }

func (s sender) write(w *writer) {
	w.uint8(uint8(s.typ))
	if s.typ == SenderMember || s.typ == SenderExternal {
		w.uint32(s.index)
	}
}

func readSender(r *reader) sender {
	s := sender{typ: SenderType(r.uint8())}
	switch s.typ {
	case SenderMember, SenderExternal:
		s.index = r.uint32()
	case SenderNewMemberProposal, SenderNewMemberCommit:
	default:
		r.fail()
	}
	return s
}

// framedContent is FramedContent (§6). raw is its encoding; one of the last three fields is set, as
// contentType says.
type framedContent struct {
	groupID     []byte
	epoch       uint64
	sender      sender
	aad         []byte
	contentType ContentType
	raw         []byte

	application []byte
	proposal    *proposal
	commit      *commit
}

func readFramedContent(r *reader) *framedContent {
	start := r.b
	c := &framedContent{
		groupID:     r.opaque(),
		epoch:       r.uint64(),
		sender:      readSender(r),
		aad:         r.opaque(),
		contentType: ContentType(r.uint8()),
	}
	c.readBody(r)
	c.raw = r.since(start)
	return c
}

// readBody reads the part that the content type selects, which private messages carry alone.
func (c *framedContent) readBody(r *reader) {
	switch c.contentType {
	case ContentApplication:
		c.application = r.opaque()
	case ContentProposal:
		c.proposal = readProposal(r)
	case ContentCommit:
		c.commit = readCommit(r)
	default:
		r.fail()
	}
}

// frame encodes a FramedContent around an encoded body and reads it back.
func frame(ctx *groupContext, from sender, aad []byte, t ContentType, body []byte) *framedContent {
	return readFramedContent(&reader{b: encodeFramedContent(ctx.groupID, ctx.epoch, from, aad, t, body)})
}

func encodeFramedContent(groupID []byte, epoch uint64, from sender, aad []byte, t ContentType, body []byte) []byte {
	w := newWriter(len(groupID) + len(aad) + len(body) + 32)
	w.opaque(groupID)
	w.uint64(epoch)
	from.write(w)
	w.opaque(aad)
	w.uint8(uint8(t))
	w.raw(body)
	return w.b
}

// authenticatedContent is AuthenticatedContent (§6): content with what authenticates it.
type authenticatedContent struct {
	wireFormat      WireFormat
	content         *framedContent
	signature       []byte
	confirmationTag []byte // of commits
}

// toBeSigned is FramedContentTBS (§6.1). context is the encoded GroupContext; it is left out for
// senders outside of the group.
func (a *authenticatedContent) toBeSigned(context []byte) []byte {
	w := newWriter(len(a.content.raw) + len(context) + 4)
	w.uint16(protocolVersion)
	w.uint16(uint16(a.wireFormat))
	w.raw(a.content.raw)
	if t := a.content.sender.typ; t == SenderMember || t == SenderNewMemberCommit {
		w.raw(context)
	}
	return w.b
}

func (a *authenticatedContent) sign(s *suite, signer crypto.Signer, context []byte) error {
	signature, err := s.signWithLabel(signer, "FramedContentTBS", a.toBeSigned(context))
	a.signature = signature
	return err
}

func (a *authenticatedContent) verify(s *suite, key, context []byte) error {
	if !s.verifyWithLabel(key, "FramedContentTBS", a.toBeSigned(context), a.signature) {
		return refuse(ErrSignature, "6.1", "framed content")
	}
	return nil
}

// writeAuth writes FramedContentAuthData.
func (a *authenticatedContent) writeAuth(w *writer) {
	w.opaque(a.signature)
	if a.content.contentType == ContentCommit {
		w.opaque(a.confirmationTag)
	}
}

func (a *authenticatedContent) readAuth(r *reader) {
	a.signature = r.opaque()
	if a.content.contentType == ContentCommit {
		a.confirmationTag = r.opaque()
	}
}

// encode is the encoding whose hash a commit refers to a proposal by.
func (a *authenticatedContent) encode() []byte {
	w := newWriter(len(a.content.raw) + 256)
	w.uint16(uint16(a.wireFormat))
	w.raw(a.content.raw)
	a.writeAuth(w)
	return w.b
}

func parseAuthenticatedContent(b []byte) (*authenticatedContent, error) {
	r := reader{b: b}
	a := &authenticatedContent{wireFormat: WireFormat(r.uint16())}
	a.content = readFramedContent(&r)
	a.readAuth(&r)
	return a, r.end("authenticated content")
}

// openMessage checks the frame of an MLSMessage and returns a reader at what it carries.
func openMessage(b []byte) (WireFormat, *reader, error) {
	if len(b) > MaxMessage {
		return 0, nil, fmt.Errorf("%w: message of %d bytes", ErrTooLarge, len(b))
	}
	r := &reader{b: b}
	version, format := r.uint16(), WireFormat(r.uint16())
	if r.bad {
		return 0, nil, fmt.Errorf("%w: message", ErrMalformed)
	}
	if version != protocolVersion {
		return 0, nil, fmt.Errorf("%w: protocol version %d", ErrUnsupported, version)
	}
	if format < WirePublicMessage || format > WireKeyPackage {
		return 0, nil, fmt.Errorf("%w: wire format %d", ErrUnsupported, format)
	}
	return format, r, nil
}

// openMessageOf is openMessage for a caller that accepts one wire format.
func openMessageOf(want WireFormat, what string, b []byte) (*reader, error) {
	format, r, err := openMessage(b)
	if err != nil {
		return nil, err
	}
	if format != want {
		return nil, fmt.Errorf("%w: wire format %d instead of %s", ErrWrongContent, format, what)
	}
	return r, nil
}

func newMessage(format WireFormat, size int) *writer {
	w := newWriter(size + 4)
	w.uint16(protocolVersion)
	w.uint16(uint16(format))
	return w
}
