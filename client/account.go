package client

import (
	"context"
	"time"

	"frond/client/identity"
	"frond/client/vault"
	"frond/wire"
)

// Credentials are a user name and what its password became. Stretching the password is left to the
// caller: it takes long, and its cost is a matter of policy.
type Credentials struct {
	Name   string
	Keys   vault.Keys
	KDF    wire.KDF // sign-up only: how Keys were made
	Invite string   // sign-up only
}

// firstRevision is the revision of the state that a sign-up carries.
const firstRevision = 1

// Server asks the server about itself.
func (c *Client) Server(ctx context.Context) (info wire.ServerInfo, err error) {
	return info, c.postWire(ctx, wire.PathServer, nil, &info)
}

// KDF asks how the password of a user name is stretched.
func (c *Client) KDF(ctx context.Context, name string) (kdf wire.KDF, err error) {
	return kdf, c.postWire(ctx, wire.PathKDF, wire.KDFRequest{Name: name}, &kdf)
}

// postWire posts one value and reads the answer into out.
func (c *Client) postWire(ctx context.Context, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = wire.Encode(in); err != nil {
			return err
		}
	}
	answer, err := c.cfg.Transport.Post(ctx, path, body)
	if err != nil {
		return reached(ctx, err)
	}
	return wire.Decode(answer, out)
}

// reached turns a transport's error into one with a code.
func reached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if wire.CodeOf(err) == wire.CodeInternal && !isWire(err) {
		return errOffline
	}
	return err
}

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
	if err := c.newDevice(&rec, chain, root); err != nil {
		return selfRecord{}, wire.SignUp{}, err
	}
	body := wire.SignUp{
		Name: name, Account: rec.Account, Device: rec.Device, Auth: o.Keys.Auth, KDF: o.KDF, Chain: rec.Chain, Invite: o.Invite,
	}
	password, err := passwordOpener(o.Keys, o.KDF)
	if err != nil {
		return selfRecord{}, wire.SignUp{}, err
	}
	rec.Openers = append(rec.Openers, password)
	rec.Headed = []wire.ID{rec.Device}
	if body.Header, err = vault.SealHeader(rec.Account, rec.VaultEpoch, vaultKey, rec.Openers); err != nil {
		return selfRecord{}, wire.SignUp{}, err
	}
	body.State, err = c.sealState(&rec, rec.Revision, accountState{Version: stateVersion, Root: rec.Root, Openers: rec.Openers})
	return rec, body, err
}

// newDevice gives rec a new device and extends the chain by it.
func (c *Client) newDevice(rec *selfRecord, chain *identity.Chain, root identity.Root) error {
	key, err := identity.NewDeviceKey(c.cfg.Rand)
	if err != nil {
		return err
	}
	id, err := identity.NewID(c.cfg.Rand)
	if err != nil {
		return err
	}
	if len(chain.Devices()) >= wire.MaxDevices {
		return wire.Errorf(wire.CodeLimit, "An account has at most %d devices. Remove one that you no longer use.", wire.MaxDevices)
	}
	if chain, err = chain.AddDevice(root, id, key.Public(), c.cfg.Device, c.cfg.Now()); err != nil {
		return err
	}
	rec.Device, rec.DeviceKey, rec.Chain = wire.ID(id), key.Marshal(), chain.Events()
	return c.deviceOpener(rec)
}

// enter makes an account the one that is signed in here, and goes online.
func (c *Client) enter(rec selfRecord) error {
	t := c.begin()
	t.put(keyAccount(rec.Account), rec)
	t.put(keySession, sessionRecord{Account: rec.Account, State: signedIn})
	if err := t.commit(); err != nil {
		return err
	}
	if err := c.load(); err != nil {
		return err
	}
	c.emit(c.session)
	c.emitAll()
	c.goOnline()
	return nil
}

// SignIn opens a session for an account. On a store that holds the account's present device it goes
// on from there. Otherwise the password unlocks the vault, and this becomes one more device of the
// account; it joins every conversation by itself.
func (c *Client) SignIn(ctx context.Context, o Credentials) error {
	name, err := wire.CheckUserName(o.Name)
	if err != nil {
		return wire.Errorf(wire.CodeWrongPassword, "The user name or the password is wrong.")
	}
	var known *selfRecord
	err = c.run(ctx, func() (err error) {
		if c.session.State == SignedIn {
			return wire.Errorf(wire.CodeExists, "Somebody is signed in here already.")
		}
		known, err = c.knownAccount(name)
		return err
	})
	if err != nil {
		return err
	}
	body := wire.SignIn{Name: name, Auth: o.Keys.Auth}
	if known != nil {
		body.Device = &known.Device
	}
	var s wire.Session
	if err := c.postWire(ctx, wire.PathSignIn, body, &s); err != nil {
		return err
	}
	if known != nil && s.Device != nil && *s.Device == known.Device && s.Account == known.Account {
		return c.run(ctx, func() error { return c.enter(*known) })
	}
	return c.addDevice(ctx, unlockRecord{uint8(vault.SlotPassword), o.Keys.Wrap}, s)
}

// knownAccount finds the keys of an account by its user name.
func (c *Client) knownAccount(name string) (found *selfRecord, err error) {
	err = c.each(Prefix("account/"), func(_ string, value []byte) error {
		var rec selfRecord
		if err := wire.Decode(value, &rec); err != nil {
			return err
		}
		if rec.Name == name {
			found = &rec
		}
		return nil
	})
	return found, err
}

// addDevice unlocks the vault and makes this one more of the account's devices.
func (c *Client) addDevice(ctx context.Context, by unlockRecord, s wire.Session) error {
	var rec selfRecord
	var state accountState
	var body wire.AddDevice
	err := c.run(ctx, func() (err error) {
		rec, state, err = unlock(by, s)
		if err != nil {
			return err
		}
		root, err := identity.ParseRoot(rec.Root)
		if err != nil {
			return err
		}
		chain, err := ownChain(s, root)
		if err != nil {
			return err
		}
		if err := c.newDevice(&rec, chain, root); err != nil {
			return err
		}
		body = wire.AddDevice{Device: rec.Device, Index: uint64(chain.Len()), Events: rec.Chain[chain.Len():]}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.postWire(ctx, wire.PathDevice, body, &wire.Nothing{}); err != nil {
		return err
	}
	return c.run(ctx, func() error { return c.enterNew(rec, state) })
}

// unlock opens header and state.
func unlock(by unlockRecord, s wire.Session) (selfRecord, accountState, error) {
	h, err := vault.ParseHeader(s.Header)
	if err != nil {
		return selfRecord{}, accountState{}, wire.Errorf(wire.CodeWrongPassword, "The vault of this account can not be opened: %v", err)
	}
	key, err := h.Open(s.Account, vault.SlotKind(by.Kind), [16]byte{}, by.Secret)
	if err != nil {
		return selfRecord{}, accountState{}, wire.Errorf(wire.CodeWrongPassword, "This password or code does not open the vault of this account.")
	}
	plain, err := vault.OpenState(key, s.Account, h.Epoch, s.Revision, s.State)
	if err != nil {
		return selfRecord{}, accountState{}, wire.Errorf(CodeKeyChanged, "The server does not show the true vault of this account: %v", err)
	}
	var state accountState
	if err := wire.Decode(plain, &state); err != nil {
		return selfRecord{}, accountState{}, err
	}
	rec := selfRecord{
		Account: s.Account, Name: s.Name, Root: state.Root, VaultKey: wire.Hash(key), VaultEpoch: h.Epoch, Revision: s.Revision,
		Openers: state.Openers, Headed: openerIDs(state.Openers), Earlier: state.Earlier, Unlock: &by,
	}
	return rec, state, nil
}

// ownChain verifies the chain the server shows for the account against the root from the vault.
func ownChain(s wire.Session, root identity.Root) (*identity.Chain, error) {
	chain, err := identity.ParseChain(s.Chain)
	if err != nil {
		return nil, wire.Errorf(CodeKeyChanged, "The server does not show the true keys of this account: %v", err)
	}
	if wire.ID(chain.Account()) != s.Account || chain.Root() != root.Public() || chain.UserName() != s.Name {
		return nil, wire.Errorf(CodeKeyChanged, "The server does not show the true keys of this account.")
	}
	return chain, nil
}

// enterNew begins on a new device: what an older device of the account left in this store of
// groups and ratchets is dropped, its timelines stay, and every conversation is to be joined.
func (c *Client) enterNew(rec selfRecord, state accountState) error {
	t := c.begin()
	keys := keysOf(rec.Account)
	for _, table := range []string{"key", "epoch", "ratchet", "pending", "peer", "out"} {
		t.deleteRange(Prefix(keys.table(table)))
	}
	joins := map[wire.ID]conversationRecord{}
	err := c.each(Prefix(keys.table("conv")), func(key string, value []byte) error {
		var old conversationRecord
		if err := wire.Decode(value, &old); err != nil {
			return err
		}
		id, err := wire.ParseID(key[len(keys.table("conv")):])
		joins[id] = old
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range state.Conversations {
		old := joins[k.Conversation]
		old.Kind, old.JoinKey = k.Kind, k.JoinKey
		joins[k.Conversation] = old
	}
	for _, r := range state.Reads {
		if old, ok := joins[r.Conversation]; ok {
			old.Read = max(old.Read, r.Position)
			joins[r.Conversation] = old
		}
	}
	for id, v := range joins {
		v.State, v.Counter, v.Previous = stateJoining, 0, wire.Hash{}
		if v.Kind != wire.Open && v.JoinKey.IsZero() {
			v.State = stateLeft
		}
		t.put(keys.of("conv", id), v)
	}
	for _, p := range state.Contacts {
		t.put(keys.of("contact", p.Account), p.record())
	}
	if err := t.commit(); err != nil {
		return err
	}
	return c.enter(rec)
}

// SignOut ends the session. With clear, this device also forgets everything of the account; then
// signing in again makes a new device.
func (c *Client) SignOut(ctx context.Context, clear bool) error {
	var in bool
	err := c.run(ctx, func() error {
		in = c.self != nil && c.session.State == SignedIn
		c.goOffline()
		return nil
	})
	if err != nil {
		return err
	}
	if in {
		if err := c.postWire(ctx, wire.PathSignOut, wire.Nothing{}, &wire.Nothing{}); err != nil && !clear {
			c.cfg.Log.Warn("the server did not hear of the sign-out", "error", err)
		}
	}
	return c.run(ctx, func() error { return c.leave(clear) })
}

func (c *Client) leave(clear bool) error {
	t := c.begin()
	t.delete(keySession)
	if clear && c.self != nil {
		t.delete(keyAccount(c.self.Account))
		t.deleteRange(c.self.keys.all())
	}
	if err := t.commit(); err != nil {
		return err
	}
	if err := c.load(); err != nil {
		return err
	}
	c.emit(c.session)
	c.emitAll()
	return nil
}

// lockOut hears that the server no longer accepts this device: its session was revoked, or another
// device took its place. What is here stays readable.
func (c *Client) lockOut() {
	c.goOffline()
	if c.self == nil || c.session.State == LockedOut {
		return
	}
	t := c.begin()
	t.put(keySession, sessionRecord{Account: c.self.Account, State: lockedOut})
	t.then(func() {
		c.setSession(lockedOut)
		c.emit(c.session)
		c.emitAll()
	})
	_ = t.commit()
}

// Recover signs in by recovery code on a device without keys, and sets a new password.
func (c *Client) Recover(ctx context.Context, name string, code vault.RecoveryCode, next vault.Keys, kdf wire.KDF) error {
	name, err := wire.CheckUserName(name)
	if err != nil {
		return wire.Errorf(wire.CodeWrongPassword, "The user name or the recovery code is wrong.")
	}
	if c.Session().State == SignedIn {
		return wire.Errorf(wire.CodeExists, "Somebody is signed in here already.")
	}
	keys, _, err := recoveryKeys(name, code)
	if err != nil {
		return err
	}
	var s wire.Session
	if err := c.postWire(ctx, wire.PathRecover, wire.Recover{Name: name, Auth: keys.Auth}, &s); err != nil {
		return err
	}
	if err := c.addDevice(ctx, unlockRecord{uint8(vault.SlotRecovery), keys.Wrap}, s); err != nil {
		return err
	}
	if err := c.untilOnline(ctx); err != nil {
		return err
	}
	return c.ChangePassword(ctx, nil, next, kdf)
}

// untilOnline waits until requests can be made.
func (c *Client) untilOnline(ctx context.Context) error {
	for {
		var up bool
		if err := c.run(ctx, func() error { up = c.online(); return nil }); err != nil || up {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
