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
	networks     networks
	approvals    approvals

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
	s.approvals = approvals{now: s.now, all: map[wire.ID]*approval{}}
	return s, nil
}

// Registration is how one gets an account here.
func (s *Service) Registration() string { return s.registration }

// Account returns the account of a session.
func (s *Service) Account(ctx context.Context, id wire.ID) (store.Account, error) {
	return s.store.AccountByID(ctx, id)
}

const (
	// lookupBytes bounds the sigchains in one answer, which must fit into a frame. A chain is as long as
	// its owner made it.
	lookupBytes = 4 << 20
	// fairChain is a length that no account's chain is left out for while others are short.
	fairChain = 64 << 10
	// lookupStep is how many accounts' chains are in memory beside the answer.
	lookupStep = 4
)

// Lookup finds accounts by name and id, each once. Unknown ones are left out, and so are those whose
// sigchain has not changed, or takes more than its share of lookupBytes.
func (s *Service) Lookup(ctx context.Context, l *wire.Lookup) (answer wire.Accounts, err error) {
	names := make([]string, 0, len(l.Names))
	for _, n := range l.Names {
		if name, err := wire.CheckUserName(n); err == nil {
			names = append(names, name)
		}
	}
	ids, err := s.news(ctx, l)
	if err != nil {
		return wire.Accounts{}, err
	}
	room, seen := lookupBytes, map[wire.ID]bool{}
	for len(names)+len(ids) > 0 {
		n, m := min(len(names), lookupStep), min(len(ids), lookupStep)
		found, err := s.store.Chains(ctx, names[:n], ids[:m])
		if err != nil {
			return wire.Accounts{}, err
		}
		share := min(room, max(room/(len(names)+len(ids)), fairChain))
		names, ids = names[n:], ids[m:]
		for _, a := range found {
			if size := chainSize(a.Chain); size <= min(share, room) && !seen[a.ID] {
				seen[a.ID], room = true, room-size
				answer.Accounts = append(answer.Accounts, a)
			}
		}
	}
	return answer, nil
}

// news leaves out the accounts whose sigchain is as long as the one who asks knows it.
func (s *Service) news(ctx context.Context, l *wire.Lookup) (ids []wire.ID, err error) {
	if len(l.Known) == 0 {
		return l.Accounts, nil
	}
	lengths, err := s.store.ChainLengths(ctx, l.Accounts)
	for i, id := range l.Accounts {
		if lengths[id] != l.Known[i] {
			ids = append(ids, id)
		}
	}
	return ids, err
}

func chainSize(events [][]byte) (n int) {
	for _, e := range events {
		n += len(e)
	}
	return n
}
