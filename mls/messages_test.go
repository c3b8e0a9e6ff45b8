package mls

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func pair(w *world) {
	w.create("alice")
	w.commit("alice", CommitOptions{}, "bob")
}

func TestMessageOpensOnceAndNotByItsSender(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		message := w.seal("alice", "hello")
		_, err := w.open("bob", message)
		must(t, err)
		_, err = w.open("bob", message)
		wantError(t, err, ErrReplay)
		_, err = w.open("alice", message)
		wantError(t, err, ErrReplay)
	})
}

func TestLateMessagesOpenInAnyOrder(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		var messages [][]byte
		for i := range 6 {
			messages = append(messages, w.seal("alice", fmt.Sprint(i)))
		}
		for _, i := range []int{3, 0, 5, 1, 4, 2} {
			m, err := w.open("bob", messages[i])
			must(t, err)
			if string(m.Plaintext) != fmt.Sprint(i) {
				t.Fatalf("message %d reads %q", i, m.Plaintext)
			}
			_, err = w.open("bob", messages[i])
			wantError(t, err, ErrReplay)
		}
		if n := len(w.skipped("bob", w.leaf("alice"))); n != 0 {
			t.Fatalf("%d keys are kept for messages that all arrived", n)
		}
	})
}

// skipped are the keys that a member keeps for messages of a sender that were passed over.
func (w *world) skipped(name string, leaf LeafIndex) []messageKey {
	g := w.person(name).group
	var keys []messageKey
	_, err := g.suite.use(g.secretTree, g.tree.leafCount(), leaf, ContentApplication, func(r *ratchet) error {
		keys = r.skipped
		return nil
	})
	must(w.t, err)
	return keys
}

func TestSkippedGenerationsAreBounded(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	var first, last []byte
	for i := range maxSkipped + 2 {
		last = w.seal("alice", "x")
		if i == 0 {
			first = last
		}
	}
	_, err := w.open("bob", last)
	wantError(t, err, ErrTooFarAhead)
	_, err = w.open("bob", first)
	must(t, err)
	_, err = w.open("bob", last)
	must(t, err)
	for range 10 {
		w.seal("alice", "lost")
	}
	_, err = w.open("bob", w.seal("alice", "x"))
	must(t, err)
	keys := w.skipped("bob", w.leaf("alice"))
	if len(keys) != maxSkipped || keys[0].generation != 11 {
		t.Fatalf("%d keys kept, from generation %d", len(keys), keys[0].generation)
	}
}

func TestMessagesOfPastEpochsOpenForAWhile(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		var messages [][]byte
		for i := range maxPastEpochs + 1 {
			messages = append(messages, w.seal("alice", fmt.Sprint(i)))
			w.commit("bob", CommitOptions{})
		}
		_, err := w.open("bob", messages[0])
		wantError(t, err, ErrUnknownEpoch)
		for i, message := range messages[1:] {
			m, err := w.open("bob", message)
			must(t, err)
			if string(m.Plaintext) != fmt.Sprint(i+1) || m.Epoch != uint64(i+2) {
				t.Fatalf("message %d reads %q of epoch %d", i+1, m.Plaintext, m.Epoch)
			}
			_, err = w.open("bob", message)
			wantError(t, err, ErrReplay)
		}
	})
}

func TestKeysOfPastEpochsAreForgottenWithTime(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	message := w.seal("alice", "late")
	w.commit("bob", CommitOptions{})
	later := testConfig()
	later.Now = func() time.Time { return testTime().Add(PastEpochAge + time.Second) }
	_, _, err := w.person("bob").group.Open(later, message)
	wantError(t, err, ErrUnknownEpoch)
	kept := w.person("bob").group.ForgetBefore(testTime())
	_, _, err = kept.Open(testConfig(), message)
	must(t, err)
	_, _, err = kept.ForgetBefore(testTime().Add(time.Second)).Open(testConfig(), message)
	wantError(t, err, ErrUnknownEpoch)
}

func TestSenderOfAPastEpochIsTheMemberOfThatTime(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		w.commit("alice", CommitOptions{}, "carol")
		message, leaf := w.seal("bob", "my last words"), w.leaf("bob")
		w.person("bob").group = nil
		w.commit("alice", CommitOptions{Remove: []LeafIndex{leaf}}, "dave")
		if w.leaf("dave") != leaf {
			t.Fatalf("dave stands at leaf %d, not at bob's %d", w.leaf("dave"), leaf)
		}
		carol := w.person("carol")
		stored, err := ParseGroup(carol.group.MarshalEpoch(), carol.group.MarshalRatchets(), carol.signer)
		must(t, err)
		for _, g := range []*Group{carol.group, stored} {
			_, m, err := g.Open(testConfig(), message)
			must(t, err)
			if string(m.Sender.Credential.Identity) != "bob" {
				t.Fatalf("sent by %q", m.Sender.Credential.Identity)
			}
		}
		_, err = w.open("dave", message)
		wantError(t, err, ErrUnknownEpoch)
	})
}

func TestMessagesForOtherGroupsAndEpochs(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	before := w.person("bob").group
	w.commit("alice", CommitOptions{})
	message := w.seal("alice", "news")
	_, _, err := before.Open(testConfig(), message)
	wantError(t, err, ErrFutureEpoch)
	other, err := Create(testConfig(), CreateOptions{Suite: w.suite, Signer: w.person("eve").signer, Credential: BasicCredential([]byte("eve"))})
	must(t, err)
	_, _, err = other.Open(testConfig(), message)
	wantError(t, err, ErrWrongGroup)
	staged, err := w.person("alice").group.Commit(testConfig(), CommitOptions{})
	must(t, err)
	_, _, err = w.person("bob").group.Open(testConfig(), staged.Message())
	wantError(t, err, ErrWrongContent)
	_, err = w.person("bob").group.Stage(testConfig(), message)
	wantError(t, err, ErrWrongContent)
	_, err = w.person("alice").group.Stage(testConfig(), staged.Message())
	wantError(t, err, ErrOwnMessage)
	_, err = staged.Merge().Stage(testConfig(), staged.Message())
	wantError(t, err, ErrUnknownEpoch)
}

func TestEveryFlippedBitOfAMessageIsNoticed(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	message := w.seal("alice", "hello")
	bob := w.person("bob").group
	for i := range len(message) * 8 {
		forged := bytes.Clone(message)
		forged[i/8] ^= 1 << (i % 8)
		if _, _, err := bob.Open(testConfig(), forged); err == nil {
			t.Fatalf("bit %d of the message may be flipped", i)
		}
	}
	_, err := w.open("bob", message)
	must(t, err)
}

func TestPaddingHidesTheLengthOfShortMessages(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	short, long := w.seal("alice", "no"), w.seal("alice", strings.Repeat("y", 40))
	if len(short) != len(long) {
		t.Fatalf("messages of 2 and 40 bytes have %d and %d", len(short), len(long))
	}
	m, err := w.open("bob", short)
	must(t, err)
	if string(m.Plaintext) != "no" {
		t.Fatalf("reads %q", m.Plaintext)
	}
}

func TestSizesAreBounded(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	g := w.person("alice").group
	_, _, err := g.Seal(testConfig(), nil, make([]byte, MaxMessage))
	wantError(t, err, ErrTooLarge)
	_, _, err = g.Open(testConfig(), make([]byte, MaxMessage+1))
	wantError(t, err, ErrTooLarge)
	_, message, err := g.Seal(testConfig(), nil, make([]byte, maxApplication))
	must(t, err)
	if len(message) > MaxMessage {
		t.Fatalf("a message of %d bytes", len(message))
	}
	_, err = g.Export("x", nil, maxExport+1)
	wantError(t, err, ErrOption)
}

func TestExportIsSharedAndBoundToLabelContextAndEpoch(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		export := func(name, label, context string) []byte {
			b, err := w.person(name).group.Export(label, []byte(context), 100)
			must(t, err)
			return b
		}
		a := export("alice", "typing", "c")
		if !bytes.Equal(a, export("bob", "typing", "c")) || len(a) != 100 {
			t.Fatal("the members export different secrets")
		}
		if bytes.Equal(a, export("alice", "other", "c")) || bytes.Equal(a, export("alice", "typing", "d")) {
			t.Fatal("label or context make no difference")
		}
		w.commit("alice", CommitOptions{})
		if bytes.Equal(a, export("alice", "typing", "c")) {
			t.Fatal("the epoch makes no difference")
		}
	})
}
