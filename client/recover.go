package client

import (
	"context"
	"time"

	"frond/client/vault"
	"frond/wire"
)

// Recover signs in by recovery code on a device without keys, and sets a new password. From the moment somebody
// is signed in, the password is set even if this is interrupted. replace is the device in whose place this one
// comes, or zero.
func (c *Client) Recover(ctx context.Context, name string, code vault.RecoveryCode, next vault.Keys, kdf wire.KDF, replace wire.ID) error {
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
	o, err := passwordOpener(next, kdf)
	if err != nil {
		return err
	}
	err = signAgain(func() error {
		var s wire.Session
		if err := c.postWire(ctx, wire.PathRecover, wire.Recover{Name: name, Auth: keys.Auth}, &s); err != nil {
			return err
		}
		return c.becomeDevice(ctx, s, entrance{func(now wire.Session) (selfRecord, accountState, error) {
			rec, state, err := unlock(unlockRecord{uint8(vault.SlotRecovery), keys.Wrap}, now)
			rec.Chosen = &chosenRecord{Auth: next.Auth, KDF: kdf, Opener: o}
			return rec, state, err
		}, replace})
	})
	if err != nil {
		return err
	}
	return c.untilSet(ctx)
}

// untilSet waits until the chosen password is set, or can not be any more.
func (c *Client) untilSet(ctx context.Context) error {
	for {
		waits := false
		err := c.run(ctx, func() error {
			switch {
			case c.self == nil:
				return errNotSignedIn
			case c.self.Chosen != nil && c.self.Chosen.Lapsed:
				return errLapsed
			}
			waits = c.self.choosing()
			return nil
		})
		if err != nil || !waits {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ChangePasswordByCode sets a new password for who is signed in and knows the recovery code instead of the
// present password.
func (c *Client) ChangePasswordByCode(ctx context.Context, code vault.RecoveryCode, next vault.Keys, kdf wire.KDF) error {
	keys, _, err := recoveryKeys(c.Session().Name, code)
	if err != nil {
		return err
	}
	err = c.ChangePassword(ctx, &keys, next, kdf)
	if wire.CodeOf(err) == wire.CodeWrongPassword {
		return errNotTheCode
	}
	return err
}
