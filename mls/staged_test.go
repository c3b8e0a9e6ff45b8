package mls

import (
	"bytes"
	"testing"
)

// generationOf opens the sender data of a private message as any member can.
func generationOf(t *testing.T, g *Group, message []byte) uint32 {
	t.Helper()
	r, err := openMessageOf(WirePrivateMessage, "a private message", message)
	must(t, err)
	m, err := parsePrivateMessage(r)
	must(t, err)
	d, err := g.suite.openSenderData(g.secrets.senderData, m)
	must(t, err)
	return d.generation
}

// A commit that was never accepted has still left the device: its key is used. The next handshake of the
// epoch must not take it again, not even after a crash.
func TestDroppedCommitNeverLendsItsKeyAgain(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		alice, bob := w.person("alice"), w.person("bob")
		seen := map[uint32]bool{}
		take := func(message []byte) {
			generation := generationOf(t, bob.group, message)
			if seen[generation] {
				t.Fatalf("handshake generation %d is used twice", generation)
			}
			seen[generation] = true
		}
		for range 3 {
			dropped, err := alice.group.Commit(testConfig(), CommitOptions{})
			must(t, err)
			take(dropped.Message())
			alice.group = dropped.Present()
			w.reload(alice)
		}
		next, proposal, err := alice.group.Propose(testConfig(), ProposalOptions{Update: true})
		must(t, err)
		take(proposal)
		alice.group = next
		bob.group, err = bob.group.Collect(testConfig(), proposal)
		must(t, err)
		last, err := alice.group.Commit(testConfig(), CommitOptions{})
		must(t, err)
		take(last.Message())
		w.deliver(alice, last)
		w.agree()
		w.talk()
	})
}

func TestPublicCommitTakesNoKey(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	alice := w.person("alice").group
	staged, err := alice.Commit(testConfig(), CommitOptions{Public: true})
	must(t, err)
	same(t, "ratchets", staged.Present().MarshalRatchets(), alice.MarshalRatchets())
	same(t, "epoch", staged.Present().MarshalEpoch(), alice.MarshalEpoch())
}

// While a commit waits to be accepted the group goes on. Keys that were used meanwhile must not come back
// with the merge.
func TestKeysUsedWhileACommitWaitsStayGone(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		w.commit("bob", CommitOptions{})
		alice := w.person("alice")
		staged, err := alice.group.Commit(testConfig(), CommitOptions{})
		must(t, err)
		alice.group = staged.Present()
		meanwhile, late := w.seal("bob", "meanwhile"), w.seal("bob", "late")
		_, err = w.open("alice", meanwhile)
		must(t, err)
		stored, err := ParseGroup(staged.Merge().MarshalEpoch(), staged.Merge().MarshalRatchets(), alice.signer)
		must(t, err)
		alice.group = stored.After(alice.group)
		_, err = w.open("alice", meanwhile)
		wantError(t, err, ErrReplay)
		_, err = w.open("alice", late)
		must(t, err)
		w.reload(alice)
		_, err = w.open("alice", late)
		wantError(t, err, ErrReplay)
	})
}

func TestAfterChangesNothingForAStranger(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("alice", CommitOptions{})
	g := w.person("alice").group
	other := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(other)
	for _, present := range []*Group{nil, g, other.person("alice").group} {
		if !bytes.Equal(g.After(present).MarshalRatchets(), g.MarshalRatchets()) {
			t.Fatal("keys of past epochs were lost")
		}
	}
}
