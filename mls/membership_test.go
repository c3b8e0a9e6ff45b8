package mls

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func names(list []Member) []string {
	var out []string
	for _, m := range list {
		out = append(out, string(m.Credential.Identity))
	}
	return out
}

func wantNames(t *testing.T, what string, list []Member, want ...string) {
	t.Helper()
	if !slices.Equal(names(list), want) {
		t.Fatalf("%s: %v, want %v", what, names(list), want)
	}
}

func TestRemovedMemberLearnsSoAndReadsNothingMore(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		w.commit("alice", CommitOptions{}, "carol")
		bob := w.person("bob")
		staged, err := w.person("alice").group.Commit(testConfig(), CommitOptions{Remove: []LeafIndex{bob.group.OwnLeaf()}})
		must(t, err)
		seen, err := bob.group.Stage(testConfig(), staged.Message())
		must(t, err)
		e := seen.Effects()
		if !e.SelfRemoved || seen.Merge() != nil || seen.GroupInfo() != nil {
			t.Fatalf("bob does not learn that he is out: %+v", e)
		}
		wantNames(t, "removed", e.Removed, "bob")
		last := bob.group
		bob.group = nil
		w.deliver(w.person("alice"), staged)
		w.agree()
		_, _, err = last.Open(testConfig(), w.seal("alice", "without bob"))
		wantError(t, err, ErrFutureEpoch)
		next, err := w.person("carol").group.Commit(testConfig(), CommitOptions{})
		must(t, err)
		_, err = last.Stage(testConfig(), next.Message())
		wantError(t, err, ErrFutureEpoch)
	})
}

func TestEffectsTellWhatACommitDoes(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	w.create("alice", Extension{testExtension, []byte("old")})
	w.commit("alice", CommitOptions{}, "bob", "carol")
	gone := w.leaf("carol")
	w.person("carol").group = nil
	e := w.commit("bob", CommitOptions{
		Remove: []LeafIndex{gone}, Extensions: []Extension{{testExtension, []byte("new")}}, AAD: []byte("why"),
	}, "dave", "erin")
	wantNames(t, "added", e.Added, "dave", "erin")
	wantNames(t, "removed", e.Removed, "carol")
	wantNames(t, "committer", []Member{e.Committer}, "bob")
	if string(e.Before[0].Data) != "old" || string(e.After[0].Data) != "new" || string(e.AAD) != "why" || e.External || !e.Path {
		t.Fatalf("%+v", e)
	}
	for _, name := range []string{"alice", "bob", "dave", "erin"} {
		if data, _ := w.person(name).group.Extension(testExtension); string(data) != "new" {
			t.Fatalf("%s sees extension %q", name, data)
		}
	}
}

func TestLeavesAreFilledFromTheLeftAndTheTreeShrinks(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	w.create("m0")
	for i := 1; i < 9; i++ {
		w.commit(fmt.Sprintf("m%d", i-1), CommitOptions{}, fmt.Sprintf("m%d", i))
	}
	if n := w.person("m0").group.tree.leafCount(); n != 16 {
		t.Fatalf("%d leaves for 9 members", n)
	}
	remove := func(list ...string) {
		var leaves []LeafIndex
		for _, name := range list {
			leaves = append(leaves, w.leaf(name))
			w.person(name).group = nil
		}
		w.commit("m0", CommitOptions{Remove: leaves})
		w.talk()
	}
	remove("m8")
	if n := w.person("m0").group.tree.leafCount(); n != 8 {
		t.Fatalf("%d leaves for 8 members", n)
	}
	remove("m2", "m5")
	w.commit("m7", CommitOptions{NoPath: true}, "x", "y")
	if w.leaf("x") != 2 || w.leaf("y") != 5 {
		t.Fatalf("the new members stand at %d and %d", w.leaf("x"), w.leaf("y"))
	}
	w.talk()
	remove("m7", "m6", "y", "m4", "m3", "x", "m1")
	if n := w.person("m0").group.tree.leafCount(); n != 1 {
		t.Fatalf("%d leaves for one member", n)
	}
	w.commit("m0", CommitOptions{})
	w.joinExternal("z", "m0")
	w.talk()
}

func TestProposalsOfOthersAreCommittedByReference(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		w.commit("bob", CommitOptions{}, "carol", "dave")
		propose := func(name string, o ProposalOptions) {
			p := w.person(name)
			next, message, err := p.group.Propose(testConfig(), o)
			must(t, err)
			p.group = next
			for _, other := range w.members() {
				if other == p {
					continue
				}
				other.group, err = other.group.Collect(testConfig(), message)
				must(t, err)
			}
		}
		kp, secrets := w.keyPackage("erin")
		gone := w.leaf("dave")
		propose("bob", ProposalOptions{Update: true})
		propose("carol", ProposalOptions{Remove: &gone})
		propose("carol", ProposalOptions{Add: kp, Public: true})
		propose("alice", ProposalOptions{Update: true, Public: true})
		propose("alice", ProposalOptions{Extensions: []Extension{{testExtension, []byte("x")}}})
		stored := w.person("bob").group
		var err error
		w.person("bob").group, err = ParseGroup(stored.MarshalEpoch(), stored.MarshalRatchets(), stored.signer)
		must(t, err)
		w.person("dave").group = nil
		alice := w.person("alice")
		staged, err := alice.group.Commit(testConfig(), CommitOptions{Pending: true})
		must(t, err)
		e := staged.Effects()
		wantNames(t, "updated", e.Updated, "bob")
		wantNames(t, "removed", e.Removed, "dave")
		wantNames(t, "added", e.Added, "erin")
		w.deliver(alice, staged)
		w.person("erin").group, err = Join(testConfig(), staged.Welcome(), secrets, w.person("erin").signer)
		must(t, err)
		w.agree()
		w.talk()
		w.commit("bob", CommitOptions{})
		w.commit("erin", CommitOptions{})
		w.talk()
	})
}

func TestCommitOfAnUnknownProposalIsRefused(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	next, _, err := w.person("bob").group.Propose(testConfig(), ProposalOptions{Extensions: []Extension{}})
	must(t, err)
	staged, err := next.Commit(testConfig(), CommitOptions{Pending: true})
	must(t, err)
	_, err = w.person("alice").group.Stage(testConfig(), staged.Message())
	wantError(t, err, ErrInvalidCommit)
}

func TestTwoCommitsInOneEpochOnlyOneWins(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		alice, bob := w.person("alice"), w.person("bob")
		lost, err := bob.group.Commit(testConfig(), CommitOptions{})
		must(t, err)
		won, err := alice.group.Commit(testConfig(), CommitOptions{})
		must(t, err)
		w.deliver(alice, won)
		w.agree()
		_, err = alice.group.Stage(testConfig(), lost.Message())
		wantError(t, err, ErrUnknownEpoch)
		w.commit("bob", CommitOptions{})
		w.talk()
	})
}

func TestExternalJoinAndResync(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		e := w.joinExternal("carol", "bob")
		if !e.External || e.Committer.Leaf != w.leaf("carol") {
			t.Fatalf("%+v", e)
		}
		w.talk()
		old := w.leaf("bob")
		e = w.joinExternal("bob", "carol", old)
		wantNames(t, "removed", e.Removed, "bob")
		wantNames(t, "committer", []Member{e.Committer}, "bob")
		w.talk()
		info, err := w.person("alice").group.GroupInfo()
		must(t, err)
		view, err := InspectGroupInfo(info)
		must(t, err)
		wantNames(t, "members", view.Members, names(w.person("alice").group.Members())...)
		if view.Epoch != w.person("alice").group.Epoch() || view.Suite != w.suite || string(view.GroupID) != "story" {
			t.Fatalf("%+v", view)
		}
		for i := range 200 {
			forged := bytes.Clone(info)
			forged[4+(len(info)-4)*i/200] ^= 1
			if _, err := InspectGroupInfo(forged); err == nil {
				t.Fatalf("byte %d of a group info may be changed", 4+(len(info)-4)*i/200)
			}
		}
	})
}

// What was inspected once serves to join, as often as a race is lost, and joining changes nothing of it.
func TestJoiningByAnInspectedGroupInfo(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		alice := w.person("alice").group
		info, err := alice.GroupInfo()
		must(t, err)
		view, err := InspectGroupInfo(info)
		must(t, err)
		for _, name := range []string{"carol", "dave", "erin"} {
			o := ExternalOptions{Inspected: view, Signer: w.person(name).signer, Credential: BasicCredential([]byte(name))}
			joined, err := JoinExternal(testConfig(), o)
			must(t, err)
			seen, err := alice.Stage(testConfig(), joined.Message())
			must(t, err)
			wantNames(t, "members", seen.Merge().Members(), "alice", "bob", name)
			if a, b := seen.Merge().EpochAuthenticator(), joined.Merge().EpochAuthenticator(); !bytes.Equal(a, b) {
				t.Fatal("the members do not agree")
			}
			refusing := testConfig()
			refusing.Authenticate = func(m Member) error {
				if string(m.Credential.Identity) == "bob" {
					return errors.New("not in this house")
				}
				return nil
			}
			if _, err := JoinExternal(refusing, o); !errors.Is(err, ErrNotAuthentic) {
				t.Fatalf("joined whom the application refuses: %v", err)
			}
		}
	})
}

func TestRefusedCommitLeavesTheStateUnchanged(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("alice", CommitOptions{}, "carol")
	kp, _ := w.keyPackage("mallory")
	staged, err := w.person("alice").group.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
	must(t, err)
	bob := w.person("bob").group
	epoch, ratchets := bob.MarshalEpoch(), bob.MarshalRatchets()
	strict := testConfig()
	refusal := errors.New("not on the list")
	strict.Authenticate = func(m Member) error {
		if string(m.Credential.Identity) == "mallory" {
			return refusal
		}
		return nil
	}
	_, err = bob.Stage(strict, staged.Message())
	wantError(t, err, ErrNotAuthentic)
	wantError(t, err, refusal)
	forged := bytes.Clone(staged.Message())
	forged[len(forged)-1] ^= 1
	_, err = bob.Stage(testConfig(), forged)
	wantError(t, err, ErrDecrypt)
	_, err = bob.Stage(testConfig(), staged.Message())
	must(t, err)
	if !bytes.Equal(bob.MarshalEpoch(), epoch) || !bytes.Equal(bob.MarshalRatchets(), ratchets) {
		t.Fatal("staging changed the group")
	}
}

func TestAuthenticateIsAskedAboutNewMembersOnly(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	var asked []string
	c := testConfig()
	c.Authenticate = func(m Member) error {
		asked = append(asked, string(m.Credential.Identity))
		return nil
	}
	kp, secrets := w.keyPackage("carol")
	staged, err := w.person("alice").group.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
	must(t, err)
	_, err = w.person("bob").group.Stage(c, staged.Message())
	must(t, err)
	if !slices.Equal(asked, []string{"carol"}) {
		t.Fatalf("asked about %v", asked)
	}
	asked = nil
	_, err = Join(c, staged.Welcome(), secrets, w.person("carol").signer)
	must(t, err)
	if !slices.Equal(asked, []string{"alice", "bob", "carol"}) {
		t.Fatalf("a joiner asked about %v", asked)
	}
}

func TestKeyPackagesOutOfDateAreNotCommitted(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	g := w.create("alice")
	kp, _ := w.keyPackage("bob")
	c := testConfig()
	for _, now := range []time.Time{testTime().AddDate(0, 0, 2), testTime().Add(-2 * time.Hour)} {
		c.Now = func() time.Time { return now }
		_, err := g.Commit(c, CommitOptions{Add: []*KeyPackage{kp}})
		wantError(t, err, ErrInvalidKeyPackage)
		wantError(t, kp.Verify(now), ErrInvalidKeyPackage)
	}
	c.Now = nil
	_, err := g.Commit(c, CommitOptions{Add: []*KeyPackage{kp}})
	wantError(t, err, ErrOption)
}

func TestWelcomeIsForItsKeyPackagesOnly(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		g := w.create("alice")
		kp, secrets := w.keyPackage("bob")
		_, others := w.keyPackage("carol")
		staged, err := g.Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
		must(t, err)
		refs, err := WelcomeFor(staged.Welcome())
		must(t, err)
		if len(refs) != 1 || !bytes.Equal(refs[0], kp.Ref()) {
			t.Fatalf("the welcome is for %x", refs)
		}
		_, err = Join(testConfig(), staged.Welcome(), others, w.person("carol").signer)
		wantError(t, err, ErrNotWelcome)
		_, err = Join(testConfig(), staged.Welcome(), secrets, w.person("carol").signer)
		wantError(t, err, ErrOption)
		again, err := ParseKeyPackageSecrets(secrets.Marshal())
		must(t, err)
		joined, err := Join(testConfig(), staged.Welcome(), again, w.person("bob").signer)
		must(t, err)
		if !bytes.Equal(joined.EpochAuthenticator(), staged.Merge().EpochAuthenticator()) {
			t.Fatal("bob is in another group")
		}
	})
}

func TestKeyPackageSurvivesItsEncoding(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		p := w.person("bob")
		kp, _, err := NewKeyPackage(nil, KeyPackageOptions{
			Suite: w.suite, Signer: p.signer, Credential: BasicCredential([]byte("bob")), LastResort: true,
			Lifetime: Lifetime{1, 2}, Extensions: []ExtensionType{testExtension},
		})
		must(t, err)
		read, err := ParseKeyPackage(kp.Marshal())
		must(t, err)
		must(t, read.Verify(time.Unix(2, 0)))
		if !read.LastResort() || !read.Supports(testExtension) || read.Suite() != w.suite || read.Lifetime() != (Lifetime{1, 2}) ||
			!bytes.Equal(read.Ref(), kp.Ref()) || !bytes.Equal(read.SignatureKey(), kp.SignatureKey()) ||
			string(read.Credential().Identity) != "bob" {
			t.Fatalf("%+v", read)
		}
		encoded := kp.Marshal()
		for i := range 100 {
			forged := bytes.Clone(encoded)
			forged[len(encoded)*i/100] ^= 1
			if k, err := ParseKeyPackage(forged); err == nil && k.Verify(time.Unix(2, 0)) == nil {
				t.Fatalf("byte %d of a key package may be changed", len(encoded)*i/100)
			}
		}
	})
}

func TestEffectsTellWhoProposedARemovalAndWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	w.create("alice")
	w.commit("alice", CommitOptions{}, "bob", "carol")
	carol, leaf := w.person("carol").group, w.leaf("carol")
	next, wish, err := carol.Propose(testConfig(), ProposalOptions{Remove: &leaf, Loose: true})
	must(t, err)
	if len(next.Pending()) != 0 {
		t.Fatal("carol collected her own wish")
	}
	for _, name := range []string{"alice", "bob"} {
		p := w.person(name)
		p.group, err = p.group.Collect(testConfig(), wish)
		must(t, err)
		pending := p.group.Pending()
		if len(pending) != 1 || pending[0].Type != ProposalRemove {
			t.Fatalf("%s collected %+v", name, pending)
		}
		wantNames(t, "proposer and removed", []Member{pending[0].From, pending[0].Removed}, "carol", "carol")
	}
	judged := func(o CommitOptions) Effects {
		staged, err := w.person("bob").group.Commit(testConfig(), o)
		must(t, err)
		seen, err := w.person("alice").group.Stage(testConfig(), staged.Message())
		must(t, err)
		for _, e := range []Effects{staged.Effects(), seen.Effects()} {
			wantNames(t, "removed", e.Removed, names(seen.Effects().Removed)...)
			wantNames(t, "proposers", e.Proposers, names(seen.Effects().Proposers)...)
			if e.Unheeded != seen.Effects().Unheeded {
				t.Fatalf("two see %d and %d proposals left out", e.Unheeded, seen.Effects().Unheeded)
			}
		}
		return seen.Effects()
	}
	if e := judged(CommitOptions{Pending: true}); e.Unheeded != 0 {
		t.Fatalf("%+v", e)
	} else {
		wantNames(t, "proposer", e.Proposers, "carol")
	}
	wantNames(t, "proposer by value", judged(CommitOptions{Remove: []LeafIndex{leaf}}).Proposers, "bob")
	if e := judged(CommitOptions{}); e.Unheeded != 1 || len(e.Proposers) != 0 {
		t.Fatalf("a wish left out: %+v", e)
	}
}
