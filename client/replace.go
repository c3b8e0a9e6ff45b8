package client

import (
	"context"
	"slices"

	"frond/identity"
	"frond/wire"
)

// Browsers that were cleared stay among an account's devices until somebody removes them. So that they never keep out
// who has the password or the recovery code, a new device can come in the place of another: by one request the other
// is removed, with all that a removal does, and this one listed.

// comeIn lists a new device, and before that shuts out the one in whose place it comes, unless that is gone already.
func (c *Client) comeIn(n *newcomer, chain *identity.Chain, replace wire.ID, sums []wire.PageSum) error {
	length := chain.Len()
	_, there := chain.Credential(identity.ID(replace))
	if !there && len(chain.Devices()) >= wire.MaxDevices {
		return c.tooMany(chain, n.state.Labels)
	}
	var err error
	if there {
		if chain, err = c.shutOut(&n.rec, chain, replace, sums); err != nil {
			return err
		}
	}
	root, err := identity.ParseRoot(n.rec.Root)
	if err != nil {
		return err
	}
	if chain, err = c.newDevice(&n.rec, chain, root); err != nil {
		return err
	}
	n.body = wire.AddDevice{Device: n.rec.Device, Index: uint64(length), Events: chain.Events()[length:]}
	if !there {
		return nil
	}
	key, err := c.renewKey(&n.rec, chain, true)
	if err != nil {
		return err
	}
	body, err := c.sealEpoch(&n.rec, key, n.state)
	n.body.Replace = &wire.Replace{Device: replace, Vault: &body}
	return err
}

var errTooMany = wire.Errorf(CodeTooMany, "This account has %d devices, and no more are possible. Choose one that you no longer use, and this one comes in its place.", wire.MaxDevices)

// tooMany notes which devices there are to choose from.
func (c *Client) tooMany(chain *identity.Chain, labels map[string]stamped) error {
	c.replaceable = nil
	for _, d := range chain.Devices() {
		c.replaceable = append(c.replaceable, OwnDevice{ID: wire.ID(d.ID), Name: labelled(d, labels), Added: d.AddedAt})
	}
	return errTooMany
}

// Replaceable lists the devices in whose place this one may come, after something failed with CodeTooMany and until the
// next attempt: as the sigchain lists them, so without when they were last seen.
func (c *Client) Replaceable(ctx context.Context) (list []OwnDevice, err error) {
	err = c.run(ctx, func() error { list = slices.Clone(c.replaceable); return nil })
	return list, err
}
