package api

import (
	"context"
	"encoding/base64"

	"frond/client"
	"frond/wire"
)

// approval says how far this device's request to be let in is.
type approval struct {
	State  client.ApprovalState `json:"state"`
	Digits string               `json:"digits,omitempty"`
}

// approvalRequest says that another device asks to be let in, or no longer does.
type approvalRequest struct {
	ID     string `json:"id"`
	Device string `json:"device"`
	At     int64  `json:"at"`
	Over   bool   `json:"over,omitempty"`
}

type approvalCode struct {
	QR string `json:"qr"`
}

func (a *API) approvalStart(ctx context.Context, in replacing) (approvalCode, error) {
	replace, err := in.device()
	if err != nil {
		return approvalCode{}, err
	}
	code, err := a.client.AskApproval(ctx, replace)
	return approvalCode{base64.StdEncoding.EncodeToString(code)}, err
}

func (a *API) approvalStop(ctx context.Context, _ nothing) (nothing, error) {
	return nothing{}, a.client.StopApproval(ctx)
}

type approvalRef struct {
	ID string `json:"id"`
}

type approvalDigits struct {
	Digits string `json:"digits"`
}

func (a *API) approvalOpen(ctx context.Context, in approvalRef) (approvalDigits, error) {
	id, err := wire.ParseID(in.ID)
	if err != nil {
		return approvalDigits{}, err
	}
	digits, err := a.client.OpenApproval(ctx, id)
	return approvalDigits{digits}, err
}

func (a *API) approvalScan(ctx context.Context, in struct {
	approvalRef
	Code string `json:"code"`
}) (compared, error) {
	id, err := wire.ParseID(in.ID)
	if err != nil {
		return compared{}, err
	}
	code, err := scanned(in.Code)
	if err != nil {
		return compared{}, err
	}
	match, err := a.client.ScanApproval(ctx, id, code)
	return compared{match}, err
}

func (a *API) approvalAnswer(ctx context.Context, in struct {
	approvalRef
	Allow bool `json:"allow"`
}) (nothing, error) {
	id, err := wire.ParseID(in.ID)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.AnswerApproval(ctx, id, in.Allow)
}
