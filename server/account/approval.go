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

// asker returns the session of a token, which must have no device, and counts the request.
func (s *Service) asker(ctx context.Context, token string) (store.Session, error) {
	of, err := s.Authenticate(ctx, token)
	if err != nil {
		return of, err
	}
	if of.Device != nil {
		return of, wire.Errorf(wire.CodeForbidden, "This session is a device's already.")
	}
	return of, s.limits.approval.allow(of.Token.String())
}

func (s *Service) tellApproval(account wire.ID, news wire.ApprovalNews) {
	s.changed(Changed{Account: account, Approval: &news})
}

// ApprovalStart asks the account's devices to let the session's device in.
func (s *Service) ApprovalStart(ctx context.Context, token string, r *wire.ApprovalStart) error {
	of, err := s.asker(ctx, token)
	if err != nil {
		return err
	}
	if err := s.limits.asking.allow(of.Account.String()); err != nil {
		return err
	}
	next, old, err := s.approvals.start(of.Account, of.Token, r)
	if err != nil {
		return err
	}
	if old != nil {
		s.tellApproval(of.Account, *old)
	}
	s.tellApproval(of.Account, next)
	return nil
}

// ApprovalPoll says how far a request is. A session that was denied hears so although it is over.
func (s *Service) ApprovalPoll(ctx context.Context, token string, r *wire.ApprovalRef) (status wire.ApprovalStatus, err error) {
	if hash, err := hashToken(token); err == nil && s.approvals.denied(r.ID, hash) {
		return wire.ApprovalStatus{State: wire.ApprovalDenied}, nil
	}
	of, err := s.asker(ctx, token)
	if err != nil {
		return status, err
	}
	_, err = s.approvals.ofAsker(of.Account, r.ID, of.Token, func(a *approval) error { status = a.status(); return nil })
	if err != nil || status.State != wire.ApprovalAllowed {
		return status, err
	}
	locked, err := s.Locked(ctx, of)
	status.Session = &locked
	return status, err
}

// ApprovalReveal shows what a request committed to.
func (s *Service) ApprovalReveal(ctx context.Context, token string, r *wire.ApprovalReveal) error {
	of, err := s.asker(ctx, token)
	if err != nil {
		return err
	}
	news, err := s.approvals.ofAsker(of.Account, r.ID, of.Token, func(a *approval) error { return a.reveal(r) })
	if err == nil {
		s.tellApproval(of.Account, news)
	}
	return err
}

// ApprovalStop gives the session's request up. Giving up what is over is no error.
func (s *Service) ApprovalStop(ctx context.Context, token string, _ *wire.ApprovalRef) error {
	of, err := s.asker(ctx, token)
	if err == nil {
		s.endApprovals(Revoked{Account: of.Account, Session: &of.Token})
	}
	return err
}

// endApprovals forgets the requests of sessions that are over, and tells the accounts' devices.
func (s *Service) endApprovals(r Revoked) {
	for _, news := range s.approvals.drop(r) {
		s.tellApproval(r.Account, *news)
	}
}

// Approvals lists the requests that an account's devices can answer.
func (s *Service) Approvals(account wire.ID) []wire.ApprovalNews { return s.approvals.open(account) }

// OpenApproval takes a request up for one of the account's devices.
func (s *Service) OpenApproval(of store.Session, q *wire.Approval) error {
	news, err := s.approvals.with(of.Account, q.ID, func(a *approval) error { return a.open(of.Token, q.Nonce) })
	if err == nil {
		s.tellApproval(of.Account, news)
	}
	return err
}

// Allow answers a request. Denying it ends the session that asked.
func (s *Service) Allow(ctx context.Context, of store.Session, q *wire.Allow) error {
	var asker wire.Hash
	news, err := s.approvals.with(of.Account, q.ID, func(a *approval) error {
		asker = a.asker
		return a.answer(of.Token, q)
	})
	if err != nil {
		return err
	}
	s.tellApproval(of.Account, news)
	if q.Allow {
		return nil
	}
	if err := s.store.RevokeSession(ctx, asker); err != nil {
		return err
	}
	s.revoked(Revoked{Account: of.Account, Session: &asker})
	return nil
}
