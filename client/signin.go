package client

import (
	"context"
	"errors"
	"slices"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// SignIn opens a session for an account. On a store that holds the account's present device it goes
// on from there. Otherwise the password unlocks the vault, and this becomes one more device of the
// account, in the place of another if o names one; it joins every conversation by itself. It fails with CodeTooMany
// when there are as many as there may be and o names none.
func (c *Client) SignIn(ctx context.Context, o Credentials) error {
	name, err := wire.CheckUserName(o.Name)
	if err != nil {
		return wire.Errorf(wire.CodeWrongPassword, "The user name or the password is wrong.")
	}
	return signAgain(func() error { return c.signIn(ctx, name, o) })
}

func (c *Client) signIn(ctx context.Context, name string, o Credentials) error {
	var known *selfRecord
	err := c.run(ctx, func() (err error) {
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
	var s wire.Session
	if err := c.postWire(ctx, wire.PathSignIn, body, &s); err != nil {
		return err
	}
	resumed, err := c.resume(ctx, known, &s)
	if err != nil {
		return err
	}
	if resumed {
		if err := known.shownBy(s); err != nil && !errors.Is(err, errRolledBack) { // it is given what it lacks once this device is online
			return c.refuseSession(ctx, err)
		}
		if !slices.Contains(known.Headed, known.Device) { // the vault is not sealed to it yet, and the password may be another by now
			known.Unlock = &unlockRecord{uint8(vault.SlotPassword), o.Keys.Wrap}
		}
		return c.run(ctx, func() error { return c.enter(*known) })
	}
	if known != nil && known.followsBy(s) {
		return c.listAgain(ctx, known, s)
	}
	if h, err := vault.ParseHeader(s.Header); err == nil && !h.Has(vault.SlotPassword) {
		return c.run(ctx, func() error { c.lock(s); return nil })
	}
	return c.addDevice(ctx, unlockRecord{uint8(vault.SlotPassword), o.Keys.Wrap}, s, o.Replace)
}

// resume goes on in the session as the device that this store holds, if the account still has it.
func (c *Client) resume(ctx context.Context, known *selfRecord, s *wire.Session) (resumed bool, err error) {
	if known == nil || known.Account != s.Account || s.Challenge == nil {
		return false, nil
	}
	chain, err := identity.ParseChain(s.Chain)
	if err != nil {
		return false, nil // what follows says so
	}
	if d, listed := chain.Device(identity.ID(known.Device)); !listed || !d.Active() {
		return false, nil
	}
	key, err := identity.ParseDeviceKey(known.DeviceKey)
	if err != nil {
		return false, err
	}
	r := wire.Resume{Device: known.Device}
	if r.Signature, err = identity.SignResume(key, r.Signed(s.Account, *s.Challenge)); err != nil {
		return false, err
	}
	err = c.postWire(ctx, wire.PathResume, r, &wire.Nothing{})
	if wire.CodeOf(err) == wire.CodeForbidden {
		return false, nil // removed at this moment
	}
	return err == nil, err
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
	rec, state, err := openVault(s, h.Epoch, key)
	rec.Unlock = &by
	return rec, state, err
}

// openVault opens the state under the vault key of an epoch.
func openVault(s wire.Session, epoch uint64, key vault.Key) (selfRecord, accountState, error) {
	plain, err := vault.OpenState(key, s.Account, epoch, s.Revision, s.State)
	if err != nil {
		return selfRecord{}, accountState{}, wire.Errorf(CodeKeyChanged, "The server does not show the true vault of this account: %v", err)
	}
	var state accountState
	if err := wire.Decode(plain, &state); err != nil {
		return selfRecord{}, accountState{}, err
	}
	rec := selfRecord{
		Account: s.Account, Name: s.Name, Root: state.Root, VaultKey: wire.Hash(key), VaultEpoch: epoch, Revision: s.Revision,
		Formers: state.Formers, Openers: state.Openers, Headed: openerIDs(state.Openers), Earlier: state.Earlier, Lost: state.Lost,
		Vouched: state.Vouched,
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
		return nil, errTwoSides
	}
	return chain, nil
}

// listsAll demands that the sigchain knows every device for which the vault was sealed: one that is not in
// it was left out.
func listsAll(chain *identity.Chain, devices []wire.ID) error {
	for _, id := range devices {
		if _, known := chain.Device(identity.ID(id)); !known {
			return errTwoSides
		}
	}
	return nil
}

// enter makes an account the one that is signed in here, and goes online.
func (c *Client) enter(rec selfRecord) error {
	c.dropChanges()
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
	c.tellLapsed()
	c.emitNews()
	c.goOnline()
	return nil
}

// enterNew begins on a new device: what an older device of the account left in this store of
// groups and ratchets is dropped, its timelines stay, and every conversation is to be joined.
func (c *Client) enterNew(rec selfRecord, state accountState) error {
	t := c.begin()
	keys := keysOf(rec.Account)
	for _, table := range []string{"key", "epoch", "ratchet", "pending", "peer", "out", "news"} {
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
		forked, err := c.keepContact(t, keys, p)
		if err != nil {
			return err
		}
		rec.Unsaved = rec.Unsaved || forked // so that other devices find it out too
	}
	settings, _ := mergeTexts(map[string]stamped{}, state.Settings)
	labels, _ := mergeTexts(map[string]stamped{}, state.Labels)
	t.put(keys.single("settings"), settings)
	t.put(keys.single("labels"), labels)
	t.put(keys.single("blocks"), blocksRecord{Blocks: state.Blocks})
	if err := t.commit(); err != nil {
		return err
	}
	if err := c.enter(rec); err != nil || rec.closed() == 0 {
		return err
	}
	t = c.begin() // what an older device left here may be of before a removal
	if err := c.sealUnlisted(t, &rec); err != nil {
		return err
	}
	return t.commit()
}

// keepContact takes a contact from the state. What an older device left in this store of its chain, and
// the state lacks, stays. forked: the two were shown two histories, and that is news.
func (c *Client) keepContact(t *tx, keys keyring, p stateFriend) (forked bool, err error) {
	theirs, err := contactOf(p.record())
	if err != nil {
		return false, err
	}
	var rec contactRecord
	found, err := c.get(keys.of("contact", p.Account), &rec)
	if err != nil {
		return false, err
	}
	if found {
		mine, err := contactOf(rec)
		if err != nil {
			return false, err
		}
		mine.unsaved = false
		theirs, forked = theirs.together(mine)
		theirs.pinned = true
	}
	if forked {
		t.twoHistories(p.Account, p.Name)
	}
	t.put(keys.of("contact", p.Account), theirs.record())
	return forked, nil
}
