package mls

// commit is Commit (RFC 9420 §12.4).
type commit struct {
	proposals []proposalOrRef
	path      *updatePath
}

func (c *commit) encode() []byte {
	w := newWriter(1024)
	w.vector(func() {
		for _, p := range c.proposals {
			p.write(w)
		}
	})
	w.optional(c.path != nil)
	if c.path != nil {
		c.path.write(w)
	}
	return w.b
}

func readCommit(r *reader) *commit {
	c := &commit{}
	r.each(func(r *reader) { c.proposals = append(c.proposals, readProposalOrRef(r)) })
	if r.optional() {
		c.path = readUpdatePath(r)
	}
	return c
}

// updatePath is UpdatePath (§7.6).
type updatePath struct {
	leaf  *leafNode
	nodes []updatePathNode
}

// updatePathNode is UpdatePathNode.
type updatePathNode struct {
	encryptionKey []byte
	secrets       []hpkeCiphertext
}

func (p *updatePath) write(w *writer) {
	p.leaf.write(w)
	w.vector(func() {
		for _, n := range p.nodes {
			w.opaque(n.encryptionKey)
			w.vector(func() {
				for _, c := range n.secrets {
					c.write(w)
				}
			})
		}
	})
}

func readUpdatePath(r *reader) *updatePath {
	p := &updatePath{leaf: readLeafNode(r)}
	r.each(func(r *reader) {
		n := updatePathNode{encryptionKey: r.opaque()}
		r.each(func(r *reader) { n.secrets = append(n.secrets, readHPKECiphertext(r)) })
		p.nodes = append(p.nodes, n)
	})
	return p
}
