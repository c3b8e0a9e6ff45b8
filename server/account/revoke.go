package account

import "frond/wire"

// Revoked says which sessions of an account are no longer good: one, or all except one.
type Revoked struct {
	Account wire.ID
	Session *wire.Hash // hash of its token; nil: all
	Except  *wire.Hash // nil: none is spared
}

// Hits reports whether a session, named by its token's hash, was revoked.
func (r Revoked) Hits(session wire.Hash) bool {
	if r.Session != nil {
		return session == *r.Session
	}
	return r.Except == nil || session != *r.Except
}

// OnRevoke calls f whenever sessions are revoked, after the database says so. f must return soon.
func (s *Service) OnRevoke(f func(Revoked)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onRevoke = append(s.onRevoke[:len(s.onRevoke):len(s.onRevoke)], f)
}

func (s *Service) revoked(r Revoked) {
	s.mu.Lock()
	listeners := s.onRevoke
	s.mu.Unlock()
	for _, f := range listeners {
		f(r)
	}
}
