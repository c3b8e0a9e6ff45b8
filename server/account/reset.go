package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"frond/server/store"
	"frond/wire"
)

const (
	// ResetHold is how long the devices of an account that is in use may say no before a reset can be finished.
	ResetHold = 24 * time.Hour
	// resetLife is how long a reset can be finished once that is allowed.
	resetLife = 24 * time.Hour
	// inUse is how lately a device must have been active for its account to count as being in use.
	inUse = 30 * 24 * time.Hour
)

// NewReset lets the account of a name begin anew, once, and returns the token that does it and from when
// on: at once, or after ResetHold when one of the account's devices was active lately. The database
// keeps only the token's hash. An earlier reset that was not finished is void.
func NewReset(ctx context.Context, s *store.Store, rand io.Reader, name string, now time.Time) (token string, usable time.Time, err error) {
	a, err := accountNamed(ctx, s, name)
	if err != nil {
		return "", usable, err
	}
	devices, err := s.Devices(ctx, []wire.ID{a.ID})
	if err != nil {
		return "", usable, err
	}
	usable = now
	for _, d := range devices {
		if d.Active && now.Sub(d.Seen) < inUse {
			usable = now.Add(ResetHold)
		}
	}
	var raw [tokenBytes]byte
	if _, err := io.ReadFull(rand, raw[:]); err != nil {
		return "", usable, fmt.Errorf("account: draw a token: %w", err)
	}
	err = s.CreateReset(ctx, store.PendingReset{Account: a.ID, Hash: sha256.Sum256(raw[:]), Usable: usable, Expires: usable.Add(resetLife)})
	return base64.RawURLEncoding.EncodeToString(raw[:]), usable, err
}

// RevokeReset makes the reset of a name's account void. found is false when there was none.
func RevokeReset(ctx context.Context, s *store.Store, name string) (found bool, err error) {
	a, err := accountNamed(ctx, s, name)
	if err != nil {
		return false, err
	}
	return s.CancelReset(ctx, a.ID)
}

func accountNamed(ctx context.Context, s *store.Store, name string) (store.Account, error) {
	name, err := wire.CheckUserName(name)
	if err != nil {
		return store.Account{}, err
	}
	return s.AccountByName(ctx, name)
}

// ResetBegin tells who holds a token what a reset builds on. from is the client's network address.
func (s *Service) ResetBegin(ctx context.Context, from string, r *wire.ResetBegin) (wire.ResetBase, error) {
	name, err := s.mayReset(from, r.Name)
	if err != nil {
		return wire.ResetBase{}, err
	}
	p, err := s.store.ResetFor(ctx, name, sha256.Sum256(r.Token[:]))
	if err != nil {
		return wire.ResetBase{}, err
	}
	a, err := s.store.AccountByID(ctx, p.Account)
	if err != nil {
		return wire.ResetBase{}, err
	}
	chain, err := s.store.Chain(ctx, p.Account)
	return wire.ResetBase{Account: a.ID, Chain: chain, Epoch: a.Epoch, Revision: a.Revision, Now: uint64(s.now().UnixMilli())}, err
}

// mayReset limits attempts like sign-ins.
func (s *Service) mayReset(from, name string) (string, error) {
	name, err := wire.CheckUserName(name)
	if err != nil {
		return "", err
	}
	return name, s.limits.signIn(from, name)
}

// Reset begins an account anew and opens a session for its only device. The sessions there were end, and
// everybody who shares a conversation with the account is told.
func (s *Service) Reset(ctx context.Context, from string, r *wire.Reset) (token string, _ wire.Session, err error) {
	name, err := s.mayReset(from, r.Name)
	if err != nil {
		return "", wire.Session{}, err
	}
	if err := s.checkReset(ctx, name, r); err != nil {
		return "", wire.Session{}, err
	}
	id, err := s.store.ResetAccount(ctx, &store.Reset{
		Name: name, Hash: sha256.Sum256(r.Token[:]), Device: store.Device{ID: r.Device, Created: s.now()},
		Index: r.Index, Events: r.Events, Auth: hashAuth(r.Auth), KDF: r.KDF,
		Epoch: r.Epoch, Header: r.Header, Revision: r.Revision, State: r.State,
	})
	if err != nil {
		return "", wire.Session{}, err
	}
	chain, err := s.store.Chain(ctx, id)
	if err != nil {
		return "", wire.Session{}, err
	}
	s.changed(Changed{Account: id, Chain: chain})
	s.revoked(Revoked{Account: id})
	s.tellNeighbours(ctx, id)
	a, err := s.store.AccountByID(ctx, id)
	if err != nil {
		return "", wire.Session{}, err
	}
	s.networks.note(id, from)
	token, err = s.openSession(ctx, store.Session{Account: id, Device: &r.Device})
	return token, session(&a, &r.Device, chain), err
}

// checkReset verifies the events of a reset, for who may carry it out.
func (s *Service) checkReset(ctx context.Context, name string, r *wire.Reset) error {
	p, err := s.store.ResetFor(ctx, name, sha256.Sum256(r.Token[:]))
	if err != nil {
		return err
	}
	g, err := s.grow(ctx, p.Account, r.Index, r.Events)
	if err == nil && !g.resets(r.Device) {
		err = errOtherEvents()
	}
	return err
}

// tellNeighbours lets those who are connected look at the account's sigchain now; others do when they come.
func (s *Service) tellNeighbours(ctx context.Context, of wire.ID) {
	list, err := s.store.Neighbours(ctx, of)
	if err != nil {
		return // they hear of it when they connect
	}
	for _, id := range list {
		s.changed(Changed{Account: of, To: id})
	}
}

// CancelReset makes the reset of a session's account void: whoever can sign in has not lost everything.
func (s *Service) CancelReset(ctx context.Context, of store.Session) error {
	_, err := s.store.CancelReset(ctx, of.Account)
	return err
}

// PendingReset says from when on a reset of an account can be finished, in milliseconds since 1970; 0: none.
func (s *Service) PendingReset(ctx context.Context, account wire.ID) (uint64, error) {
	p, err := s.store.ResetOf(ctx, account)
	if err != nil || p == nil {
		return 0, err
	}
	return uint64(p.Usable.UnixMilli()), nil
}

// WatchResets tells accounts of resets that were begun beside this server, by an administrator's command,
// until ctx ends.
func (s *Service) WatchResets(ctx context.Context, every time.Duration) {
	told := map[wire.Hash]bool{}
	for {
		if list, err := s.store.Resets(ctx); err == nil {
			told = s.tellResets(list, told)
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
	}
}

func (s *Service) tellResets(list []store.PendingReset, told map[wire.Hash]bool) map[wire.Hash]bool {
	now := map[wire.Hash]bool{}
	for _, p := range list {
		now[p.Hash] = true
		if !told[p.Hash] {
			s.changed(Changed{Account: p.Account, Reset: uint64(p.Usable.UnixMilli())})
		}
	}
	return now
}
