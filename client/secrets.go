package client

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"slices"

	"frond/client/vault"
	"frond/wire"
)

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
	ch := newPassword(o, wire.NewPassword{Auth: next.Auth, KDF: kdf})
	if current != nil {
		ch.password.Current = (*wire.Hash)(&current.Auth)
	}
	return c.changeVault(ctx, ch)
}

// newPassword is the change to another password.
func newPassword(o vault.Opener, p wire.NewPassword) vaultChange {
	return vaultChange{openers: func(all []vault.Opener) []vault.Opener {
		if !hasOpener(all, vault.SlotPassword) {
			return all
		}
		return with(vault.SlotPassword, o)(all)
	}, password: &p}
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
