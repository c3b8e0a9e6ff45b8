package client

import (
	"context"
	"time"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// mostEpochs is more vault epochs than a server can have taken.
const mostEpochs = 1 << 48

// Reset begins an account anew for somebody who lost everything, by the token that whoever runs the server
// handed out: with a new root, this as its only device, and a new password. Contacts are told, and let
// the account back into conversations when they accept. It fails with wire.CodeForbidden when the token
// is not good for the name, or not any more, and with wire.CodeHeld when it is not good yet.
func (c *Client) Reset(ctx context.Context, name string, token wire.Hash, next vault.Keys, kdf wire.KDF) error {
	name, err := wire.CheckUserName(name)
	if err != nil {
		return err
	}
	if c.Session().State == SignedIn {
		return wire.Errorf(wire.CodeExists, "Somebody is signed in here already.")
	}
	var base wire.ResetBase
	if err := c.postWire(ctx, wire.PathResetBegin, wire.ResetBegin{Name: name, Token: token}, &base); err != nil {
		return err
	}
	var rec selfRecord
	var body wire.Reset
	err = c.run(ctx, func() (err error) {
		rec, body, err = c.beginAnew(name, base, next, kdf)
		body.Token = token
		return err
	})
	if err != nil {
		return err
	}
	var session wire.Session
	if err := c.postWire(ctx, wire.PathReset, body, &session); err != nil {
		return err
	}
	return c.run(ctx, func() error {
		if err := c.loseEverything(rec.Account); err != nil {
			return err
		}
		return c.enterNew(rec, accountState{})
	})
}

// CancelReset says that the account has not lost everything: no reset that was allowed can be finished.
func (c *Client) CancelReset(ctx context.Context) error {
	return c.postWire(ctx, wire.PathResetCancel, wire.Nothing{}, &wire.Nothing{})
}

// beginAnew makes root, device and vault that go on from what the server stores.
func (c *Client) beginAnew(name string, base wire.ResetBase, next vault.Keys, kdf wire.KDF) (rec selfRecord, body wire.Reset, err error) {
	chain, err := identity.ParseChain(base.Chain)
	if err != nil || wire.ID(chain.Account()) != base.Account || chain.UserName() != name {
		return rec, body, wire.Errorf(CodeKeyChanged, "The server does not show the true keys of this account.")
	}
	if base.Epoch == 0 || base.Epoch > mostEpochs {
		return rec, body, wire.Errorf(wire.CodeLimit, "The vault of this account is of an epoch that can not be.")
	}
	root, err := identity.NewRoot(c.cfg.Rand)
	if err != nil {
		return rec, body, err
	}
	key, err := vault.NewKey(c.cfg.Rand)
	if err != nil {
		return rec, body, err
	}
	length := chain.Len()
	// The server's time, by which entries of the log are dated too: it tells those from before.
	if chain, err = chain.Reset(root, time.UnixMilli(int64(base.Now))); err != nil {
		return rec, body, err
	}
	rec = selfRecord{
		Account: base.Account, Name: name, Root: root.Marshal(), VaultKey: wire.Hash(key),
		VaultEpoch: base.Epoch + 1, Revision: base.Revision + 1, Lost: base.Epoch,
	}
	if _, err := c.newDevice(&rec, chain, root); err != nil {
		return rec, body, err
	}
	body = wire.Reset{
		Name: name, Device: rec.Device, Index: uint64(length), Events: rec.Chain[length:], Auth: next.Auth, KDF: kdf,
		Epoch: rec.VaultEpoch, Revision: rec.Revision,
	}
	body.Header, body.State, err = c.firstVault(&rec, key, next, kdf)
	return rec, body, err
}

// firstVault seals a vault that opens by password and on this device.
func (c *Client) firstVault(rec *selfRecord, key vault.Key, keys vault.Keys, kdf wire.KDF) (header, state []byte, err error) {
	password, err := passwordOpener(keys, kdf)
	if err != nil {
		return nil, nil, err
	}
	rec.Openers = append(rec.Openers, password)
	rec.Headed = []wire.ID{rec.Device}
	if header, err = vault.SealHeader(rec.Account, rec.VaultEpoch, key, rec.Openers); err != nil {
		return nil, nil, err
	}
	state, err = c.sealState(rec, rec.Revision, accountState{Version: stateVersion, Root: rec.Root, Openers: rec.Openers, Lost: rec.Lost})
	return header, state, err
}

// loseEverything forgets what an older device of the account left in this store, but for what can be read:
// no join key is good any more, no safety number is the same, no stored key is where it was.
func (c *Client) loseEverything(account wire.ID) error {
	t := c.begin()
	keys := keysOf(account)
	for _, table := range []string{"contact", "history", "page", "due"} {
		t.deleteRange(Prefix(keys.table(table)))
	}
	err := c.each(Prefix(keys.table("conv")), func(key string, value []byte) error {
		var rec conversationRecord
		if err := wire.Decode(value, &rec); err != nil {
			return err
		}
		rec.JoinKey = wire.Hash{}
		t.put(key, rec)
		return nil
	})
	if err != nil {
		return err
	}
	return t.commit()
}

// beforeReset reports whether an entry of the log is from before the account began anew.
func (c *Client) beforeReset(e *wire.Entry) bool {
	r := c.self.chain.Resets()
	return len(r) > 0 && int64(e.Received/1000) <= r[len(r)-1].At.Unix()
}

// resetLine says where readable history ends.
func (c *Client) resetLine() string {
	on := ""
	if r := c.self.chain.Resets(); len(r) > 0 {
		on = " on " + r[len(r)-1].At.Format("2 January 2006")
	}
	return "You reset your account" + on + ". " + explanations[ReasonBeforeReset].Text
}
