package store

import (
	"context"
	"time"

	"frond/wire"
)

const (
	insertInvite = "INSERT INTO invite (hash, uses, expires) VALUES (?, ?, ?)"
	selectInvite = "SELECT uses FROM invite WHERE hash = ? AND uses > 0 AND expires > ?"
	takeInvite   = "UPDATE invite SET uses = uses - 1 WHERE hash = ? AND uses > 0 AND expires > ?"
	deleteInvite = "DELETE FROM invite WHERE hash = ?"
)

// CreateInvite stores an invite by the hash of its code, good for so many sign-ups until it expires.
func (s *Store) CreateInvite(ctx context.Context, hash wire.Hash, uses int, expires time.Time) error {
	return s.write(ctx, "create invite", func(l *link) error {
		_, err := l.exec(insertInvite, hash[:], uses, number(millis(expires)))
		return err
	})
}

// CheckInvite fails with CodeRegistration when the invite could not be used now.
func (s *Store) CheckInvite(ctx context.Context, hash wire.Hash) error {
	return s.read(ctx, "check invite", func(l *link) error {
		var uses int64
		found, err := l.one([]any{&uses}, selectInvite, hash[:], number(s.now()))
		if err == nil && !found {
			return errNoInvite()
		}
		return err
	})
}

// RevokeInvite makes an invite useless. Revoking one that does not exist is no error.
func (s *Store) RevokeInvite(ctx context.Context, hash wire.Hash) error {
	return s.write(ctx, "revoke invite", func(l *link) error {
		_, err := l.exec(deleteInvite, hash[:])
		return err
	})
}

func (s *Store) useInvite(l *link, hash *wire.Hash) error {
	if hash == nil {
		return nil
	}
	n, err := l.exec(takeInvite, hash[:], number(s.now()))
	if err == nil && n == 0 {
		return errNoInvite()
	}
	return err
}

func errNoInvite() error {
	return wire.Errorf(wire.CodeRegistration, "This invite is not valid any more.")
}
