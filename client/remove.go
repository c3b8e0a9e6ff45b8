package client

import (
	"context"

	"frond/client/identity"
	"frond/mls"
	"frond/wire"
)

// RemoveDevice takes another device out of the account: of its sigchain, which ends its sessions at once,
// of every conversation, and of the vault. It returns when the first is done; the others follow by
// themselves, however often this device stops meanwhile, because what is left to do can be read off the
// sigchain: leaves and openers of devices that are no longer in it.
func (c *Client) RemoveDevice(ctx context.Context, device wire.ID) error {
	var body wire.RemoveDevice
	var events [][]byte
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
		root, err := identity.ParseRoot(c.self.Root)
		if err != nil {
			return err
		}
		next, err := c.self.chain.RemoveDevice(root, identity.ID(device), c.cfg.Now())
		if err != nil {
			return err
		}
		events = next.Events()
		body = wire.RemoveDevice{Device: device, Index: uint64(c.self.chain.Len()), Events: events[c.self.chain.Len():]}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := c.ask(ctx, wire.OpRemoveDevice, body); err != nil {
		_ = c.run(ctx, func() error { // the answer may have been lost, or the chain have grown
			if c.self != nil {
				c.askChain()
			}
			return nil
		})
		return err
	}
	return c.run(ctx, func() error {
		if err := c.ownChainIs(events); err != nil {
			return err
		}
		c.tendVault()
		c.sweep()
		return nil
	})
}

// sweep takes the leaves of removed devices of this account out of every conversation.
func (c *Client) sweep() {
	if c.self == nil || len(c.self.chain.Devices()) == len(c.self.chain.AllDevices()) {
		return
	}
	for _, v := range c.conversations {
		if v.rec.State != stateActive {
			continue
		}
		g, err := c.openGroup(v)
		if err != nil {
			c.cfg.Log.Error("look for removed devices", "conversation", v.id, "error", err)
			continue
		}
		if p, err := c.planSweep(v, g); err == nil && len(p.remove) > 0 {
			v.wants = append(v.wants, &want{stage: c.planSweep, done: func(error) {}})
			c.advance(v)
		}
	}
}

// planSweep removes the leaves of this account's removed devices, and changes the join key that they knew.
func (c *Client) planSweep(v *conversation, g *mls.Group) (p plan, err error) {
	for _, m := range g.Members() {
		cred, err := c.verifier.credential(m)
		if err != nil || wire.ID(cred.Account) != c.self.Account {
			continue
		}
		if d, known := c.self.chain.Device(cred.Device); known && !d.Active() {
			p.options.Remove = append(p.options.Remove, m.Leaf)
			p.remove = append(p.remove, wire.MemberRef{Account: c.self.Account, Device: wire.ID(cred.Device)})
		}
	}
	if len(p.remove) == 0 {
		return plan{}, errNothing
	}
	p.notice = noticeRecord{What: noticeRenewed, By: c.self.Account}
	if v.roster.Kind == wire.Open {
		return p, nil
	}
	next := v.roster
	if next.JoinKey, err = newJoinKey(c.cfg.Rand); err != nil {
		return plan{}, err
	}
	p.options.Extensions, err = next.extension()
	return p, err
}
