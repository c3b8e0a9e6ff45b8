package mls

import (
	"bytes"
	"fmt"
)

// welcome is Welcome (RFC 9420 §12.4.3.1).
type welcome struct {
	suite     CipherSuite
	secrets   []encryptedGroupSecrets
	groupInfo []byte // encrypted
}

type encryptedGroupSecrets struct {
	newMember []byte // KeyPackageRef
	secrets   hpkeCiphertext
}

func (m *welcome) write(w *writer) {
	w.uint16(uint16(m.suite))
	w.vector(func() {
		for _, e := range m.secrets {
			w.opaque(e.newMember)
			e.secrets.write(w)
		}
	})
	w.opaque(m.groupInfo)
}

func readWelcome(r *reader) *welcome {
	m := &welcome{suite: CipherSuite(r.uint16())}
	r.each(func(r *reader) {
		m.secrets = append(m.secrets, encryptedGroupSecrets{newMember: r.opaque(), secrets: readHPKECiphertext(r)})
	})
	m.groupInfo = r.opaque()
	return m
}

func parseWelcome(message []byte) (*welcome, error) {
	r, err := openMessageOf(WireWelcome, "a welcome", bytes.Clone(message))
	if err != nil {
		return nil, err
	}
	m := readWelcome(r)
	return m, r.end("welcome")
}

// groupSecrets is GroupSecrets.
type groupSecrets struct {
	joiner     []byte
	pathSecret []byte // nil when the commit had no path
	psks       []PSKID
}

func (s *groupSecrets) encode() []byte {
	w := newWriter(128)
	w.opaque(s.joiner)
	w.optional(s.pathSecret != nil)
	if s.pathSecret != nil {
		w.opaque(s.pathSecret)
	}
	w.vector(func() {
		for _, id := range s.psks {
			id.write(w)
		}
	})
	return w.b
}

func parseGroupSecrets(b []byte) (*groupSecrets, error) {
	r := reader{b: b}
	s := &groupSecrets{joiner: r.opaque()}
	if r.optional() {
		s.pathSecret = r.opaque()
	}
	r.each(func(r *reader) { s.psks = append(s.psks, readPSKID(r)) })
	return s, r.end("group secrets")
}

// welcomeKey is the AEAD key and nonce that the group info of a Welcome is encrypted under.
func (s *suite) welcomeKey(member []byte) (key, nonce []byte) {
	secret := s.welcomeSecret(member)
	return s.expandWithLabel(secret, "key", nil, s.nk), s.expandWithLabel(secret, "nonce", nil, aeadNonceSize)
}

// makeWelcome makes one Welcome for all members that the commit adds (§12.4.1); nil when it adds none.
func (m *commitMaker) makeWelcome(n *nextEpoch, next *Group, withTree bool) ([]byte, error) {
	ch, s := m.change, m.group.suite
	if len(ch.added) == 0 {
		return nil, nil
	}
	var extensions []Extension
	if withTree {
		extensions = append(extensions, next.treeExtension())
	}
	if m.config.GREASE {
		e, err := greaseExtension(m.config.Rand)
		if err != nil {
			return nil, err
		}
		extensions = append(extensions, e)
	}
	info, err := next.makeGroupInfo(m.signer, extensions...)
	if err != nil {
		return nil, err
	}
	key, nonce := s.welcomeKey(n.member)
	out := &welcome{suite: s.id}
	if out.groupInfo, err = s.seal(key, nonce, nil, info); err != nil {
		return nil, err
	}
	if err := m.welcomeEach(out, n.joiner); err != nil {
		return nil, err
	}
	w := newMessage(WireWelcome, len(out.groupInfo)+1024*len(out.secrets))
	out.write(w)
	if len(w.b) > MaxMessage {
		return nil, fmt.Errorf("%w: welcome of %d bytes", ErrTooLarge, len(w.b))
	}
	return w.b, nil
}

// welcomeEach encrypts the joiner secret to each new member, with the path secret of the lowest node
// that it shares with the committer.
func (m *commitMaker) welcomeEach(out *welcome, joiner []byte) error {
	ch, s := m.change, m.group.suite
	for i, k := range m.addedKeyPackages() {
		secrets := groupSecrets{joiner: joiner, psks: ch.psks}
		if m.path != nil {
			secrets.pathSecret = m.path.secretAt(commonAncestor(m.group.own, ch.added[i]))
		}
		c, err := s.encryptWithLabel(k.initKey, "Welcome", out.groupInfo, secrets.encode())
		if err != nil {
			return err
		}
		out.secrets = append(out.secrets, encryptedGroupSecrets{k.Ref(), c})
	}
	return nil
}

// addedKeyPackages are those of the commit's Add proposals, in their order, which is that of the new
// leaves.
func (m *commitMaker) addedKeyPackages() []*KeyPackage {
	var list []*KeyPackage
	for _, p := range m.list {
		if p.typ == ProposalAdd {
			list = append(list, p.keyPackage)
		}
	}
	return list
}
