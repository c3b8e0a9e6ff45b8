package mls

import (
	"bytes"
	"testing"
)

// The members move to another suite: one proposes, one commits, a third makes the successor, all join.
func TestGroupMovesToAnotherSuite(t *testing.T) {
	t.Parallel()
	for _, to := range []CipherSuite{SuiteHybrid, SuiteP256} {
		t.Run(to.String(), func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
			pair(w)
			w.commit("bob", CommitOptions{}, "carol")
			bob := w.person("bob")
			next, proposal, err := bob.group.Propose(testConfig(), ProposalOptions{ReInit: &ReInit{
				GroupID: []byte("successor"), Suite: to, Extensions: []Extension{{testExtension, []byte("moved")}},
			}})
			must(t, err)
			bob.group = next
			for _, name := range []string{"alice", "carol"} {
				p := w.person(name)
				p.group, err = p.group.Collect(testConfig(), proposal)
				must(t, err)
			}
			staged, err := w.person("alice").group.Commit(testConfig(), CommitOptions{Pending: true})
			must(t, err)
			if e := staged.Effects(); e.ReInit == nil || e.ReInit.Suite != to {
				t.Fatalf("%+v", e)
			}
			w.deliver(w.person("alice"), staged)
			w.agree()
			w.reloadAll()
			for _, p := range w.members() {
				w.ended(p.group)
			}
			later := w.moved(to)
			made, err := w.person("carol").group.Reinitialize(testConfig(), SuccessorOptions{
				Members: later.packages(t, "alice", "bob"), Signer: later.person("carol").signer,
			})
			must(t, err)
			later.person("carol").group = made.Merge()
			for _, name := range []string{"alice", "bob"} {
				p := later.person(name)
				p.group, err = w.person(name).group.JoinSuccessor(testConfig(), made.Welcome(), nil, p.secrets, p.signer)
				must(t, err)
				_, err = Join(testConfig(), made.Welcome(), p.secrets, p.signer)
				wantError(t, err, ErrNotWelcome)
			}
			later.agree()
			later.talk()
			if data, _ := later.person("bob").group.Extension(testExtension); string(data) != "moved" {
				t.Fatalf("extension %q", data)
			}
		})
	}
}

// ended checks that nothing can be sent in a group that was re-initialized.
func (w *world) ended(g *Group) {
	w.t.Helper()
	if r, ended := g.ReInit(); !ended || string(r.GroupID) != "successor" {
		w.t.Fatalf("the group did not end: %+v", r)
	}
	_, _, err := g.Seal(testConfig(), nil, nil)
	wantError(w.t.(*testing.T), err, ErrSuspended)
	_, _, err = g.Propose(testConfig(), ProposalOptions{Update: true})
	wantError(w.t.(*testing.T), err, ErrSuspended)
	_, err = g.Commit(testConfig(), CommitOptions{})
	wantError(w.t.(*testing.T), err, ErrSuspended)
	_, err = g.Stage(testConfig(), nil)
	wantError(w.t.(*testing.T), err, ErrSuspended)
}

// moved is the world of the same people in another suite. Signers are kept where the suites sign alike.
func (w *world) moved(to CipherSuite) *world {
	later := &world{t: w.t, suite: to, people: map[string]*person{}}
	s, err := suiteOf(to)
	must(w.t, err)
	for name, p := range w.people {
		if _, err := s.signerKey(p.signer); err == nil {
			later.people[name] = &person{name: name, signer: p.signer}
		}
	}
	return later
}

// packages makes a key package for each and remembers its secrets.
func (w *world) packages(t *testing.T, names ...string) (list []*KeyPackage) {
	t.Helper()
	for _, name := range names {
		kp, secrets := w.keyPackage(name)
		w.person(name).secrets = secrets
		list = append(list, kp)
	}
	return list
}

// reinitialized is a group of alice, bob and carol that ended in favour of another of the same suite.
func reinitialized(t *testing.T) *world {
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("bob", CommitOptions{}, "carol")
	w.commit("alice", CommitOptions{ReInit: &ReInit{GroupID: []byte("successor"), Suite: SuiteX25519}})
	return w
}

func TestReinitialization_11_2(t *testing.T) {
	t.Parallel()
	w := reinitialized(t)
	alice, bob := w.person("alice").group, w.person("bob")
	later := w.moved(SuiteX25519)
	all := later.packages(t, "bob", "carol", "mallory")
	secrets := later.person("bob").secrets
	key := func(usage PSKUsage, group []byte, epoch uint64) *PSKID {
		return &PSKID{Type: PSKResumption, Usage: usage, GroupID: group, Epoch: epoch}
	}
	good := key(PSKReInit, alice.GroupID(), alice.Epoch())
	create := func(change func(*CreateOptions)) CreateOptions {
		o := CreateOptions{Suite: SuiteX25519, GroupID: []byte("successor"), Signer: w.person("alice").signer, Credential: BasicCredential([]byte("alice"))}
		if change != nil {
			change(&o)
		}
		return o
	}
	// made is the Welcome of a successor that follows the rules or does not.
	made := func(o CreateOptions, origin *PSKID, members []*KeyPackage, extra ...PSKID) []byte {
		t.Helper()
		c := testConfig()
		c.PSK = func(PSKID) ([]byte, error) { return alice.secrets.resumption, nil }
		g, err := Create(c, o)
		must(t, err)
		staged, err := g.Commit(c, CommitOptions{Add: members, origin: origin, PSKs: extra})
		must(t, err)
		return staged.Welcome()
	}
	late := func() []byte {
		c := testConfig()
		c.PSK = func(PSKID) ([]byte, error) { return alice.secrets.resumption, nil }
		g, err := Create(c, create(nil))
		must(t, err)
		first, err := g.Commit(c, CommitOptions{Add: all[1:2], origin: good})
		must(t, err)
		second, err := first.Merge().Commit(c, CommitOptions{Add: all[:1]})
		must(t, err)
		return second.Welcome()
	}
	for name, try := range map[string]struct {
		welcome []byte
		want    error
	}{
		"as agreed":                {made(create(nil), good, all[:2]), nil},
		"with a key beside":        {made(create(nil), good, all[:2], PSKID{Type: PSKExternal, ID: []byte("x")}), nil},
		"another group id":         {made(create(func(o *CreateOptions) { o.GroupID = []byte("other") }), good, all[:2]), ErrInvalidGroupInfo},
		"other extensions":         {made(create(func(o *CreateOptions) { o.Extensions = []Extension{{testExtension, nil}} }), good, all[:2]), ErrInvalidGroupInfo},
		"a member less":            {made(create(nil), good, all[:1]), ErrInvalidGroupInfo},
		"a stranger more":          {made(create(nil), good, all), ErrInvalidGroupInfo},
		"a stranger in the place":  {made(create(nil), good, []*KeyPackage{all[0], all[2]}), ErrInvalidGroupInfo},
		"no key of the old group":  {made(create(nil), nil, all[:2]), ErrNotWelcome},
		"a key of usage branch":    {made(create(nil), key(PSKBranch, alice.GroupID(), alice.Epoch()), all[:2]), ErrNotWelcome},
		"a key of another group":   {made(create(nil), key(PSKReInit, []byte("g"), alice.Epoch()), all[:2]), ErrNotWelcome},
		"a key of an earlier time": {made(create(nil), key(PSKReInit, alice.GroupID(), alice.Epoch()-1), all[:2]), ErrNotWelcome},
		"a Welcome of epoch 2":     {late(), ErrNotWelcome},
	} {
		t.Run(name, func(t *testing.T) {
			c := testConfig()
			c.PSK = func(PSKID) ([]byte, error) { return alice.secrets.resumption, nil }
			_, err := bob.group.JoinSuccessor(c, try.welcome, nil, secrets, bob.signer)
			wantError(t, err, try.want)
		})
	}
	_, err := alice.Reinitialize(testConfig(), SuccessorOptions{Members: all[:1]})
	wantError(t, err, ErrInvalidGroupInfo)
	_, err = later.create("alice").JoinSuccessor(testConfig(), late(), nil, secrets, bob.signer)
	wantError(t, err, ErrOption)
	_, err = later.person("alice").group.Reinitialize(testConfig(), SuccessorOptions{})
	wantError(t, err, ErrOption)
}

// Some members go aside. They know each other from the old group, and only they can have made the new one.
func TestMembersBranchOff(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		w.commit("bob", CommitOptions{}, "carol", "dave")
		aside := w.moved(w.suite)
		made, err := w.person("bob").group.Branch(testConfig(), BranchOptions{SuccessorOptions: SuccessorOptions{
			Members: aside.packages(t, "alice", "dave"), Signer: aside.person("bob").signer,
		}})
		must(t, err)
		aside.person("bob").group = made.Merge()
		w.commit("carol", CommitOptions{}) // the old group goes on meanwhile
		for _, name := range []string{"alice", "dave"} {
			p := aside.person(name)
			p.group, err = w.person(name).group.JoinBranch(testConfig(), made.Welcome(), nil, p.secrets, p.signer)
			must(t, err)
		}
		aside.agree()
		aside.talk()
		w.talk()
	})
}

func TestBranching_11_3(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("bob", CommitOptions{}, "carol")
	alice, bob := w.person("alice").group, w.person("bob")
	aside := w.moved(SuiteX25519)
	kp := aside.packages(t, "bob", "mallory")
	_, err := alice.Branch(testConfig(), BranchOptions{SuccessorOptions: SuccessorOptions{Members: kp}})
	wantError(t, err, ErrInvalidGroupInfo)
	_, err = alice.Branch(testConfig(), BranchOptions{GroupID: alice.GroupID(), SuccessorOptions: SuccessorOptions{Members: kp[:1]}})
	wantError(t, err, ErrOption)
	join := func(c Config, staged *Staged) error {
		_, err := bob.group.JoinBranch(c, staged.Welcome(), nil, aside.person("bob").secrets, bob.signer)
		return err
	}
	loose := testConfig()
	loose.SameClient = func(Member, Member) bool { return true }
	stranger, err := alice.Branch(loose, BranchOptions{SuccessorOptions: SuccessorOptions{Members: kp}})
	must(t, err)
	wantError(t, join(testConfig(), stranger), ErrInvalidGroupInfo)
	must(t, join(loose, stranger))

	other := w.moved(SuiteHybrid)
	hybrid := other.packages(t, "bob")
	c := testConfig()
	c.PSK = func(PSKID) ([]byte, error) { return alice.secrets.resumption, nil }
	fresh, err := Create(c, CreateOptions{Suite: SuiteHybrid, Signer: w.person("alice").signer, Credential: BasicCredential([]byte("alice"))})
	must(t, err)
	staged, err := fresh.Commit(c, CommitOptions{Add: hybrid, origin: &PSKID{Type: PSKResumption, Usage: PSKBranch, GroupID: alice.GroupID(), Epoch: alice.Epoch()}})
	must(t, err)
	_, err = bob.group.JoinBranch(testConfig(), staged.Welcome(), nil, other.person("bob").secrets, bob.signer)
	wantError(t, err, ErrInvalidGroupInfo)
	forgotten := &PSKID{Type: PSKResumption, Usage: PSKBranch, GroupID: alice.GroupID(), Epoch: 77}
	fresh, err = Create(c, CreateOptions{Suite: SuiteX25519, Signer: w.person("alice").signer, Credential: BasicCredential([]byte("alice"))})
	must(t, err)
	staged, err = fresh.Commit(c, CommitOptions{Add: kp[:1], origin: forgotten})
	must(t, err)
	wantError(t, join(testConfig(), staged), ErrNoPSK)
}

// Keys that tie groups together are refused wherever else they turn up (§11.2, §11.3, §12.1.4).
func TestKeysThatTieGroupsGoNowhereElse(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	alice := w.person("alice").group
	for _, usage := range []PSKUsage{PSKReInit, PSKBranch} {
		id := PSKID{Type: PSKResumption, Usage: usage, GroupID: alice.GroupID(), Epoch: alice.Epoch()}
		_, err := alice.Commit(testConfig(), CommitOptions{PSKs: []PSKID{id}})
		wantError(t, err, ErrOption)
		_, _, err = alice.Propose(testConfig(), ProposalOptions{PSK: &id})
		wantError(t, err, ErrOption)
		_, err = alice.Commit(testConfig(), CommitOptions{origin: &id})
		wantError(t, err, ErrInvalidProposal)
	}
	if key, have := alice.ResumptionPSK(alice.Epoch()); !have || !bytes.Equal(key, alice.secrets.resumption) {
		t.Fatal("the resumption key is another")
	}
	if _, have := alice.ResumptionPSK(99); have {
		t.Fatal("there is a resumption key of an epoch that never was")
	}
}
