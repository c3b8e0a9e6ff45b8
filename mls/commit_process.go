package mls

import (
	"bytes"
	"crypto"
	"crypto/hpke"
	"fmt"
	"slices"
)

// Stage verifies a commit of another member, or of somebody who joins by it, and computes the epoch it
// leads to (RFC 9420 §12.4.2). The group stays as it is; merge the result to go on. A commit that
// removes this member is staged too: its Effects say so, and its Merge is nil.
func (g *Group) Stage(c Config, message []byte) (*Staged, error) {
	if err := g.active(); err != nil {
		return nil, err
	}
	a, tree, err := g.openHandshake(message, ContentCommit)
	if err != nil {
		return nil, err
	}
	p := &commitProcessor{group: g, config: &c, content: a, commit: a.content.commit}
	staged, err := p.process()
	if err != nil {
		return nil, err
	}
	staged.present = g.next(tree)
	if staged.next != nil {
		staged.next.past = g.pastWith(tree, c.seconds())
	}
	return staged, nil
}

// commitProcessor holds the parts of a received commit while it is judged.
type commitProcessor struct {
	group     *Group
	config    *Config
	content   *authenticatedContent
	commit    *commit
	committer LeafIndex
	list      []sentProposal
	change    *change
	steps     []pathStep
}

func (p *commitProcessor) external() bool {
	return p.content.content.sender.typ == SenderNewMemberCommit
}

func (p *commitProcessor) process() (*Staged, error) {
	g := p.group
	if err := p.resolve(); err != nil {
		return nil, err
	}
	ch, err := g.apply(p.config, p.list, p.content.content.sender)
	if err != nil {
		return nil, err
	}
	p.change = ch
	if p.commit.path == nil && ch.needsPath {
		return nil, refuse(ErrInvalidCommit, "12.4", "a commit of these proposals needs a path")
	}
	if err := p.mergePath(); err != nil {
		return nil, err
	}
	effects := g.effects(ch, p.list, ch.tree.leaf(p.committer).at(p.committer), p.content)
	effects.Unheeded = g.unheeded(ch)
	if slices.Contains(ch.removed, g.own) {
		effects.SelfRemoved = true
		return &Staged{effects: effects}, nil
	}
	next, err := p.enter()
	if err != nil {
		return nil, err
	}
	return &Staged{next: next, effects: effects}, nil
}

// resolve finds the proposals that the commit refers to.
func (p *commitProcessor) resolve() error {
	for _, ref := range p.commit.proposals {
		if ref.proposal != nil {
			p.list = append(p.list, sentProposal{ref.proposal, p.content.content.sender})
			continue
		}
		if p.external() {
			return refuse(ErrInvalidCommit, "12.4.3.2", "an external commit refers to a proposal")
		}
		i := slices.IndexFunc(p.group.proposals, func(c cachedProposal) bool { return bytes.Equal(c.ref, ref.ref) })
		if i < 0 {
			return refuse(ErrInvalidCommit, "12.4", "the commit refers to a proposal that was not collected")
		}
		cached := p.group.proposals[i]
		p.list = append(p.list, sentProposal{cached.proposal, cached.from})
	}
	return nil
}

// mergePath places the committer, checks its path and puts it into the tree. It leaves the tree hashed
// and checked.
func (p *commitProcessor) mergePath() (err error) {
	ch, path := p.change, p.commit.path
	fresh := slices.Concat(ch.added, ch.updated)
	if p.external() {
		p.committer = ch.tree.leftmostBlank()
		if err := ch.tree.makeRoom(p.committer); err != nil {
			return err
		}
	} else {
		p.committer = p.content.content.sender.leaf()
	}
	if path == nil {
		ch.tree.rehash()
		return ch.checkResult(p.list, fresh)
	}
	if err := p.checkPathLeaf(); err != nil {
		return err
	}
	if err := ch.tree.checkFresh(path); err != nil {
		return err
	}
	if p.steps, err = ch.tree.mergePath(p.committer, path, ch.added); err != nil {
		return err
	}
	return ch.checkResult(p.list, append(fresh, p.committer))
}

// checkPathLeaf checks the leaf of the path (§12.4.2, §7.3), and for a resync that it may take the
// place of the leaf it removes (§12.2).
func (p *commitProcessor) checkPathLeaf() error {
	g, leaf := p.group, p.commit.path.leaf
	if leaf.source != sourceCommit {
		return refuse(ErrInvalidCommit, "12.4.2", "leaf_node_source of the path is not commit")
	}
	if err := leaf.validateEntry(g.suite, &p.change.context, p.committer); err != nil {
		return err
	}
	for _, i := range p.change.removed {
		if p.external() && sameKey(g.tree.leaf(i).encryptionKey, leaf.encryptionKey) {
			return refuse(ErrInvalidCommit, "12.2", "a resync keeps the encryption key of the leaf it removes")
		}
	}
	old := g.tree.leaf(p.committer)
	if !p.external() && old.identity.equal(leaf.identity) {
		return nil
	}
	return p.config.authenticate(leaf.at(p.committer))
}

// enter derives the next epoch and checks the confirmation tag.
func (p *commitProcessor) enter() (*Group, error) {
	g, ch := p.group, p.change
	keys, err := p.config.findPSKs(ch.psks, g.resumptionPSK)
	if err != nil {
		return nil, err
	}
	init := g.secrets.init
	if p.external() {
		if init, err = g.externalInit(ch.kemOutput); err != nil {
			return nil, err
		}
	}
	own, commitSecret, err := p.openPath()
	if err != nil {
		return nil, err
	}
	n := g.advance(ch, p.content, init, commitSecret, keys)
	if !equalSecret(n.state.confirmationTag, p.content.confirmationTag) {
		return nil, refuse(ErrConfirmation, "12.4.2", "commit")
	}
	n.state.own, n.state.keys = g.own, own
	signer, err := p.ownSigner()
	return n.group(signer), err
}

// ownSigner is this member's signer in the next epoch: another one when the commit covers an update of
// its own that says so.
func (p *commitProcessor) ownSigner() (crypto.Signer, error) {
	g, leaf := p.group, p.change.tree.leaf(p.group.own)
	if sameKey(leaf.signatureKey, g.tree.leaf(g.own).signatureKey) {
		return g.signer, nil
	}
	candidates := make([]crypto.Signer, 0, len(g.updates)+1)
	for _, u := range g.updates {
		candidates = append(candidates, u.signer)
	}
	if p.config.Signer != nil {
		candidates = append(candidates, p.config.Signer(bytes.Clone(leaf.signatureKey)))
	}
	for _, signer := range candidates {
		if public, err := g.suite.signerKey(signer); err == nil && sameKey(public, leaf.signatureKey) {
			return signer, nil
		}
	}
	return nil, fmt.Errorf("%w: no signer for the own new signature key", ErrOption)
}

// openPath gives the member's private keys in the new tree, and the commit secret.
func (p *commitProcessor) openPath() (privateKeys, []byte, error) {
	g, ch := p.group, p.change
	keys := g.keys
	for _, sent := range p.list {
		if sent.typ == ProposalUpdate && sent.from.leaf() == g.own {
			key, err := g.updateKey(sent.leaf.encryptionKey)
			if err != nil {
				return nil, nil, err
			}
			keys = keys.with(privateKeys{g.own.node(): key})
		}
	}
	kept := keys.survivors(ch.tree)
	if p.commit.path == nil {
		return kept, g.suite.zero(), nil
	}
	fresh, commitSecret, err := ch.tree.decryptPath(g.own, kept, p.steps, p.commit.path, ch.provisional(), ch.added)
	if err != nil {
		return nil, nil, err
	}
	return kept.with(fresh), commitSecret, nil
}

// updateKey finds the private key of a leaf that this member proposed for itself.
func (g *Group) updateKey(public []byte) (hpkeKey, error) {
	for _, u := range g.updates {
		if bytes.Equal(u.key.public, public) {
			return u.key, nil
		}
	}
	return hpkeKey{}, fmt.Errorf("%w: the private key of an own update is missing", ErrInvalidCommit)
}

const externalInitLabel = labelPrefix + "external init secret"

// externalInit is the init secret that an external commit brings (§8.3).
func (g *Group) externalInit(kemOutput []byte) ([]byte, error) {
	key, err := g.suite.deriveKeyPair(g.secrets.external)
	if err != nil {
		return nil, err
	}
	r, err := hpke.NewRecipient(kemOutput, key.private, g.suite.kdf, g.suite.aead, nil)
	if err != nil {
		return nil, refuse(ErrDecrypt, "8.3", "external init")
	}
	return r.Export(externalInitLabel, g.suite.nh)
}
