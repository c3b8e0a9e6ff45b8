package mls

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// The MUSTs of RFC 9420 §7.3, each in every place where a leaf can come from: a key package that is added,
// an update that is committed, the path of a commit, and the tree of a group to be joined. The leaf is
// signed as it should be, by a member who cheats.

// fault is something wrong with a leaf.
type fault struct {
	name    string
	change  func(*leafNode)
	want    error
	section string
}

func (c *cheat) faults() []fault {
	bob := c.bob.tree.leaf(c.bob.own)
	return []fault{
		{"does not support MLS 1.0", func(l *leafNode) { l.capabilities.versions = []uint16{0x0A0A} }, ErrInvalidLeaf, "7.3"},
		{"does not support the suite", func(l *leafNode) { l.capabilities.cipherSuites = []CipherSuite{0x0A0A} }, ErrInvalidLeaf, "7.3"},
		{"does not support its own credential", func(l *leafNode) { l.capabilities.credentials = []CredentialType{CredentialX509} }, ErrInvalidLeaf, "7.2"},
		{"has an extension that is not listed", func(l *leafNode) { l.extensions = []Extension{{0xF0F0, nil}} }, ErrInvalidLeaf, "7.3"},
		{"has an extension twice", func(l *leafNode) { l.extensions = []Extension{{testExtension, nil}, {testExtension, nil}} }, ErrInvalidLeaf, "13.4"},
		{"lacks a group extension", func(l *leafNode) { l.capabilities.extensions = nil }, ErrInvalidLeaf, "13.4"},
		{"lacks a required proposal", func(l *leafNode) { l.capabilities.proposals = nil }, ErrInvalidLeaf, "7.3"},
		{"lacks a required credential", func(l *leafNode) { l.capabilities.credentials = []CredentialType{CredentialBasic} }, ErrInvalidLeaf, "7.3"},
		{"has a credential type that others lack", func(l *leafNode) {
			l.identity = &identity{Credential{0x0B0B, []byte("x")}, l.signatureKey}
			l.capabilities.credentials = append([]CredentialType{0x0B0B}, l.capabilities.credentials...)
		}, ErrInvalidLeaf, "7.3"},
		{"has the signature key of another", func(l *leafNode) { l.identity = &identity{l.credential, bob.signatureKey} }, ErrInvalidLeaf, "7.3"},
		{"has a signature key of another size", func(l *leafNode) { l.identity = &identity{l.credential, []byte("short")} }, ErrInvalidLeaf, "7.3"},
	}
}

const requiredProposal ProposalType = 0xF0F1

// strict is a cheat in a group that requires a proposal type and X.509, which all its members list.
func strict(t *testing.T) *cheat {
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("bob", CommitOptions{}, "carol")
	c := &cheat{T: t, w: w, alice: w.person("alice").group, bob: w.person("bob").group}
	c.suite = c.alice.suite
	// The members renew their leaves so as to list the proposal type; then the group requires it.
	for _, name := range []string{"alice", "bob", "carol"} {
		p := w.person(name)
		for _, m := range w.members() {
			l := *m.group.tree.leaf(p.group.own)
			l.capabilities.proposals = []ProposalType{requiredProposal}
			signed, err := l.sign(c.suite, p.signer, p.group.context.groupID, p.group.own)
			must(t, err)
			m.group = m.group.withLeaf(p.group.own, signed)
		}
	}
	required := RequiredCapabilities([]ExtensionType{testExtension}, []ProposalType{requiredProposal}, []CredentialType{CredentialX509})
	w.commitAs("alice", CommitOptions{Extensions: []Extension{{testExtension, nil}, required}})
	c.alice, c.bob = w.person("alice").group, w.person("bob").group
	return c
}

// withLeaf is the group with another leaf, as if it had always been there.
func (g *Group) withLeaf(i LeafIndex, l *leafNode) *Group {
	e, next := *g.epochState, *g
	e.tree = e.tree.clone()
	e.tree.put(i.node(), l, nil)
	e.tree.rehash()
	e.context.treeHash = e.tree.hash()
	e.encodedContext = e.context.encode()
	next.epochState = &e
	return &next
}

func (w *world) commitAs(name string, o CommitOptions) {
	w.t.Helper()
	p := w.person(name)
	staged, err := p.group.Commit(testConfig(), o)
	must(w.t, err)
	w.deliver(p, staged)
}

func (c *cheat) eachFault(test func(t *testing.T, f fault)) {
	for _, f := range c.faults() {
		c.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

func TestLeafNode_7_3_InTheStrictGroupAnHonestLeafIsAccepted(t *testing.T) {
	t.Parallel()
	c := strict(t)
	staged, err := c.alice.Commit(testConfig(), CommitOptions{})
	must(t, err)
	_, err = c.bob.Stage(testConfig(), staged.Message())
	must(t, err)
	// What the faults below are built on differs from this in the fault alone.
	_, err = c.bob.Stage(testConfig(), c.send(&commit{path: c.path(func(*leafNode) {})}, c.alice.self()))
	wantError(t, err, ErrConfirmation)
	_, err = c.bob.Stage(testConfig(), c.send(values(c.joiner(func(*leafNode) {})), c.alice.self()))
	wantError(t, err, ErrConfirmation)
	_, err = c.updated(func(*leafNode) {}, nil)
	wantError(t, err, ErrConfirmation)
}

// joiner is an Add of somebody who lists what the group requires, but for the change.
func (c *cheat) joiner(change func(*leafNode)) *proposal {
	return c.keyPackage(func(l *leafNode) {
		l.capabilities.proposals = []ProposalType{requiredProposal}
		change(l)
	}, nil)
}

func TestLeafNode_7_3_InAPath(t *testing.T) {
	t.Parallel()
	c := strict(t)
	c.eachFault(func(t *testing.T, f fault) {
		_, err := c.bob.Stage(testConfig(), c.send(&commit{path: c.path(f.change)}, c.alice.self()))
		refusal(t, err, f.want, f.section)
	})
}

func TestLeafNode_7_3_InAKeyPackage(t *testing.T) {
	t.Parallel()
	c := strict(t)
	c.eachFault(func(t *testing.T, f fault) {
		if f.name == "has the signature key of another" {
			t.Skip("nobody can sign such a key package; the next test lets somebody add herself twice")
		}
		_, err := c.bob.Stage(testConfig(), c.send(values(c.joiner(f.change)), c.alice.self()))
		refusal(t, err, f.want, f.section)
	})
	_, err := c.bob.Stage(testConfig(), c.send(values(c.joiner(func(*leafNode) {}), c.joiner(func(*leafNode) {})), c.alice.self()))
	refusal(t, err, ErrInvalidLeaf, "7.3")
	_, err = c.bob.Stage(testConfig(), c.send(values(c.joiner(func(l *leafNode) { l.encryptionKey = c.bob.tree.leaf(2).encryptionKey })), c.alice.self()))
	refusal(t, err, ErrInvalidLeaf, "7.3")
}

// updated lets bob collect an update of alice, made wrong by change and signed by another when one is
// given, and carol commit it.
func (c *cheat) updated(change func(*leafNode), damage func(*leafNode) *leafNode) (*Staged, error) {
	c.Helper()
	key, err := c.suite.generateKey(nil)
	must(c, err)
	l := c.alice.tree.renewed(0, key.public, []ExtensionType{testExtension})
	l.source = sourceUpdate
	change(l)
	leaf, err := l.sign(c.suite, c.alice.signer, c.alice.context.groupID, 0)
	must(c, err)
	if damage != nil {
		leaf = damage(leaf)
	}
	p := (&proposal{typ: ProposalUpdate, leaf: leaf}).encoded()
	content := frame(&c.alice.context, c.alice.self(), nil, ContentProposal, p.raw)
	a, err := signed(c.suite, c.alice.signer, WirePublicMessage, content, c.alice.encodedContext)
	must(c, err)
	message, err := c.suite.protectPublic(a, c.alice.secrets.membership, c.alice.encodedContext)
	must(c, err)
	bob, err := c.bob.Collect(testConfig(), message)
	must(c, err)
	carol := c.w.person("carol").group
	tree := carol.tree.clone()
	tree.update(0, leaf)
	path, err := tree.drawPath(nil, carol.signer, carol.context.groupID, 2, tree.renewed(2, nil, nil))
	must(c, err)
	ch := change0(carol, tree)
	m := &commit{proposals: []proposalOrRef{{ref: c.suite.proposalRef(a.encode())}}}
	m.path, err = tree.encryptPath(path, ch.provisional(), nil)
	must(c, err)
	return bob.Stage(testConfig(), c.sendAs(carol, m, carol.self()))
}

func TestLeafNode_7_3_InAnUpdate(t *testing.T) {
	t.Parallel()
	c := strict(t)
	c.eachFault(func(t *testing.T, f fault) {
		_, err := c.updated(f.change, nil)
		refusal(t, err, f.want, f.section)
	})
	c.Run("keeps its encryption key", func(t *testing.T) {
		_, err := c.updated(func(l *leafNode) { l.encryptionKey = c.alice.tree.leaf(0).encryptionKey }, nil)
		refusal(t, err, ErrInvalidProposal, "7.3")
	})
	c.Run("has the encryption key of another", func(t *testing.T) {
		_, err := c.updated(func(l *leafNode) { l.encryptionKey = c.bob.tree.leaf(1).encryptionKey }, nil)
		refusal(t, err, ErrInvalidLeaf, "7.3")
	})
	c.Run("is of source commit", func(t *testing.T) {
		_, err := c.updated(func(l *leafNode) { l.source, l.parentHash = sourceCommit, c.suite.zero() }, nil)
		refusal(t, err, ErrInvalidProposal, "7.3")
	})
	c.Run("is of source key_package", func(t *testing.T) {
		_, err := c.updated(func(l *leafNode) { l.source, l.lifetime = sourceKeyPackage, Lifetime{1, 2} }, nil)
		refusal(t, err, ErrInvalidProposal, "7.3")
	})
	c.Run("is signed for another place", func(t *testing.T) {
		_, err := c.updated(func(*leafNode) {}, func(l *leafNode) *leafNode {
			moved, err := l.sign(c.suite, c.alice.signer, c.alice.context.groupID, 1)
			must(t, err)
			return moved
		})
		wantError(t, err, ErrSignature)
		refusal(t, err, ErrInvalidLeaf, "7.3")
	})
	c.Run("is signed for another group", func(t *testing.T) {
		_, err := c.updated(func(*leafNode) {}, func(l *leafNode) *leafNode {
			moved, err := l.sign(c.suite, c.alice.signer, []byte("other"), 0)
			must(t, err)
			return moved
		})
		wantError(t, err, ErrSignature)
	})
}

func TestLeafNode_7_3_InATreeToBeJoined(t *testing.T) {
	t.Parallel()
	c := strict(t)
	c.eachFault(func(t *testing.T, f fault) {
		tree := c.alice.tree.clone()
		template := tree.renewed(0, nil, nil)
		f.change(template)
		_, err := tree.drawPath(nil, c.alice.signer, c.alice.context.groupID, 0, template)
		must(t, err)
		e := *c.alice.epochState
		e.tree, e.context.treeHash = tree, tree.hash()
		e.encodedContext = e.context.encode()
		signer := e.own
		e.own = 1 // bob vouches for it: the cheating leaf may have a key that signs nothing
		info, err := e.makeGroupInfo(c.bob.signer, e.treeExtension())
		must(t, err)
		e.own = signer
		w := newMessage(WireGroupInfo, len(info))
		w.raw(info)
		_, err = InspectGroupInfo(w.b)
		if f.section == "7.2" {
			f.section = "7.3" // here the members are compared first
		}
		refusal(t, err, f.want, f.section)
	})
}

func TestLeafNode_7_3_CredentialIsJudgedWhereverALeafComesFrom(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	alice, bob := w.person("alice").group, w.person("bob").group
	no := errors.New("not on the list")
	c := testConfig()
	c.Authenticate = func(m Member) error {
		if bytes.HasPrefix(m.Credential.Identity, []byte("mallory")) {
			return no
		}
		return nil
	}
	mallory := BasicCredential([]byte("mallory"))
	judged := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, ErrNotAuthentic) || !errors.Is(err, no) {
			t.Errorf("%s: %v", what, err)
		}
	}
	kp, secrets := w.keyPackage("mallory")
	added, err := alice.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
	must(t, err)
	_, err = bob.Stage(c, added.Message())
	judged("an Add", err)
	_, err = alice.Commit(c, CommitOptions{Add: []*KeyPackage{kp}})
	judged("one's own Add", err)
	_, err = Join(c, added.Welcome(), secrets, w.person("mallory").signer)
	judged("the tree of a Welcome", err)
	changed, err := alice.Commit(testConfig(), CommitOptions{Credential: &mallory})
	must(t, err)
	_, err = bob.Stage(c, changed.Message())
	judged("a path", err)
	_, proposal, err := alice.Propose(testConfig(), ProposalOptions{Update: true, Credential: &mallory})
	must(t, err)
	collected, err := bob.Collect(testConfig(), proposal)
	must(t, err)
	_, err = collected.Commit(c, CommitOptions{Pending: true})
	judged("an update", err)
	info, err := alice.GroupInfo()
	must(t, err)
	joined, err := JoinExternal(testConfig(), ExternalOptions{GroupInfo: info, Signer: w.person("mallory").signer, Credential: mallory})
	must(t, err)
	_, err = bob.Stage(c, joined.Message())
	judged("an external commit", err)
	info, err = changed.Merge().GroupInfo()
	must(t, err)
	_, err = JoinExternal(c, ExternalOptions{GroupInfo: info, Signer: w.person("eve").signer, Credential: BasicCredential([]byte("eve"))})
	judged("the tree of a group info", err)
}

func TestLeafNode_7_3_SenderChecksTheLifetime(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	g := w.create("alice")
	kp, _ := w.keyPackage("bob")
	for _, now := range []time.Time{testTime().Add(-2 * time.Hour), testTime().AddDate(0, 0, 2)} {
		c := testConfig()
		c.Now = func() time.Time { return now }
		_, err := g.Commit(c, CommitOptions{Add: []*KeyPackage{kp}})
		refusal(t, err, ErrInvalidKeyPackage, "7.3")
		_, _, err = g.Propose(c, ProposalOptions{Add: kp})
		refusal(t, err, ErrInvalidKeyPackage, "7.3")
		_, err = ProposeJoin(c, g.GroupID(), g.Epoch(), kp, w.person("bob").signer)
		refusal(t, err, ErrInvalidKeyPackage, "7.3")
	}
	// A proposal that was collected in time is not committed when it no longer is.
	w.commit("alice", CommitOptions{}, "carol")
	carol := w.person("carol").group
	_, message, err := w.person("alice").group.Propose(testConfig(), ProposalOptions{Add: kp, Public: true})
	must(t, err)
	carol, err = carol.Collect(testConfig(), message)
	must(t, err)
	c := testConfig()
	c.Now = func() time.Time { return testTime().AddDate(0, 0, 2) }
	_, err = carol.Commit(c, CommitOptions{Pending: true})
	refusal(t, err, ErrInvalidKeyPackage, "7.3")
	long, _, err := NewKeyPackage(nil, KeyPackageOptions{
		Suite: SuiteX25519, Signer: w.person("dave").signer, Credential: BasicCredential([]byte("dave")), Lifetime: Lifetime{0, 1 << 40},
	})
	must(t, err)
	refusal(t, long.Verify(testTime()), ErrInvalidKeyPackage, "7.2")
}
