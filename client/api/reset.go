package api

import (
	"context"
	"encoding/base64"

	"frond/client"
	"frond/wire"
)

// codeResetHeld says that a link is good and can be used later.
const codeResetHeld wire.Code = "reset-held"

type resetIn struct {
	Name     string `json:"name"`
	Token    string `json:"token"`
	Password string `json:"password"`
}

// reset begins an account anew, by the token of the link that whoever runs the server handed out.
func (a *API) reset(ctx context.Context, in resetIn) (session, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(in.Token)
	if err != nil || len(raw) != len(wire.Hash{}) {
		return session{}, wire.Errorf(wire.CodeForbidden, "This link is not whole. Open it once more as you were given it.")
	}
	kdf, keys, err := a.newPassword(in.Password)
	if err != nil {
		return session{}, err
	}
	err = a.client.Reset(ctx, in.Name, wire.Hash(raw), keys, kdf)
	if wire.CodeOf(err) == wire.CodeHeld { // which the interface says of contacts
		err = wire.Errorf(codeResetHeld, "%s", refused(err).Message)
	}
	return sessionOf(a.client.Session()), err
}

func (a *API) resetCancel(ctx context.Context, _ nothing) (nothing, error) {
	return nothing{}, a.client.CancelReset(ctx)
}

type accountResetData struct {
	At   int64  `json:"at"`
	Name string `json:"name"`
}

type resetBegunData struct {
	At int64 `json:"at"`
}

// resetEvent passes on what the client says of resets of the own account.
func (a *API) resetEvent(e client.Event) {
	switch e := e.(type) {
	case client.AccountReset:
		a.send(eventMessage{"account-reset", accountResetData{millis(e.At), e.Name}})
	case client.ResetBegun:
		a.send(eventMessage{"reset-begun", resetBegunData{millis(e.At)}})
	}
}
