package mls

// write encodes a past epoch. Of its members it says only how they differ from those of the epoch
// after it.
func (p *pastEpoch) write(w *writer, newer []*identity) {
	w.uint64(p.epoch)
	w.opaque(p.context)
	w.opaque(p.senderData)
	w.opaque(p.resumption)
	w.uint64(uint64(p.ended))
	w.uint32(uint32(len(p.members)))
	w.vector(func() {
		for i, m := range p.members {
			if i < len(newer) && m.equal(newer[i]) || i >= len(newer) && m == nil {
				continue
			}
			w.uint32(uint32(i))
			w.optional(m != nil)
			if m != nil {
				m.credential.write(w)
				w.opaque(m.signatureKey)
			}
		}
	})
}

func readPastEpoch(r *reader, newer []*identity) *pastEpoch {
	p := &pastEpoch{
		epoch: r.uint64(), context: r.opaque(), senderData: r.opaque(), resumption: r.opaque(),
		ended: int64(r.uint64()),
	}
	n := r.uint32()
	if n == 0 || n > maxLeaves || n&(n-1) != 0 {
		r.fail()
		return p
	}
	p.members = make([]*identity, n)
	copy(p.members, newer)
	r.each(func(r *reader) {
		i := r.uint32()
		var m *identity
		if r.optional() {
			m = &identity{credential: readCredential(r), signatureKey: r.opaque()}
		}
		if i >= n {
			r.fail()
			return
		}
		p.members[i] = m
	})
	return p
}
