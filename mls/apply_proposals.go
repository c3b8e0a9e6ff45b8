package mls

import (
	"bytes"
	"slices"
)

func (ch *change) applyUpdates(c *Config, e *epochState, list []sentProposal) error {
	for _, p := range list {
		if p.typ != ProposalUpdate {
			continue
		}
		at := p.from.leaf()
		old := e.tree.leaf(at)
		if err := e.checkUpdate(c, old, p.leaf, at, &ch.context); err != nil {
			return err
		}
		ch.tree.update(at, p.leaf.detached())
		ch.updated = append(ch.updated, at)
	}
	return nil
}

// checkUpdate checks the leaf of an Update proposal (§12.1.2, §7.3).
func (e *epochState) checkUpdate(c *Config, old, leaf *leafNode, at LeafIndex, ctx *groupContext) error {
	if old == nil {
		return refuse(ErrInvalidProposal, "12.1.2", "update of blank leaf %d", at)
	}
	if leaf.source != sourceUpdate {
		return refuse(ErrInvalidProposal, "7.3", "leaf_node_source of an update is not update")
	}
	if bytes.Equal(old.encryptionKey, leaf.encryptionKey) {
		return refuse(ErrInvalidProposal, "7.3", "an update keeps its encryption key")
	}
	if err := leaf.validateEntry(e.suite, ctx, at); err != nil {
		return err
	}
	if old.identity.equal(leaf.identity) {
		return nil
	}
	return c.authenticate(leaf.at(at))
}

func (ch *change) applyRemoves(_ *Config, e *epochState, list []sentProposal) error {
	for _, p := range list {
		if p.typ != ProposalRemove {
			continue
		}
		if e.tree.leaf(p.removed) == nil {
			return refuse(ErrInvalidProposal, "12.1.3", "removal of blank leaf %d", p.removed)
		}
		ch.tree.remove(p.removed)
		ch.removed = append(ch.removed, p.removed)
	}
	if len(ch.removed) > 0 {
		ch.tree.truncate()
	}
	return nil
}

func (ch *change) applyAdds(c *Config, e *epochState, list []sentProposal) error {
	for _, p := range list {
		if p.typ != ProposalAdd {
			continue
		}
		if p.keyPackage.suite.id != e.suite.id {
			return refuse(ErrInvalidKeyPackage, "10.1", "cipher suite 0x%04X", uint16(p.keyPackage.suite.id))
		}
		if err := p.keyPackage.verify(); err != nil {
			return err
		}
		if err := p.keyPackage.leaf.fits(&ch.context); err != nil {
			return err
		}
		at, err := ch.tree.add(p.keyPackage.leaf.detached())
		if err != nil {
			return err
		}
		if err := c.authenticate(p.keyPackage.leaf.at(at)); err != nil {
			return err
		}
		ch.added = append(ch.added, at)
	}
	slices.Sort(ch.added)
	return nil
}

func (ch *change) applyRest(_ *Config, e *epochState, list []sentProposal) error {
	for _, p := range list {
		switch p.typ {
		case ProposalPSK:
			if err := ch.addPSK(e, p.psk, p.from); err != nil {
				return err
			}
		case ProposalExternalInit:
			ch.kemOutput = p.kemOutput
		case ProposalReInit:
			if p.reInit.Version < protocolVersion {
				return refuse(ErrInvalidProposal, "12.1.5", "re-init to version %d", p.reInit.Version)
			}
			ch.reInit = p.reInit
		}
	}
	return nil
}

// addPSK notes a pre-shared key. Keys of usage reinit and branch belong to the first commit of a group, by
// its only member.
func (ch *change) addPSK(e *epochState, id PSKID, from sender) error {
	first := e.context.epoch == 0 && e.tree.leafCount() == 1 && from.typ == SenderMember
	if id.Type == PSKResumption && id.Usage != PSKApplication && !first {
		return refuse(ErrInvalidProposal, "12.1.4", "a resumption key of usage %d", id.Usage)
	}
	if len(id.Nonce) != e.suite.nh {
		return refuse(ErrInvalidProposal, "12.1.4", "psk_nonce of %d bytes", len(id.Nonce))
	}
	for _, other := range ch.psks {
		if bytes.Equal(other.encode(), id.encode()) {
			return refuse(ErrInvalidCommit, "12.2", "one pre-shared key twice")
		}
	}
	ch.psks = append(ch.psks, id)
	return nil
}

// checkResult makes the checks on the tree as the commit leaves it: new leaves among their neighbours
// (§7.3), and every member against group context extensions that changed (§12.1.7, §13.4).
func (ch *change) checkResult(list []sentProposal, fresh []LeafIndex) error {
	if err := ch.tree.checkNewcomers(fresh); err != nil {
		return err
	}
	for _, p := range list {
		if p.typ == ProposalGroupContextExtensions {
			return ch.tree.checkGroupExtensions(&ch.context)
		}
	}
	return nil
}

func (t *ratchetTree) checkGroupExtensions(ctx *groupContext) error {
	if typ, twice := repeatedExtension(ctx.extensions); twice {
		return refuse(ErrInvalidProposal, "13.4", "extension 0x%04X occurs twice", uint16(typ))
	}
	if data, present := findExtension(ctx.extensions, ExtensionExternalSenders); present {
		if _, err := ParseExternalSenders(data); err != nil {
			return refuse(ErrInvalidProposal, "12.1.8.1", "%w", err)
		}
	}
	for i := range LeafIndex(t.leafCount()) {
		if l := t.leaf(i); l != nil {
			if err := l.fits(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
