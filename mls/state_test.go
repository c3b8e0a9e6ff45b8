package mls

import (
	"bytes"
	"testing"
)

// reload stores and loads a member's state, and checks that nothing is lost.
func (w *world) reload(p *person) {
	w.t.Helper()
	epoch, ratchets := p.group.MarshalEpoch(), p.group.MarshalRatchets()
	g, err := ParseGroup(epoch, ratchets, p.signer)
	must(w.t, err)
	if !bytes.Equal(g.MarshalEpoch(), epoch) || !bytes.Equal(g.MarshalRatchets(), ratchets) {
		w.t.Fatalf("the state of %s changes when it is stored and loaded", p.name)
	}
	p.group = g
}

func (w *world) reloadAll() {
	w.t.Helper()
	for _, p := range w.members() {
		w.reload(p)
	}
}

func TestStateSurvivesStorageAtEveryStep(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		w.create("alice", Extension{testExtension, []byte("x")})
		w.reloadAll()
		w.commit("alice", CommitOptions{}, "bob", "carol")
		w.reloadAll()
		late := w.seal("bob", "late")
		w.seal("bob", "lost")
		_, err := w.open("carol", w.seal("bob", "in time"))
		must(t, err)
		w.reloadAll()
		w.talk()
		w.reloadAll()
		w.commit("carol", CommitOptions{})
		w.reloadAll()
		m, err := w.open("alice", late)
		must(t, err)
		if string(m.Sender.Credential.Identity) != "bob" || m.Epoch != 1 {
			t.Fatalf("%+v", m)
		}
		gone := w.leaf("bob")
		w.person("bob").group = nil
		w.commit("alice", CommitOptions{Remove: []LeafIndex{gone}})
		w.reloadAll()
		m, err = w.open("carol", late)
		must(t, err)
		if string(m.Sender.Credential.Identity) != "bob" {
			t.Fatalf("%+v", m)
		}
		w.joinExternal("dave", "carol")
		w.reloadAll()
		w.talk()
		for _, name := range []string{"dave", "alice", "carol", "dave"} {
			w.commit(name, CommitOptions{})
			w.reloadAll()
		}
		w.talk()
	})
}

// Secrets must be gone from the state when they were used (RFC 9420 §9.2).
func TestUsedKeysAreGoneFromTheState(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		before := w.person("bob").group
		root := before.secretTree.secret
		s, alice := before.suite, w.leaf("alice")
		var used, kept messageKey
		var start []byte
		_, err := s.use(before.secretTree, before.tree.leafCount(), alice, ContentApplication, func(r *ratchet) (err error) {
			start = r.secret
			if used, err = r.take(s, 1); err == nil {
				kept = r.skipped[0]
			}
			return err
		})
		must(t, err)
		w.seal("alice", "0")
		_, err = w.open("bob", w.seal("alice", "1"))
		must(t, err)
		after := w.person("bob").group
		state := append(after.MarshalEpoch(), after.MarshalRatchets()...)
		for what, secret := range map[string][]byte{
			"encryption secret": root, "ratchet secret": start, "message key": used.aeadKey(), "nonce": used.nonce[:],
		} {
			if bytes.Contains(state, secret) {
				t.Fatalf("the used %s is still stored", what)
			}
		}
		if !bytes.Contains(state, kept.aeadKey()) {
			t.Fatal("the key of the message that did not arrive is gone")
		}
		if !bytes.Contains(before.MarshalRatchets(), root) {
			t.Fatal("opening changed the group it was asked of")
		}
	})
}

func TestKeysOfOldEpochsAreGoneFromTheState(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	bob := w.person("bob")
	init, leaf := bob.group.secrets.init, bob.group.keys[bob.group.own.node()].bytes()
	w.commit("alice", CommitOptions{})
	if state := bob.group.MarshalEpoch(); bytes.Contains(state, init) || !bytes.Contains(state, leaf) {
		t.Fatal("the init secret of the last epoch is stored, or the leaf key is not")
	}
	w.commit("bob", CommitOptions{})
	if bytes.Contains(bob.group.MarshalEpoch(), leaf) {
		t.Fatal("the replaced leaf key is still stored")
	}
}

func TestStateOfADifferentKindIsRefused(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	bob := w.person("bob")
	oldEpoch, oldRatchets := bob.group.MarshalEpoch(), bob.group.MarshalRatchets()
	w.commit("alice", CommitOptions{})
	epoch, ratchets := bob.group.MarshalEpoch(), bob.group.MarshalRatchets()
	alice := w.person("alice")
	for what, try := range map[string]struct {
		epoch, ratchets []byte
		signer          *person
	}{
		"old ratchets":       {epoch, oldRatchets, bob},
		"old epoch":          {oldEpoch, ratchets, bob},
		"ratchets of alice":  {epoch, alice.group.MarshalRatchets(), bob},
		"signer of alice":    {epoch, ratchets, alice},
		"halves exchanged":   {ratchets, epoch, bob},
		"trailing bytes":     {append(bytes.Clone(epoch), 0), ratchets, bob},
		"trailing bytes too": {epoch, append(bytes.Clone(ratchets), 0), bob},
		"nothing":            {nil, nil, bob},
		"another version":    {append([]byte{9}, epoch[1:]...), ratchets, bob},
	} {
		if _, err := ParseGroup(try.epoch, try.ratchets, try.signer.signer); err == nil {
			t.Errorf("%s: accepted", what)
		} else {
			wantError(t, err, ErrState)
		}
	}
	for i := range epoch {
		_, _ = ParseGroup(epoch[:i], ratchets, bob.signer)
	}
	for i := range ratchets {
		if _, err := ParseGroup(epoch, ratchets[:i], bob.signer); err == nil {
			t.Fatalf("ratchets cut to %d bytes are accepted", i)
		}
	}
}

func TestForgottenEpochsMayBeMissingFromOneHalf(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("alice", CommitOptions{})
	bob := w.person("bob")
	forgot := bob.group.ForgetBefore(testTime().AddDate(1, 0, 0))
	g, err := ParseGroup(bob.group.MarshalEpoch(), forgot.MarshalRatchets(), bob.signer)
	must(t, err)
	if len(g.past) != 0 || len(bob.group.past) != 2-1 {
		t.Fatalf("%d past epochs after forgetting, %d before", len(g.past), len(bob.group.past))
	}
}
