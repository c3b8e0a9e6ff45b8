package mls

// confirmedTranscriptHash covers every commit up to and including this one, by its content and
// signature (RFC 9420 §8.2).
func (s *suite) confirmedTranscriptHash(interimBefore []byte, a *authenticatedContent) []byte {
	w := newWriter(len(a.content.raw) + len(a.signature) + 8)
	w.uint16(uint16(a.wireFormat))
	w.raw(a.content.raw)
	w.opaque(a.signature)
	return s.hash(interimBefore, w.b)
}

// interimTranscriptHash adds the confirmation tag of that commit.
func (s *suite) interimTranscriptHash(confirmed, confirmationTag []byte) []byte {
	w := newWriter(len(confirmationTag) + 4)
	w.opaque(confirmationTag)
	return s.hash(confirmed, w.b)
}
