package api

import (
	"context"
	"encoding/base64"

	"frond/wire"
)

type accountRef struct {
	Account string `json:"account"`
}

func (r accountRef) id() (wire.ID, error) { return wire.ParseID(r.Account) }

// contact says how sure one can be of who somebody is. Code is what a QR code holds.
type contact struct {
	Account  string `json:"account"`
	Name     string `json:"name"`
	Number   string `json:"number"`
	Code     string `json:"code"`
	Verified bool   `json:"verified"`
	Changed  bool   `json:"changed"`
	Doubted  bool   `json:"doubted"`
	Blocked  bool   `json:"blocked"`

	Reset     bool  `json:"reset"`
	HeldUntil int64 `json:"heldUntil"`
}

func (a *API) contact(ctx context.Context, in accountRef) (contact, error) {
	id, err := in.id()
	if err != nil {
		return contact{}, err
	}
	k, err := a.client.Contact(ctx, id)
	return contact{in.Account, k.Name, k.Number, base64.StdEncoding.EncodeToString(k.Code), k.Verified, k.Changed, k.Doubted, k.Blocked, k.Reset, millis(k.HeldUntil)}, err
}

func (a *API) block(ctx context.Context, in struct {
	accountRef
	Blocked bool `json:"blocked"`
}) (nothing, error) {
	id, err := in.id()
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Block(ctx, id, in.Blocked)
}

func (a *API) verify(ctx context.Context, in struct {
	accountRef
	Verified bool `json:"verified"`
}) (nothing, error) {
	id, err := in.id()
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Verify(ctx, id, in.Verified)
}

type compared struct {
	Match bool `json:"match"`
}

// compare checks a scanned code against one's own. It changes nothing.
func (a *API) compare(ctx context.Context, in struct {
	accountRef
	Code string `json:"code"`
}) (compared, error) {
	id, err := in.id()
	if err != nil {
		return compared{}, err
	}
	code, err := scanned(in.Code)
	if err != nil {
		return compared{}, err
	}
	match, err := a.client.Compare(ctx, id, code)
	return compared{match}, err
}

// scanned reads what a QR code held.
func scanned(code string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		return nil, wire.Errorf(wire.CodeBadRequest, "a scanned code is base64")
	}
	return b, nil
}

func (a *API) acceptKey(ctx context.Context, in accountRef) (nothing, error) {
	id, err := in.id()
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.AcceptKey(ctx, id)
}
