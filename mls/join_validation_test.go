package mls

import "testing"

// A newcomer believes nothing that it can check (RFC 9420 §12.4.3.1): here alice, who may sign, tells
// of trees that never were.
func TestJoining_12_4_3_1(t *testing.T) {
	t.Parallel()
	c := newCheat(t)
	c.w.commit("carol", CommitOptions{}, "dave")
	c.alice = c.w.person("alice").group
	fresh, err := c.suite.generateKey(nil)
	must(t, err)
	parent := func(g *ratchetTree, i nodeIndex, change func(*parentNode)) {
		p := *g.nodes[i].parent
		change(&p)
		g.put(i, nil, &p)
	}
	for name, try := range map[string]struct {
		change func(*ratchetTree)
		want   error
	}{
		"the real tree":         {func(*ratchetTree) {}, nil},
		"another key at a node": {func(g *ratchetTree) { parent(g, 3, func(p *parentNode) { p.encryptionKey = fresh.public }) }, ErrInvalidTree},
		"a key that occurs twice": {func(g *ratchetTree) {
			parent(g, 3, func(p *parentNode) { p.encryptionKey = g.leaf(0).encryptionKey })
		}, ErrInvalidTree},
		"a key of another size": {func(g *ratchetTree) { parent(g, 3, func(p *parentNode) { p.encryptionKey = []byte{1} }) }, ErrInvalidTree},
		"another parent hash":   {func(g *ratchetTree) { parent(g, 5, func(p *parentNode) { p.parentHash = c.suite.zero() }) }, ErrInvalidTree},
		"a node nobody set":     {func(g *ratchetTree) { g.put(1, nil, &parentNode{encryptionKey: fresh.public}) }, ErrInvalidTree},
		"an unmerged leaf that is merged below": {func(g *ratchetTree) {
			parent(g, 3, func(p *parentNode) { p.unmerged = []LeafIndex{2} })
		}, ErrInvalidTree},
		"an unmerged leaf outside": {func(g *ratchetTree) { parent(g, 5, func(p *parentNode) { p.unmerged = []LeafIndex{0} }) }, ErrInvalidTree},
		"a leaf twice":             {func(g *ratchetTree) { g.put(6, g.leaf(2), nil) }, ErrInvalidTree},
		"a leaf at another place":  {func(g *ratchetTree) { l := g.leaf(2); g.put(4, g.leaf(1), nil); g.put(2, l, nil) }, ErrInvalidTree},
	} {
		t.Run(name, func(t *testing.T) {
			e := *c.alice.epochState
			e.tree = e.tree.clone()
			try.change(e.tree)
			e.tree.rehash()
			e.context.treeHash = e.tree.hash()
			e.encodedContext = e.context.encode()
			_, err := InspectGroupInfo(c.groupInfo(t, &e))
			wantError(t, err, try.want)
		})
	}
	t.Run("another tree hash", func(t *testing.T) {
		e := *c.alice.epochState
		e.context.treeHash = c.suite.zero()
		e.encodedContext = e.context.encode()
		_, err := InspectGroupInfo(c.groupInfo(t, &e))
		wantError(t, err, ErrInvalidGroupInfo)
	})
	t.Run("signed for another leaf", func(t *testing.T) {
		e := *c.alice.epochState
		e.own = 1
		_, err := InspectGroupInfo(c.groupInfo(t, &e))
		wantError(t, err, ErrSignature)
	})
	t.Run("signed for a blank leaf", func(t *testing.T) {
		e := *c.alice.epochState
		e.own = 1 << 20
		_, err := InspectGroupInfo(c.groupInfo(t, &e))
		wantError(t, err, ErrInvalidGroupInfo)
	})
	t.Run("an extension the members do not support", func(t *testing.T) {
		e := *c.alice.epochState
		e.context.extensions = []Extension{{0xF0F0, nil}}
		e.encodedContext = e.context.encode()
		_, err := InspectGroupInfo(c.groupInfo(t, &e))
		wantError(t, err, ErrInvalidLeaf)
	})
	t.Run("another confirmation tag", func(t *testing.T) {
		kp, secrets := c.w.keyPackage("erin")
		staged, err := c.alice.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
		must(t, err)
		_, err = Join(testConfig(), c.rewelcome(t, staged, secrets), secrets, c.w.person("erin").signer)
		wantError(t, err, ErrConfirmation)
	})
}

func (c *cheat) groupInfo(t *testing.T, e *epochState) []byte {
	t.Helper()
	info, err := e.makeGroupInfo(c.alice.signer, e.treeExtension())
	must(t, err)
	w := newMessage(WireGroupInfo, len(info))
	w.raw(info)
	return w.b
}

// rewelcome is the welcome of a commit with a wrong confirmation tag inside.
func (c *cheat) rewelcome(t *testing.T, staged *Staged, secrets *KeyPackageSecrets) []byte {
	t.Helper()
	m, err := parseWelcome(staged.Welcome())
	must(t, err)
	opened, err := (&joiner{suite: c.suite, welcome: m, secrets: secrets}).openSecrets()
	must(t, err)
	e := *staged.Merge().epochState
	e.confirmationTag = c.suite.zero()
	info, err := e.makeGroupInfo(c.alice.signer, e.treeExtension())
	must(t, err)
	h := &hostile{alice: c.alice, secrets: secrets, joiner: opened, member: c.suite.memberSecret(opened.joiner, c.suite.zero())}
	return h.welcomeInside(t, info)
}
