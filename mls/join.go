package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
)

// WelcomeFor lists the references of the key packages that a Welcome is for.
func WelcomeFor(message []byte) (refs [][]byte, err error) {
	m, err := parseWelcome(message)
	if err != nil {
		return nil, err
	}
	for _, e := range m.secrets {
		refs = append(refs, e.newMember)
	}
	return refs, nil
}

// Join enters a group by a Welcome for the key package that secrets belong to (§12.4.3.1). signer must
// be the one the key package was made with. Delete the secrets once the Group is stored.
func Join(c Config, message []byte, secrets *KeyPackageSecrets, signer crypto.Signer) (*Group, error) {
	return JoinWithTree(c, message, nil, secrets, signer)
}

// JoinWithTree is Join for a Welcome without the ratchet_tree extension: tree is the encoded content
// of that extension, had from elsewhere. Its origin need not be trusted. A nil tree means Join.
func JoinWithTree(c Config, message, tree []byte, secrets *KeyPackageSecrets, signer crypto.Signer) (*Group, error) {
	m, err := parseWelcome(message)
	if err != nil {
		return nil, err
	}
	j := &joiner{config: &c, welcome: m, secrets: secrets, signer: signer, tree: bytes.Clone(tree)}
	return j.join()
}

// origin is the group that the one to be joined continues, and how.
type origin struct {
	group *Group
	usage PSKUsage
	epoch uint64 // of group, as the Welcome names it
}

// joiner holds the parts of a join while the Welcome is judged.
type joiner struct {
	config  *Config
	welcome *welcome
	secrets *KeyPackageSecrets
	signer  crypto.Signer
	tree    []byte
	suite   *suite
	origin  *origin // nil: the group must stand by itself
}

func (j *joiner) join() (*Group, error) {
	if err := j.checkSecrets(); err != nil {
		return nil, err
	}
	secrets, err := j.openSecrets()
	if err != nil {
		return nil, err
	}
	keys, err := j.config.findPSKs(secrets.psks, j.originKey)
	if err != nil {
		return nil, err
	}
	member := j.suite.memberSecret(secrets.joiner, j.suite.pskSecret(keys))
	info, err := j.openGroupInfo(member)
	if err != nil {
		return nil, err
	}
	tree, err := info.verifyTree(j.config, j.suite, j.tree)
	if err != nil {
		return nil, err
	}
	if err := j.checkOrigin(info, tree); err != nil {
		return nil, err
	}
	return j.enter(info, tree, member, secrets.pathSecret)
}

func (j *joiner) checkSecrets() (err error) {
	if j.secrets == nil {
		return fmt.Errorf("%w: no key package secrets", ErrOption)
	}
	k := j.secrets.keyPackage
	if k.suite.id != j.welcome.suite {
		return refuse(ErrNotWelcome, "12.4.3.1", "cipher suite 0x%04X", uint16(j.welcome.suite))
	}
	j.suite = k.suite
	public, err := j.suite.signerKey(j.signer)
	if err != nil {
		return err
	}
	if !bytes.Equal(public, k.leaf.signatureKey) {
		return fmt.Errorf("%w: the signer is not that of the key package", ErrOption)
	}
	return nil
}

func (j *joiner) openSecrets() (*groupSecrets, error) {
	ref := j.secrets.keyPackage.Ref()
	i := slices.IndexFunc(j.welcome.secrets, func(e encryptedGroupSecrets) bool { return bytes.Equal(e.newMember, ref) })
	if i < 0 {
		return nil, ErrNotWelcome
	}
	plaintext, err := j.suite.decryptWithLabel(j.secrets.init.private, "Welcome", j.welcome.groupInfo, j.welcome.secrets[i].secrets)
	if err != nil {
		return nil, refuse(ErrDecrypt, "12.4.3.1", "group secrets")
	}
	secrets, err := parseGroupSecrets(plaintext)
	if err != nil {
		return nil, err
	}
	if err := j.findOrigin(secrets.psks); err != nil {
		return nil, err
	}
	return secrets, nil
}

func (j *joiner) openGroupInfo(member []byte) (*groupInfo, error) {
	key, nonce := j.suite.welcomeKey(member)
	plaintext, err := j.suite.open(key, nonce, nil, j.welcome.groupInfo)
	if err != nil {
		return nil, refuse(ErrDecrypt, "12.4.3.1", "group info")
	}
	info, err := parseGroupInfo(&reader{b: plaintext})
	if err != nil {
		return nil, err
	}
	if info.context.suite != j.suite.id {
		return nil, refuse(ErrInvalidGroupInfo, "12.4.3.1", "cipher suite 0x%04X", uint16(info.context.suite))
	}
	return info, nil
}

// enter builds the new member's state (§12.4.3.1).
func (j *joiner) enter(info *groupInfo, tree *ratchetTree, member, pathSecret []byte) (*Group, error) {
	own, err := j.findLeaf(tree)
	if err != nil {
		return nil, err
	}
	e := newEpochState(j.suite, info.context, bytes.Clone(info.encodedContext), tree)
	e.context.extensions = cloneExtensions(e.context.extensions)
	e.own, e.keys = own, privateKeys{own.node(): j.secrets.leaf}
	if pathSecret != nil {
		fresh, err := tree.joinPath(own, info.signer, pathSecret)
		if err != nil {
			return nil, err
		}
		e.keys = e.keys.with(fresh)
	}
	encryption := e.derive(j.suite.epochSecret(member, e.encodedContext))
	if !equalSecret(e.confirmationTag, info.confirmationTag) {
		return nil, refuse(ErrConfirmation, "12.4.3.1", "group info")
	}
	return &Group{epochState: e, secretTree: &secretNode{secret: encryption}, signer: j.signer}, nil
}

func (j *joiner) findLeaf(tree *ratchetTree) (LeafIndex, error) {
	for i := range LeafIndex(tree.leafCount()) {
		if l := tree.leaf(i); l != nil && bytes.Equal(l.raw, j.secrets.keyPackage.leaf.raw) {
			return i, nil
		}
	}
	return 0, refuse(ErrInvalidGroupInfo, "12.4.3.1", "the key package's leaf is not in the tree")
}

// joinPath derives the keys from the lowest node that a new member shares with the committer up to the
// root.
func (t *ratchetTree) joinPath(own, committer LeafIndex, secret []byte) (privateKeys, error) {
	shared := commonAncestor(own, committer)
	steps := t.filteredPath(committer)
	i := slices.IndexFunc(steps, func(s pathStep) bool { return s.node == shared })
	if own == committer || i < 0 {
		return nil, refuse(ErrInvalidGroupInfo, "12.4.3.1", "a path secret for no node of the committer's path")
	}
	keys, _, err := t.climb(steps[i:], secret)
	return keys, err
}
