package account

import (
	"context"
	"crypto/sha256"

	"frond/identity"
	"frond/server/store"
	"frond/wire"
)

// challengeOf is what a device signs to go on in a session. It is as fresh as the session's token, and tells nothing of it.
func challengeOf(token wire.Hash) *wire.Hash {
	h := wire.Hash(sha256.Sum256(append([]byte("frond/challenge/v1"), token[:]...)))
	return &h
}

// Resume makes a session that a password opened that of a device which the account has. A password alone is nobody's
// device: the device's key says that it is there.
func (s *Service) Resume(ctx context.Context, of store.Session, r *wire.Resume) error {
	if err := s.limits.chain.allow("resume " + of.Account.String()); err != nil {
		return err
	}
	events, err := s.store.Chain(ctx, of.Account)
	if err != nil {
		return err
	}
	chain, err := identity.ParseChain(events)
	if err != nil {
		return err
	}
	device, listed := chain.Device(identity.ID(r.Device))
	if !listed || !device.Active() || identity.VerifyResume(device.Key, r.Signed(of.Account, *challengeOf(of.Token)), r.Signature) != nil {
		return wire.Errorf(wire.CodeForbidden, "this is not one of the account's devices")
	}
	if of.Device != nil && *of.Device == r.Device {
		return nil // the answer was lost
	}
	return s.store.BindSession(ctx, of.Account, r.Device, of.Token)
}
