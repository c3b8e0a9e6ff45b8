package mls

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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
	w.reloadRecords(p, epoch, ratchets)
	p.group = g
}

// reloadRecords keeps the records of a member up to date by their changes alone, and checks that they
// say the same as the whole.
func (w *world) reloadRecords(p *person, epoch, ratchets []byte) {
	w.t.Helper()
	if p.records == nil {
		p.records = map[string][]byte{}
	}
	for _, r := range p.group.Changes(p.saved) {
		if r.Value == nil {
			delete(p.records, r.Key)
		} else {
			p.records[r.Key] = r.Value
		}
	}
	p.saved = p.group
	all := p.group.Changes(nil)
	for _, r := range all {
		if !bytes.Equal(p.records[r.Key], r.Value) {
			w.t.Fatalf("record %q of %s is not what it should be", r.Key, p.name)
		}
	}
	if len(all) != len(p.records) {
		w.t.Fatalf("%d records of %s are stored, %d needed", len(p.records), p.name, len(all))
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	g, err := ParseGroupRecords(epoch, all, p.signer)
	must(w.t, err)
	if !bytes.Equal(g.MarshalEpoch(), epoch) || !bytes.Equal(g.MarshalRatchets(), ratchets) {
		w.t.Fatalf("the state of %s changes when it is stored in records", p.name)
	}
	if changed := g.Changes(g); len(changed) != 0 {
		w.t.Fatalf("%d changes between a state and itself", len(changed))
	}
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

// The sender's side of §9.2, in both forms of the state: after a message is sent, neither its key nor any
// secret between the root and the sender's leaf is left.
func TestSenderForgetsWhatItUsed(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		w.commit("alice", CommitOptions{}, "carol", "dave")
		g := w.person("alice").group
		s := g.suite
		var consumed [][]byte
		n := g.secretTree
		for i := g.tree.root(); !i.isLeaf(); i = i.left() { // alice stands at the leftmost leaf
			consumed = append(consumed, n.secret)
			n = s.expand(n, false).left
		}
		consumed = append(consumed, n.secret)
		r := s.expand(n, true).ratchets.application
		consumed = append(consumed, r.secret)
		key := r.advance(s)
		consumed = append(consumed, key.aeadKey(), key.nonce[:])
		before := g.MarshalRatchets()
		if !bytes.Contains(before, consumed[0]) {
			t.Fatal("the test does not look at what is stored")
		}
		next, _, err := g.Seal(testConfig(), nil, []byte("x"))
		must(t, err)
		state := append(next.MarshalEpoch(), next.MarshalRatchets()...)
		for _, record := range next.Changes(nil) {
			state = append(state, record.Value...)
		}
		for i, secret := range consumed {
			if bytes.Contains(state, secret) {
				t.Fatalf("secret %d of %d on the way to the key is still stored", i, len(consumed))
			}
		}
		if !bytes.Contains(state, r.secret) {
			t.Fatal("the secret of the next message is gone too")
		}
	})
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

// In a group in which all have spoken a message changes one record, and a new epoch begins with one.
func TestSavingAfterAMessageDoesNotGrowWithTheGroup(t *testing.T) {
	t.Parallel()
	f := newFullGroup(t, SuiteX25519, 64)
	g := f.member(0)
	size := func(records []Record) (n int) {
		for _, r := range records {
			n += len(r.Key) + len(r.Value)
		}
		return n
	}
	for i := range LeafIndex(64) {
		if i == g.own {
			continue
		}
		_, message, err := f.member(i).Seal(testConfig(), nil, nil)
		must(t, err)
		next, _, err := g.Open(testConfig(), message)
		must(t, err)
		if c := next.Changes(g); len(c) > 8 {
			t.Fatalf("the first message of a sender changes %d records of 64 members", len(c))
		}
		g = next
	}
	next, _, err := g.Seal(testConfig(), nil, nil)
	must(t, err)
	g = next
	next, _, err = g.Seal(testConfig(), nil, nil)
	must(t, err)
	if c := next.Changes(g); len(c) != 1 || size(c) > 200 {
		t.Fatalf("a message changes %d records of %d bytes", len(c), size(c))
	}
	if all := size(next.Changes(nil)); all < 64*60 {
		t.Fatalf("all records have %d bytes", all)
	}
	staged, err := g.Commit(testConfig(), CommitOptions{})
	must(t, err)
	if c := staged.Merge().Changes(staged.Present()); len(c) != 2 {
		t.Fatalf("a new epoch changes %d records", len(c))
	}
}

func TestRecordsThatDoNotBelongTogetherAreRefused(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	bob := w.person("bob")
	oldEpoch, old := bob.group.MarshalEpoch(), bob.group.Changes(nil)
	w.commit("alice", CommitOptions{})
	w.talk()
	epoch, now := bob.group.MarshalEpoch(), bob.group.Changes(nil)
	change := func(f func(r *Record)) []Record {
		var list []Record
		for _, r := range now {
			f(&r)
			list = append(list, r)
		}
		return list
	}
	for what, try := range map[string]struct {
		epoch   []byte
		records []Record
		signer  *person
	}{
		"old records":         {epoch, old, bob},
		"old epoch":           {oldEpoch, now, bob},
		"records of alice":    {epoch, w.person("alice").group.Changes(nil), bob},
		"signer of alice":     {epoch, now, w.person("alice")},
		"no records":          {epoch, nil, bob},
		"head alone":          {epoch, now[:1], bob},
		"a record twice":      {epoch, append(now[1:2:2], now...), bob},
		"no head":             {epoch, now[1:], bob},
		"the last missing":    {epoch, now[:len(now)-1], bob},
		"one more":            {epoch, append([]Record{{"x", nil}}, now...), bob},
		"a key of nobody":     {epoch, append([]Record{{nodeKey(1<<40, 0), now[1].Value}}, now...), bob},
		"a key badly written": {epoch, change(func(r *Record) { r.Key = string(bytes.ToUpper([]byte(r.Key))) }), bob},
		"trailing bytes":      {epoch, change(func(r *Record) { r.Value = append(bytes.Clone(r.Value), 0) }), bob},
		"cut bytes":           {epoch, change(func(r *Record) { r.Value = r.Value[:len(r.Value)-1] }), bob},
		"a parent and its child": {epoch, append([]Record{{nodeKey(bob.group.Epoch(), 1),
			fmt.Append(nil, "\x00\x20", string(make([]byte, 32)))}}, now...), bob},
	} {
		if _, err := ParseGroupRecords(try.epoch, try.records, try.signer.signer); err == nil {
			t.Errorf("%s: accepted", what)
		} else {
			wantError(t, err, ErrState)
		}
	}
	if _, err := ParseGroupRecords(epoch, now, bob.signer); err != nil {
		t.Fatal(err)
	}
}

func TestEarlierEpochsMayBeForgottenInRecords(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	w.commit("alice", CommitOptions{})
	bob := w.person("bob")
	w.reload(bob)
	bob.group = bob.group.ForgetBefore(testTime().AddDate(1, 0, 0))
	w.reloadRecords(bob, bob.group.MarshalEpoch(), bob.group.MarshalRatchets())
	for key := range bob.records {
		if epoch, _, ok := parseNodeKey(key); ok && epoch != bob.group.Epoch() {
			t.Fatalf("record %s is still stored", key)
		}
	}
}
