package mls

import (
	"crypto"
	"fmt"
	"slices"
)

// CommitOptions say what a commit shall do. The zero value is the self-update: it changes nothing but
// the committer's keys.
type CommitOptions struct {
	Add        []*KeyPackage
	Remove     []LeafIndex
	Extensions []Extension // non-nil: replaces all group context extensions
	PSKs       []PSKID     // pre-shared keys to inject; their nonces are drawn here
	ReInit     *ReInit     // ends the group in favour of another; goes with nothing else
	Pending    bool        // cover the collected proposals, as far as they go together
	NoPath     bool        // leave out the path where §12.4 allows it
	AAD        []byte      // sent in the clear, authenticated
	Public     bool        // send as PublicMessage instead of PrivateMessage
	NoTree     bool        // leave the ratchet tree out of the Welcome; see Group.RatchetTree
	// Signer and Credential replace the committer's own. Nil keeps them. The commit has a path then.
	Signer     crypto.Signer
	Credential *Credential

	origin *PSKID // ties the first commit of a group to the one that it continues
}

// Commit makes a commit (RFC 9420 §12.4.1) and the epoch it leads to. The group stays in its epoch
// until the commit is accepted by everybody and the result is merged; until then it is Present of the
// result, which has to be stored before the message leaves.
func (g *Group) Commit(c Config, o CommitOptions) (*Staged, error) {
	if err := g.active(); err != nil {
		return nil, err
	}
	if err := checkHandshakeSize(o.AAD, o.Extensions); err != nil {
		return nil, err
	}
	list, refs, err := g.proposalsFor(&c, o)
	if err != nil {
		return nil, err
	}
	ch, err := g.apply(&c, list, g.self())
	if err != nil {
		return nil, err
	}
	keys, err := c.findPSKs(ch.psks, g.resumptionPSK)
	if err != nil {
		return nil, err
	}
	m := &commitMaker{group: g, config: &c, list: list, change: ch, commit: &commit{proposals: refs}, psks: keys}
	return m.make(o)
}

func checkHandshakeSize(aad []byte, extensions []Extension) error {
	if err := checkSize("authenticated data", len(aad), maxAAD); err != nil {
		return err
	}
	return checkExtensionSize(extensions)
}

// commitMaker holds the parts of a commit while it is made.
type commitMaker struct {
	group  *Group
	config *Config
	list   []sentProposal
	change *change
	commit *commit
	path   *newPath
	psks   []psk
	signer crypto.Signer // of the next epoch
}

func (m *commitMaker) make(o CommitOptions) (*Staged, error) {
	g, ch := m.group, m.change
	commitSecret, err := m.makePath(o)
	if err != nil {
		return nil, err
	}
	fresh := slices.Concat(ch.added, ch.updated)
	if !ch.tree.leaf(g.own).identity.equal(g.tree.leaf(g.own).identity) {
		fresh = append(fresh, g.own)
	}
	if err := ch.checkResult(m.list, fresh); err != nil {
		return nil, err
	}
	format := WirePrivateMessage
	if o.Public {
		format = WirePublicMessage
	}
	content := frame(&g.context, g.self(), o.AAD, ContentCommit, m.commit.encode())
	a, err := signed(g.suite, g.signer, format, content, g.encodedContext)
	if err != nil {
		return nil, err
	}
	n := g.advance(ch, a, g.secrets.init, commitSecret, m.psks)
	a.confirmationTag = n.state.confirmationTag
	n.state.own, n.state.keys = g.own, g.keys.survivors(ch.tree)
	if m.path != nil {
		n.state.keys = n.state.keys.with(m.path.keys)
	}
	staged := &Staged{next: n.group(m.signer), effects: g.effects(ch, m.list, ch.tree.leaf(g.own).at(g.own), a)}
	if staged.welcome, err = m.makeWelcome(n, staged.next, !o.NoTree); err != nil {
		return nil, err
	}
	tree, err := m.protect(staged, a)
	if err != nil {
		return nil, err
	}
	staged.effects.Unheeded = g.unheeded(ch)
	staged.present = g.next(tree)
	staged.next.past = g.pastWith(tree, m.config.seconds())
	return staged, nil
}

// makePath renews the committer's keys unless that is neither wanted nor needed, and returns the
// commit secret. It leaves the tree hashed.
func (m *commitMaker) makePath(o CommitOptions) ([]byte, error) {
	g, ch := m.group, m.change
	id, signer, err := g.newIdentity(o.Signer, o.Credential)
	if err != nil {
		return nil, err
	}
	m.signer = signer
	old := g.tree.leaf(g.own).identity
	if o.NoPath && !ch.needsPath && id == old {
		ch.tree.rehash()
		return g.suite.zero(), nil
	}
	template := ch.tree.renewed(g.own, nil, m.config.Extensions)
	template.identity = id
	if m.config.GREASE {
		if err := template.grease(m.config.Rand); err != nil {
			return nil, err
		}
	}
	if err := template.fits(&ch.context); err != nil {
		return nil, err
	}
	if !id.equal(old) {
		if err := m.config.authenticate(id.at(g.own)); err != nil {
			return nil, err
		}
	}
	path, err := ch.tree.drawPath(m.config.Rand, signer, g.context.groupID, g.own, template)
	if err != nil {
		return nil, err
	}
	m.path = path
	m.commit.path, err = ch.tree.encryptPath(path, ch.provisional(), ch.added)
	return path.commit, err
}

// protect frames the commit under the keys of the epoch that it ends, and returns the secret tree that
// remains of that epoch.
func (m *commitMaker) protect(staged *Staged, a *authenticatedContent) (tree *secretNode, err error) {
	g := m.group
	tree = g.secretTree
	if a.wireFormat == WirePublicMessage {
		staged.message, err = g.suite.protectPublic(a, g.secrets.membership, g.encodedContext)
	} else {
		staged.message, tree, err = g.epochKeys().protect(m.config.Rand, a)
	}
	if err == nil && len(staged.message) > MaxMessage {
		err = fmt.Errorf("%w: commit of %d bytes", ErrTooLarge, len(staged.message))
	}
	return tree, err
}
