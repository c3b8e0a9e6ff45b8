package store

import (
	"context"
	"time"

	"frond/wire"
)

const (
	insertSession   = "INSERT INTO session (token, account, device, recovered, created, seen, expires) VALUES (?, ?, ?, ?, ?, ?, ?)"
	selectSession   = "SELECT token, account, device, recovered, created, seen, expires FROM session WHERE token = ? AND expires > ?"
	touchSession    = "UPDATE session SET seen = ?, expires = ? WHERE token = ? AND expires > ?"
	revokeSession   = "DELETE FROM session WHERE token = ?"
	revokeSessions  = "DELETE FROM session WHERE account = ?"
	revokeLoose     = "DELETE FROM session WHERE account = ? AND device IS NULL AND token <> ?"
	revokeRecovered = revokeLoose + " AND recovered = 1"
	secretsOf       = "SELECT auth, recovery FROM account WHERE id = ?"
	expireSessions  = "DELETE FROM session WHERE expires <= ?"
	expireInvites   = "DELETE FROM invite WHERE expires <= ? OR uses <= 0"
	forgetKeyHashes = "DELETE FROM key_package WHERE claimed > 0 AND claimed <= ?"
)

// keyHashesKept is how long a claimed key package's hash guards against a repeated publication.
const keyHashesKept = 90 * 24 * time.Hour

// CreateSession stores a login. A device that it names must be an active one of the account
// (CodeForbidden otherwise), so that a replaced device cannot come back; and the secret that it names must
// be good still (CodeWrongPassword otherwise), so that a password which is changed now opens nothing.
func (s *Store) CreateSession(ctx context.Context, n Session) error {
	return s.write(ctx, "create session", func(l *link) error {
		if err := s.checkSecret(l, n); err != nil {
			return err
		}
		if err := s.checkDevice(l, n.Account, n.Device); err != nil {
			return err
		}
		_, err := l.exec(insertSession, n.Token[:], n.Account[:], nullableID(n.Device), flag(n.Recovered),
			number(millis(n.Created)), number(millis(n.Seen)), number(millis(n.Expires)))
		return err
	})
}

func (s *Store) checkSecret(l *link, n Session) error {
	if n.By == nil {
		return nil
	}
	var auth wire.Hash
	var recovery *wire.Hash
	_, err := l.one([]any{scanHash(&auth), optionalHash{&recovery}}, secretsOf+s.words.forUpdate, n.Account[:])
	if err == nil && *n.By != auth && (recovery == nil || *n.By != *recovery) {
		return wire.Errorf(wire.CodeWrongPassword, "The user name or the password is wrong.")
	}
	return err
}

func (s *Store) checkDevice(l *link, account wire.ID, device *wire.ID) error {
	if device == nil {
		return nil
	}
	var owner wire.ID
	var active bool
	found, err := l.one([]any{scanID(&owner), &active}, deviceExists+s.words.forUpdate, device[:])
	if err == nil && (!found || owner != account || !active) {
		return wire.Errorf(wire.CodeForbidden, "This device is no longer one of the account's.")
	}
	return err
}

func errNoSession() error {
	return wire.Errorf(wire.CodeUnauthenticated, "You are signed out. Sign in again.")
}

// SessionByToken finds a session by the SHA-256 of its token. It fails with CodeUnauthenticated when
// there is none or it expired.
func (s *Store) SessionByToken(ctx context.Context, token wire.Hash) (n Session, err error) {
	err = s.read(ctx, "find session", func(l *link) error {
		found, err := l.one([]any{scanHash(&n.Token), scanID(&n.Account), optionalID{&n.Device}, &n.Recovered,
			timeColumn{&n.Created}, timeColumn{&n.Seen}, timeColumn{&n.Expires}}, selectSession, token[:], number(s.now()))
		if err == nil && !found {
			return errNoSession()
		}
		return err
	})
	return n, err
}

// TouchSession says that the session was used and lives on until expires. It fails with
// CodeUnauthenticated when the session ended.
func (s *Store) TouchSession(ctx context.Context, token wire.Hash, seen, expires time.Time) error {
	return s.write(ctx, "touch session", func(l *link) error {
		n, err := l.exec(touchSession, number(millis(seen)), number(millis(expires)), token[:], number(s.now()))
		if err == nil && n == 0 {
			return errNoSession()
		}
		return err
	})
}

// RevokeSession ends one session. Ending one that does not exist is no error.
func (s *Store) RevokeSession(ctx context.Context, token wire.Hash) error {
	return s.write(ctx, "revoke session", func(l *link) error {
		_, err := l.exec(revokeSession, token[:])
		return err
	})
}

// RevokeSessions ends all sessions of an account.
func (s *Store) RevokeSessions(ctx context.Context, account wire.ID) error {
	return s.write(ctx, "revoke sessions", func(l *link) error {
		_, err := l.exec(revokeSessions, account[:])
		return err
	})
}

// Prune removes what time has made useless: expired sessions, invites and resets, and old hashes of claimed
// key packages. The server calls it now and then.
func (s *Store) Prune(ctx context.Context) error {
	return s.write(ctx, "prune", func(l *link) error {
		now := s.now()
		old := now - min(now, uint64(keyHashesKept.Milliseconds()))
		for _, step := range []struct {
			text  string
			limit uint64
		}{{expireSessions, now}, {expireInvites, now}, {expireResets, now}, {forgetKeyHashes, old}} {
			if _, err := l.exec(step.text, number(step.limit)); err != nil {
				return err
			}
		}
		return nil
	})
}
