package client

import (
	"context"
	"time"

	"frond/client/vault"
	"frond/wire"
)

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
	err = signAgain(func() error {
		var s wire.Session
		if err := c.postWire(ctx, wire.PathRecover, wire.Recover{Name: name, Auth: keys.Auth}, &s); err != nil {
			return err
		}
		return c.addDevice(ctx, unlockRecord{uint8(vault.SlotRecovery), keys.Wrap}, s)
	})
	if err != nil {
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
