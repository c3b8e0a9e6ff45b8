package client

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"io"
	"slices"
	"sort"

	"frond/client/identity"
	"frond/client/vault"
	"frond/wire"
)

// A new vault epoch has a new key, sealed in a new header to whoever may open it. It is opened when a
// password or recovery code changes, when a device came, and when one went. That a device came or went is
// not remembered apart: it is read off the sigchain and the openers, so a crash forgets nothing.

// vaultChange is what a new epoch changes beside its key.
type vaultChange struct {
	may      func([]vault.Opener) error // nil: always
	openers  func([]vault.Opener) []vault.Opener
	password *wire.NewPassword
	recovery *wire.Hash
	off      bool
	remove   *wire.ID // a device that goes, and with it the root that it knew
	tried    bool     // it was sent, and when it is made the openers show it
	missed   bool     // an answer was lost, of a change of password that they may not show
	done     func(error)
}

// made reports whether the change is in the vault already.
func (c *Client) made(ch vaultChange) bool {
	if ch.remove != nil {
		_, active := c.self.chain.Credential(identity.ID(*ch.remove))
		return !active
	}
	if ch.openers == nil {
		return false
	}
	next := ch.openers(slices.Clone(c.self.Openers))
	for _, o := range next {
		if !slices.ContainsFunc(c.self.Openers, func(p vault.Opener) bool { return bytes.Equal(p.Public, o.Public) }) {
			return false
		}
	}
	return len(next) == len(c.self.Openers)
}

// deviceOpener makes a device's own box secret and what others seal to it.
func (c *Client) deviceOpener(rec *selfRecord) error {
	if _, err := io.ReadFull(c.cfg.Rand, rec.Box[:]); err != nil {
		return err
	}
	o, err := vault.NewOpener(vault.SlotDevice, rec.Device, vault.Params{}, []byte{}, rec.Box)
	rec.Openers = append(rec.Openers, o)
	return err
}

// vaultStale reports whether the vault opens for a device that was removed, or not for this one.
func (c *Client) vaultStale() bool {
	mine := false
	for _, o := range c.self.Openers {
		if o.Kind == vault.SlotDevice {
			mine = mine || wire.ID(o.ID) == c.self.Device
			if d, known := c.self.chain.Device(identity.ID(o.ID)); known && !d.Active() {
				return true
			}
		}
	}
	return !mine || !slices.Equal(c.self.Headed, openerIDs(c.self.Openers))
}

// openerIDs names the devices that openers are of.
func openerIDs(openers []vault.Opener) (ids []wire.ID) {
	for _, o := range openers {
		if o.Kind == vault.SlotDevice {
			ids = append(ids, wire.ID(o.ID))
		}
	}
	sort.Slice(ids, func(i, j int) bool { return less(ids[i], ids[j]) })
	return ids
}

// tendVault opens a new epoch if one is due.
func (c *Client) tendVault() {
	if c.self == nil || !c.online() || c.saving || c.fetching || c.rolledBack || len(c.vaultChanges) == 0 && !c.vaultStale() {
		return
	}
	var ch vaultChange
	if len(c.vaultChanges) > 0 {
		if ch = c.vaultChanges[0]; ch.tried && c.made(ch) {
			c.vaultChanged(ch, nil)
			return
		}
		c.vaultChanges[0].tried = !c.made(ch)
	}
	if _, err := c.root(); err != nil {
		c.fetchState() // another device replaced the root
		return
	}
	me := c.self
	next, err := c.nextEpoch(ch)
	if err != nil {
		c.cfg.Log.Error("open a vault epoch", "error", err)
		c.vaultChanged(ch, err)
		return
	}
	c.saving = true
	c.request(next.op, next.body, func(_ []byte, err error) {
		c.saving = false
		if c.self != me {
			return
		}
		switch code := wire.CodeOf(err); {
		case err == nil:
			c.vaultChanged(ch, c.adoptEpoch(next))
		case code == wire.CodeConflict:
			c.askChain(c.fetchState) // and then again
		case code == wire.CodeWrongPassword && ch.missed && *ch.password.Current != ch.password.Auth:
			c.vaultChanges[0].password.Current = &ch.password.Auth // the answer that was missed may have been yes
			c.after(0, c.tendVault)
		case code == CodeOffline || passes(err):
			if ch.password != nil && ch.password.Current != nil {
				c.vaultChanges[0].missed = true
			}
			c.after(c.jitter(c.cfg.Backoff.Most/4), c.tendVault)
		default:
			c.vaultChanged(ch, err)
		}
	})
}

// vaultChanged answers who asked for the change.
func (c *Client) vaultChanged(ch vaultChange, err error) {
	if ch.done != nil && len(c.vaultChanges) > 0 {
		c.vaultChanges = c.vaultChanges[1:]
		ch.done(err)
	}
	if len(c.vaultChanges) > 0 {
		c.after(0, c.tendVault)
	} else if err == nil {
		c.saveState()
	}
}

// vaultEpoch is a new epoch on its way.
type vaultEpoch struct {
	rec   selfRecord      // as it will be, but for the chain
	asked *identity.Chain // when the epoch was made
	chain *identity.Chain // with the removal that goes with it
	op    wire.Kind
	body  any
}

// nextEpoch makes the next epoch: a fresh key for every opener but removed devices'. A device that the
// sigchain known here does not name yet keeps its opener, unless the epoch is to shut somebody out.
func (c *Client) nextEpoch(ch vaultChange) (next vaultEpoch, err error) {
	next.rec, next.asked, next.chain = c.self.selfRecord, c.self.chain, c.self.chain
	rec := &next.rec
	if ch.remove != nil {
		if next.chain, err = c.replaceRoot(rec, *ch.remove); err != nil {
			return next, err
		}
	}
	key, err := vault.NewKey(c.cfg.Rand)
	if err != nil {
		return next, err
	}
	rec.Earlier = append(slices.Clip(rec.Earlier), rec.VaultKey)
	rec.VaultKey, rec.VaultEpoch, rec.Revision, rec.Unlock = wire.Hash(key), rec.VaultEpoch+1, rec.Revision+1, nil
	rec.Openers = slices.DeleteFunc(slices.Clone(rec.Openers), func(o vault.Opener) bool {
		d, known := next.chain.Device(identity.ID(o.ID))
		return o.Kind == vault.SlotDevice && (known && !d.Active() || !known && ch.remove != nil)
	})
	if ch.may != nil {
		if err := ch.may(rec.Openers); err != nil {
			return next, err
		}
	}
	if ch.openers != nil {
		rec.Openers = ch.openers(rec.Openers)
	}
	rec.Headed = openerIDs(rec.Openers)
	body, err := c.sealEpoch(rec, key)
	body.Password, body.Recovery, body.RecoveryOff = ch.password, ch.recovery, ch.off
	next.op, next.body = wire.OpPutVault, body
	if n := c.self.chain.Len(); ch.remove != nil {
		next.op = wire.OpRemoveDevice
		next.body = wire.RemoveDevice{Device: *ch.remove, Index: uint64(n), Events: next.chain.Events()[n:], Vault: &body}
	}
	return next, err
}

// sealEpoch seals header and state of an epoch.
func (c *Client) sealEpoch(rec *selfRecord, key vault.Key) (wire.PutVault, error) {
	header, err := vault.SealHeader(rec.Account, rec.VaultEpoch, key, rec.Openers)
	if err != nil {
		return wire.PutVault{}, err
	}
	s := c.state()
	s.Openers, s.Earlier, s.Root, s.Formers = rec.Openers, rec.Earlier, rec.Root, rec.Formers
	sealed, err := c.sealState(rec, rec.Revision, s)
	return wire.PutVault{Epoch: rec.VaultEpoch, Header: header, Revision: rec.Revision, State: sealed}, err
}

// adoptEpoch makes the new epoch this device's, now that the server has it. The chain follows in a batch
// of its own, as it does on the account's other devices.
func (c *Client) adoptEpoch(next vaultEpoch) error {
	if next.rec.VaultEpoch > c.self.VaultEpoch {
		next.rec.Chain, next.rec.Unsaved, next.rec.Published = c.self.Chain, c.self.Unsaved, c.self.Published
		t := c.begin()
		t.put(keyAccount(next.rec.Account), next.rec)
		t.then(func() {
			c.self.selfRecord = next.rec
			c.vaultOpeners()
		})
		if err := t.commit(); err != nil {
			return err
		}
	}
	if next.op != wire.OpRemoveDevice {
		return nil
	}
	return c.ownChainIs(next.chain.Events(), next.asked)
}

// vaultOpeners tells when something else opens the vault than before, here or on another device.
func (c *Client) vaultOpeners() {
	if r, h := c.hasRecovery(), c.highProtection(); r != c.session.Recovery || h != c.session.High {
		c.session.Recovery, c.session.High = r, h
		c.emit(c.session)
	}
}

// keyOf finds the vault key of a state: of the present epoch, or of a newer one by this device's slot.
func (c *Client) keyOf(s wire.State) (vault.Key, error) {
	if s.Epoch == c.self.VaultEpoch {
		return vault.Key(c.self.VaultKey), nil
	}
	h, err := vault.ParseHeader(s.Header)
	if err != nil || h.Epoch != s.Epoch || s.Epoch < c.self.VaultEpoch {
		return vault.Key{}, vault.ErrOpen
	}
	key, err := h.Open(c.self.Account, vault.SlotDevice, c.self.Device, c.self.Box)
	if u := c.self.Unlock; err != nil && u != nil {
		if key, err = h.Open(c.self.Account, vault.SlotKind(u.Kind), [16]byte{}, u.Secret); err != nil {
			return key, errMissedEpoch
		}
	}
	if err != nil && !slices.Contains(c.self.Headed, c.self.Device) {
		err = errNoSlot
	}
	return key, err
}

// errMissedEpoch says that the vault went on before it was sealed to this new device, and what the device
// signed in by opens it no more.
var errMissedEpoch = &wire.Error{
	Code: wire.CodeUnauthenticated, Message: "The password of your account was changed while this device signed in. Sign in once more, with the new one.",
}

// errNoSlot says that a vault epoch was opened before this new device had a slot for it.
var errNoSlot = wire.Errorf(CodeApproval, "Another device changed this account's vault at the moment when this one came. Sign out, forget everything here, and sign in again.")

// takeEpoch takes keys and openers of a state that another device sealed.
func takeEpoch(rec *selfRecord, key vault.Key, s wire.State, theirs *accountState) error {
	if s.Epoch > rec.VaultEpoch {
		if uint64(len(theirs.Earlier)) != s.Epoch-1 || theirs.Earlier[rec.VaultEpoch-1] != rec.VaultKey {
			return vault.ErrOpen // not a successor of the epoch known here
		}
		rec.VaultKey, rec.VaultEpoch, rec.Earlier = wire.Hash(key), s.Epoch, theirs.Earlier
	}
	rec.Root, rec.Formers = theirs.Root, theirs.Formers
	own := slices.IndexFunc(rec.Openers, func(o vault.Opener) bool { return o.Kind == vault.SlotDevice && wire.ID(o.ID) == rec.Device })
	mine := rec.Openers[own : own+1]
	rec.Openers, rec.Headed = slices.Clone(theirs.Openers), openerIDs(theirs.Openers)
	if !slices.Contains(rec.Headed, rec.Device) {
		rec.Openers = append(rec.Openers, mine...)
	}
	return nil
}

// changeVault asks for a new epoch and waits for it.
func (c *Client) changeVault(ctx context.Context, ch vaultChange) error {
	done := make(chan error, 1)
	ch.done = func(err error) { done <- err }
	err := c.run(ctx, func() error {
		if c.self == nil || c.session.State != SignedIn {
			return errNotSignedIn
		}
		if !c.online() {
			return errOffline
		}
		c.vaultChanges = append(c.vaultChanges, ch)
		c.tendVault()
		return nil
	})
	if err != nil {
		return err
	}
	return c.wait(ctx, done)
}

// with replaces the opener of a kind.
func with(kind vault.SlotKind, next ...vault.Opener) func([]vault.Opener) []vault.Opener {
	return func(all []vault.Opener) []vault.Opener {
		return append(slices.DeleteFunc(all, func(o vault.Opener) bool { return o.Kind == kind }), next...)
	}
}

func passwordOpener(keys vault.Keys, kdf wire.KDF) (vault.Opener, error) {
	p := vault.Params{Memory: kdf.Memory, Time: kdf.Time, Threads: kdf.Threads}
	return vault.NewOpener(vault.SlotPassword, [16]byte{}, p, kdf.Salt, keys.Wrap)
}

// ChangePassword sets another password, in a new vault epoch. Other devices stay signed in. current is nil
// only in a session that was opened by recovery code. In high protection the new password opens no vault either.
func (c *Client) ChangePassword(ctx context.Context, current *vault.Keys, next vault.Keys, kdf wire.KDF) error {
	o, err := passwordOpener(next, kdf)
	if err != nil {
		return err
	}
	password := &wire.NewPassword{Auth: next.Auth, KDF: kdf}
	if current != nil {
		password.Current = (*wire.Hash)(&current.Auth)
	}
	return c.changeVault(ctx, vaultChange{openers: func(all []vault.Opener) []vault.Opener {
		if !hasOpener(all, vault.SlotPassword) {
			return all
		}
		return with(vault.SlotPassword, o)(all)
	}, password: password})
}

// recoverySalt is fixed by the user name, so that signing in by recovery code asks nothing before.
func recoverySalt(name string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(name), nil, "frond/vault/recovery/salt/v1", 32)
}

func recoveryKeys(name string, code vault.RecoveryCode) (vault.Keys, []byte, error) {
	salt, err := recoverySalt(name)
	if err != nil {
		return vault.Keys{}, nil, err
	}
	keys, err := code.Derive(salt)
	return keys, salt, err
}

// SetRecovery makes a recovery code the account's, in place of an earlier one.
func (c *Client) SetRecovery(ctx context.Context, code vault.RecoveryCode) error {
	keys, salt, err := recoveryKeys(c.Session().Name, code)
	if err != nil {
		return err
	}
	o, err := vault.NewOpener(vault.SlotRecovery, [16]byte{}, vault.Params{}, salt, keys.Wrap)
	if err != nil {
		return err
	}
	return c.changeVault(ctx, vaultChange{openers: with(vault.SlotRecovery, o), recovery: (*wire.Hash)(&keys.Auth)})
}

// IsRecovery reports whether a code is the account's present recovery code.
func (c *Client) IsRecovery(code vault.RecoveryCode) (yes bool) {
	keys, salt, err := recoveryKeys(c.Session().Name, code)
	if err != nil {
		return false
	}
	typed, err := vault.NewOpener(vault.SlotRecovery, [16]byte{}, vault.Params{}, salt, keys.Wrap)
	if err != nil {
		return false
	}
	_ = c.run(context.Background(), func() error {
		yes = c.self != nil && slices.ContainsFunc(c.self.Openers, func(o vault.Opener) bool {
			return o.Kind == vault.SlotRecovery && bytes.Equal(o.Public, typed.Public)
		})
		return nil
	})
	return yes
}

// DropRecovery makes the account's recovery code useless.
func (c *Client) DropRecovery(ctx context.Context) error {
	return c.changeVault(ctx, vaultChange{openers: with(vault.SlotRecovery), off: true, may: func(all []vault.Opener) error {
		if !hasOpener(all, vault.SlotPassword) {
			return wire.Errorf(CodeRecovery, "In high protection the recovery code is what opens the account. Switch high protection off first.")
		}
		return nil
	}})
}

// HasRecovery reports whether a recovery code is active.
func (c *Client) HasRecovery() (yes bool) {
	_ = c.run(context.Background(), func() error {
		yes = c.self != nil && slices.ContainsFunc(c.self.Openers, func(o vault.Opener) bool { return o.Kind == vault.SlotRecovery })
		return nil
	})
	return yes
}
