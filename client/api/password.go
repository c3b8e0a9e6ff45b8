package api

import (
	"context"
	"crypto/rand"
	"errors"
	"io"

	"frond/client"
	"frond/client/vault"
	"frond/wire"
)

type reader = io.Reader

func random(r io.Reader) io.Reader {
	if r == nil {
		return rand.Reader
	}
	return r
}

type passwordIn struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	Invite   string `json:"invite"`
}

// signUp stretches the password under a fresh salt and creates the account.
func (a *API) signUp(ctx context.Context, in passwordIn) (session, error) {
	if _, err := wire.CheckUserName(in.Name); err != nil {
		return session{}, err
	}
	kdf, keys, err := a.newPassword(in.Password)
	if err != nil {
		return session{}, err
	}
	err = a.client.SignUp(ctx, client.Credentials{Name: in.Name, Keys: keys, KDF: kdf, Invite: in.Invite})
	return sessionOf(a.client.Session()), err
}

// newPassword stretches a password under a fresh salt.
func (a *API) newPassword(password string) (wire.KDF, vault.Keys, error) {
	p := vault.DefaultParams
	kdf := wire.KDF{Memory: p.Memory, Time: p.Time, Threads: p.Threads, Salt: make([]byte, wire.SaltSize)}
	if _, err := io.ReadFull(a.rand, kdf.Salt); err != nil {
		return kdf, vault.Keys{}, err
	}
	keys, err := derive(password, kdf)
	return kdf, keys, err
}

// signIn stretches the password as the server says, though never below this client's own floor.
func (a *API) signIn(ctx context.Context, in struct {
	passwordIn
	replacing
}) (session, error) {
	replace, err := in.device()
	if err != nil {
		return session{}, err
	}
	name, err := wire.CheckUserName(in.Name)
	if err != nil || vault.CheckPassword(in.Password) != nil {
		return session{}, wire.Errorf(wire.CodeWrongPassword, "The user name or the password is wrong.")
	}
	kdf, err := a.client.KDF(ctx, name)
	if err != nil {
		return session{}, err
	}
	keys, err := derive(in.Password, kdf)
	if err != nil {
		return session{}, err
	}
	err = a.client.SignIn(ctx, client.Credentials{Name: name, Keys: keys, KDF: kdf, Replace: replace})
	return sessionOf(a.client.Session()), err
}

func derive(password string, kdf wire.KDF) (vault.Keys, error) {
	keys, err := vault.Derive(password, kdf.Salt, vault.Params{Memory: kdf.Memory, Time: kdf.Time, Threads: kdf.Threads})
	switch {
	case errors.Is(err, vault.ErrPasswordShort):
		return keys, wire.Errorf(client.CodeWeakPassword, "A password has at least %d characters.", vault.MinPassword)
	case errors.Is(err, vault.ErrPasswordLong), errors.Is(err, vault.ErrPasswordText):
		return keys, wire.Errorf(client.CodeWeakPassword, "A password is text of at most %d bytes.", vault.MaxPassword)
	case err != nil:
		return keys, wire.Errorf(wire.CodeVersion, "The server asks for a password stretching that is not safe: %v", err)
	}
	return keys, nil
}
