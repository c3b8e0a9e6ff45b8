package account

import (
	"context"
	"slices"

	"frond/server/store"
	"frond/wire"
)

// BringForward takes from a device what the account had gone through when the database was set back to an older copy. The
// server believes the sigchain and nothing else: devices that it removes are shut out again, and those that it lists
// may sign in again.
func (s *Service) BringForward(ctx context.Context, of store.Session, r *wire.BringForward) error {
	if of.Device == nil {
		return wire.Errorf(wire.CodeForbidden, "This session is not a device's.")
	}
	if err := s.limits.chain.allow(of.Device.String()); err != nil {
		return err
	}
	g, err := s.grow(ctx, of.Account, r.Index, r.Events)
	if err != nil {
		return err
	}
	before, after := g[0], g[len(g)-1]
	now := active(after)
	if !after.HadRoot(before.Root()) || !slices.Contains(now, *of.Device) { // a reset takes more than a device
		return errOtherEvents()
	}
	f := store.Forward{Index: r.Index, Events: r.Events, Over: r.Over, Vault: removalVault(&r.Vault)}
	if f.Gone, f.Come, err = s.differ(ctx, of.Account, now); err != nil {
		return err
	}
	if err := s.limits.epochs.succeed(of.Account.String(), func() error { return s.store.BringForward(ctx, of, f) }); err != nil {
		return err
	}
	for _, id := range f.Gone {
		s.revoked(Revoked{Account: of.Account, Device: &id})
	}
	if len(f.Gone) > 0 {
		s.revoked(Revoked{Account: of.Account, Loose: true, But: of.Token})
	}
	if len(r.Events) > 0 {
		s.changed(Changed{Account: of.Account, By: of.Token})
	}
	s.changed(Changed{Account: of.Account, By: of.Token, State: &wire.StateRef{Revision: r.Vault.Revision, Epoch: r.Vault.Epoch}})
	return nil
}

// differ compares the devices that a sigchain lists with those that the database has.
func (s *Service) differ(ctx context.Context, account wire.ID, listed []wire.ID) (gone []wire.ID, come []store.Device, err error) {
	known, err := s.store.Devices(ctx, []wire.ID{account})
	if err != nil {
		return nil, nil, err
	}
	for _, d := range known {
		if d.Active && !slices.Contains(listed, d.ID) {
			gone = append(gone, d.ID)
		}
	}
	for _, id := range listed {
		if !slices.ContainsFunc(known, func(d store.Device) bool { return d.ID == id }) {
			come = append(come, store.Device{ID: id, Account: account, Active: true, Created: s.now()})
		}
	}
	return gone, come, nil
}
