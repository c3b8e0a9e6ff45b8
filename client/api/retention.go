package api

import (
	"context"

	"frond/client"
	"frond/wire"
)

var retentionNames = map[client.Retention]string{
	client.Full: "full", client.DeviceOnly: "device", client.Disappearing: "disappearing",
}

func (a *API) retention(ctx context.Context, in struct {
	conversationRef
	Mode  string `json:"mode"`
	Timer uint32 `json:"timer"`
}) (nothing, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return nothing{}, err
	}
	for mode, name := range retentionNames {
		if name == in.Mode {
			return nothing{}, a.client.SetRetention(ctx, id, mode, in.Timer)
		}
	}
	return nothing{}, wire.Errorf(wire.CodeBadRequest, "there is no such way to keep messages")
}
