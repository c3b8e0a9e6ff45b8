package mls

import "testing"

// A service listed in external_senders proposes, and somebody outside proposes to be added; a member
// commits what it finds right (RFC 9420 §12.1.8).
func TestProposalsFromOutsideTheGroup(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		o := w.serviced("carol")
		leaf := w.leaf("carol")
		removal := w.external(o, func(o *ExternalProposalOptions) { o.Remove = &leaf })
		kp, secrets := w.keyPackage("dave")
		dave := w.person("dave")
		addition, err := ProposeJoin(testConfig(), o.GroupID, o.Epoch, kp, dave.signer)
		must(t, err)
		w.collect(removal, addition)
		list := w.person("bob").group.Proposals()
		if len(list) != 2 || list[0].Sender != SenderExternal || list[0].Removed != leaf || list[0].Type != ProposalRemove ||
			list[1].Sender != SenderNewMemberProposal || string(list[1].KeyPackage.Credential().Identity) != "dave" {
			t.Fatalf("%+v", list)
		}
		w.reloadAll()
		w.person("carol").group = nil
		staged, err := w.person("bob").group.Commit(testConfig(), CommitOptions{Pending: true})
		must(t, err)
		w.deliver(w.person("bob"), staged)
		dave.group, err = Join(testConfig(), staged.Welcome(), secrets, dave.signer)
		must(t, err)
		w.agree()
		w.talk()
	})
}

// serviced makes a group of alice, bob and another with a service that may propose.
func (w *world) serviced(third string) ExternalProposalOptions {
	w.t.Helper()
	service := w.person("service").signer
	s, err := suiteOf(w.suite)
	must(w.t, err)
	public, err := s.signerKey(service)
	must(w.t, err)
	w.create("alice", ExternalSenders(ExternalSender{SignatureKey: public, Credential: BasicCredential([]byte("service"))}))
	w.commit("alice", CommitOptions{}, "bob", third)
	g := w.person("alice").group
	return ExternalProposalOptions{Suite: w.suite, GroupID: g.GroupID(), Epoch: g.Epoch(), Signer: service}
}

func (w *world) external(o ExternalProposalOptions, choose func(*ExternalProposalOptions)) []byte {
	w.t.Helper()
	choose(&o)
	message, err := ProposeExternal(testConfig(), o)
	must(w.t, err)
	return message
}

// collect gives proposals to all members.
func (w *world) collect(messages ...[]byte) {
	w.t.Helper()
	for _, message := range messages {
		for _, p := range w.members() {
			next, err := p.group.Collect(testConfig(), message)
			must(w.t, err)
			p.group = next
		}
	}
}

// An external sender may propose all that changes the group from above: also new extensions, a
// pre-shared key and a re-initialization.
func TestExternalSenderProposesWhateverItMay(t *testing.T) {
	t.Parallel()
	for name, choose := range map[string]func(*ExternalProposalOptions){
		"add":        nil,
		"extensions": func(o *ExternalProposalOptions) { o.Extensions = []Extension{{testExtension, []byte("new")}} },
		"psk":        func(o *ExternalProposalOptions) { o.PSK = &PSKID{Type: PSKExternal, ID: []byte("k")} },
		"reinit":     func(o *ExternalProposalOptions) { o.ReInit = &ReInit{GroupID: []byte("next"), Suite: SuiteP256} },
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
			o := w.serviced("carol")
			kp, _ := w.keyPackage("dave")
			if choose == nil {
				choose = func(o *ExternalProposalOptions) { o.Add = kp }
			}
			w.collect(w.external(o, choose))
			c := testConfig()
			c.PSK = func(PSKID) ([]byte, error) { return []byte("key"), nil }
			alice := w.person("alice")
			staged, err := alice.group.Commit(c, CommitOptions{Pending: true})
			must(t, err)
			received, err := w.person("bob").group.Stage(c, staged.Message())
			must(t, err)
			same(t, "epoch", received.Merge().EpochAuthenticator(), staged.Merge().EpochAuthenticator())
			e := received.Effects()
			if name == "add" && len(e.Added) != 1 || name == "extensions" && string(e.After[0].Data) != "new" ||
				name == "reinit" && (e.ReInit == nil || e.ReInit.Suite != SuiteP256) {
				t.Fatalf("%+v", e)
			}
		})
	}
}

func TestExternalSenders_12_1_8(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	o := w.serviced("carol")
	g := w.person("alice").group
	leaf := w.leaf("carol")
	remove := func(o *ExternalProposalOptions) { o.Remove = &leaf }
	raw := func(from sender, p *proposal, by string) []byte {
		content := frame(&g.context, from, nil, ContentProposal, p.encoded().raw)
		a, err := signed(g.suite, w.person(by).signer, WirePublicMessage, content, nil)
		must(t, err)
		message, err := g.suite.protectPublic(a, nil, nil)
		must(t, err)
		return message
	}
	key, err := g.suite.generateKey(nil)
	must(t, err)
	update, err := g.tree.makeUpdate(g.tree.leaf(0).identity, w.person("service").signer, g.context.groupID, 0, key, nil)
	must(t, err)
	external, joiner := sender{SenderExternal, 0}, sender{typ: SenderNewMemberProposal}
	for name, try := range map[string]struct {
		message []byte
		want    error
	}{
		"a sender outside of the list":   {w.external(o, func(o *ExternalProposalOptions) { remove(o); o.Sender = 1 }), ErrUnknownSender},
		"signed by somebody else":        {w.external(o, func(o *ExternalProposalOptions) { remove(o); o.Signer = w.person("eve").signer }), ErrSignature},
		"of another epoch":               {w.external(o, func(o *ExternalProposalOptions) { remove(o); o.Epoch++ }), ErrFutureEpoch},
		"of another group":               {w.external(o, func(o *ExternalProposalOptions) { remove(o); o.GroupID = []byte("x") }), ErrWrongGroup},
		"an external init":               {raw(external, &proposal{typ: ProposalExternalInit}, "service"), ErrInvalidProposal},
		"an update":                      {raw(external, &proposal{typ: ProposalUpdate, leaf: update}, "service"), ErrInvalidProposal},
		"a newcomer proposes a removal":  {raw(joiner, &proposal{typ: ProposalRemove, removed: leaf}, "eve"), ErrInvalidProposal},
		"a newcomer's key is another":    {raw(joiner, &proposal{typ: ProposalAdd, keyPackage: keyPackageOf(w, "dave")}, "eve"), ErrSignature},
		"a commit by an external sender": {w.externalCommit(external), ErrInvalidProposal},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := g.Collect(testConfig(), try.message)
			if err == nil {
				t.Fatal("accepted")
			}
			if name == "a commit by an external sender" {
				_, err = g.Stage(testConfig(), try.message)
			}
			wantError(t, err, try.want)
		})
	}
	lonely := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(lonely)
	h := lonely.person("alice").group
	_, err = h.Collect(testConfig(), lonely.external(ExternalProposalOptions{
		Suite: SuiteX25519, GroupID: h.GroupID(), Epoch: h.Epoch(), Signer: lonely.person("service").signer,
	}, remove))
	wantError(t, err, ErrUnknownSender)
}

func keyPackageOf(w *world, name string) *KeyPackage { kp, _ := w.keyPackage(name); return kp }

func (w *world) externalCommit(from sender) []byte {
	w.t.Helper()
	g := w.person("alice").group
	content := frame(&g.context, from, nil, ContentCommit, (&commit{}).encode())
	a, err := signed(g.suite, w.person("service").signer, WirePublicMessage, content, nil)
	must(w.t, err)
	a.confirmationTag = g.suite.zero()
	message, err := g.suite.protectPublic(a, nil, nil)
	must(w.t, err)
	return message
}
