package api

import (
	"context"

	"frond/client/vault"
	"frond/wire"
)

// typedPassword stretches the present password of who is signed in, as the server says.
func (a *API) typedPassword(ctx context.Context, password string) (wire.KDF, vault.Keys, error) {
	if vault.CheckPassword(password) != nil {
		return wire.KDF{}, vault.Keys{}, wire.Errorf(wire.CodeWrongPassword, "The present password is wrong.")
	}
	kdf, err := a.client.KDF(ctx, a.client.Session().Name)
	if err != nil {
		return kdf, vault.Keys{}, err
	}
	keys, err := derive(password, kdf)
	return kdf, keys, err
}

// protection says whether the password alone opens the account's vault.
func (a *API) protection(ctx context.Context, in struct {
	High     bool   `json:"high"`
	Password string `json:"password"`
}) (nothing, error) {
	kdf, keys, err := a.typedPassword(ctx, in.Password)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.SetProtection(ctx, in.High, keys, kdf)
}

// unlock opens the vault by recovery code, after a sign-in that left it locked.
func (a *API) unlock(ctx context.Context, in struct {
	recoveryCode
	replacing
}) (session, error) {
	code, err := parseRecovery(in.Code)
	if err != nil {
		return session{}, err
	}
	replace, err := in.device()
	if err != nil {
		return session{}, err
	}
	err = a.client.Unlock(ctx, code, replace)
	return sessionOf(a.client.Session()), err
}
