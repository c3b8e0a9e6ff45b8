package api

import (
	"context"

	"frond/client"
	"frond/wire"
)

type device struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Added   int64  `json:"added"`
	Seen    int64  `json:"seen"`
	Current bool   `json:"current"`
}

type devicesData struct {
	Devices []device `json:"devices"`
}

func (a *API) devices(ctx context.Context, _ nothing) (devicesData, error) {
	list, err := a.client.Devices(ctx)
	out := devicesData{Devices: []device{}}
	for _, d := range list {
		out.Devices = append(out.Devices, device{d.ID.String(), d.Name, millis(d.Added), millis(d.Seen), d.Current})
	}
	return out, err
}

type deviceRef struct {
	ID string `json:"id"`
}

func (a *API) deviceRemove(ctx context.Context, in deviceRef) (nothing, error) {
	id, err := wire.ParseID(in.ID)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.RemoveDevice(ctx, id)
}

func (a *API) deviceNewsAnswered(ctx context.Context, in deviceRef) (nothing, error) {
	id, err := wire.ParseID(in.ID)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.AnswerNews(ctx, id)
}

// removingData says in how many conversations removed devices are still to be taken out.
type removingData struct {
	Left int `json:"left"`
}

// deviceNews says that a device of the account came, or went.
type deviceNews struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	At    int64  `json:"at"`
	Added bool   `json:"added"`
}

func deviceNewsOf(e client.DeviceNews) deviceNews {
	return deviceNews{e.Device.String(), e.Name, millis(e.At), e.Added}
}
