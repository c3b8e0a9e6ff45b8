package client

import (
	"context"
	"time"

	"frond/identity"
	"frond/wire"
)

// DeviceNews says that a device of one's own account came, or went. It stands, also over a new start, until the
// person answers it on this device: whoever holds another device can not answer for it.
type DeviceNews struct {
	Device wire.ID
	Name   string
	At     time.Time // as the sigchain says
	Added  bool
}

func (DeviceNews) event() {}

// newsRecord marks a device whose coming or going was not answered. What there is to say of it the sigchain
// says.
type newsRecord struct{}

// noteDevices notes, in the batch that takes a longer sigchain, which devices came and which went.
func (c *Client) noteDevices(t *tx, before, after *identity.Chain) {
	for _, d := range after.AllDevices() {
		old, known := before.Device(d.ID)
		if wire.ID(d.ID) == c.self.Device || known && old.Active() == d.Active() || !known && !d.Active() {
			continue
		}
		t.put(c.self.keys.of("news", wire.ID(d.ID)), newsRecord{})
		t.then(func() { c.emit(c.newsOf(d)) })
	}
}

func (c *Client) newsOf(d identity.Device) DeviceNews {
	n := DeviceNews{Device: wire.ID(d.ID), Name: c.deviceName(d), At: d.AddedAt, Added: d.Active()}
	if !n.Added {
		n.At = d.RemovedAt
	}
	return n
}

// emitNews tells again what was not answered.
func (c *Client) emitNews() {
	if c.self == nil || c.session.State != SignedIn {
		return
	}
	err := c.sound("news", func(id wire.ID, _ string, _ []byte) error {
		if d, known := c.self.chain.Device(identity.ID(id)); known {
			c.emit(c.newsOf(d))
		}
		return nil
	})
	if err != nil {
		c.cfg.Log.Error("read the news about devices", "error", err)
	}
}

// AnswerNews notes that the person has taken notice of what happened to a device.
func (c *Client) AnswerNews(ctx context.Context, device wire.ID) error {
	return c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		t := c.begin()
		t.delete(c.self.keys.of("news", device))
		return t.commit()
	})
}
