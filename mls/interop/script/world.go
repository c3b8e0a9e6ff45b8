package script

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"frond/mls/interop/peer"
)

// world is a group as somebody sees it who looks over every member's shoulder.
type world struct {
	suite   uint16
	kinds   map[string]peer.Implementation
	rand    *rand.Rand // order of arrival
	members []*member
	gone    []*member // removed, may be added again
	made    int
	max     int
	stats   Stats
}

type member struct {
	peer.Member
	kind peer.Implementation
	name string
	leaf uint32
}

// Stats count what a run really did, for steps that make no sense in their place are left out.
type Stats struct {
	Epochs   int // all members agreed on
	Messages int // opened
	Joins    int // by welcome or external commit
	Refused  int // joins that an implementation refused against the RFC, see peer.ErrTooStrict
}

// Add sums up.
func (s *Stats) Add(o Stats) {
	s.Epochs += o.Epochs
	s.Messages += o.Messages
	s.Joins += o.Joins
	s.Refused += o.Refused
}

// Run plays a script, and stops at the first thing that is not as it should be.
func Run(s Script, kinds map[string]peer.Implementation, maxMembers int) (Stats, error) {
	w := &world{suite: s.Suite, kinds: kinds, rand: rand.New(rand.NewPCG(1, 2)), max: maxMembers}
	defer w.close()
	if err := w.create(s.Creator); err != nil {
		return w.stats, err
	}
	for i, step := range s.Steps {
		if err := w.play(step); err != nil {
			return w.stats, fmt.Errorf("step %d, %s: %w", i, step.Do, err)
		}
	}
	return w.stats, nil
}

func (w *world) close() {
	for _, m := range append(w.members, w.gone...) {
		m.Close()
	}
}

func (w *world) create(kind string) error {
	m, err := w.newMember(kind)
	if err != nil {
		return err
	}
	if err := m.Create([]byte("a group of many kinds")); err != nil {
		return fmt.Errorf("%s creates: %w", m.name, err)
	}
	w.members = append(w.members, m)
	return w.agree()
}

func (w *world) newMember(kind string) (*member, error) {
	k, ok := w.kinds[kind]
	if !ok {
		return nil, fmt.Errorf("no implementation %q", kind)
	}
	name := fmt.Sprintf("%s-%d", kind, w.made)
	w.made++
	m, err := k.NewMember(w.suite, name)
	return &member{Member: m, kind: k, name: name}, err
}

// recruit is a member to be added: a new one, or one that was removed before.
func (w *world) recruit(kind string, again bool) (*member, error) {
	i := slices.IndexFunc(w.gone, func(m *member) bool { return m.kind.Name() == kind })
	if !again || i < 0 {
		return w.newMember(kind)
	}
	m := w.gone[i]
	w.gone = slices.Delete(w.gone, i, i+1)
	return m, nil
}

func (w *world) member(i int) *member { return w.members[i%len(w.members)] }

func (w *world) others(out ...*member) []*member {
	return slices.DeleteFunc(slices.Clone(w.members), func(m *member) bool { return slices.Contains(out, m) })
}

func (w *world) remove(list []*member) {
	w.members = w.others(list...)
	w.gone = append(w.gone, list...)
}

// agree compares all members' epoch, epoch authenticator and an exported secret, and notes their leaves.
func (w *world) agree() error {
	var first peer.View
	for i, m := range w.members {
		v, err := m.View()
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		m.leaf = v.Leaf
		if i == 0 {
			first = v
		}
		if v.Epoch != first.Epoch || !bytes.Equal(v.Authenticator, first.Authenticator) {
			return fmt.Errorf("%s is in epoch %d with authenticator %x, %s in epoch %d with %x",
				m.name, v.Epoch, v.Authenticator, w.members[0].name, first.Epoch, first.Authenticator)
		}
		if len(v.Exported) == 0 || !bytes.Equal(v.Exported, first.Exported) {
			return fmt.Errorf("%s exports %x, %s %x", m.name, v.Exported, w.members[0].name, first.Exported)
		}
	}
	return w.leavesDiffer()
}

func (w *world) leavesDiffer() error {
	seen := map[uint32]string{}
	for _, m := range w.members {
		if other, twice := seen[m.leaf]; twice {
			return fmt.Errorf("%s and %s are both at leaf %d", other, m.name, m.leaf)
		}
		seen[m.leaf] = m.name
	}
	return nil
}

// outcome is what a commit means for those who come and go.
type outcome struct {
	added, removed []*member
}

// deliver brings a handshake to everybody but its sender. Those who are removed must learn so.
func (w *world) deliver(from *member, message []byte, o outcome) error {
	for _, m := range w.others(from) {
		leaves := slices.Contains(o.removed, m)
		if leaves && len(o.added) > 0 && !m.kind.Traits().NoticesReuse {
			continue
		}
		gone, err := m.Process(message)
		if err != nil {
			return fmt.Errorf("%s processes what %s sent: %w", m.name, from.name, err)
		}
		if gone != leaves {
			return fmt.Errorf("%s believes removed=%t after the commit of %s", m.name, gone, from.name)
		}
	}
	return nil
}

// accept ends a commit that the delivery service took: all go to the next epoch, and must agree on it.
func (w *world) accept(from *member, commit []byte, o outcome) error {
	if err := w.deliver(from, commit, o); err != nil {
		return err
	}
	welcome, err := from.Merge()
	if err != nil {
		return fmt.Errorf("%s merges: %w", from.name, err)
	}
	if (len(welcome) > 0) != (len(o.added) > 0) {
		return fmt.Errorf("%s adds %d members, its welcome has %d bytes", from.name, len(o.added), len(welcome))
	}
	w.remove(o.removed)
	for _, m := range o.added {
		if err := w.welcome(m, from, welcome); err != nil {
			return err
		}
	}
	w.stats.Epochs++
	return w.agree()
}

// welcome lets a member in. One that refuses what the RFC allows stays away; its leaf is in the tree all the
// same, as a device's would be that is never switched on.
func (w *world) welcome(m, from *member, welcome []byte) error {
	err := m.Join(welcome)
	if errors.Is(err, peer.ErrTooStrict) {
		w.stats.Refused++
		m.Close()
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s joins by the welcome of %s: %w", m.name, from.name, err)
	}
	w.stats.Joins++
	w.members = append(w.members, m)
	return nil
}
