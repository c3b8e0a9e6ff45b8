package api

import (
	"context"

	"frond/wire"
)

type settingsData struct {
	Settings map[string]string `json:"settings"`
}

func (a *API) settings(ctx context.Context, _ nothing) (settingsData, error) {
	s, err := a.client.Settings(ctx)
	return settingsData{s.All}, err
}

// setting changes a setting on all of the account's devices.
func (a *API) setting(ctx context.Context, in struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}) (nothing, error) {
	return nothing{}, a.client.SetSetting(ctx, in.Key, in.Value)
}

// deviceRename gives one of the account's devices another name.
func (a *API) deviceRename(ctx context.Context, in struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}) (nothing, error) {
	id, err := wire.ParseID(in.ID)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.RenameDevice(ctx, id, in.Name)
}
