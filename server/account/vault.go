package account

import (
	"context"
	"crypto/subtle"

	"frond/server/store"
	"frond/wire"
)

// Recover checks a recovery code and opens a session. from is the client's network address. It is
// limited like SignIn; names that do not exist, accounts without a code, and wrong codes get one answer.
func (s *Service) Recover(ctx context.Context, from string, r *wire.Recover) (token string, _ wire.Session, err error) {
	name, err := wire.CheckUserName(r.Name)
	if err != nil {
		return "", wire.Session{}, err
	}
	if err := s.limits.signIn(from, name); err != nil {
		return "", wire.Session{}, err
	}
	c, _, err := s.store.CredentialsByName(ctx, name)
	if err != nil {
		return "", wire.Session{}, err
	}
	given, known := hashAuth(r.Auth), wire.Hash{}
	if c.Recovery != nil {
		known = *c.Recovery
	}
	if subtle.ConstantTimeCompare(given[:], known[:]) != 1 || c.Recovery == nil {
		return "", wire.Session{}, wire.Errorf(wire.CodeWrongPassword, "The user name or the recovery code is wrong.")
	}
	a, err := s.store.AccountByID(ctx, c.Account)
	if err != nil {
		return "", wire.Session{}, err
	}
	chain, err := s.store.Chain(ctx, a.ID)
	if err != nil {
		return "", wire.Session{}, err
	}
	token, err = s.openSession(ctx, store.Session{Account: a.ID, Recovered: true, By: &given})
	if err == nil {
		s.networks.note(a.ID, from)
	}
	return token, session(&a, nil, chain), err
}

// State returns an account's sealed state.
func (s *Service) State(ctx context.Context, account wire.ID) (wire.State, error) {
	a, err := s.store.AccountByID(ctx, account)
	return wire.State{Revision: a.Revision, Epoch: a.Epoch, Header: a.Header, State: a.State}, err
}

// PutState replaces an account's sealed state, and tells the account's other connections.
func (s *Service) PutState(ctx context.Context, of store.Session, p *wire.PutState) error {
	if err := s.store.PutState(ctx, of.Account, p.Epoch, p.Revision, p.State); err != nil {
		return err
	}
	s.changed(Changed{Account: of.Account, By: of.Token, State: &wire.StateRef{Revision: p.Revision, Epoch: p.Epoch}})
	return nil
}

// PutVault opens a new vault epoch. With a new password the account's sessions that have no device end; the others
// stay. Guesses at the present password are limited like sign-ins.
func (s *Service) PutVault(ctx context.Context, of store.Session, p *wire.PutVault) error {
	v := store.Vault{Epoch: p.Epoch, Header: p.Header, Revision: p.Revision, State: p.State, RecoveryOff: p.RecoveryOff}
	if p.Recovery != nil {
		h := hashAuth(*p.Recovery)
		v.Recovery = &h
	}
	if p.Password != nil {
		if err := s.limits.byAccount.allow("session " + of.Account.String()); err != nil {
			return err
		}
		v.Password = &store.Password{Auth: hashAuth(p.Password.Auth), KDF: p.Password.KDF}
		if p.Password.Current != nil {
			h := hashAuth(*p.Password.Current)
			v.Password.Current = &h
		}
	}
	if err := s.openEpoch(ctx, of, v); err != nil {
		return err
	}
	if v.Password != nil {
		s.revoked(Revoked{Account: of.Account, Loose: true, But: of.Token})
	}
	s.changed(Changed{Account: of.Account, By: of.Token, State: &wire.StateRef{Revision: p.Revision, Epoch: p.Epoch}})
	return nil
}

// openEpoch counts epochs, but for those with a password, which were counted as guesses: nobody with a device uses up
// what the owner needs to set another.
func (s *Service) openEpoch(ctx context.Context, of store.Session, v store.Vault) error {
	put := func() error { return s.store.PutVault(ctx, of, v) }
	if v.Password != nil {
		return put()
	}
	return s.limits.epochs.succeed(of.Account.String(), put)
}

// Changed says that an account's state, or its sigchain, is not what it was.
type Changed struct {
	Account  wire.ID
	By       wire.Hash          // the session that changed it, which knows already
	State    *wire.StateRef     // nil: the sigchain grew, or will
	Chain    [][]byte           // after a reset, for the devices that it shuts out
	Reset    uint64             // a reset was begun: from when on it can be finished, milliseconds since 1970
	Approval *wire.ApprovalNews // a device asks to be let in, or that went on
	To       wire.ID            // who is told; zero: the account itself
}

// OnChange calls f whenever an account changes, after the database says so. f must return soon.
func (s *Service) OnChange(f func(Changed)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onChange = append(s.onChange[:len(s.onChange):len(s.onChange)], f)
}

func (s *Service) changed(c Changed) {
	s.mu.Lock()
	listeners := s.onChange
	s.mu.Unlock()
	for _, f := range listeners {
		f(c)
	}
}
