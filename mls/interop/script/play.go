package script

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"frond/mls/interop/peer"
)

func (w *world) play(s Step) error {
	by := w.member(s.By)
	switch s.Do {
	case Add:
		return w.add(by, s)
	case Remove:
		return w.removeTargets(by, s)
	case Update:
		return w.commit(by, s, peer.Changes{}, outcome{})
	case External:
		return w.external(by, s)
	case Resync:
		return w.resync(by, s)
	case Refs:
		return w.refs(by, s)
	case Talk:
		return w.talk(by, s)
	case Late:
		return w.late(by, s)
	case Race:
		return w.race(by, s)
	}
	return fmt.Errorf("no step %q", s.Do)
}

// pathFits tells whether all who stay will compute the same commit_secret once the removed are gone. Where
// they leave the whole left half of the tree blank, the root is not on anybody's filtered direct path.
func (w *world) pathFits(removed []*member) bool {
	var last, first uint32 = 0, math.MaxUint32
	all := true
	for _, m := range w.others(removed...) {
		first, last = min(first, m.leaf), max(last, m.leaf)
		all = all && m.kind.Traits().FilteredRoot
	}
	half := uint32(1) << bits.Len32(last) >> 1
	return all || first < half || last == 0
}

func (w *world) commit(by *member, s Step, c peer.Changes, o outcome) error {
	message, err := w.stage(by, s, c)
	if err != nil {
		return err
	}
	return w.accept(by, message, o)
}

func (w *world) stage(by *member, s Step, c peer.Changes) ([]byte, error) {
	c.PSKs = peer.PreSharedKeys[:min(s.PSKs, len(peer.PreSharedKeys))]
	c.Public = s.Public || !by.kind.Traits().PrivateHandshake
	c.AAD = []byte("about " + by.name)
	message, err := by.Commit(c)
	if err != nil {
		return nil, fmt.Errorf("%s commits: %w", by.name, err)
	}
	return message, nil
}

func (w *world) add(by *member, s Step) error {
	var c peer.Changes
	var added []*member
	for _, kind := range s.Peers {
		if len(w.members)+len(added) >= w.max {
			break
		}
		m, kp, err := w.keyPackage(kind, s.Again)
		if err != nil {
			return err
		}
		added, c.Add = append(added, m), append(c.Add, kp)
	}
	if len(added) == 0 {
		return nil
	}
	return w.commit(by, s, c, outcome{added: added})
}

func (w *world) keyPackage(kind string, again bool) (*member, []byte, error) {
	m, err := w.recruit(kind, again)
	if err != nil {
		return nil, nil, err
	}
	kp, err := m.KeyPackage()
	return m, kp, err
}

func (w *world) removeTargets(by *member, s Step) error {
	var c peer.Changes
	var removed []*member
	for _, i := range s.Targets {
		m := w.member(i)
		if m == by || slices.Contains(removed, m) {
			continue
		}
		removed, c.Remove = append(removed, m), append(c.Remove, m.leaf)
	}
	if len(removed) == 0 || !w.pathFits(removed) {
		return nil
	}
	return w.commit(by, s, c, outcome{removed: removed})
}

func (w *world) external(by *member, s Step) error {
	if len(w.members) >= w.max {
		return nil
	}
	if len(s.Peers) == 0 {
		return errors.New("who joins?")
	}
	m, err := w.newMember(s.Peers[0])
	if err != nil {
		return err
	}
	return w.joinExternal(m, by, nil)
}

// resync has By lose its state and come back by itself, with the help of a group info of Targets[0].
func (w *world) resync(by *member, s Step) error {
	helper := w.member(s.target())
	if helper == by {
		return nil
	}
	old := by.leaf
	w.members = w.others(by)
	return w.joinExternal(by, helper, &old)
}

func (w *world) joinExternal(m, helper *member, old *uint32) error {
	info, err := helper.GroupInfo()
	if err != nil {
		return fmt.Errorf("%s makes a group info: %w", helper.name, err)
	}
	message, err := m.JoinExternal(info, old)
	if errors.Is(err, peer.ErrTooStrict) {
		return w.stayOut(m, old)
	}
	if err != nil {
		return fmt.Errorf("%s joins by the group info of %s: %w", m.name, helper.name, err)
	}
	if err := w.deliver(m, message, outcome{}); err != nil {
		return err
	}
	if _, err := m.Merge(); err != nil {
		return fmt.Errorf("%s merges: %w", m.name, err)
	}
	w.members = append(w.members, m)
	w.stats.Joins++
	w.stats.Epochs++
	return w.agree()
}

// stayOut: nothing happened to the group, and one who wanted to come back still has its state.
func (w *world) stayOut(m *member, old *uint32) error {
	w.stats.Refused++
	if old != nil {
		w.members = append(w.members, m)
	}
	return nil
}

// talk checks that messages open whatever the order they arrive in, with their authenticated data.
func (w *world) talk(by *member, s Step) error {
	sent, err := w.seal(by, s.Count)
	if err != nil {
		return err
	}
	return w.open(by, sent)
}

// late has a commit overtake the messages.
func (w *world) late(by *member, s Step) error {
	sent, err := w.seal(by, s.Count)
	if err != nil {
		return err
	}
	if err := w.commit(w.member(s.target()), s, peer.Changes{}, outcome{}); err != nil {
		return err
	}
	return w.open(by, sent)
}

type envelope struct{ aad, plaintext, message []byte }

func (w *world) seal(by *member, n int) ([]envelope, error) {
	sent := make([]envelope, n)
	for i := range sent {
		e := envelope{aad: fmt.Appendf(nil, "envelope %d", i), plaintext: bytes.Repeat([]byte{byte(i)}, w.rand.IntN(300))}
		var err error
		if e.message, err = by.Seal(e.aad, e.plaintext); err != nil {
			return nil, fmt.Errorf("%s sends: %w", by.name, err)
		}
		sent[i] = e
	}
	return sent, nil
}

func (w *world) open(from *member, sent []envelope) error {
	for _, m := range w.others(from) {
		w.rand.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
		for _, e := range sent {
			aad, plaintext, err := m.Open(e.message)
			if err != nil {
				return fmt.Errorf("%s opens a message of %s: %w", m.name, from.name, err)
			}
			if !bytes.Equal(plaintext, e.plaintext) || !bytes.Equal(aad, e.aad) {
				return fmt.Errorf("%s opens a message of %s to %x with %q", m.name, from.name, plaintext, aad)
			}
			w.stats.Messages++
		}
	}
	return nil
}

// race has two members commit in the same epoch. The one that loses forgets its commit and follows.
func (w *world) race(by *member, s Step) error {
	loser := w.member(s.target())
	if loser == by || !loser.kind.Traits().Discards {
		return nil
	}
	if _, err := w.stage(loser, s, peer.Changes{}); err != nil {
		return err
	}
	message, err := w.stage(by, s, peer.Changes{})
	if err != nil {
		return err
	}
	if err := loser.Discard(); err != nil {
		return fmt.Errorf("%s discards its commit: %w", loser.name, err)
	}
	return w.accept(by, message, outcome{})
}
