package mls

// Header is what everybody can read of an MLSMessage, a delivery service among them. It is what the
// sender claims; only members can verify it. Fields that the wire format has not are zero.
type Header struct {
	WireFormat  WireFormat
	GroupID     []byte      // public and private messages, group infos
	Epoch       uint64      // public and private messages, group infos
	ContentType ContentType // public and private messages
	Sender      SenderType  // public messages
	AAD         []byte      // public and private messages
}

// ParseHeader checks that a message is well formed, and returns its readable part. The byte strings
// alias message.
func ParseHeader(message []byte) (Header, error) {
	format, r, err := openMessage(message)
	if err != nil {
		return Header{}, err
	}
	h := Header{WireFormat: format}
	switch format {
	case WirePublicMessage:
		m, err := parsePublicMessage(r)
		if err != nil {
			return Header{}, err
		}
		h.GroupID, h.Epoch, h.AAD = m.content.groupID, m.content.epoch, m.content.aad
		h.ContentType, h.Sender = m.content.contentType, m.content.sender.typ
	case WirePrivateMessage:
		m, err := parsePrivateMessage(r)
		if err != nil {
			return Header{}, err
		}
		h.GroupID, h.Epoch, h.AAD, h.ContentType = m.groupID, m.epoch, m.aad, m.contentType
	case WireWelcome:
		readWelcome(r)
	case WireGroupInfo:
		i := readGroupInfo(r)
		h.GroupID, h.Epoch = i.context.groupID, i.context.epoch
	case WireKeyPackage:
		readKeyPackage(r)
	}
	if err := r.end("message"); err != nil {
		return Header{}, err
	}
	return h, nil
}
