package client

import (
	"slices"
	"time"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// readmitDelay is how long those who may let somebody back into a group wait, each for a random time, before
// one of them does it.
const readmitDelay = 8 * time.Second

// readmit brings everybody who began anew, and whose new root the person accepted, back into the conversations
// where this account may do that. What is to be done is read off rosters and contacts, so nothing is
// forgotten by a crash, and what others did is not done again.
func (c *Client) readmit() {
	for _, v := range c.conversations {
		c.readmitIn(v)
	}
}

func (c *Client) readmitIn(v *conversation) {
	if c.self == nil || c.conversations[v.id] != v {
		return
	}
	for _, p := range v.roster.People {
		if !c.mayReadmit(v, p) {
			continue
		}
		delay := time.Duration(0)
		if v.rec.Kind == wire.Group {
			delay = c.jitter(readmitDelay) - readmitDelay/2
		}
		c.after(delay, func() { c.claimFor(v, p.Account) })
	}
}

// mayReadmit reports whether somebody in a conversation is to be let in again, by this account: the other one
// of two people; in a group whoever could remove and add them.
func (c *Client) mayReadmit(v *conversation, p Person) bool {
	k := c.contacts[p.Account]
	return k != nil && !k.changed && k.lostRoot(p.Root) && v.rec.State == stateActive &&
		c.session.State == SignedIn && v.roster.reinstates(c.self.Account, p)
}

// claimFor takes key packages of somebody's new devices, of which the newest chain tells.
func (c *Client) claimFor(v *conversation, account wire.ID) {
	if v.readmitting || !c.stillOut(v, account) {
		return
	}
	v.readmitting = true
	ids := []wire.ID{account}
	c.lookAgain(ids, func() {
		if v.readmitting = c.stillOut(v, account); !v.readmitting {
			return
		}
		c.request(wire.OpClaimKeys, wire.ClaimKeys{Accounts: ids}, func(body []byte, err error) {
			var keys []claimed
			if v.readmitting = c.stillOut(v, account); !v.readmitting {
				return
			}
			if err == nil {
				keys, err = c.takeKeys(body, ids)
			}
			c.claimedFor(v, account, keys, err)
		})
	})
}

// stillOut reports whether somebody is still to be let in, and this device can do it now.
func (c *Client) stillOut(v *conversation, account wire.ID) bool {
	if c.self == nil || c.conversations[v.id] != v || !c.online() {
		return false
	}
	p, in := v.roster.Person(account)
	return in && c.mayReadmit(v, p)
}

func (c *Client) claimedFor(v *conversation, account wire.ID, keys []claimed, err error) {
	if err != nil {
		c.notReadmitted(v, err)
		return
	}
	v.wants = append(v.wants, &want{
		stage: func(v *conversation, g *mls.Group) (plan, error) { return c.planReadmit(v, g, account, keys) },
		done: func(err error) {
			if err != nil {
				c.notReadmitted(v, err)
				return
			}
			v.readmitting = false
			c.after(0, func() { c.readmitIn(v) }) // others may have waited for this
		},
	})
	c.advance(v)
}

// notReadmitted tries again later, for everybody who is to be let in.
func (c *Client) notReadmitted(v *conversation, err error) {
	c.cfg.Log.Warn("somebody can not be let in yet", "conversation", v.id, "error", err)
	v.readmitting = false
	v.missed++
	c.after(c.jitter(10*c.cfg.Backoff.at(v.missed)), func() { c.readmitIn(v) })
}

// planReadmit replaces somebody's pinned root, with all leaves under the old one, and changes the join key.
func (c *Client) planReadmit(v *conversation, g *mls.Group, account wire.ID, keys []claimed) (p plan, err error) {
	person, _ := v.roster.Person(account)
	if !c.mayReadmit(v, person) {
		return plan{}, errNothing
	}
	next := v.roster.with(Person{Account: account, Root: c.contacts[account].root(), Role: person.Role})
	if next.JoinKey, err = newJoinKey(c.cfg.Rand); err != nil {
		return plan{}, err
	}
	for _, m := range g.Members() {
		if cred, err := c.verifier.credential(m); err == nil && wire.ID(cred.Account) == account {
			p.options.Remove = append(p.options.Remove, m.Leaf)
			p.remove = append(p.remove, wire.MemberRef{Account: account, Device: wire.ID(cred.Device)})
		}
	}
	for _, k := range keys {
		p.options.Add = append(p.options.Add, k.pkg)
		p.add = append(p.add, k.ref)
	}
	p.options.Extensions, err = next.extension()
	p.notice = noticeRecord{What: noticeReadmitted, By: c.self.Account, Accounts: []wire.ID{account}}
	return p, err
}

// reinstates reports whether an account may replace somebody's pinned root: one of two people the other's; in
// a group who could remove and add them. So nobody gets a power that roles do not give anyway.
func (r *Roster) reinstates(by wire.ID, p Person) bool {
	role := r.role(by)
	switch {
	case by == p.Account || role == 0:
		return false
	case r.Kind == wire.Group:
		return role == Owner || role == Moderator && p.Role == Member
	}
	return r.Kind == wire.Direct
}

// reinstated finds somebody else than the author whose pinned root a commit replaces.
func (ch *change) reinstated() (was, is Person, found bool) {
	for _, p := range ch.before.People {
		if next, stays := ch.after.Person(p.Account); stays && next.Root != p.Root && p.Account != wire.ID(ch.by.Account) {
			return p, next, true
		}
	}
	return was, is, false
}

// checkReinstated lets a pinned root be replaced for somebody who lost everything: by who may, for one person,
// who keeps their role, and together with a new join key. All leaves under the old root go, which the
// roster that follows demands, and only leaves of that person come. Nothing else changes.
func (ch *change) checkReinstated(was, is Person) error {
	if !ch.before.reinstates(wire.ID(ch.by.Account), was) {
		return notAllowed("a pinned root is replaced by who could not remove the person")
	}
	if ch.before.JoinKey == ch.after.JoinKey {
		return notAllowed("a pinned root is replaced and the join key kept")
	}
	want := ch.before
	want.People = slices.Clone(want.People)
	for i := range want.People {
		if want.People[i].Account == was.Account {
			want.People[i] = Person{Account: was.Account, Root: is.Root, Role: was.Role}
		}
	}
	want.JoinKey = ch.after.JoinKey
	if same, err := equalRosters(want, ch.after); err != nil || !same {
		return notAllowed("who replaces a pinned root changes nothing else")
	}
	stranger := func(c identity.Credential) bool { return wire.ID(c.Account) != was.Account }
	if slices.ContainsFunc(ch.removed, stranger) || slices.ContainsFunc(ch.added, func(c identity.Credential) bool {
		return stranger(c) || wire.Hash(c.Root) != is.Root
	}) {
		return notAllowed("who replaces a pinned root adds and removes nobody else")
	}
	return nil
}

// readmits notes that a commit let somebody in again.
func (ch *change) readmits(n *noticeRecord) bool {
	was, _, found := ch.reinstated()
	if found {
		n.What, n.Accounts = noticeReadmitted, []wire.ID{was.Account}
	}
	return found
}
