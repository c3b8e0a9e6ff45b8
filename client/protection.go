package client

import (
	"context"
	"slices"

	"frond/client/vault"
	"frond/wire"
)

// High protection: the password signs in and opens nothing. A thief of the database can then not guess it, and
// who learns it gets a session without keys: the vault opens by recovery code, or by another device's approval.

func hasOpener(all []vault.Opener, kind vault.SlotKind) bool {
	return slices.ContainsFunc(all, func(o vault.Opener) bool { return o.Kind == kind })
}

// hasRecovery reports whether a recovery code opens the vault.
func (c *Client) hasRecovery() bool {
	return c.self != nil && hasOpener(c.self.Openers, vault.SlotRecovery)
}

func (c *Client) highProtection() bool {
	return c.self != nil && !hasOpener(c.self.Openers, vault.SlotPassword)
}

// SetProtection takes the password's slot out of the vault, or puts it back, in a new vault epoch. The server
// checks the password either way. It is not taken out while there is no recovery code: who loses all
// devices would lose everything.
func (c *Client) SetProtection(ctx context.Context, high bool, password vault.Keys, kdf wire.KDF) error {
	o, err := passwordOpener(password, kdf)
	if err != nil {
		return err
	}
	ch := vaultChange{openers: with(vault.SlotPassword, o)}
	if high {
		ch.openers = with(vault.SlotPassword)
		ch.may = func(all []vault.Opener) error {
			if !hasOpener(all, vault.SlotRecovery) {
				return wire.Errorf(CodeRecovery, "Set a recovery code first: without it, who loses all devices loses everything.")
			}
			return nil
		}
	}
	ch.password = &wire.NewPassword{Current: (*wire.Hash)(&password.Auth), Auth: password.Auth, KDF: kdf}
	return c.changeVault(ctx, ch)
}

// lock notes that somebody signed in whose vault the password does not open.
func (c *Client) lock(s wire.Session) {
	c.stopSeeking()
	c.locked = &s
	c.session = Session{State: Locked, Account: s.Account, Name: s.Name, Recovery: s.Recovery, High: true}
	c.emit(c.session)
}

var errNotLocked = wire.Errorf(CodeNotSignedIn, "There is no vault to be opened: sign in first.")

// lockedSession returns the session whose vault is to be opened, as the server has it now: while somebody looks
// for the paper with the code, other devices may have changed the vault.
func (c *Client) lockedSession(ctx context.Context) (s wire.Session, err error) {
	err = c.run(ctx, func() error {
		if c.locked == nil {
			return errNotLocked
		}
		s = *c.locked
		return nil
	})
	if err != nil {
		return s, err
	}
	fresh, err := c.sessionNow(ctx, s)
	return fresh, c.lockedOver(ctx, err)
}

// lockedOver shows the sign-in again when the session whose vault is locked is over: a device was removed meanwhile,
// or the password is another.
func (c *Client) lockedOver(ctx context.Context, err error) error {
	if wire.CodeOf(err) != wire.CodeUnauthenticated {
		return err
	}
	_ = c.run(ctx, func() error {
		if c.locked == nil {
			return nil
		}
		c.stopSeeking()
		return c.leave(false)
	})
	return err
}

// sessionNow reads a session without a device anew.
func (c *Client) sessionNow(ctx context.Context, s wire.Session) (fresh wire.Session, err error) {
	if err := c.postWire(ctx, wire.PathApprovalSession, wire.Nothing{}, &fresh); err != nil {
		return s, err
	}
	if fresh.Account != s.Account || fresh.Name != s.Name {
		return s, wire.Errorf(CodeKeyChanged, "The server shows another account than the one you signed in to.")
	}
	return fresh, nil
}

// Unlock opens the vault by recovery code, after a sign-in that left it locked. replace is the device in whose place
// this one comes, or zero.
func (c *Client) Unlock(ctx context.Context, code vault.RecoveryCode, replace wire.ID) error {
	s, err := c.lockedSession(ctx)
	if err != nil {
		return err
	}
	keys, _, err := recoveryKeys(s.Name, code)
	if err != nil {
		return err
	}
	err = c.addDevice(ctx, unlockRecord{uint8(vault.SlotRecovery), keys.Wrap}, s, replace)
	if wire.CodeOf(err) == wire.CodeWrongPassword {
		return errNotTheCode
	}
	return c.lockedOver(ctx, err)
}

var errNotTheCode = wire.Errorf(CodeRecovery, "This is not the recovery code of this account.")
