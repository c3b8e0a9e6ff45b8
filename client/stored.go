package client

import (
	"context"
	"slices"

	"frond/wire"
)

// Safety says how many devices the account has and which epoch its vault is in.
func (c *Client) Safety(ctx context.Context) (devices int, epoch uint64, err error) {
	return devices, epoch, c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		devices, epoch = len(c.self.chain.Devices()), c.self.VaultEpoch
		return nil
	})
}

// Stored says how much of the history is safe in the vault.
type Stored struct {
	Keys    uint64 // in the vault
	Waiting uint64 // only here so far
	Missing uint64 // in the log, or the vault, and not here yet
	Asking  uint64 // others are being asked for them

	// Conversations whose messages no new device finds, by design.
	DeviceOnly, Disappearing int
}

// Stored counts.
func (c *Client) Stored(ctx context.Context) (s Stored, err error) {
	return s, c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		for _, n := range c.pages.due {
			s.Waiting += n
		}
		for _, v := range c.conversations {
			s.Missing += v.history.left()
			if v.onDevices() {
				s.DeviceOnly++
			} else if v.roster.Retention == Disappearing {
				s.Disappearing++
			}
		}
		for _, a := range c.asks {
			if a.stage != askRests {
				s.Asking++
			}
		}
		return c.eachRow("page", func(_ wire.ID, _ uint64, value []byte) error {
			var rec pageRecord
			err := wire.Decode(value, &rec)
			s.Keys += rec.count()
			return err
		})
	})
}

// onDevices reports whether a conversation has, or can have, messages that are kept on devices only. A change
// touches none from before it.
func (v *conversation) onDevices() bool {
	return v.roster.Retention == DeviceOnly ||
		slices.ContainsFunc(v.rec.Keep.Rules, func(r rule) bool { return r.Retention == DeviceOnly })
}
