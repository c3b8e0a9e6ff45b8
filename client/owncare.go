package client

import (
	"bytes"
	"slices"
	"sort"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// What a device does for its own account in a conversation, whatever its role there: it takes out devices
// that were removed, replaces the pinned root, and brings its leaf under the pinned one.

// ownCare reports whether the commit touches nobody but its author's account, and that account's devices
// or roots.
func (ch *change) ownCare() bool {
	if len(ch.added) > 0 || slices.ContainsFunc(ch.removed, func(c identity.Credential) bool { return c.Account != ch.by.Account }) {
		return false
	}
	before, after := ch.own()
	return len(ch.removed) > 0 || !sameRoots(before, after) && before.Account == after.Account
}

// own is the author's account in the rosters.
func (ch *change) own() (before, after Person) {
	before, _ = ch.before.Person(wire.ID(ch.by.Account))
	after, _ = ch.after.Person(wire.ID(ch.by.Account))
	return before, after
}

// repins reports whether the commit pins its author's account to another root.
func (ch *change) repins() bool {
	before, after := ch.own()
	return before.Root != after.Root
}

// checkOwnCare demands a new join key of who removes a device or replaces a root, since the one who knew
// them knew the join key too, and lets nothing else change.
func (ch *change) checkOwnCare() error {
	before, after := ch.own()
	if ch.repins() && (wire.Hash(ch.was.Root) != before.Root || wire.Hash(ch.by.Root) != after.Root) {
		return notAllowed("a root is replaced by a device that is not under it, or does not follow")
	}
	a, b := ch.before, ch.after
	if a.Kind != wire.Open {
		if due := len(ch.removed) > 0 || ch.repins(); due == (a.JoinKey == b.JoinKey) {
			return notAllowed("the join key changes exactly when a device or a root goes")
		}
		a.JoinKey, b.JoinKey = wire.Hash{}, wire.Hash{}
		a, b = a.unpinned(before.Account), b.unpinned(before.Account)
	}
	same, err := equalRosters(a, b)
	if err != nil || !same {
		return notAllowed("who tends to the own account changes nothing else")
	}
	return nil
}

// checkFormer demands that the former roots of an account that was tended to are those its leaves carry,
// neither more nor less.
func (v *verifier) checkFormer(ch change, members []mls.Member) error {
	if _, after := ch.own(); ch.ownCare() && !slices.Equal(after.Former, v.formerRoots(members, after)) {
		return notAllowed("the former roots are not those of the leaves")
	}
	return nil
}

// formerRoots lists the roots that leaves of a person carry beside the pinned one.
func (v *verifier) formerRoots(members []mls.Member, p Person) (roots []wire.Hash) {
	for _, m := range members {
		c, err := v.credential(m)
		if err == nil && wire.ID(c.Account) == p.Account && wire.Hash(c.Root) != p.Root {
			roots = append(roots, wire.Hash(c.Root))
		}
	}
	sort.Slice(roots, func(i, j int) bool { return bytes.Compare(roots[i][:], roots[j][:]) < 0 })
	return slices.Compact(roots)
}

// tookOut remembers that an account took a device out of the open conversation. By its certificate the
// device could come back there; what it says then is not the account's.
func (c *Client) tookOut(t *tx, v *conversation, device wire.MemberRef) error {
	if v.rec.Kind != wire.Open {
		return nil
	}
	peer, err := c.peer(v, device)
	if err != nil {
		return err
	}
	peer.Gone = true
	v.peers[device] = peer
	t.put(c.self.keys.peer(v.id, device), peer)
	return nil
}
