package client

import (
	"context"
	"time"

	"frond/identity"
	"frond/wire"
)

// OwnDevice is a device of this account, as its owner is shown it.
type OwnDevice struct {
	ID      wire.ID
	Name    string
	Added   time.Time // as the sigchain says
	Seen    time.Time // when the server last heard from it, to the minute
	Current bool      // the one that asks
}

// Devices lists this account's active devices, in the order they were added. The sigchain says which there
// are, and the server only when it heard from them: it can neither hide one nor make one up.
func (c *Client) Devices(ctx context.Context) ([]OwnDevice, error) {
	body, err := c.ask(ctx, wire.OpDevices, wire.Nothing{})
	if err != nil {
		return nil, err
	}
	var answer wire.Devices
	if err := wire.Decode(body, &answer); err != nil {
		return nil, err
	}
	seen := map[wire.ID]time.Time{}
	for _, d := range answer.Devices {
		seen[d.Device] = time.UnixMilli(int64(d.Seen))
	}
	var list []OwnDevice
	return list, c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		for _, d := range c.self.chain.Devices() {
			list = append(list, c.ownDevice(d, seen[wire.ID(d.ID)]))
		}
		return nil
	})
}

func (c *Client) ownDevice(d identity.Device, seen time.Time) OwnDevice {
	id := wire.ID(d.ID)
	return OwnDevice{ID: id, Name: c.deviceName(d), Added: d.AddedAt, Seen: seen, Current: id == c.self.Device}
}
