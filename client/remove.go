package client

import (
	"context"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// RemoveDevice takes another device out of the account: of its sigchain, which ends its sessions at once,
// of the vault, and of every conversation; and replaces the root that the device knew. It returns when
// sigchain and vault are done, which is one step. The conversations follow by themselves, however often
// this device stops meanwhile, because what is left to do can be read off the sigchain: leaves of devices
// that are no longer in it, and roots that were replaced.
func (c *Client) RemoveDevice(ctx context.Context, device wire.ID) error {
	err := c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		if device == c.self.Device {
			return wire.Errorf(wire.CodeBadRequest, "This is the device you are using: sign out instead.")
		}
		if _, active := c.self.chain.Credential(identity.ID(device)); !active {
			return wire.Errorf(wire.CodeNotFound, "There is no such device.")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.changeVault(ctx, vaultChange{remove: &device}); err != nil {
		return err
	}
	return c.run(ctx, func() error { c.sweep(); return nil })
}

// sweep brings every conversation in step with the account's sigchain.
func (c *Client) sweep() {
	if c.self == nil || len(c.self.chain.Devices()) == len(c.self.chain.AllDevices()) {
		return
	}
	for _, v := range c.conversations {
		c.tidy(v)
	}
	c.tellRemoving()
}

// tidyLater is tidy after a while, so that the devices of an account do not all come at once.
func (c *Client) tidyLater(v *conversation) {
	c.after(c.jitter(2*tendDelay), func() {
		if c.self != nil && c.conversations[v.id] == v {
			c.tidy(v)
			c.tellRemoving()
		}
	})
}

// tidy takes leaves of removed devices of this account out of a conversation, and sees to its root there.
func (c *Client) tidy(v *conversation) {
	if v.rec.State != stateActive || !c.ownDue(v) {
		return
	}
	g, err := c.openGroup(v)
	if err != nil {
		c.cfg.Log.Error("look for removed devices", "conversation", v.id, "error", err)
		return
	}
	if p, err := c.planTidy(v, g); err == errNothing {
		v.tended = c.careKey(v)
	} else if err == nil {
		c.takeOut(v, len(p.remove) > 0)
	}
}

// ownDue reports whether there may be something to do, without a look into the group: where this account
// is pinned to its root and has no other, no leaf of before is left.
func (c *Client) ownDue(v *conversation) bool {
	p, _ := v.roster.Person(c.self.Account)
	if v.rec.Kind != wire.Open && p.Root == wire.Hash(c.self.chain.Root()) && len(p.Former) == 0 {
		return false
	}
	return v.tended != c.careKey(v)
}

// careKey names what was looked at: a device that is off for months leaves a former root everywhere, and
// every connection would look into every conversation for it.
func (c *Client) careKey(v *conversation) careKey {
	p, _ := v.roster.Person(c.self.Account)
	return careKey{c.self.chain.Head(), p.Root, len(p.Former), v.cared}
}

// careKey is a sigchain, and how a roster has the account.
type careKey struct {
	head   [32]byte
	root   wire.Hash
	former int
	own    uint64 // commits of the account's own devices
}

// unlawful reports whether a leaf of this account has no place in a conversation any more: it is of a device
// that was removed, or not with the key that the sigchain lists, or under a replaced root and not listed at
// all. A root is replaced together with a new certificate for every device there is, so nothing that only an
// earlier one vouches for is the account's; a removed device could have made it. A leaf under the root in
// force, or one not heard of yet, may be of a device that the newest sigchain lists.
func (c *Client) unlawful(cred identity.Credential) bool {
	d, listed := c.self.chain.Device(cred.Device)
	if listed {
		return !d.Active() || d.Key != cred.DeviceKey
	}
	return cred.Root != c.self.chain.Root() && c.self.chain.NamedRoot(cred.Root)
}

// planTidy removes the unlawful leaves of this account, replaces the root it is pinned to,
// changes the join key that they knew, and brings this device's leaf under the root of now.
func (c *Client) planTidy(v *conversation, g *mls.Group) (p plan, err error) {
	var stay []mls.Member
	own := -1
	for _, m := range g.Members() {
		cred, err := c.verifier.credential(m)
		if err != nil || wire.ID(cred.Account) != c.self.Account {
			continue
		}
		if c.unlawful(cred) {
			p.options.Remove = append(p.options.Remove, m.Leaf)
			p.remove = append(p.remove, wire.MemberRef{Account: c.self.Account, Device: wire.ID(cred.Device)})
			continue
		}
		if wire.ID(cred.Device) == c.self.Device {
			own = len(stay)
		}
		stay = append(stay, m)
	}
	if own < 0 {
		return plan{}, errNothing
	}
	err = c.planRoot(v, &p, stay, own)
	return p, err
}

// planRoot decides under which root account and leaf go on.
func (c *Client) planRoot(v *conversation, p *plan, stay []mls.Member, own int) error {
	was, err := c.verifier.credential(stay[own])
	if err != nil {
		return err
	}
	root := wire.Hash(c.self.chain.Root())
	before, in := v.roster.Person(c.self.Account)
	after := before
	if in && before.Root == wire.Hash(was.Root) {
		after.Root = root
	}
	target := root // of the leaf
	if in {
		target = after.Root
	}
	if wire.Hash(was.Root) != target && (in || len(p.remove) > 0) { // in the open conversation that alone is not worth a commit
		cred, err := c.credentialUnder(target)
		if err != nil {
			return err
		}
		p.options.Credential = leafCredential(cred)
		stay[own].Credential = *p.options.Credential
	}
	if in {
		after.Former = c.verifier.formerRoots(stay, after)
	}
	return c.finishTidy(v, p, before, after)
}

// finishTidy writes the roster that follows, or finds that nothing is to be done.
func (c *Client) finishTidy(v *conversation, p *plan, before, after Person) error {
	if len(p.remove) == 0 && p.options.Credential == nil && sameRoots(before, after) {
		return errNothing
	}
	p.notice = noticeRecord{What: noticeRenewed, By: c.self.Account}
	if before.Root != after.Root {
		p.notice.What = noticeNewRoot
	}
	if v.roster.Kind == wire.Open || len(p.remove) == 0 && sameRoots(before, after) {
		return nil
	}
	next := v.roster.with(after)
	var err error
	if len(p.remove) > 0 || before.Root != after.Root {
		if next.JoinKey, err = newJoinKey(c.cfg.Rand); err != nil {
			return err
		}
	}
	p.options.Extensions, err = next.extension()
	return err
}
