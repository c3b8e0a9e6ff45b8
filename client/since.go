package client

import (
	"slices"

	"frond/mls"
	"frond/wire"
)

// sinceRecord says who came into a conversation while this device watched, and in which epoch. Whoever is not
// named was there when this device came in. What was before that this device does not know.
type sinceRecord struct {
	Accounts map[wire.ID]uint64 `cbor:"1,keyasint,omitempty"`
	Devices  map[refKey]uint64  `cbor:"2,keyasint,omitempty"`
}

// refKey is a device of an account: a device id alone is what its owner likes it to be.
type refKey = wire.Hash

func refKeyOf(m wire.MemberRef) refKey { return refKey(slices.Concat(m.Account[:], m.Device[:])) }

// sinceOf reads a conversation's record.
func (c *Client) sinceOf(v *conversation) (rec sinceRecord, err error) {
	_, err = c.get(c.self.keys.of("since", v.id), &rec)
	return rec, err
}

// noteCame notes who is in the group after a commit and was not before.
func (c *Client) noteCame(t *tx, v *conversation, before *mls.Group, was *Roster) error {
	old, now := c.refsOf(before), c.refsOf(v.group)
	if sameRefs(old, now) && len(was.People) == len(v.roster.People) {
		return nil
	}
	rec, err := c.sinceOf(v)
	if err != nil {
		return err
	}
	epoch := v.group.Epoch()
	rec.Accounts = came(rec.Accounts, accountsIn(old, was), accountsIn(now, &v.roster), epoch)
	rec.Devices = came(rec.Devices, devicesIn(old), devicesIn(now), epoch)
	t.put(c.self.keys.of("since", v.id), rec)
	return nil
}

func sameRefs(a, b []wire.MemberRef) bool {
	return len(a) == len(b) && !slices.ContainsFunc(b, func(m wire.MemberRef) bool { return !slices.Contains(a, m) })
}

// came adds who is new, and forgets who is gone.
func came[K comparable](rec map[K]uint64, before, after map[K]bool, epoch uint64) map[K]uint64 {
	if rec == nil {
		rec = map[K]uint64{}
	}
	for id := range after {
		if !before[id] {
			rec[id] = epoch
		}
	}
	for id := range rec {
		if !after[id] {
			delete(rec, id)
		}
	}
	return rec
}

// accountsIn are the accounts that the roster names; in the open conversation those that have a device in it.
func accountsIn(refs []wire.MemberRef, r *Roster) map[wire.ID]bool {
	in := map[wire.ID]bool{}
	for _, p := range r.People {
		in[p.Account] = true
	}
	if r.Kind == wire.Open {
		for _, m := range refs {
			in[m.Account] = true
		}
	}
	return in
}

func devicesIn(refs []wire.MemberRef) map[refKey]bool {
	in := map[refKey]bool{}
	for _, m := range refs {
		in[refKeyOf(m)] = true
	}
	return in
}

// entitled reports whether a member of the group was in it, without a break, from the epoch in which a
// message was sealed until now, as far as this device saw itself. That is asked of the account, since its
// devices share what they read, unless the message is to stay on the devices that were there.
func (c *Client) entitled(v *conversation, account, device wire.ID, rec *messageRecord) bool {
	since, err := c.sinceOf(v)
	if err != nil || rec.Epoch == 0 || rec.Epoch < v.rec.Epoch {
		return false
	}
	if v.roster.Retention == Full && rec.Fate == nil {
		return rec.Epoch >= since.Accounts[account]
	}
	return rec.Epoch >= since.Devices[refKeyOf(wire.MemberRef{Account: account, Device: device})]
}
