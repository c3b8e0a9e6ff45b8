package mls

// publicMessage is PublicMessage (RFC 9420 §6.2): signed, and for members vouched for by a MAC, but
// readable by all.
type publicMessage struct {
	authenticatedContent
	membershipTag []byte
}

func readPublicMessage(r *reader) *publicMessage {
	m := &publicMessage{}
	m.wireFormat = WirePublicMessage
	m.content = readFramedContent(r)
	m.readAuth(r)
	if m.content.sender.typ == SenderMember {
		m.membershipTag = r.opaque()
	}
	return m
}

func parsePublicMessage(r *reader) (*publicMessage, error) {
	m := readPublicMessage(r)
	if err := r.end("public message"); err != nil {
		return nil, err
	}
	if m.content.contentType == ContentApplication {
		return nil, refuse(ErrWrongContent, "6", "application data in a public message")
	}
	return m, nil
}

// toBeMACed is AuthenticatedContentTBM.
func (m *publicMessage) toBeMACed(context []byte) []byte {
	w := writer{b: m.toBeSigned(context)}
	m.writeAuth(&w)
	return w.b
}

func (m *publicMessage) write(w *writer) {
	w.raw(m.content.raw)
	m.writeAuth(w)
	if m.content.sender.typ == SenderMember {
		w.opaque(m.membershipTag)
	}
}

// protectPublic encodes signed content as an MLSMessage. membershipKey is used for members only.
func (s *suite) protectPublic(a *authenticatedContent, membershipKey, context []byte) ([]byte, error) {
	if a.content.contentType == ContentApplication {
		return nil, refuse(ErrWrongContent, "6", "application data must be encrypted")
	}
	m := publicMessage{authenticatedContent: *a}
	if a.content.sender.typ == SenderMember {
		m.membershipTag = s.mac(membershipKey, m.toBeMACed(context))
	}
	w := newMessage(WirePublicMessage, len(a.content.raw)+256)
	m.write(w)
	return w.b, nil
}

// verifyMembership checks the membership tag of a member's message; others have none.
func (s *suite) verifyMembership(m *publicMessage, membershipKey, context []byte) error {
	if m.content.sender.typ != SenderMember {
		return nil
	}
	if !equalSecret(s.mac(membershipKey, m.toBeMACed(context)), m.membershipTag) {
		return refuse(ErrMembership, "6.2", "public message")
	}
	return nil
}
