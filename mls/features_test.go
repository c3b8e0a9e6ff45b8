package mls

import (
	"bytes"
	"testing"
)

// With GREASE on, everything that may have meaningless values has them, and nobody minds.
func TestGREASEIsSentAndTolerated_13_5(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		c := testConfig()
		c.GREASE = true
		alice, bob := w.person("alice"), w.person("bob")
		var err error
		alice.group, err = Create(c, CreateOptions{Suite: w.suite, GroupID: []byte("story"), Signer: alice.signer, Credential: BasicCredential([]byte("alice"))})
		must(t, err)
		kp, secrets := w.greased("bob")
		if len(kp.extensions) != 1 || !isGREASE(uint16(kp.extensions[0].Type)) {
			t.Fatalf("key package extensions %v", kp.extensions)
		}
		staged, err := alice.group.Commit(c, CommitOptions{Add: []*KeyPackage{kp}})
		must(t, err)
		alice.group = staged.Merge()
		bob.group, err = Join(testConfig(), staged.Welcome(), secrets, bob.signer)
		must(t, err)
		info, err := bob.group.GroupInfo()
		must(t, err)
		carol := w.person("carol")
		joined, err := JoinExternal(c, ExternalOptions{GroupInfo: info, Signer: carol.signer, Credential: BasicCredential([]byte("carol"))})
		must(t, err)
		for _, p := range w.members() {
			received, err := p.group.Stage(testConfig(), joined.Message())
			must(t, err)
			p.group = received.Merge()
		}
		carol.group = joined.Merge()
		w.agree()
		w.talk()
		w.commit("bob", CommitOptions{})
		w.commit("carol", CommitOptions{}, "dave")
		w.talk()
		for _, p := range []*person{alice, bob, carol} {
			l := carol.group.tree.leaf(p.group.own)
			if !hasGREASE(l.capabilities.proposals) || !hasGREASE(l.capabilities.credentials) ||
				!hasGREASE(l.capabilities.extensions) || len(l.extensions) != 1 || !isGREASE(uint16(l.extensions[0].Type)) {
				t.Fatalf("the leaf of %s has no GREASE: %+v", p.name, l.capabilities)
			}
		}
	})
}

func (w *world) greased(name string) (*KeyPackage, *KeyPackageSecrets) {
	w.t.Helper()
	kp, secrets, err := NewKeyPackage(nil, KeyPackageOptions{
		Suite: w.suite, Signer: w.person(name).signer, Credential: BasicCredential([]byte(name)), GREASE: true,
		Extensions: []ExtensionType{testExtension},
		Lifetime:   Lifetime{uint64(testTime().Unix()) - 1, uint64(testTime().Unix()) + 1},
	})
	must(w.t, err)
	return kp, secrets
}

func hasGREASE[T ~uint16](list []T) bool {
	for _, v := range list {
		if isGREASE(uint16(v)) {
			return true
		}
	}
	return false
}

func TestGREASEValuesAreThoseOfTheRegistry(t *testing.T) {
	t.Parallel()
	seen := map[uint16]bool{}
	for range 2000 {
		v, err := greaseValue(nil)
		must(t, err)
		seen[v] = true
	}
	n := 0
	for v := range 1 << 16 {
		if isGREASE(uint16(v)) != seen[uint16(v)] {
			t.Fatalf("0x%04X: known %v, drawn %v", v, isGREASE(uint16(v)), seen[uint16(v)])
		}
		if seen[uint16(v)] {
			n++
		}
	}
	if n != 15 {
		t.Fatalf("%d values", n)
	}
}

// A group demands capabilities; who has them comes in, who has not stays out.
func TestRequiredCapabilitiesAreDemanded_11_1(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	w.create("alice", RequiredCapabilities([]ExtensionType{testExtension}, nil, []CredentialType{CredentialBasic}))
	w.commit("alice", CommitOptions{}, "bob")
	kp, _, err := NewKeyPackage(nil, KeyPackageOptions{
		Suite: w.suite, Signer: w.person("old").signer, Credential: BasicCredential([]byte("old")),
		Lifetime: Lifetime{uint64(testTime().Unix()) - 1, uint64(testTime().Unix()) + 1},
	})
	must(t, err)
	_, err = w.person("bob").group.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
	wantError(t, err, ErrInvalidLeaf)
	info, err := w.person("bob").group.GroupInfo()
	must(t, err)
	unable := Config{Now: testTime}
	_, err = JoinExternal(unable, ExternalOptions{GroupInfo: info, Signer: w.person("old").signer, Credential: BasicCredential([]byte("old"))})
	wantError(t, err, ErrInvalidLeaf)
	w.joinExternal("carol", "bob")
	w.talk()
}

// A key package of last resort serves until its owner publishes others: two groups, one key package.
func TestLastResortServesTwice(t *testing.T) {
	t.Parallel()
	bob := newSigner(t, SuiteX25519)
	kp, secrets, err := NewKeyPackage(nil, KeyPackageOptions{
		Suite: SuiteX25519, Signer: bob, Credential: BasicCredential([]byte("bob")), LastResort: true,
		Lifetime: Lifetime{uint64(testTime().Unix()) - 1, uint64(testTime().Unix()) + 1}, Extensions: []ExtensionType{testExtension},
	})
	must(t, err)
	for range 2 {
		w := &world{t: t, suite: SuiteX25519, people: map[string]*person{"bob": {name: "bob", signer: bob}}}
		staged, err := w.create("alice").Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
		must(t, err)
		w.person("alice").group = staged.Merge()
		w.person("bob").group, err = Join(testConfig(), staged.Welcome(), secrets, bob)
		must(t, err)
		w.agree()
		w.talk()
	}
}

// The exporter gives all members of an epoch the same, and each epoch, label and context another.
func TestExporterAndAuthenticatorAreOfTheEpoch(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		seen := map[string]bool{}
		for range 2 {
			alice, bob := w.person("alice").group, w.person("bob").group
			for _, label := range []string{"one", "two"} {
				for _, context := range []string{"", "x"} {
					a, err := alice.Export(label, []byte(context), 33)
					must(t, err)
					b, err := bob.Export(label, []byte(context), 33)
					must(t, err)
					if !bytes.Equal(a, b) || seen[string(a)] || len(a) != 33 {
						t.Fatalf("%s/%s: %x and %x", label, context, a, b)
					}
					seen[string(a)] = true
				}
			}
			if seen[string(alice.EpochAuthenticator())] || !bytes.Equal(alice.EpochAuthenticator(), bob.EpochAuthenticator()) {
				t.Fatal("the authenticator is not that of the epoch")
			}
			seen[string(alice.EpochAuthenticator())] = true
			w.commit("alice", CommitOptions{})
		}
		_, err := w.person("alice").group.Export("x", nil, maxExport+1)
		wantError(t, err, ErrOption)
	})
}

// The ratchet tree may travel apart from welcome and group info.
func TestTreeTravelsApart_12_4_3_3(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		kp, secrets := w.keyPackage("carol")
		alice, carol := w.person("alice"), w.person("carol")
		with, err := alice.group.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
		must(t, err)
		staged, err := alice.group.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}, NoTree: true})
		must(t, err)
		if len(staged.Welcome()) >= len(with.Welcome()) {
			t.Fatal("a Welcome without the tree is no smaller")
		}
		w.deliver(alice, staged)
		_, err = Join(testConfig(), staged.Welcome(), secrets, carol.signer)
		wantError(t, err, ErrInvalidGroupInfo)
		_, err = JoinWithTree(testConfig(), staged.Welcome(), with.Merge().RatchetTree(), secrets, carol.signer)
		wantError(t, err, ErrInvalidGroupInfo)
		carol.group, err = JoinWithTree(testConfig(), staged.Welcome(), alice.group.RatchetTree(), secrets, carol.signer)
		must(t, err)
		w.agree()
		w.talk()
	})
}

// Somebody who joins by itself proves with a resumption key that it was a member before.
func TestResyncWithAResumptionKey(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		alice, bob := w.person("alice"), w.person("bob")
		old := bob.group
		info, err := alice.group.GroupInfo()
		must(t, err)
		c := testConfig()
		c.PSK = func(id PSKID) ([]byte, error) {
			key, _ := old.ResumptionPSK(id.Epoch)
			return key, nil
		}
		joined, err := JoinExternal(c, ExternalOptions{
			GroupInfo: info, Signer: bob.signer, Credential: BasicCredential([]byte("bob")), Resync: []LeafIndex{old.OwnLeaf()},
			PSKs: []PSKID{{Type: PSKResumption, Usage: PSKApplication, GroupID: old.GroupID(), Epoch: old.Epoch()}},
		})
		must(t, err)
		received, err := alice.group.Stage(testConfig(), joined.Message())
		must(t, err)
		alice.group, bob.group = received.Merge(), joined.Merge()
		w.agree()
		w.talk()
	})
}

// A pre-shared key proposed by one member is committed by another; the key of one group enters another.
func TestProposedPreSharedKeyOfAnotherGroup(t *testing.T) {
	t.Parallel()
	other := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(other)
	source := other.person("alice").group
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	alice, bob := w.person("alice"), w.person("bob")
	next, message, err := bob.group.Propose(testConfig(), ProposalOptions{PSK: &PSKID{
		Type: PSKResumption, Usage: PSKApplication, GroupID: source.GroupID(), Epoch: source.Epoch(),
	}})
	must(t, err)
	bob.group = next
	alice.group, err = alice.group.Collect(testConfig(), message)
	must(t, err)
	c := testConfig()
	c.PSK = func(id PSKID) ([]byte, error) { key, _ := source.ResumptionPSK(id.Epoch); return key, nil }
	staged, err := alice.group.Commit(c, CommitOptions{Pending: true})
	must(t, err)
	received, err := bob.group.Stage(c, staged.Message())
	must(t, err)
	alice.group, bob.group = staged.Merge(), received.Merge()
	w.agree()
	w.talk()
}

// What was proposed comes before what is said (§12.4).
func TestProposalsAreCommittedBeforeAnybodySpeaks_12_4(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("alice", CommitOptions{}, "carol")
	alice, bob := w.person("alice"), w.person("bob")
	gone := w.leaf("carol")
	next, message, err := alice.group.Propose(testConfig(), ProposalOptions{Remove: &gone})
	must(t, err)
	bob.group, err = bob.group.Collect(testConfig(), message)
	must(t, err)
	for _, g := range []*Group{next, bob.group} {
		_, _, err := g.Seal(testConfig(), nil, []byte("too early"))
		wantError(t, err, ErrUncommitted)
	}
	alice.group, w.person("carol").group = next, nil
	staged, err := bob.group.Commit(testConfig(), CommitOptions{Pending: true})
	must(t, err)
	w.deliver(bob, staged)
	w.talk()
}
