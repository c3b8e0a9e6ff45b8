package client

import (
	"slices"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// Who removes a device also replaces the account's root, which the device knew. Sigchain, root and vault
// epoch change in one request. What another device learns of it comes in two parts, in either order: the
// new root's certificates with the sigchain, its seed with the account's state. Only who opens vault epochs
// or certifies devices needs the seed.

// maxFormerRoots is how many earlier roots the account's state keeps: by such a root a new device comes
// into a conversation in which nobody has replaced it yet.
const maxFormerRoots = 8

var errRootPending = wire.Errorf(wire.CodeConflict, "This device has yet to learn the account's new root.")

// root is the secret of the root in force.
func (c *Client) root() (identity.Root, error) {
	if err := rootIs(c.self.Root, c.self.chain); err != nil {
		return identity.Root{}, err
	}
	return identity.ParseRoot(c.self.Root)
}

// rootIs checks that a seed is that of a chain's root. A state without it can come only from who knows no
// more than a root of before, as a removed device does.
func rootIs(seed []byte, chain *identity.Chain) error {
	root, err := identity.ParseRoot(seed)
	if err == nil && root.Public() != chain.Root() {
		err = errRootPending
	}
	return err
}

// shutOut takes a device out of chain and record: the root that it knew is replaced, and the vault epoch whose key it
// knows is closed with the pages that there are.
func (c *Client) shutOut(rec *selfRecord, chain *identity.Chain, device wire.ID, sums []wire.PageSum) (*identity.Chain, error) {
	if err := rootIs(rec.Root, chain); err != nil {
		return nil, err
	}
	old, err := identity.ParseRoot(rec.Root)
	if err != nil {
		return nil, err
	}
	now := c.cfg.Now()
	if chain, err = chain.RemoveDevice(old, identity.ID(device), now); err != nil {
		return nil, err
	}
	next, err := identity.NewRoot(c.cfg.Rand)
	if err != nil {
		return nil, err
	}
	rec.Formers = append(slices.Clip(rec.Formers), rec.Root)
	rec.Formers = rec.Formers[max(0, len(rec.Formers)-maxFormerRoots):]
	rec.Root = next.Marshal()
	rec.vouch(sums)
	return chain.RotateRoot(old, next, now)
}

// credentialUnder is this device's credential under a root the account has or had.
func (c *Client) credentialUnder(root wire.Hash) (identity.Credential, error) {
	cred := c.self.cred
	if wire.Hash(cred.Root) == root {
		return cred, nil
	}
	for _, seed := range c.self.Formers {
		former, err := identity.ParseRoot(seed)
		if err != nil || wire.Hash(former.Public()) != root {
			continue
		}
		cred.Root = former.Public()
		cred.Certificate, err = former.Certify(cred.Account, cred.Device, cred.DeviceKey, c.cfg.Now())
		return cred, err
	}
	return cred, wire.Errorf(wire.CodeForbidden, "this account's root there is not one that this device knows")
}

func leafCredential(cred identity.Credential) *mls.Credential {
	out := mls.BasicCredential(cred.Marshal())
	return &out
}
