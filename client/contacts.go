package client

import (
	"frond/identity"
	"frond/wire"
)

// contact is an account whose sigchain this device has verified.
type contact struct {
	name   string
	pinned bool
	chain  *identity.Chain

	verified wire.Hash // the root whose safety number was compared
	changed  bool      // the root changed, and that was not acknowledged yet

	reset uint64 // while changed: when this account first saw that the contact began anew, milliseconds since 1970
	held  bool   // it had been verified then

	unsaved bool // this device's word on it is not in the account's state yet

	doubt doubtRecord // what contradicts the chain
}

func (k *contact) root() wire.Hash { return wire.Hash(k.chain.Root()) }

// isVerified reports whether the root in force is the one that was compared.
func (k *contact) isVerified() bool { return !k.verified.IsZero() && k.verified == k.root() }

// beganAnew reports whether the keys changed because the contact lost everything.
func (k *contact) beganAnew() bool { return k.changed && k.reset > 0 }

// hadRoot reports whether a root is the contact's, or was before the contact itself replaced it.
func (k *contact) hadRoot(root wire.Hash) bool { return k.chain.HadRoot(identity.RootKey(root)) }

// lostRoot reports whether a root was the contact's before it lost everything and began anew.
func (k *contact) lostRoot(root wire.Hash) bool {
	return k.chain.NamedRoot(identity.RootKey(root)) && !k.hadRoot(root)
}

func (k *contact) record() contactRecord {
	return contactRecord{
		Name: k.name, Chain: k.chain.Events(), Pinned: k.pinned, Verified: k.verified, Changed: k.changed, Reset: k.reset, Held: k.held,
		Unsaved: k.unsaved, Doubt: k.doubt,
	}
}

// moved is the contact with a longer chain. A root that was replaced because a device was removed, by the
// word of the one before it, is as good as that one: the mark follows. Any other new root is to be
// acknowledged.
func (k *contact) moved(chain *identity.Chain) *contact {
	next := *k
	next.chain = chain
	switch follows := chain.ReplacedByRemovals(k.chain.Len()); {
	case next.root() == k.root():
	case follows && k.isVerified():
		next.verified = next.root()
	case !follows:
		next.changed = k.changed || k.pinned
	}
	return &next
}

// beside is what two devices of an account know of a contact: never less than either of them has seen of
// the chain. The word of this device on it counts when it is not in the account's state yet, or when
// this device alone saw that the contact began anew. Whoever of them had verified the contact before, the new root
// is held. forked says that they were shown two histories; then
// this device keeps its own.
func (k *contact) beside(mine *contact) (next *contact, forked bool) {
	if mine == nil {
		return k, false
	}
	saw := len(mine.chain.Resets()) - len(k.chain.Resets())
	lost := saw < 0 && mine.isVerified() || saw > 0 && k.isVerified()
	switch {
	case k.chain.Extends(mine.chain) == nil:
		mine = mine.moved(k.chain)
	case mine.chain.Extends(k.chain) == nil:
		k = k.moved(mine.chain)
	default:
		return mine, true
	}
	next = new(contact)
	if *next = *k; saw > 0 || saw == 0 && mine.unsaved {
		next.verified, next.changed, next.reset, next.held, next.unsaved = mine.verified, mine.changed, mine.reset, mine.held, mine.unsaved
	}
	if saw == 0 && next.changed && k.reset > 0 && mine.reset > 0 {
		next.reset, next.held = min(k.reset, mine.reset), k.held || mine.held
	}
	if lost && next.changed && !next.held {
		next.held, next.unsaved = true, true
	}
	return next, false
}

// standsAs reports whether a contact is shown and trusted as another one is.
func (k contact) standsAs(o *contact) bool {
	other := *o
	same := k.root() == other.root()
	k.chain, other.chain = nil, nil
	return same && k == other
}

// friend is a contact as the account's state keeps it, for other devices.
func (k *contact) friend(id wire.ID) stateFriend {
	return stateFriend{
		Account: id, Name: k.name, Chain: k.chain.Events(), Verified: k.verified, Changed: k.changed, Reset: k.reset, Held: k.held,
	}
}

func (p *stateFriend) record() contactRecord {
	return contactRecord{Name: p.Name, Chain: p.Chain, Pinned: true, Verified: p.Verified, Changed: p.Changed, Reset: p.Reset, Held: p.Held}
}

// contactOf reads a record; the chain is verified again.
func contactOf(rec contactRecord) (*contact, error) {
	chain, err := identity.ParseChain(rec.Chain)
	return &contact{
		name: rec.Name, pinned: rec.Pinned, chain: chain, verified: rec.Verified, changed: rec.Changed, reset: rec.Reset, held: rec.Held,
		unsaved: rec.Unsaved, doubt: rec.Doubt,
	}, err
}
