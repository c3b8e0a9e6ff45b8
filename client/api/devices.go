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
	return devicesOf(list), err
}

// replaceable lists the devices in whose place a new one may come, after too-many-devices.
func (a *API) replaceable(ctx context.Context, _ nothing) (devicesData, error) {
	list, err := a.client.Replaceable(ctx)
	return devicesOf(list), err
}

// replacing is what a new device says of the one in whose place it comes.
type replacing struct {
	Replace string `json:"replace"`
}

func (r replacing) device() (id wire.ID, err error) {
	if r.Replace == "" {
		return id, nil
	}
	return wire.ParseID(r.Replace)
}

func devicesOf(list []client.OwnDevice) devicesData {
	out := devicesData{Devices: []device{}}
	for _, d := range list {
		out.Devices = append(out.Devices, device{d.ID.String(), d.Name, millis(d.Added), millis(d.Seen), d.Current})
	}
	return out
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
