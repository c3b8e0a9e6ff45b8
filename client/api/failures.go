package api

import "context"

type failuresOut struct {
	Counts map[string]uint64 `json:"counts"`
}

// failures says how often what went wrong on this device, by reason.
func (a *API) failures(ctx context.Context, _ nothing) (failuresOut, error) {
	counts, err := a.client.Failures(ctx)
	return failuresOut{counts}, err
}

// askAgain looks for a message once more, in the vault and with other devices.
func (a *API) askAgain(ctx context.Context, in bothRefs) (nothing, error) {
	id, message, err := twoIDs(in.Conversation, in.Message)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.AskAgain(ctx, id, message)
}

// dismiss puts the remark on a message aside, or the message that can not be read.
func (a *API) dismiss(ctx context.Context, in bothRefs) (nothing, error) {
	id, message, err := twoIDs(in.Conversation, in.Message)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Dismiss(ctx, id, message)
}
