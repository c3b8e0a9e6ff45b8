package api

import (
	"context"

	"frond/client"
	"frond/wire"
)

// restoreData is how far the history of a new device is.
type restoreData struct {
	Done         uint64 `json:"done"`
	Total        uint64 `json:"total"`
	Conversation string `json:"conversation,omitempty"`
	Finished     bool   `json:"finished"`
}

func restoreOf(e client.Restore) restoreData {
	out := restoreData{Done: e.Done, Total: e.Total, Finished: e.Finished}
	if !e.Conversation.IsZero() {
		out.Conversation = e.Conversation.String()
	}
	return out
}

// restore asks the vault once more for what could not be read of a conversation.
func (a *API) restore(ctx context.Context, in conversationRef) (nothing, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.RestoreAgain(ctx, id)
}
