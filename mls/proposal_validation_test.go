package mls

import "testing"

// RFC 9420 §12.1 to §12.4: what the other files of cheating leave open. See validation_test.go for the
// cheat, and TestProposalList_12_2.

func psks(id PSKID) *proposal { return &proposal{typ: ProposalPSK, psk: id} }

// listed asserts with which section bob names when he refuses a commit of these proposals.
func (c *cheat) listed(name string, want error, section string, list ...*proposal) {
	c.Run(name, func(t *testing.T) {
		m := values(list...)
		m.path = c.path(nil)
		_, err := c.bob.Stage(testConfig(), c.send(m, c.alice.self()))
		refusal(t, err, want, section)
	})
}

func TestAdd_12_1_1(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	c.listed("of an invalid key package", ErrInvalidKeyPackage, "10.1", c.keyPackage(nil, func(k *KeyPackage) { k.initKey = k.leaf.encryptionKey }))
}

func TestRemove_12_1_3(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	for _, leaf := range []LeafIndex{3, 4, 1 << 20, ^LeafIndex(0)} {
		c.listed("of nobody", ErrInvalidProposal, "12.1.3", &proposal{typ: ProposalRemove, removed: leaf})
		_, err := c.alice.Commit(testConfig(), CommitOptions{Remove: []LeafIndex{leaf}})
		refusal(t, err, ErrInvalidProposal, "12.1.3")
	}
}

func TestPreSharedKey_12_1_4(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	for _, nonce := range [][]byte{nil, make([]byte, 31), make([]byte, 33)} {
		c.listed("nonce of another length", ErrInvalidProposal, "12.1.4", psks(PSKID{Type: PSKExternal, ID: []byte("k"), Nonce: nonce}))
	}
	for _, usage := range []PSKUsage{PSKReInit, PSKBranch} {
		id := PSKID{Type: PSKResumption, Usage: usage, GroupID: c.alice.GroupID(), Epoch: c.alice.Epoch(), Nonce: c.suite.zero()}
		c.listed("of another usage", ErrInvalidProposal, "12.1.4", psks(id))
	}
	c.Run("of a usage that does not exist", func(t *testing.T) {
		body := values(psks(PSKID{Type: PSKResumption, Usage: 4, Nonce: c.suite.zero()})).encode()
		_, err := c.bob.Stage(testConfig(), (&hostile{alice: c.alice}).publicInside(body, c.suite))
		wantError(t, err, ErrMalformed)
	})
}

func TestReInit_12_1_5(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	c.listed("to an older version", ErrInvalidProposal, "12.1.5", &proposal{typ: ProposalReInit, reInit: &ReInit{GroupID: []byte("g"), Suite: SuiteX25519}})
	for what, r := range map[string]ReInit{
		"no group id": {Suite: SuiteX25519}, "another version": {GroupID: []byte("g"), Version: 2, Suite: SuiteX25519},
		"an extension twice": {GroupID: []byte("g"), Suite: SuiteX25519, Extensions: []Extension{{1, nil}, {1, nil}}},
	} {
		if _, err := c.alice.Commit(testConfig(), CommitOptions{ReInit: &r}); err == nil {
			t.Errorf("%s: committed", what)
		} else {
			wantError(t, err, ErrOption)
		}
	}
	_, err := c.alice.Commit(testConfig(), CommitOptions{ReInit: &ReInit{GroupID: []byte("g"), Suite: 6}})
	wantError(t, err, ErrUnsupported)
}

func TestGroupContextExtensions_12_1_7_AgainstThoseWhoAreAdded(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	unable := c.add("old client", func(o *KeyPackageOptions) { o.Extensions = nil })
	required := RequiredCapabilities([]ExtensionType{testExtension}, nil, nil)
	// §12.3: the new extensions are in force for the other proposals of the commit, in whatever order.
	c.listed("demanded of those who come with them", ErrInvalidLeaf, "7.3", unable,
		&proposal{typ: ProposalGroupContextExtensions, extensions: []Extension{required}})
	c.listed("present for those who come with them", ErrInvalidLeaf, "13.4", unable,
		&proposal{typ: ProposalGroupContextExtensions, extensions: []Extension{{testExtension, nil}}})
}

func TestProposalList_12_2_OneLeafTwice(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	next, update, err := c.w.person("carol").group.Propose(testConfig(), ProposalOptions{Update: true, Public: true})
	must(t, err)
	c.bob, err = c.bob.Collect(testConfig(), update)
	must(t, err)
	ref := proposalOrRef{ref: next.proposals[0].ref}
	remove := proposalOrRef{proposal: (&proposal{typ: ProposalRemove, removed: 2}).encoded()}
	for name, list := range map[string][]proposalOrRef{"updated and removed": {ref, remove}, "removed and updated": {remove, ref}, "updated twice": {ref, ref}} {
		t.Run(name, func(t *testing.T) {
			_, err := c.bob.Stage(testConfig(), c.send(&commit{proposals: list, path: c.path(nil)}, c.alice.self()))
			refusal(t, err, ErrInvalidCommit, "12.2")
		})
	}
	// Whoever commits prefers the removal.
	gone := LeafIndex(2)
	bob, removal, err := c.bob.Propose(testConfig(), ProposalOptions{Remove: &gone})
	must(t, err)
	alice, err := c.alice.Collect(testConfig(), update)
	must(t, err)
	alice, err = alice.Collect(testConfig(), removal)
	must(t, err)
	staged, err := alice.Commit(testConfig(), CommitOptions{Pending: true})
	must(t, err)
	if e := staged.Effects(); len(e.Removed) != 1 || len(e.Updated) != 0 {
		t.Fatalf("%+v", e)
	}
	_, err = bob.Stage(testConfig(), staged.Message())
	must(t, err)
}

func TestProposalList_12_2_AnUnknownTypeIsNotForThisGroup(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	body := newWriter(64)
	body.vector(func() {
		body.uint8(byValue)
		body.uint16(0xF0F0)
		body.raw([]byte("whatever"))
	})
	body.optional(false)
	h := &hostile{alice: c.alice}
	_, err := c.bob.Stage(testConfig(), h.publicInside(body.b, c.suite))
	wantError(t, err, ErrMalformed)
}

// A member may be removed and added again by one commit: §12.2 allows it, and §12.3 says where she goes.
func TestProposalList_12_3_RemovalsComeBeforeAdditions(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("bob", CommitOptions{}, "carol")
	old := w.leaf("bob")
	w.person("bob").group = nil
	e := w.commit("alice", CommitOptions{Remove: []LeafIndex{old}}, "bob")
	wantNames(t, "removed", e.Removed, "bob")
	wantNames(t, "added", e.Added, "bob")
	if w.leaf("bob") != old {
		t.Fatalf("bob stands at %d, the leftmost blank leaf is %d", w.leaf("bob"), old)
	}
	w.talk()
}

// Which commits need a path, for each type of proposal.
func TestCommit_12_4_PathIsDemanded(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	need := map[string]*proposal{
		"removal":    {typ: ProposalRemove, removed: 2},
		"extensions": {typ: ProposalGroupContextExtensions, extensions: []Extension{}},
	}
	for name, p := range need {
		t.Run(name, func(t *testing.T) {
			_, err := c.bob.Stage(testConfig(), c.send(values(p), c.alice.self()))
			refusal(t, err, ErrInvalidCommit, "12.4")
		})
	}
	t.Run("nothing", func(t *testing.T) {
		_, err := c.bob.Stage(testConfig(), c.send(&commit{}, c.alice.self()))
		refusal(t, err, ErrInvalidCommit, "12.4")
	})
	t.Run("update", func(t *testing.T) {
		next, update, err := c.w.person("carol").group.Propose(testConfig(), ProposalOptions{Update: true, Public: true})
		must(t, err)
		bob, err := c.bob.Collect(testConfig(), update)
		must(t, err)
		_, err = bob.Stage(testConfig(), c.send(&commit{proposals: []proposalOrRef{{ref: next.proposals[0].ref}}}, c.alice.self()))
		refusal(t, err, ErrInvalidCommit, "12.4")
	})
	external := PSKID{Type: PSKExternal, ID: []byte("k"), Nonce: c.suite.zero()}
	for name, p := range map[string]*proposal{
		"addition": c.add("dave", nil), "pre-shared key": psks(external),
		"re-init": {typ: ProposalReInit, reInit: &ReInit{GroupID: []byte("g"), Version: 1, Suite: SuiteX25519}},
	} {
		t.Run("not by "+name, func(t *testing.T) {
			knows := testConfig()
			knows.PSK = func(PSKID) ([]byte, error) { return []byte("key"), nil }
			_, err := c.bob.Stage(knows, c.send(values(p), c.alice.self()))
			wantError(t, err, ErrConfirmation) // the one thing that a cheat gets wrong always
		})
	}
}

// A commit of another epoch, of another group, or of one's own is not processed (§12.4.2).
func TestCommit_12_4_2_IsOfThisEpoch(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	at := func(change func(*groupContext)) []byte {
		e := *c.alice.epochState
		change(&e.context)
		e.encodedContext = e.context.encode()
		g := *c.alice
		g.epochState = &e
		return c.sendAs(&g, &commit{path: c.path(nil)}, g.self())
	}
	for name, try := range map[string]struct {
		change func(*groupContext)
		want   error
	}{
		"the epoch before": {func(ctx *groupContext) { ctx.epoch-- }, ErrUnknownEpoch},
		"the epoch after":  {func(ctx *groupContext) { ctx.epoch++ }, ErrFutureEpoch},
		"another group":    {func(ctx *groupContext) { ctx.groupID = []byte("x") }, ErrWrongGroup},
		"another tree":     {func(ctx *groupContext) { ctx.treeHash = c.suite.zero() }, ErrMembership},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.bob.Stage(testConfig(), at(try.change))
			wantError(t, err, try.want)
		})
	}
	for _, public := range []bool{true, false} {
		staged, err := c.bob.Commit(testConfig(), CommitOptions{Public: public})
		must(t, err)
		_, err = staged.Present().Stage(testConfig(), staged.Message())
		wantError(t, err, ErrOwnMessage)
	}
}

// A newcomer refuses a Welcome whose secrets are not those of the path (§12.4.3.1), or whose leaf is not
// hers, or that is for another suite.
func TestJoining_12_4_3_1_Secrets(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	alice := w.person("alice").group
	kp, secrets := w.keyPackage("carol")
	other, otherSecrets := w.keyPackage("carol")
	dave, _ := w.keyPackage("dave")
	staged, err := alice.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
	must(t, err)
	carol := w.person("carol").signer
	h := hostileWelcome(t, alice, secrets, staged.Welcome())
	wrap := h.reencrypted(t, staged.Welcome())
	try := func(name string, want error, section string, change func(*groupSecrets)) {
		t.Run(name, func(t *testing.T) {
			s := *h.joiner
			change(&s)
			_, err := Join(testConfig(), wrap(s.encode()), secrets, carol)
			if section == "" {
				wantError(t, err, want)
				return
			}
			refusal(t, err, want, section)
		})
	}
	try("the real ones", nil, "", func(*groupSecrets) {})
	try("another joiner secret", ErrDecrypt, "12.4.3.1", func(s *groupSecrets) { s.joiner = alice.suite.zero() })
	try("another path secret", ErrInvalidCommit, "7.5", func(s *groupSecrets) { s.pathSecret = alice.suite.zero() })
	try("a key she has not", ErrNoPSK, "", func(s *groupSecrets) {
		s.psks = []PSKID{{Type: PSKExternal, ID: []byte("k"), Nonce: alice.suite.zero()}}
	})
	try("a tie to another group", ErrNotWelcome, "12.4.3.1", func(s *groupSecrets) {
		s.psks = []PSKID{{Type: PSKResumption, Usage: PSKReInit, GroupID: []byte("g"), Nonce: alice.suite.zero()}}
	})
	try("two ties", ErrNoPSK, "12.4.3.1", func(s *groupSecrets) {
		id := PSKID{Type: PSKResumption, Usage: PSKBranch, GroupID: []byte("g"), Nonce: alice.suite.zero()}
		s.psks = []PSKID{id, id}
	})
	t.Run("for another of her key packages", func(t *testing.T) {
		_, err := Join(testConfig(), staged.Welcome(), otherSecrets, carol)
		wantError(t, err, ErrNotWelcome)
		_ = other
	})
	t.Run("for a leaf that is not hers", func(t *testing.T) {
		stranger, err := alice.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{dave}})
		must(t, err)
		info, err := stranger.Merge().makeGroupInfo(alice.signer, stranger.Merge().treeExtension())
		must(t, err)
		_, err = Join(testConfig(), h.welcomeInside(t, info), secrets, carol)
		refusal(t, err, ErrInvalidGroupInfo, "12.4.3.1")
	})
	t.Run("for another suite", func(t *testing.T) {
		m, err := parseWelcome(staged.Welcome())
		must(t, err)
		m.suite = SuiteHybrid
		out := newMessage(WireWelcome, 4096)
		m.write(out)
		_, err = Join(testConfig(), out.b, secrets, carol)
		refusal(t, err, ErrNotWelcome, "12.4.3.1")
	})
	t.Run("of another suite inside", func(t *testing.T) {
		e := *staged.Merge().epochState
		e.context.suite = SuiteX25519ChaCha
		e.encodedContext = e.context.encode()
		info, err := e.makeGroupInfo(alice.signer, e.treeExtension())
		must(t, err)
		_, err = Join(testConfig(), h.welcomeInside(t, info), secrets, carol)
		refusal(t, err, ErrInvalidGroupInfo, "12.4.3.1")
	})
}

// The Welcome of a group that continues another is of epoch 1 (§11.2, §11.3).
func TestContinuation_11_IsOfEpochOne(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	aside := w.moved(SuiteX25519)
	alice, bob := w.person("alice"), w.person("bob")
	kp := aside.packages(t, "bob")
	secrets := aside.person("bob").secrets
	staged, err := alice.group.Branch(testConfig(), BranchOptions{SuccessorOptions: SuccessorOptions{Members: kp}})
	must(t, err)
	m, err := parseWelcome(staged.Welcome())
	must(t, err)
	j := &joiner{suite: alice.group.suite, welcome: m, secrets: secrets, origin: &origin{group: bob.group, usage: PSKBranch}}
	opened, err := j.openSecrets()
	must(t, err)
	c := Config{}
	keys, err := c.findPSKs(opened.psks, j.originKey)
	must(t, err)
	h := &hostile{alice: staged.Merge(), secrets: secrets, joiner: opened, member: alice.group.suite.memberSecret(opened.joiner, alice.group.suite.pskSecret(keys))}
	for epoch, want := range map[uint64]error{1: nil, 0: ErrInvalidGroupInfo, 2: ErrInvalidGroupInfo} {
		e := *staged.Merge().epochState
		e.context.epoch = epoch
		e.encodedContext = e.context.encode()
		info, err := e.makeGroupInfo(alice.signer, e.treeExtension())
		must(t, err)
		_, err = bob.group.JoinBranch(testConfig(), h.welcomeInside(t, info), nil, secrets, bob.signer)
		if want == nil {
			must(t, err)
		} else {
			refusal(t, err, want, "11")
		}
	}
}
