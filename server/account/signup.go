package account

import (
	"context"

	"frond/identity"
	"frond/server/store"
	"frond/wire"
)

// SignUp creates an account with its first device and opens a session. from is the client's network
// address.
func (s *Service) SignUp(ctx context.Context, from string, r *wire.SignUp) (token string, _ wire.Session, err error) {
	invite, err := s.admit(ctx, from, r.Invite)
	if err != nil {
		return "", wire.Session{}, err
	}
	name, err := wire.CheckUserName(r.Name)
	if err != nil {
		return "", wire.Session{}, err
	}
	if wire.Reserved(name) {
		return "", wire.Session{}, wire.Errorf(wire.CodeNameInvalid, "This user name is reserved.")
	}
	chain, err := identity.ParseChain(r.Chain)
	if err != nil {
		return "", wire.Session{}, errInvalidEvents(err)
	}
	if !begins(chain, r.Account, name, r.Device) {
		return "", wire.Session{}, errOtherEvents()
	}
	a := store.Account{
		ID: r.Account, Name: name, AuthHash: hashAuth(r.Auth), KDF: r.KDF,
		Header: r.Header, Epoch: 1, State: r.State, Revision: 1, Created: s.now(),
	}
	if r.Recovery != nil {
		recovery := hashAuth(*r.Recovery)
		a.Recovery = &recovery
	}
	d := store.Device{ID: r.Device, Account: r.Account, Active: true, Created: s.now()}
	if err := s.store.CreateAccount(ctx, a, r.Chain, d, invite); err != nil {
		return "", wire.Session{}, err
	}
	s.networks.note(a.ID, from)
	token, err = s.openSession(ctx, store.Session{Account: a.ID, Device: &d.ID})
	return token, session(&a, &d.ID, r.Chain), err
}

// admit checks that anybody may sign up, or that this invite lets one in, and returns the invite's hash.
// The store checks the invite again in the transaction that uses it up.
func (s *Service) admit(ctx context.Context, from, code string) (*wire.Hash, error) {
	if err := s.limits.signUp.allow(from); err != nil {
		return nil, err
	}
	switch s.registration {
	case wire.RegistrationOpen:
		return nil, nil
	case wire.RegistrationInvite:
		invite, err := parseInvite(code)
		if err != nil {
			return nil, err
		}
		return &invite, s.store.CheckInvite(ctx, invite)
	default:
		return nil, wire.Errorf(wire.CodeRegistration, "This server takes no new accounts.")
	}
}

// session is what a client is told when it signed up or in.
func session(a *store.Account, device *wire.ID, chain [][]byte) wire.Session {
	return wire.Session{
		Account: a.ID, Name: a.Name, Device: device, Chain: chain,
		Header: a.Header, State: a.State, Revision: a.Revision, Epoch: a.Epoch, Recovery: a.Recovery != nil,
	}
}
