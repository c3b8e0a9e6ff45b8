package mls

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// Messages that were sent before a commit may arrive after it. The keys to read them are kept for at
// most maxPastEpochs epochs and PastEpochAge (RFC 9420 §9.2, §15.3).
const (
	maxPastEpochs = 5
	// PastEpochAge is how long keys of an epoch are kept after its end.
	PastEpochAge = 72 * time.Hour
)

// pastEpoch is what remains of an epoch: enough to read late application messages.
type pastEpoch struct {
	epoch      uint64
	context    []byte // encoded
	members    []*identity
	senderData []byte
	resumption []byte
	ended      int64 // seconds since 1970; 0 when no clock was given
	secretTree *secretNode
}

func (p *pastEpoch) keys(g *Group) *epochKeys {
	return &epochKeys{
		suite: g.suite, groupID: g.context.groupID, epoch: p.epoch, context: p.context,
		senderData: p.senderData, leaves: uint32(len(p.members)), tree: p.secretTree,
	}
}

func (p *pastEpoch) tooOld(now int64) bool {
	return now != 0 && p.ended != 0 && now-p.ended > int64(PastEpochAge/time.Second)
}

// pastWith is the list of past epochs after the current one has ended, with the given secret tree.
func (g *Group) pastWith(tree *secretNode, now int64) []*pastEpoch {
	list := []*pastEpoch{{
		epoch:      g.context.epoch,
		context:    g.encodedContext,
		members:    g.tree.members(),
		senderData: g.secrets.senderData,
		resumption: g.secrets.resumption,
		ended:      now,
		secretTree: tree,
	}}
	for _, p := range g.past {
		if len(list) < maxPastEpochs && !p.tooOld(now) {
			list = append(list, p)
		}
	}
	return list
}

// After is the group, just merged, with the message keys of its past epochs as present has them: present
// is the group of the epoch before, which may have opened and sent messages while the commit waited to
// be accepted. Without it the keys of those messages would come back. A present that is not of an epoch
// this group remembers changes nothing.
func (g *Group) After(present *Group) *Group {
	if present == nil || !slices.ContainsFunc(g.past, present.was) {
		return g
	}
	next := *g
	next.past = nil
	for _, p := range g.past {
		if tree := present.treeOf(p); tree != nil {
			kept := *p
			kept.secretTree = tree
			next.past = append(next.past, &kept)
		}
	}
	return &next
}

// was tells whether p is what remains of this group's epoch.
func (g *Group) was(p *pastEpoch) bool {
	return p.epoch == g.context.epoch && bytes.Equal(p.context, g.encodedContext)
}

// treeOf is the secret tree that this group has of an epoch, nil when it forgot it.
func (g *Group) treeOf(p *pastEpoch) *secretNode {
	if g.was(p) {
		return g.secretTree
	}
	for _, q := range g.past {
		if q.epoch == p.epoch && bytes.Equal(q.context, p.context) {
			return q.secretTree
		}
	}
	return nil
}

// ForgetBefore drops the keys of past epochs that ended before t. An epoch whose end no clock saw is
// kept until newer ones displace it.
func (g *Group) ForgetBefore(t time.Time) *Group {
	next := *g
	next.past = slices.DeleteFunc(slices.Clone(g.past), func(p *pastEpoch) bool {
		return p.ended != 0 && p.ended < t.Unix()
	})
	return &next
}

func (g *Group) pastEpoch(epoch uint64, now int64) (int, error) {
	for i, p := range g.past {
		if p.epoch == epoch && !p.tooOld(now) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%w: %d, the group is at %d", ErrUnknownEpoch, epoch, g.context.epoch)
}

// withPast is a Group that differs from g in the secret tree of one past epoch.
func (g *Group) withPast(i int, tree *secretNode) *Group {
	next := *g
	next.past = slices.Clone(g.past)
	p := *g.past[i]
	p.secretTree = tree
	next.past[i] = &p
	return &next
}

// resumptionPSK finds resumption keys of this group's epochs, for PSKs of usage application.
func (g *Group) resumptionPSK(id PSKID) []byte {
	if id.Type != PSKResumption || id.Usage != PSKApplication || !sameKey(id.GroupID, g.context.groupID) {
		return nil
	}
	return g.resumption(id.Epoch)
}

// ResumptionPSK is the resumption key of the group's current epoch or a recent one (§8.6), for Config.PSK
// of another group that is to prove membership in this one. It is secret.
func (g *Group) ResumptionPSK(epoch uint64) ([]byte, bool) {
	key := g.resumption(epoch)
	return bytes.Clone(key), key != nil
}

func (g *Group) resumption(epoch uint64) []byte {
	if epoch == g.context.epoch {
		return g.secrets.resumption
	}
	for _, p := range g.past {
		if p.epoch == epoch {
			return p.resumption
		}
	}
	return nil
}
