// Package versus times frond/mls and its peers on the same work: the same operations by two members of each
// implementation in groups of the same size and with the same tree. The trees are full: each member has
// committed once, so that no node is blank.
package versus

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"frond/mls"
	"frond/mls/interop/peer"
)

// Group is a full group but for its last two members: each implementation gets its own two.
type Group struct {
	suite uint16
	size  int
	last  *mls.Group // the latest of the members made here; nil when the two are all there is
}

// Pair is two members of one implementation at the end of a full group.
type Pair struct {
	A, B    peer.Timed
	Welcome []byte // what B joined by
}

var config = mls.Config{Now: time.Now}

// NewGroup makes a group of size members less two.
func NewGroup(suite uint16, size int) (*Group, error) {
	g := &Group{suite: suite, size: size}
	for i := range size - 2 {
		if err := g.grow(fmt.Sprintf("member %d", i)); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// grow has the latest member add one more and leave the rest to that one.
func (g *Group) grow(name string) error {
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	suite, credential := mls.CipherSuite(g.suite), mls.BasicCredential([]byte(name))
	if g.last == nil {
		g.last, err = mls.Create(config, mls.CreateOptions{Suite: suite, Signer: signer, Credential: credential})
		return err
	}
	now := time.Now()
	kp, secrets, err := mls.NewKeyPackage(nil, mls.KeyPackageOptions{
		Suite: suite, Signer: signer, Credential: credential,
		Lifetime: mls.Lifetime{NotBefore: uint64(now.Add(-time.Hour).Unix()), NotAfter: uint64(now.Add(time.Hour).Unix())},
	})
	if err != nil {
		return err
	}
	staged, err := g.last.Commit(config, mls.CommitOptions{Add: []*mls.KeyPackage{kp}})
	if err != nil {
		return err
	}
	g.last, err = mls.Join(config, staged.Welcome(), secrets, signer)
	return err
}

// Pair completes the group with two members of an implementation. It can be called for one after another.
func (g *Group) Pair(k peer.Implementation) (*Pair, error) {
	a, err := g.first(k)
	if err != nil {
		return nil, err
	}
	b, err := k.NewMember(g.suite, k.Name()+" B")
	if err != nil {
		return nil, err
	}
	kp, err := b.KeyPackage()
	if err != nil {
		return nil, err
	}
	if _, err := a.Commit(peer.Changes{Add: [][]byte{kp}, Public: true}); err != nil {
		return nil, err
	}
	welcome, err := a.Merge()
	if err != nil {
		return nil, err
	}
	p := &Pair{A: a.(peer.Timed), B: b.(peer.Timed), Welcome: welcome}
	return p, firstError(b.Join(welcome), update(b, a), update(a, b))
}

// first is the last but one member: the creator in a group of two.
func (g *Group) first(k peer.Implementation) (peer.Member, error) {
	a, err := k.NewMember(g.suite, k.Name()+" A")
	if err != nil {
		return nil, err
	}
	if g.last == nil {
		return a, a.Create([]byte("a group of two"))
	}
	message, err := a.KeyPackage()
	if err != nil {
		return nil, err
	}
	kp, err := mls.ParseKeyPackage(message)
	if err != nil {
		return nil, err
	}
	staged, err := g.last.Commit(config, mls.CommitOptions{Add: []*mls.KeyPackage{kp}})
	if err != nil {
		return nil, err
	}
	return a, a.Join(staged.Welcome())
}

func update(from, to peer.Member) error {
	message, err := from.Commit(peer.Changes{Public: true})
	if err != nil {
		return err
	}
	if _, err := from.Merge(); err != nil {
		return err
	}
	_, err = to.Process(message)
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
