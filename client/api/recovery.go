package api

import (
	"context"
	"crypto/subtle"

	"frond/client"
	"frond/client/vault"
	"frond/wire"
)

type recoveryCode struct {
	Code string `json:"code"`
}

// recoveryNew makes a recovery code. It opens nothing before it is confirmed.
func (a *API) recoveryNew(context.Context, nothing) (recoveryCode, error) {
	code, err := vault.NewRecoveryCode(a.rand)
	if err != nil {
		return recoveryCode{}, err
	}
	a.mu.Lock()
	a.offered = code.Text()
	a.mu.Unlock()
	return recoveryCode{code.Text()}, nil
}

// recoveryConfirm makes the code that was just shown the account's. To confirm it twice is no error.
func (a *API) recoveryConfirm(ctx context.Context, in recoveryCode) (nothing, error) {
	code, err := parseRecovery(in.Code)
	if err != nil {
		return nothing{}, err
	}
	if a.client.IsRecovery(code) {
		return nothing{}, nil
	}
	a.mu.Lock()
	offered := a.offered
	a.mu.Unlock()
	if subtle.ConstantTimeCompare([]byte(offered), []byte(code.Text())) != 1 {
		return nothing{}, errNotTheCode
	}
	if err := a.client.SetRecovery(ctx, code); err != nil {
		return nothing{}, err
	}
	a.mu.Lock()
	a.offered = ""
	a.mu.Unlock()
	return nothing{}, nil
}

var errNotTheCode = wire.Errorf(client.CodeRecovery, "This is not the recovery code of this account.")

// recoveryCheck says whether a code is the account's, and changes nothing.
func (a *API) recoveryCheck(_ context.Context, in recoveryCode) (nothing, error) {
	code, err := parseRecovery(in.Code)
	if err == nil && !a.client.IsRecovery(code) {
		err = errNotTheCode
	}
	return nothing{}, err
}

func (a *API) recoveryOff(ctx context.Context, _ nothing) (nothing, error) {
	return nothing{}, a.client.DropRecovery(ctx)
}

// parseRecovery reads a typed code. A slip of the pen is noticed by its checksum, before anybody is asked.
func parseRecovery(text string) (vault.RecoveryCode, error) {
	code, err := vault.ParseRecoveryCode(text)
	if err != nil {
		return code, wire.Errorf(client.CodeRecovery, "This is not a recovery code, or there is a slip in it.")
	}
	return code, nil
}

// recover signs in with the recovery code and sets a new password.
func (a *API) recover(ctx context.Context, in struct {
	Name     string `json:"name"`
	Code     string `json:"code"`
	Password string `json:"password"`
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
	kdf, keys, err := a.newPassword(in.Password)
	if err != nil {
		return session{}, err
	}
	err = a.client.Recover(ctx, in.Name, code, keys, kdf, replace)
	return sessionOf(a.client.Session()), err
}

// password changes the password of who is signed in, by the present one, which is stretched as the server
// says, or by the recovery code.
func (a *API) password(ctx context.Context, in struct {
	Current  string `json:"current"`
	Code     string `json:"code"`
	Password string `json:"password"`
}) (nothing, error) {
	if in.Code != "" {
		return nothing{}, a.passwordByCode(ctx, in.Code, in.Password)
	}
	kdf, keys, err := a.newPassword(in.Password)
	if err != nil {
		return nothing{}, err
	}
	_, current, err := a.typedPassword(ctx, in.Current)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.ChangePassword(ctx, &current, keys, kdf)
}

func (a *API) passwordByCode(ctx context.Context, typed, password string) error {
	code, err := parseRecovery(typed)
	if err != nil {
		return err
	}
	kdf, keys, err := a.newPassword(password)
	if err != nil {
		return err
	}
	return a.client.ChangePasswordByCode(ctx, code, keys, kdf)
}

// history says what a new device would find: of Waiting nothing yet, of the two kinds of conversation never.
type history struct {
	Stored       uint64 `json:"stored"`
	Waiting      uint64 `json:"waiting"`
	DeviceOnly   int    `json:"deviceOnly"`
	Disappearing int    `json:"disappearing"`
}

type security struct {
	Recovery bool    `json:"recovery"`
	High     bool    `json:"high"`
	Devices  int     `json:"devices"`
	Epoch    uint64  `json:"epoch"`
	History  history `json:"history"`
}

// security says what would survive the loss of this device, or of the password.
func (a *API) security(ctx context.Context, _ nothing) (security, error) {
	devices, epoch, err := a.client.Safety(ctx)
	if err != nil {
		return security{}, err
	}
	s, err := a.client.Stored(ctx)
	now := a.client.Session()
	return security{now.Recovery, now.High, devices, epoch, history{s.Keys, s.Waiting, s.DeviceOnly, s.Disappearing}}, err
}
