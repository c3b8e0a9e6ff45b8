package mls

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// cheat is a member who holds all keys and keeps no rules: alice at leaf 0, in a group with bob at leaf
// 1 and carol at leaf 2. Her commits are signed and MACed as they should be; only their content is
// wrong. Their confirmation tag is wrong too, and must not be what bob notices.
type cheat struct {
	*testing.T
	w          *world
	alice, bob *Group
	suite      *suite
}

func newCheat(t *testing.T) *cheat {
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("bob", CommitOptions{}, "carol")
	alice := w.person("alice").group
	return &cheat{T: t, w: w, alice: alice, bob: w.person("bob").group, suite: alice.suite}
}

func (c *cheat) send(m *commit, from sender) []byte {
	c.Helper()
	return c.sendAs(c.alice, m, from)
}

func (c *cheat) sendAs(g *Group, m *commit, from sender) []byte {
	c.Helper()
	content := frame(&g.context, from, nil, ContentCommit, m.encode())
	a, err := signed(c.suite, g.signer, WirePublicMessage, content, g.encodedContext)
	must(c, err)
	a.confirmationTag = c.suite.zero()
	message, err := c.suite.protectPublic(a, g.secrets.membership, g.encodedContext)
	must(c, err)
	return message
}

// refusal checks the reason of a refusal and the section of the RFC that it names.
func refusal(t *testing.T, err, want error, section string) {
	t.Helper()
	wantError(t, err, want)
	if !strings.Contains(err.Error(), "(RFC 9420 §"+section+")") {
		t.Fatalf("the refusal does not name section %s: %v", section, err)
	}
}

// values makes a commit of proposals by value, without a path.
func values(list ...*proposal) *commit {
	m := &commit{}
	for _, p := range list {
		m.proposals = append(m.proposals, proposalOrRef{proposal: p.encoded()})
	}
	return m
}

// refused sends a commit and asserts with which error bob refuses it.
func (c *cheat) refused(m *commit, want error) {
	c.Helper()
	_, err := c.bob.Stage(testConfig(), c.send(m, c.alice.self()))
	wantError(c.T, err, want)
}

func (c *cheat) add(name string, change func(*KeyPackageOptions)) *proposal {
	c.Helper()
	o := KeyPackageOptions{
		Suite: c.w.suite, Signer: c.w.person(name).signer, Credential: BasicCredential([]byte(name)),
		Lifetime: Lifetime{1, 2}, Extensions: []ExtensionType{testExtension},
	}
	if change != nil {
		change(&o)
	}
	kp, _, err := NewKeyPackage(nil, o)
	must(c, err)
	return &proposal{typ: ProposalAdd, keyPackage: kp}
}

// path is an honest self-update of alice, for dishonest changes.
func (c *cheat) path(change func(template *leafNode)) *updatePath {
	c.Helper()
	tree := c.alice.tree.clone()
	template := tree.renewed(0, nil, []ExtensionType{testExtension})
	if change != nil {
		change(template)
	}
	p, err := tree.drawPath(nil, c.alice.signer, c.alice.context.groupID, 0, template)
	must(c, err)
	ch := change0(c.alice, tree)
	path, err := tree.encryptPath(p, ch.provisional(), nil)
	must(c, err)
	return path
}

func change0(g *Group, tree *ratchetTree) *change {
	ch := &change{tree: tree, context: g.context}
	ch.context.epoch++
	return ch
}

func TestProposalList_12_2(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	remove := func(leaf LeafIndex) *proposal { return &proposal{typ: ProposalRemove, removed: leaf} }
	extensions := func() *proposal { return &proposal{typ: ProposalGroupContextExtensions} }
	key, err := c.suite.generateKey(nil)
	must(t, err)
	leaf, err := c.alice.tree.makeUpdate(c.alice.tree.leaf(0).identity, c.alice.signer, c.alice.context.groupID, 0, key, nil)
	must(t, err)
	external := PSKID{Type: PSKExternal, ID: []byte("k"), Nonce: c.suite.zero()}
	psk := func(id PSKID) *proposal { return &proposal{typ: ProposalPSK, psk: id} }
	reInit := func(version uint16) *proposal {
		return &proposal{typ: ProposalReInit, reInit: &ReInit{GroupID: []byte("g"), Version: version, Suite: SuiteX25519}}
	}
	for name, try := range map[string]struct {
		commit *commit
		want   error
	}{
		"update by the committer":          {values(&proposal{typ: ProposalUpdate, leaf: leaf}), ErrInvalidCommit},
		"removal of the committer":         {values(remove(0)), ErrInvalidCommit},
		"removal of a blank leaf":          {values(remove(3)), ErrInvalidProposal},
		"removal far outside":              {values(remove(1 << 31)), ErrInvalidProposal},
		"one leaf removed twice":           {values(remove(2), remove(2)), ErrInvalidCommit},
		"one key package twice":            {values(c.add("x", nil), c.add("x", nil)), ErrInvalidLeaf},
		"a member added again":             {values(c.add("carol", nil)), ErrInvalidLeaf},
		"one pre-shared key twice":         {values(psk(external), psk(external)), ErrInvalidCommit},
		"several new extensions":           {values(extensions(), extensions()), ErrInvalidCommit},
		"re-init beside others":            {values(reInit(1), c.add("x", nil)), ErrInvalidCommit},
		"re-init to an older version":      {values(reInit(0)), ErrInvalidProposal},
		"external init by a member":        {values(&proposal{typ: ProposalExternalInit, kemOutput: []byte("k")}), ErrInvalidCommit},
		"psk nonce of another length":      {values(psk(PSKID{Type: PSKExternal, Nonce: []byte("n")})), ErrInvalidProposal},
		"psk of usage branch":              {values(psk(PSKID{Type: PSKResumption, Usage: PSKBranch, Nonce: c.suite.zero()})), ErrInvalidProposal},
		"psk nobody has":                   {values(psk(external)), ErrNoPSK},
		"reference to an unknown proposal": {&commit{proposals: []proposalOrRef{{ref: c.suite.zero()}}}, ErrInvalidCommit},
	} {
		t.Run(name, func(t *testing.T) {
			c := *c
			c.T = t
			c.refused(try.commit, try.want)
		})
	}
}

func TestGroupContextExtensions_12_1_7(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	for name, extensions := range map[string][]Extension{
		"an extension nobody supports":            {{0xF0F0, nil}},
		"an extension twice":                      {{testExtension, nil}, {testExtension, nil}},
		"a required extension nobody supports":    {RequiredCapabilities([]ExtensionType{0xF0F0}, nil, nil)},
		"a required proposal nobody supports":     {RequiredCapabilities(nil, []ProposalType{0xF0F0}, nil)},
		"a required credential nobody supports":   {RequiredCapabilities(nil, nil, []CredentialType{0xF0F0})},
		"required capabilities that do not parse": {{ExtensionRequiredCapabilities, []byte{9}}},
		"external senders that do not parse":      {{ExtensionExternalSenders, []byte{9}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.alice.Commit(testConfig(), CommitOptions{Extensions: extensions})
			if err == nil {
				t.Fatal("alice may commit it")
			}
			m := values(&proposal{typ: ProposalGroupContextExtensions, extensions: extensions})
			m.path = c.path(nil)
			if _, err := c.bob.Stage(testConfig(), c.send(m, c.alice.self())); err == nil {
				t.Fatal("bob accepts it")
			}
		})
	}
	good := []Extension{{testExtension, []byte("x")}, RequiredCapabilities([]ExtensionType{testExtension}, []ProposalType{ProposalPSK}, []CredentialType{CredentialBasic})}
	staged, err := c.alice.Commit(testConfig(), CommitOptions{Extensions: good})
	must(t, err)
	_, err = c.bob.Stage(testConfig(), staged.Message())
	must(t, err)
	unable := c.add("old client", func(o *KeyPackageOptions) { o.Extensions = nil; o.Lifetime = Lifetime{0, 1 << 40} })
	_, err = staged.Merge().Commit(Config{Now: testTime}, CommitOptions{Add: []*KeyPackage{unable.keyPackage}})
	if err == nil {
		t.Fatal("a client that does not support the group's extension is added")
	}
}

func TestPath_12_4(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	broken := func(change func(*updatePath)) *commit {
		p := c.path(nil)
		change(p)
		return &commit{path: p}
	}
	unsigned := c.path(nil)
	unsigned.leaf.raw[unsigned.leaf.unsigned+5] ^= 1
	foreign, err := (&leafNode{
		identity: c.alice.tree.leaf(0).identity, encryptionKey: c.path(nil).leaf.encryptionKey,
		capabilities: c.alice.tree.leaf(0).capabilities, source: sourceCommit, parentHash: c.path(nil).leaf.parentHash,
	}).sign(c.suite, c.alice.signer, c.alice.context.groupID, 0)
	must(t, err)
	update, err := c.alice.tree.makeUpdate(c.alice.tree.leaf(0).identity, c.alice.signer, c.alice.context.groupID, 0, hpkeKey{public: c.path(nil).leaf.encryptionKey}, nil)
	must(t, err)
	for name, try := range map[string]struct {
		commit *commit
		want   error
	}{
		"no proposals and no path":  {&commit{}, ErrInvalidCommit},
		"a removal without path":    {values(&proposal{typ: ProposalRemove, removed: 2}), ErrInvalidCommit},
		"a path too short":          {broken(func(p *updatePath) { p.nodes = p.nodes[1:] }), ErrInvalidCommit},
		"a path too long":           {broken(func(p *updatePath) { p.nodes = append(p.nodes, updatePathNode{encryptionKey: make([]byte, 32)}) }), ErrInvalidCommit},
		"a secret missing":          {broken(func(p *updatePath) { p.nodes[0].secrets = nil }), ErrInvalidCommit},
		"a secret too many":         {broken(func(p *updatePath) { p.nodes[0].secrets = append(p.nodes[0].secrets, hpkeCiphertext{}) }), ErrInvalidCommit},
		"a secret for nobody":       {broken(func(p *updatePath) { p.nodes[0].secrets[0].ciphertext[0] ^= 1 }), ErrDecrypt},
		"one key for two nodes":     {broken(func(p *updatePath) { p.nodes[1].encryptionKey = p.nodes[0].encryptionKey }), ErrInvalidCommit},
		"a key that is in the tree": {broken(func(p *updatePath) { p.nodes[0].encryptionKey = c.bob.tree.leaf(1).encryptionKey }), ErrInvalidCommit},
		"another key":               {broken(func(p *updatePath) { p.nodes[0].encryptionKey[0] ^= 1 }), ErrInvalidCommit},
		"a key of another size":     {broken(func(p *updatePath) { p.nodes[0].encryptionKey = []byte{1} }), ErrInvalidCommit},
		"the committer's old leaf key": {broken(func(p *updatePath) {
			p.leaf = c.signedLeaf(func(l *leafNode) { l.encryptionKey = c.alice.tree.leaf(0).encryptionKey })
		}), ErrInvalidCommit},
		"a leaf with a bad signature": {&commit{path: unsigned}, ErrSignature},
		"a leaf of another path":      {broken(func(p *updatePath) { p.leaf = foreign }), ErrInvalidCommit},
		"a leaf of source update":     {broken(func(p *updatePath) { p.leaf = update }), ErrInvalidCommit},
	} {
		t.Run(name, func(t *testing.T) {
			c := *c
			c.T = t
			c.refused(try.commit, try.want)
		})
	}
}

// signedLeaf is a leaf for alice with the wrong content and the right signature.
func (c *cheat) signedLeaf(change func(*leafNode)) *leafNode {
	c.Helper()
	l := *c.alice.tree.renewed(0, c.path(nil).leaf.encryptionKey, []ExtensionType{testExtension})
	l.source, l.parentHash = sourceCommit, c.suite.zero()
	change(&l)
	out, err := l.sign(c.suite, c.alice.signer, c.alice.context.groupID, 0)
	must(c, err)
	return out
}

// keyPackage is an Add of a key package with the wrong content and the right signatures.
func (c *cheat) keyPackage(changeLeaf func(*leafNode), changeInit func(*KeyPackage)) *proposal {
	c.Helper()
	signer := c.w.person("newcomer").signer
	kp := *c.add("newcomer", nil).keyPackage
	leaf := *kp.leaf
	if changeLeaf != nil {
		changeLeaf(&leaf)
	}
	if leaf.raw = nil; leaf.source == sourceKeyPackage {
		leaf.lifetime = Lifetime{1, 2}
	}
	signedLeaf, err := leaf.sign(c.suite, signer, c.alice.context.groupID, 3)
	must(c, err)
	kp.leaf = signedLeaf
	if changeInit != nil {
		changeInit(&kp)
	}
	w := newWriter(512)
	w.uint16(protocolVersion)
	w.uint16(uint16(kp.suite.id))
	w.opaque(kp.initKey)
	kp.leaf.write(w)
	writeExtensions(w, kp.extensions)
	signature, err := c.suite.signWithLabel(signer, "KeyPackageTBS", w.b)
	must(c, err)
	w.opaque(signature)
	return &proposal{typ: ProposalAdd, keyPackage: readKeyPackage(&reader{b: w.b})}
}

func TestKeyPackage_10_1(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	other, err := suiteOf(SuiteHybrid)
	must(t, err)
	stranger := c.add("stranger", nil)
	damaged := c.keyPackage(nil, nil)
	damaged.keyPackage.raw = bytes.Clone(damaged.keyPackage.raw)
	damaged.keyPackage.raw[len(damaged.keyPackage.raw)-1] ^= 1
	for name, try := range map[string]struct {
		p       *proposal
		section string
	}{
		"of another suite":       {c.keyPackage(nil, func(k *KeyPackage) { k.suite = other }), "10.1"},
		"of an unknown suite":    {c.keyPackage(nil, func(k *KeyPackage) { k.suite = &suite{id: 0x0A0A} }), "10.1"},
		"with one key twice":     {c.keyPackage(nil, func(k *KeyPackage) { k.initKey = k.leaf.encryptionKey }), "10.1"},
		"with a malformed key":   {c.keyPackage(nil, func(k *KeyPackage) { k.initKey = []byte("short") }), "10"},
		"with a malformed leaf":  {c.keyPackage(func(l *leafNode) { l.encryptionKey = []byte("short") }, nil), "7.3"},
		"with a leaf of update":  {c.keyPackage(func(l *leafNode) { l.source = sourceUpdate }, nil), "7.3"},
		"with a leaf of commit":  {c.keyPackage(func(l *leafNode) { l.source = sourceCommit }, nil), "7.3"},
		"with a bad signature":   {damaged, "10.1"},
		"with a leaf of another": {c.keyPackage(nil, func(k *KeyPackage) { k.leaf = stranger.keyPackage.leaf }), "10.1"},
		"with repeated elements": {c.keyPackage(nil, func(k *KeyPackage) { k.extensions = []Extension{{1, nil}, {1, nil}} }), "13.4"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.bob.Stage(testConfig(), c.send(values(try.p), c.alice.self()))
			refusal(t, err, ErrInvalidKeyPackage, try.section)
			k := try.p.keyPackage
			if k.suite.id != c.suite.id {
				return
			}
			// Whoever fetches it notices before it is proposed.
			k, err = ParseKeyPackage(k.Marshal())
			must(t, err)
			refusal(t, k.Verify(time.Unix(2, 0)), ErrInvalidKeyPackage, try.section)
			_, _, err = c.alice.Propose(Config{Now: func() time.Time { return time.Unix(2, 0) }}, ProposalOptions{Add: k})
			refusal(t, err, ErrInvalidKeyPackage, try.section)
		})
	}
	t.Run("of another version", func(t *testing.T) {
		k := c.keyPackage(nil, nil).keyPackage
		raw := k.Marshal()
		raw[5] = 2
		_, err := ParseKeyPackage(raw)
		wantError(t, err, ErrMalformed)
	})
}

// Values reserved for GREASE are tolerated where the RFC allows them (§13.5).
func TestGREASE_13_5(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	grease := c.keyPackage(func(l *leafNode) {
		l.capabilities.cipherSuites = append(l.capabilities.cipherSuites, 0x1A1A)
		l.capabilities.extensions = append(l.capabilities.extensions, 0x2A2A)
		l.capabilities.proposals = append(l.capabilities.proposals, 0x3A3A)
		l.capabilities.credentials = append(l.capabilities.credentials, 0x4A4A)
		l.extensions = []Extension{{0x2A2A, []byte("anything")}}
	}, func(k *KeyPackage) { k.extensions = []Extension{{0x5A5A, []byte("anything")}} })
	conf := testConfig()
	conf.Now = func() time.Time { return time.Unix(2, 0) }
	staged, err := c.alice.Commit(conf, CommitOptions{Add: []*KeyPackage{grease.keyPackage}})
	must(t, err)
	_, err = c.bob.Stage(testConfig(), staged.Message())
	must(t, err)
}

func TestExternalCommit_12_4_3_2(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	info, err := c.alice.GroupInfo()
	must(t, err)
	eve := c.w.person("eve").signer
	staged, err := JoinExternal(testConfig(), ExternalOptions{GroupInfo: info, Signer: eve, Credential: BasicCredential([]byte("eve"))})
	must(t, err)
	_, r, err := openMessage(staged.Message())
	must(t, err)
	honest := readPublicMessage(r).content.commit
	init := honest.proposals[0]
	from := sender{typ: SenderNewMemberCommit}
	value := func(p *proposal) proposalOrRef { return proposalOrRef{proposal: p.encoded()} }
	resend := func(proposals []proposalOrRef, path *updatePath) error {
		content := frame(&c.alice.context, from, nil, ContentCommit, (&commit{proposals: proposals, path: path}).encode())
		a, err := signed(c.suite, eve, WirePublicMessage, content, c.alice.encodedContext)
		must(t, err)
		a.confirmationTag = c.suite.zero()
		message, err := c.suite.protectPublic(a, nil, nil)
		must(t, err)
		_, err = c.bob.Stage(testConfig(), message)
		return err
	}
	wantError(t, resend([]proposalOrRef{init}, honest.path), ErrConfirmation)
	wantError(t, resend([]proposalOrRef{init}, nil), ErrInvalidCommit)
	wantError(t, resend(nil, honest.path), ErrInvalidCommit)
	wantError(t, resend([]proposalOrRef{init, init}, honest.path), ErrInvalidCommit)
	wantError(t, resend([]proposalOrRef{init, {ref: c.suite.zero()}}, honest.path), ErrInvalidCommit)
	wantError(t, resend([]proposalOrRef{init, value(c.add("x", nil))}, honest.path), ErrInvalidCommit)
	wantError(t, resend([]proposalOrRef{init, value(&proposal{typ: ProposalRemove, removed: 0}), value(&proposal{typ: ProposalRemove, removed: 2})}, honest.path), ErrInvalidCommit)
	wantError(t, resend([]proposalOrRef{init, value(&proposal{typ: ProposalGroupContextExtensions})}, honest.path), ErrInvalidCommit)
	eve = c.w.person("mallory").signer
	wantError(t, resend([]proposalOrRef{init}, honest.path), ErrSignature)
}

func TestTags_6_2_and_8(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	honest := &commit{path: c.path(nil)}
	c.refused(honest, ErrConfirmation)
	content := frame(&c.alice.context, c.alice.self(), nil, ContentCommit, honest.encode())
	a, err := signed(c.suite, c.alice.signer, WirePublicMessage, content, c.alice.encodedContext)
	must(t, err)
	message, err := c.suite.protectPublic(a, c.suite.zero(), c.alice.encodedContext)
	must(t, err)
	_, err = c.bob.Stage(testConfig(), message)
	wantError(t, err, ErrMembership)
	a, err = signed(c.suite, c.w.person("eve").signer, WirePublicMessage, content, c.alice.encodedContext)
	must(t, err)
	message, err = c.suite.protectPublic(a, c.alice.secrets.membership, c.alice.encodedContext)
	must(t, err)
	_, err = c.bob.Stage(testConfig(), message)
	wantError(t, err, ErrSignature)
	blank := frame(&c.alice.context, sender{SenderMember, 3}, nil, ContentCommit, honest.encode())
	a, err = signed(c.suite, c.alice.signer, WirePublicMessage, blank, c.alice.encodedContext)
	must(t, err)
	message, err = c.suite.protectPublic(a, c.alice.secrets.membership, c.alice.encodedContext)
	must(t, err)
	_, err = c.bob.Stage(testConfig(), message)
	wantError(t, err, ErrUnknownSender)
}
