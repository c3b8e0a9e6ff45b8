package client

import (
	"context"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// Credentials are a user name and what its password became. Stretching the password is left to the
// caller: it takes long, and its cost is a matter of policy.
type Credentials struct {
	Name    string
	Keys    vault.Keys
	KDF     wire.KDF // sign-up only: how Keys were made
	Invite  string   // sign-up only
	Replace wire.ID  // sign-in only: the device in whose place this one comes; zero: none
}

// firstRevision is the revision of the state that a sign-up carries.
const firstRevision = 1

// SignUp creates an account with this as its first device, and goes online.
func (c *Client) SignUp(ctx context.Context, o Credentials) error {
	name, err := wire.CheckUserName(o.Name)
	if err != nil {
		return err
	}
	var rec selfRecord
	var body wire.SignUp
	err = c.run(ctx, func() (err error) {
		if c.session.State == SignedIn {
			return wire.Errorf(wire.CodeExists, "Somebody is signed in here already.")
		}
		rec, body, err = c.newAccount(name, o)
		return err
	})
	if err != nil {
		return err
	}
	var session wire.Session
	if err := c.postWire(ctx, wire.PathSignUp, body, &session); err != nil {
		return err
	}
	return c.run(ctx, func() error { return c.enter(rec) })
}

// newAccount makes root, chain, device and vault.
func (c *Client) newAccount(name string, o Credentials) (selfRecord, wire.SignUp, error) {
	root, err := identity.NewRoot(c.cfg.Rand)
	if err != nil {
		return selfRecord{}, wire.SignUp{}, err
	}
	chain, err := identity.NewChain(c.cfg.Rand, root, name, c.cfg.Now())
	if err != nil {
		return selfRecord{}, wire.SignUp{}, err
	}
	vaultKey, err := vault.NewKey(c.cfg.Rand)
	if err != nil {
		return selfRecord{}, wire.SignUp{}, err
	}
	rec := selfRecord{
		Account: wire.ID(chain.Account()), Name: name, Root: root.Marshal(),
		VaultKey: wire.Hash(vaultKey), VaultEpoch: 1, Revision: firstRevision,
	}
	if _, err := c.newDevice(&rec, chain, root); err != nil {
		return selfRecord{}, wire.SignUp{}, err
	}
	body := wire.SignUp{
		Name: name, Account: rec.Account, Device: rec.Device, Auth: o.Keys.Auth, KDF: o.KDF, Chain: rec.Chain, Invite: o.Invite,
	}
	body.Header, body.State, err = c.firstVault(&rec, vaultKey, o.Keys, o.KDF)
	return rec, body, err
}

// newDevice gives rec a new device and returns the chain extended by it.
func (c *Client) newDevice(rec *selfRecord, chain *identity.Chain, root identity.Root) (*identity.Chain, error) {
	key, err := identity.NewDeviceKey(c.cfg.Rand)
	if err != nil {
		return nil, err
	}
	id, err := identity.NewID(c.cfg.Rand)
	if err != nil {
		return nil, err
	}
	if chain, err = chain.AddDevice(root, id, key.Public(), c.cfg.Device, c.cfg.Now()); err != nil {
		return nil, err
	}
	rec.Device, rec.DeviceKey, rec.Chain = wire.ID(id), key.Marshal(), chain.Events()
	return chain, c.deviceOpener(rec)
}
