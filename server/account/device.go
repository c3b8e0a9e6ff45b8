package account

import (
	"context"

	"frond/server/store"
	"frond/wire"
)

// AddDevice extends the account's sigchain and binds the session to the new device, beside the
// account's others.
func (s *Service) AddDevice(ctx context.Context, of store.Session, r *wire.AddDevice) error {
	d := store.Device{ID: r.Device, Account: of.Account, Active: true, Created: s.now()}
	if err := s.store.AddDevice(ctx, of.Account, r.Index, r.Events, d, of.Token); err != nil {
		return err
	}
	s.changed(Changed{Account: of.Account, By: of.Token})
	return nil
}

// RemoveDevice extends the account's sigchain by a removal, opens the vault epoch that goes with it, and
// ends the device's sessions at once.
func (s *Service) RemoveDevice(ctx context.Context, of store.Session, r *wire.RemoveDevice) error {
	if of.Device != nil && *of.Device == r.Device {
		return wire.Errorf(wire.CodeBadRequest, "A device does not remove itself: sign out instead.")
	}
	v := store.Vault{Epoch: r.Vault.Epoch, Header: r.Vault.Header, Revision: r.Vault.Revision, State: r.Vault.State}
	err := s.limits.removals.succeed(of.Account.String(), func() error {
		return s.store.RemoveDevice(ctx, of, r.Index, r.Events, r.Device, v)
	})
	if err != nil {
		return err
	}
	s.revoked(Revoked{Account: of.Account, Device: &r.Device})
	s.revoked(Revoked{Account: of.Account, Loose: true, But: of.Token})
	s.changed(Changed{Account: of.Account, By: of.Token})
	s.changed(Changed{Account: of.Account, By: of.Token, State: &wire.StateRef{Revision: v.Revision, Epoch: v.Epoch}})
	return nil
}

// Devices lists the account's active devices. Those in live are active now.
func (s *Service) Devices(ctx context.Context, of store.Session, live func(wire.ID) bool) (list wire.Devices, err error) {
	all, err := s.store.Devices(ctx, []wire.ID{of.Account})
	list.Devices = []wire.DeviceInfo{}
	for _, d := range all {
		if !d.Active {
			continue
		}
		seen := d.Seen
		if live(d.ID) {
			seen = s.now()
		}
		list.Devices = append(list.Devices, wire.DeviceInfo{
			Device: d.ID, Created: uint64(d.Created.UnixMilli()), Seen: uint64(seen.UnixMilli()), Current: of.Device != nil && *of.Device == d.ID,
		})
	}
	return list, err
}

// Saw notes that a device is active.
func (s *Service) Saw(ctx context.Context, device wire.ID) error {
	return s.store.SawDevice(ctx, device, s.now())
}
