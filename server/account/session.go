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
	// Lifetime is how long a session lives after it was last used.
	Lifetime = 30 * 24 * time.Hour
	// A session's row is written at most this often because of its use.
	touchAfter = time.Hour
	tokenBytes = 32
)

// SignIn checks a password and opens a session. from is the client's network address.
func (s *Service) SignIn(ctx context.Context, from string, r *wire.SignIn) (token string, _ wire.Session, err error) {
	name, err := wire.CheckUserName(r.Name)
	if err != nil {
		return "", wire.Session{}, err
	}
	if err := s.limits.signIn(from, name); err != nil {
		return "", wire.Session{}, err
	}
	a, err := s.authenticate(ctx, from, name, r.Auth)
	if err != nil {
		return "", wire.Session{}, err
	}
	chain, err := s.store.Chain(ctx, a.ID)
	if err != nil {
		return "", wire.Session{}, err
	}
	by := hashAuth(r.Auth)
	token, err = s.openSession(ctx, store.Session{Account: a.ID, By: &by})
	if err != nil {
		return "", wire.Session{}, err
	}
	s.networks.note(a.ID, from)
	hash, err := hashToken(token)
	out := session(&a, nil, chain)
	out.Challenge = challengeOf(hash)
	return token, out, err
}

func (s *Service) openSession(ctx context.Context, n store.Session) (token string, err error) {
	var raw [tokenBytes]byte
	if _, err := io.ReadFull(s.rand, raw[:]); err != nil {
		return "", fmt.Errorf("account: draw a token: %w", err)
	}
	now := s.now()
	n.Token, n.Created, n.Seen, n.Expires = sha256.Sum256(raw[:]), now, now, now.Add(Lifetime)
	err = s.store.CreateSession(ctx, n)
	return base64.RawURLEncoding.EncodeToString(raw[:]), err
}

// hashToken is what the database keeps of a token. What does not look like one is nobody's.
func hashToken(token string) (wire.Hash, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != tokenBytes {
		return wire.Hash{}, unauthenticated()
	}
	return sha256.Sum256(raw), nil
}

func unauthenticated() error {
	return wire.Errorf(wire.CodeUnauthenticated, "You are signed out. Sign in again.")
}

// Authenticate returns the session of a token, or CodeUnauthenticated, and notes that it was used.
func (s *Service) Authenticate(ctx context.Context, token string) (store.Session, error) {
	hash, err := hashToken(token)
	if err != nil {
		return store.Session{}, err
	}
	return s.use(ctx, hash)
}

func (s *Service) use(ctx context.Context, hash wire.Hash) (store.Session, error) {
	found, err := s.store.SessionByToken(ctx, hash)
	if err != nil {
		return store.Session{}, err
	}
	now := s.now()
	if !now.Before(found.Expires) {
		return store.Session{}, unauthenticated()
	}
	if now.Sub(found.Seen) >= touchAfter {
		found.Seen, found.Expires = now, now.Add(Lifetime)
		err = s.store.TouchSession(ctx, hash, found.Seen, found.Expires)
	}
	return found, err
}

// SignOut revokes a session. Revoking one that is gone already is no error.
func (s *Service) SignOut(ctx context.Context, token string) error {
	hash, err := hashToken(token)
	if err != nil {
		return nil
	}
	found, err := s.store.SessionByToken(ctx, hash)
	if wire.CodeOf(err) == wire.CodeUnauthenticated {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.store.RevokeSession(ctx, hash); err != nil {
		return err
	}
	s.revoked(Revoked{Account: found.Account, Session: &hash})
	return nil
}

// Refresh returns a session as it is now, or CodeUnauthenticated. Connections that live long ask.
func (s *Service) Refresh(ctx context.Context, of store.Session) (store.Session, error) {
	return s.use(ctx, of.Token)
}
