package mls

import "fmt"

// The secret tree is stored from the root down; below a secret that was not needed yet there is
// nothing to store.
const (
	storedSecret   = 0
	storedChildren = 1
	storedRatchets = 2
)

func (n *secretNode) write(w *writer) {
	switch {
	case n.secret != nil:
		w.uint8(storedSecret)
		w.opaque(n.secret)
	case n.ratchets != nil:
		w.uint8(storedRatchets)
		n.ratchets.handshake.write(w)
		n.ratchets.application.write(w)
	default:
		w.uint8(storedChildren)
		n.left.write(w)
		n.right.write(w)
	}
}

func readSecretTree(s *suite, r *reader, i nodeIndex) *secretNode {
	switch kind := r.uint8(); {
	case kind == storedSecret:
		secret := r.opaque()
		if len(secret) != s.nh {
			r.fail()
		}
		return &secretNode{secret: secret}
	case kind == storedRatchets && i.isLeaf():
		return &secretNode{ratchets: &ratchets{handshake: readRatchet(s, r), application: readRatchet(s, r)}}
	case kind == storedChildren && !i.isLeaf() && !r.bad:
		return &secretNode{left: readSecretTree(s, r, i.left()), right: readSecretTree(s, r, i.right())}
	}
	r.fail()
	return &secretNode{}
}

func (r *ratchet) write(w *writer) {
	w.opaque(r.secret)
	w.uint32(r.next)
	w.vector(func() {
		for _, k := range r.skipped {
			w.uint32(k.generation)
			w.raw(k.key[:k.size])
			w.raw(k.nonce[:])
		}
	})
}

func readRatchet(s *suite, r *reader) ratchet {
	out := ratchet{secret: r.opaque(), next: r.uint32()}
	if len(out.secret) != s.nh {
		r.fail()
	}
	r.each(func(r *reader) {
		k := messageKey{generation: r.uint32(), size: uint8(s.nk)}
		copy(k.key[:], r.take(s.nk))
		copy(k.nonce[:], r.take(aeadNonceSize))
		out.skipped = append(out.skipped, k)
	})
	return out
}

// Marshal encodes the secrets of a key package together with the key package. It is secret.
func (s *KeyPackageSecrets) Marshal() []byte {
	w := newState(keyPackageSet, len(s.keyPackage.raw)+256)
	w.raw(s.keyPackage.raw)
	w.opaque(s.init.bytes())
	w.opaque(s.leaf.bytes())
	return w.b
}

// ParseKeyPackageSecrets reads what Marshal wrote, and checks that the keys are those of the key package.
func ParseKeyPackageSecrets(b []byte) (*KeyPackageSecrets, error) {
	r, err := openState(keyPackageSet, b)
	if err != nil {
		return nil, err
	}
	k := readKeyPackage(r)
	init, leaf := r.opaque(), r.opaque()
	if err := r.end("key package secrets"); err != nil {
		return nil, err
	}
	if _, err := suiteOf(k.suite.id); err != nil {
		return nil, err
	}
	return newKeyPackageSecrets(k, init, leaf)
}

func newKeyPackageSecrets(k *KeyPackage, init, leaf []byte) (s *KeyPackageSecrets, err error) {
	s = &KeyPackageSecrets{keyPackage: k}
	if s.init, err = k.suite.parsePrivateKey(init); err != nil {
		return nil, err
	}
	if s.leaf, err = k.suite.parsePrivateKey(leaf); err != nil {
		return nil, err
	}
	if !sameKey(s.init.public, k.initKey) || !sameKey(s.leaf.public, k.leaf.encryptionKey) {
		return nil, fmt.Errorf("%w: the keys are not those of the key package", ErrState)
	}
	return s, nil
}
