package mls

import "slices"

// validate makes the checks of RFC 9420 §7.3 that concern the leaf by itself and the parameters of its
// group. What concerns its neighbours is checked by validateAmong.
func (l *leafNode) validate(s *suite, ctx *groupContext, leaf LeafIndex) error {
	if err := l.validateAlone(s); err != nil {
		return err
	}
	if !l.verifySignature(s, ctx.groupID, leaf) {
		return refuse(ErrInvalidLeaf, "7.3", "signature of leaf %d: %w", leaf, ErrSignature)
	}
	return l.fits(ctx)
}

// validateEntry is validate for a leaf that enters the tree.
func (l *leafNode) validateEntry(s *suite, ctx *groupContext, leaf LeafIndex) error {
	if err := s.checkPublicKey(l.encryptionKey); err != nil {
		return refuse(ErrInvalidLeaf, "7.3", "encryption key: %w", err)
	}
	return l.validate(s, ctx, leaf)
}

// validateAlone checks the fields of the leaf against each other.
func (l *leafNode) validateAlone(s *suite) error {
	if err := s.checkKeySize(l.encryptionKey); err != nil {
		return refuse(ErrInvalidLeaf, "7.3", "encryption key: %w", err)
	}
	if err := s.sig.check(l.signatureKey); err != nil {
		return refuse(ErrInvalidLeaf, "7.3", "signature key: %w", err)
	}
	if !slices.Contains(l.capabilities.versions, protocolVersion) {
		return refuse(ErrInvalidLeaf, "7.3", "the leaf does not support MLS 1.0")
	}
	if !slices.Contains(l.capabilities.cipherSuites, s.id) {
		return refuse(ErrInvalidLeaf, "7.3", "the leaf does not support the cipher suite")
	}
	if !l.capabilities.hasCredential(l.credential.Type) {
		return refuse(ErrInvalidLeaf, "7.2", "the leaf does not support its own credential type %d", l.credential.Type)
	}
	if t, twice := repeatedExtension(l.extensions); twice {
		return refuse(ErrInvalidLeaf, "13.4", "extension 0x%04X occurs twice", uint16(t))
	}
	for _, e := range l.extensions {
		if !l.capabilities.hasExtension(e.Type) {
			return refuse(ErrInvalidLeaf, "7.3", "extension 0x%04X is not among the capabilities", uint16(e.Type))
		}
	}
	return nil
}

// fits checks the leaf against the extensions of the group.
func (l *leafNode) fits(ctx *groupContext) error {
	for _, e := range ctx.extensions {
		if !l.capabilities.hasExtension(e.Type) {
			return refuse(ErrInvalidLeaf, "13.4", "group extension 0x%04X is not supported", uint16(e.Type))
		}
	}
	data, present := findExtension(ctx.extensions, ExtensionRequiredCapabilities)
	if !present {
		return nil
	}
	required, err := parseRequiredCapabilities(data)
	if err != nil {
		return refuse(ErrInvalidProposal, "11.1", "required_capabilities: %w", err)
	}
	if missing := l.capabilities.meets(required); missing != "" {
		return refuse(ErrInvalidLeaf, "7.3", "a required %s is not supported", missing)
	}
	return nil
}

// checkNewcomers checks what §7.3 demands of leaves among their neighbours, for the leaves of the tree
// that are new: unlike keys, and credentials that everybody understands.
func (t *ratchetTree) checkNewcomers(fresh []LeafIndex) error {
	if len(fresh) == 0 {
		return nil
	}
	if len(fresh) > 8 {
		return t.checkAllLeaves()
	}
	for _, i := range fresh {
		l := t.leaf(i)
		for j := range t.leafCount() {
			o := t.leaf(LeafIndex(j))
			if o == nil || o == l {
				continue
			}
			if err := distinct(l, o); err != nil {
				return err
			}
			if err := understands(o, l.credential.Type); err != nil {
				return err
			}
			if err := understands(l, o.credential.Type); err != nil {
				return err
			}
		}
	}
	return nil
}

func distinct(a, b *leafNode) error {
	if sameKey(a.encryptionKey, b.encryptionKey) {
		return refuse(ErrInvalidLeaf, "7.3", "two leaves have one encryption key")
	}
	if sameKey(a.signatureKey, b.signatureKey) {
		return refuse(ErrInvalidLeaf, "7.3", "two leaves have one signature key")
	}
	return nil
}

func understands(l *leafNode, t CredentialType) error {
	if !l.capabilities.hasCredential(t) {
		return refuse(ErrInvalidLeaf, "7.3", "a member does not support credential type %d", t)
	}
	return nil
}

// checkAllLeaves is checkNewcomers for every leaf at once, in one pass over the tree.
func (t *ratchetTree) checkAllLeaves() error {
	encryption, signature := newKeySet(int(t.leafCount())), newKeySet(int(t.leafCount()))
	types := make(map[CredentialType]bool)
	for j := range t.leafCount() {
		l := t.leaf(LeafIndex(j))
		if l == nil {
			continue
		}
		if !encryption.add(l.encryptionKey) {
			return refuse(ErrInvalidLeaf, "7.3", "two leaves have one encryption key")
		}
		if !signature.add(l.signatureKey) {
			return refuse(ErrInvalidLeaf, "7.3", "two leaves have one signature key")
		}
		types[l.credential.Type] = true
	}
	for j := range t.leafCount() {
		if l := t.leaf(LeafIndex(j)); l != nil {
			for typ := range types {
				if err := understands(l, typ); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
