package delivery

import (
	"bytes"

	"frond/mls"
	"frond/server/store"
	"frond/wire"
)

// checkFrames looks at what can be seen of an item from outside: that its MLS messages are well formed, of
// the kind that the item claims, and of the conversation that it names. Whether they are valid, only
// members can tell.
func checkFrames(item *store.Append) error {
	if item.Leave != nil {
		return checkLeave(item.Leave)
	}
	h := handshake(item)
	if (h == nil) == (item.Send == nil) {
		return wire.Errorf(wire.CodeBadRequest, "an append is a message or a handshake")
	}
	if h != nil {
		return checkHandshake(h, wire.MemberRef{Account: item.Account, Device: item.Device})
	}
	return checkMessage(item.Send)
}

// checkMessage also sees that the frame's authenticated data is the commitment that the log keeps.
func checkMessage(m *wire.Send) error {
	h, err := mls.ParseHeader(m.Frame)
	switch {
	case err != nil:
		return wire.Errorf(wire.CodeBadRequest, "the frame is not an MLS message")
	case h.WireFormat != mls.WirePrivateMessage || h.ContentType != mls.ContentApplication:
		return wire.Errorf(wire.CodeBadRequest, "the frame is not an MLS application message")
	case !bytes.Equal(h.GroupID, m.Conversation[:]):
		return wire.Errorf(wire.CodeBadRequest, "the frame is of another group than the conversation")
	case !bytes.Equal(h.AAD, m.Commitment[:]):
		return wire.Errorf(wire.CodeBadRequest, "the frame's authenticated data is not the commitment")
	}
	return nil
}

// checkHandshake asks for a private commit from members, because it may carry what only they may know,
// and for a public one from who joins by it, because RFC 9420 §12.4.3.2 has it so. What the upload says of
// membership must be what the commit's author signed, and the author the device of the session: members
// judge that, and nothing else.
func checkHandshake(m *wire.Handshake, author wire.MemberRef) error {
	h, err := mls.ParseHeader(m.Frame)
	switch {
	case err != nil:
		return wire.Errorf(wire.CodeBadRequest, "the frame is not an MLS message")
	case h.ContentType != mls.ContentCommit:
		return wire.Errorf(wire.CodeBadRequest, "the frame is not an MLS commit")
	case !bytes.Equal(h.GroupID, m.Conversation[:]):
		return wire.Errorf(wire.CodeBadRequest, "the frame is of another group than the conversation")
	case m.External && (h.WireFormat != mls.WirePublicMessage || h.Sender != mls.SenderNewMemberCommit):
		return wire.Errorf(wire.CodeBadRequest, "the frame is not an external commit")
	case !m.External && h.WireFormat != mls.WirePrivateMessage:
		return wire.Errorf(wire.CodeBadRequest, "a member's commit is a private message")
	case !bytes.Equal(h.AAD, m.Declaration(author)):
		return wire.Errorf(wire.CodeBadRequest, "the commit's authenticated data is not what the handshake declares")
	}
	if len(m.Welcome) == 0 {
		return nil
	}
	return checkFormat(m.Welcome, mls.WireWelcome, "welcome")
}

// checkLeave asks for private proposals of the conversation's group. What they propose only members read.
func checkLeave(m *wire.Leave) error {
	for _, frame := range m.Frames {
		h, err := mls.ParseHeader(frame)
		if err != nil || h.WireFormat != mls.WirePrivateMessage || h.ContentType != mls.ContentProposal {
			return wire.Errorf(wire.CodeBadRequest, "the frame is not a private MLS proposal")
		}
		if !bytes.Equal(h.GroupID, m.Conversation[:]) {
			return wire.Errorf(wire.CodeBadRequest, "the frame is of another group than the conversation")
		}
	}
	return nil
}

func checkKeyPackage(k []byte) error { return checkFormat(k, mls.WireKeyPackage, "key package") }

func checkFormat(message []byte, want mls.WireFormat, what string) error {
	h, err := mls.ParseHeader(message)
	if err != nil || h.WireFormat != want {
		return wire.Errorf(wire.CodeBadRequest, "not an MLS %s", what)
	}
	return nil
}
