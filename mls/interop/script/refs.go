package script

import (
	"fmt"
	"slices"

	"frond/mls/interop/peer"
)

// round collects what the proposals of one epoch will come to.
type round struct {
	outcome
	committer *member
	updated   []*member
}

// refs sends proposals by themselves, all of them valid together (RFC 9420 §12.2), and then the commit
// that refers to them.
func (w *world) refs(by *member, s Step) error {
	r := &round{committer: by}
	sent := 0
	for _, p := range s.Proposals {
		done, err := w.propose(r, p)
		if err != nil {
			return err
		}
		if done {
			sent++
		}
	}
	if sent == 0 {
		return nil
	}
	return w.commit(by, s, peer.Changes{}, r.outcome)
}

func (w *world) propose(r *round, p Proposal) (bool, error) {
	by := w.member(p.By)
	o := peer.Proposal{Public: p.Public || !by.kind.Traits().PrivateProposal}
	allowed, err := w.choose(r, by, p, &o)
	if !allowed || err != nil {
		return false, err
	}
	message, err := by.Propose(o)
	if err != nil {
		return false, fmt.Errorf("%s proposes to %s: %w", by.name, p.Do, err)
	}
	return true, w.deliver(by, message, outcome{})
}

// choose fills the proposal in, unless another one of the round or the committer forbids it.
func (w *world) choose(r *round, by *member, p Proposal, o *peer.Proposal) (allowed bool, err error) {
	switch p.Do {
	case Add:
		if len(w.members)+len(r.added) >= w.max {
			return false, nil
		}
		m, kp, err := w.keyPackage(p.Peer, false)
		if err != nil {
			return false, err
		}
		o.Add, r.added = kp, append(r.added, m)
		return true, nil
	case Remove:
		m := w.member(p.Target)
		if m == r.committer || slices.Contains(r.removed, m) || slices.Contains(r.updated, m) ||
			!w.pathFits(append(slices.Clone(r.removed), m)) {
			return false, nil
		}
		leaf := m.leaf
		o.Remove, r.removed = &leaf, append(r.removed, m)
		return true, nil
	case Update:
		if by == r.committer || !by.kind.Traits().ProposesUpdate ||
			slices.Contains(r.removed, by) || slices.Contains(r.updated, by) {
			return false, nil
		}
		o.Update, r.updated = true, append(r.updated, by)
		return true, nil
	}
	return false, fmt.Errorf("no proposal %q", p.Do)
}
