package account

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"sync"
	"time"

	"frond/server/store"
	"frond/wire"
)

// Options say how a server treats accounts.
type Options struct {
	Store        *store.Store
	Registration string           // wire.RegistrationOpen, RegistrationInvite or RegistrationClosed
	Now          func() time.Time // nil: time.Now
	Rand         io.Reader        // nil: crypto/rand
	Limits       *Limits          // nil: DefaultLimits; &Limits{} has none
}

// Service answers everything about accounts. It is safe for concurrent use.
type Service struct {
	store        *store.Store
	registration string
	now          func() time.Time
	rand         io.Reader
	secret       [32]byte // for the salts of names that do not exist
	limits       *limiters

	mu       sync.Mutex
	onRevoke []func(Revoked)
	onChange []func(Changed)
}

// New returns the service over a store.
func New(ctx context.Context, o Options) (*Service, error) {
	switch o.Registration {
	case wire.RegistrationOpen, wire.RegistrationInvite, wire.RegistrationClosed:
	default:
		return nil, fmt.Errorf("account: registration is %q, want open, invite or closed", o.Registration)
	}
	secret, err := o.Store.ServerSecret(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: server secret: %w", err)
	}
	s := &Service{store: o.Store, registration: o.Registration, now: o.Now, rand: o.Rand, secret: secret}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if o.Limits == nil {
		o.Limits = &DefaultLimits
	}
	s.limits = newLimiters(*o.Limits, s.now)
	return s, nil
}

// Registration is how one gets an account here.
func (s *Service) Registration() string { return s.registration }

// Account returns the account of a session.
func (s *Service) Account(ctx context.Context, id wire.ID) (store.Account, error) {
	return s.store.AccountByID(ctx, id)
}

// Lookup finds accounts by name and id; unknown ones are left out.
func (s *Service) Lookup(ctx context.Context, l *wire.Lookup) (wire.Accounts, error) {
	names := make([]string, 0, len(l.Names))
	for _, n := range l.Names {
		if name, err := wire.CheckUserName(n); err == nil {
			names = append(names, name)
		}
	}
	found, err := s.store.Chains(ctx, names, l.Accounts)
	return wire.Accounts{Accounts: found}, err
}
