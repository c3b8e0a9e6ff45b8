// Package versus times frond/mls and its peers on the same work: the same operations by two members of each
// implementation in groups of the same size and with the same tree.
package versus

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"frond/mls"
	"frond/mls/interop/peer"
)

// Group is a group but for its last two members: each implementation gets its own two.
type Group struct {
	suite uint16
	size  int
	last  *mls.Group // the latest of the members made here; nil when the two are all there is
}

// Pair is two members of one implementation at the end of a group.
type Pair struct {
	A, B    peer.Timed
	Welcome []byte // what B joined by
}

var config = mls.Config{Now: time.Now}

// NewFullGroup makes a group of size members less two in which each has committed once, so that no node of
// the tree is blank: what a group is like that has been in use for a while.
func NewFullGroup(suite uint16, size int) (*Group, error) {
	g := &Group{suite: suite, size: size}
	for i := range size - 2 {
		if err := g.grow(fmt.Sprintf("member %d", i)); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// NewFreshGroup makes a group of size members less two, of which one has added all others at once: nearly
// all nodes of the tree above the leaves are blank, and a commit is encrypted to nearly every member.
func NewFreshGroup(suite uint16, size int) (*Group, error) {
	g := &Group{suite: suite, size: size}
	if size == 2 {
		return g, nil
	}
	if err := g.grow("creator"); err != nil {
		return nil, err
	}
	var o mls.CommitOptions
	for i := range size - 3 {
		kp, _, _, err := newcomer(suite, fmt.Sprintf("member %d", i))
		if err != nil {
			return nil, err
		}
		o.Add = append(o.Add, kp)
	}
	staged, err := g.last.Commit(config, o)
	if err != nil {
		return nil, err
	}
	g.last = staged.Merge()
	return g, nil
}

// grow has the latest member add one more and leave the rest to that one. The first one creates.
func (g *Group) grow(name string) error {
	kp, secrets, signer, err := newcomer(g.suite, name)
	if err != nil {
		return err
	}
	if g.last == nil {
		g.last, err = mls.Create(config, mls.CreateOptions{
			Suite: mls.CipherSuite(g.suite), Signer: signer, Credential: kp.Credential(),
		})
		return err
	}
	staged, err := g.last.Commit(config, mls.CommitOptions{Add: []*mls.KeyPackage{kp}})
	if err != nil {
		return err
	}
	g.last, err = mls.Join(config, staged.Welcome(), secrets, signer)
	return err
}

func newcomer(suite uint16, name string) (*mls.KeyPackage, *mls.KeyPackageSecrets, ed25519.PrivateKey, error) {
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	now := time.Now()
	kp, secrets, err := mls.NewKeyPackage(nil, mls.KeyPackageOptions{
		Suite: mls.CipherSuite(suite), Signer: signer, Credential: mls.BasicCredential([]byte(name)),
		Lifetime: mls.Lifetime{NotBefore: uint64(now.Add(-time.Hour).Unix()), NotAfter: uint64(now.Add(time.Hour).Unix())},
	})
	return kp, secrets, signer, err
}

// Pair completes the group with two members of an implementation. It can be called for one after another,
// and all start from the same tree.
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
