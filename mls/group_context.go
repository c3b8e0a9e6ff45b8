package mls

import "slices"

// groupContext is GroupContext (RFC 9420 §8.1): what all members of an epoch agree on.
type groupContext struct {
	suite                   CipherSuite
	groupID                 []byte
	epoch                   uint64
	treeHash                []byte
	confirmedTranscriptHash []byte
	extensions              []Extension
}

func (c *groupContext) write(w *writer) {
	w.uint16(protocolVersion)
	w.uint16(uint16(c.suite))
	w.opaque(c.groupID)
	w.uint64(c.epoch)
	w.opaque(c.treeHash)
	w.opaque(c.confirmedTranscriptHash)
	writeExtensions(w, c.extensions)
}

func (c *groupContext) encode() []byte {
	w := newWriter(256)
	c.write(w)
	return slices.Clip(w.b)
}

func readGroupContext(r *reader) groupContext {
	if r.uint16() != protocolVersion {
		r.fail()
	}
	return groupContext{
		suite:                   CipherSuite(r.uint16()),
		groupID:                 r.opaque(),
		epoch:                   r.uint64(),
		treeHash:                r.opaque(),
		confirmedTranscriptHash: r.opaque(),
		extensions:              readExtensions(r),
	}
}
