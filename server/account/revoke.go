package account

import "frond/wire"

// Revoked says which sessions of an account are no longer good: those of one device, or one session, or those
// without a device, or all.
type Revoked struct {
	Account wire.ID
	Session *wire.Hash // hash of its token; nil: all
	Device  *wire.ID   // nil: of any
	Loose   bool       // those without a device, but for the one whose token's hash is But
	But     wire.Hash
}

// Hits reports whether a session, named by its token's hash, and of a device if it has one, was revoked.
func (r Revoked) Hits(session wire.Hash, device *wire.ID) bool {
	if r.Loose {
		return device == nil && session != r.But
	}
	if r.Device != nil {
		return device != nil && *device == *r.Device
	}
	return r.Session == nil || session == *r.Session
}

// OnRevoke calls f whenever sessions are revoked, after the database says so. f must return soon.
func (s *Service) OnRevoke(f func(Revoked)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onRevoke = append(s.onRevoke[:len(s.onRevoke):len(s.onRevoke)], f)
}

func (s *Service) revoked(r Revoked) {
	s.endApprovals(r)
	s.mu.Lock()
	listeners := s.onRevoke
	s.mu.Unlock()
	for _, f := range listeners {
		f(r)
	}
}
