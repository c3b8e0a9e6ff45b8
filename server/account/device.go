package account

import (
	"bytes"
	"context"
	"slices"

	"frond/server/store"
	"frond/wire"
)

// AddDevice extends the account's sigchain by the event that lists the device, and binds the session to
// it. In the place of another it does to that one what a removal does, in the same step. The same request again, because its answer was lost, is answered the same.
func (s *Service) AddDevice(ctx context.Context, from string, of store.Session, r *wire.AddDevice) error {
	err := s.addDevice(ctx, from, of, r)
	if code := wire.CodeOf(err); (code == wire.CodeConflict || code == wire.CodeForbidden) && s.added(ctx, of, r) {
		return nil
	}
	if err != nil {
		return err
	}
	s.endApprovals(Revoked{Account: of.Account, Session: &of.Token}) // it is in, however it came in
	if r.Replace != nil {
		s.removed(of, r.Replace.Device, r.Replace.Vault)
		return nil
	}
	s.changed(Changed{Account: of.Account, By: of.Token})
	return nil
}

func (s *Service) addDevice(ctx context.Context, from string, of store.Session, r *wire.AddDevice) error {
	if of.Device != nil {
		return wire.Errorf(wire.CodeForbidden, "This session is a device's already.")
	}
	if err := s.limits.chain.allow(network(from) + " " + of.Account.String()); err != nil {
		return err
	}
	g, err := s.grow(ctx, of.Account, r.Index, r.Events)
	if err != nil {
		return err
	}
	d := store.Device{ID: r.Device, Account: of.Account, Active: true, Created: s.now()}
	if r.Replace != nil {
		return s.replaceDevice(ctx, of, r, g, d)
	}
	if !g.adds(r.Device) {
		return errOtherEvents()
	}
	return s.store.AddDevice(ctx, of.Account, r.Index, r.Events, d, of.Token)
}

func (s *Service) replaceDevice(ctx context.Context, of store.Session, r *wire.AddDevice, g growth, d store.Device) error {
	gone := r.Replace.Device
	if !g.replaces(gone, d.ID) {
		return errOtherEvents()
	}
	return s.limits.removals.succeed(of.Account.String(), func() error {
		return s.store.ReplaceDevice(ctx, of, r.Index, r.Events, gone, removalVault(r.Replace.Vault), d)
	})
}

// added reports whether the session became this device by these events.
func (s *Service) added(ctx context.Context, of store.Session, r *wire.AddDevice) bool {
	now, err := s.store.SessionByToken(ctx, of.Token)
	if err != nil || now.Device == nil || *now.Device != r.Device {
		return false
	}
	chain, err := s.store.Chain(ctx, of.Account)
	return err == nil && r.Index < uint64(len(chain)) && slices.EqualFunc(chain[r.Index:min(r.Index+uint64(len(r.Events)), uint64(len(chain)))], r.Events, bytes.Equal)
}

// RemoveDevice extends the account's sigchain by a removal and the root that replaces the one the device
// knew, opens the vault epoch that goes with it, and ends the device's sessions at once.
func (s *Service) RemoveDevice(ctx context.Context, of store.Session, r *wire.RemoveDevice) error {
	if of.Device == nil {
		return wire.Errorf(wire.CodeForbidden, "This session is not a device's.")
	}
	if *of.Device == r.Device {
		return wire.Errorf(wire.CodeBadRequest, "A device does not remove itself: sign out instead.")
	}
	if err := s.limits.chain.allow(of.Device.String()); err != nil {
		return err
	}
	g, err := s.grow(ctx, of.Account, r.Index, r.Events)
	if err != nil {
		return err
	}
	if !g.removes(r.Device) {
		return errOtherEvents()
	}
	err = s.limits.removals.succeed(of.Account.String(), func() error {
		return s.store.RemoveDevice(ctx, of, r.Index, r.Events, r.Device, removalVault(r.Vault))
	})
	if err == nil {
		s.removed(of, r.Device, r.Vault)
	}
	return err
}

func removalVault(v *wire.PutVault) store.Vault {
	return store.Vault{Epoch: v.Epoch, Header: v.Header, Revision: v.Revision, State: v.State}
}

// removed tells of a device that is gone, and of the sigchain and the vault that changed with it.
func (s *Service) removed(of store.Session, device wire.ID, v *wire.PutVault) {
	s.revoked(Revoked{Account: of.Account, Device: &device})
	s.revoked(Revoked{Account: of.Account, Loose: true, But: of.Token})
	s.changed(Changed{Account: of.Account, By: of.Token})
	s.changed(Changed{Account: of.Account, By: of.Token, State: &wire.StateRef{Revision: v.Revision, Epoch: v.Epoch}})
}

// MaySum takes one of an account's requests for sums of pages that come without a connection.
func (s *Service) MaySum(of store.Session) error { return s.limits.sums.allow(of.Account.String()) }

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
