package account

import (
	"context"

	"frond/server/store"
	"frond/wire"
)

// Locked tells a session without a device what there is to unlock.
func (s *Service) Locked(ctx context.Context, of store.Session) (wire.Session, error) {
	if of.Device != nil {
		return wire.Session{}, wire.Errorf(wire.CodeForbidden, "This session is a device's already.")
	}
	a, err := s.store.AccountByID(ctx, of.Account)
	if err != nil {
		return wire.Session{}, err
	}
	chain, err := s.store.Chain(ctx, of.Account)
	return session(&a, nil, chain), err
}
