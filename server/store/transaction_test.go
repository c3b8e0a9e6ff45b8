package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"frond/wire"
)

// unlucky is a real database whose transactions lose a race as often as a test says.
type unlucky struct{ dialect }

var errDeadlock = errors.New("deadlock")

func (unlucky) transient(err error) bool { return errors.Is(err, errDeadlock) }

func unluckyStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: "sqlite::memory:"})
	check(t, err)
	s.dialect = unlucky{s.dialect}
	return s
}

// insertInviteAnd is a transaction that fails after its work was done.
func insertInviteAnd(ctx context.Context, s *Store, tries *int, failures int, err error) error {
	return s.write(ctx, "test", func(l *link) error {
		*tries++
		hash := wire.Hash{1}
		if _, err := l.exec(insertInvite, hash[:], 1, number(millis(time.Now().Add(time.Hour)))); err != nil {
			return err
		}
		if *tries <= failures {
			return err
		}
		return nil
	})
}

func TestADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := unluckyStore(t)
		defer s.Close()
		tries := 0
		check(t, insertInviteAnd(t.Context(), s, &tries, attempts-1, errDeadlock))
		if tries != attempts {
			t.Errorf("%d tries", tries)
		}
		check(t, s.CheckInvite(t.Context(), wire.Hash{1}))
	})
}

func TestTryingAgainHasAnEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := unluckyStore(t)
		defer s.Close()
		tries := 0
		err := insertInviteAnd(t.Context(), s, &tries, 1000, errDeadlock)
		if tries != attempts || wire.CodeOf(err) != wire.CodeUnavailable || !errors.Is(err, errDeadlock) {
			t.Errorf("%d tries, %v", tries, err)
		}
		if wire.CodeOf(s.CheckInvite(t.Context(), wire.Hash{1})) != wire.CodeRegistration {
			t.Error("the failed transaction left something behind")
		}
		tries = 0
		slow := s.write(t.Context(), "test", func(*link) error { tries++; time.Sleep(10 * time.Second); return errDeadlock })
		if tries != 2 || slow == nil {
			t.Errorf("%d tries of 10 s each, %v", tries, slow)
		}
	})
}

// A panic in the middle, which a server survives, must not leave the transaction open for the next.
func TestAPanicUndoesItsTransaction(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{URL: "sqlite", Dir: t.TempDir()})
	check(t, err)
	defer s.Close()
	func() {
		defer func() { _ = recover() }()
		_ = s.write(t.Context(), "test", func(l *link) error {
			hash := wire.Hash{1}
			_, err := l.exec(insertInvite, hash[:], 1, number(1<<60))
			check(t, err)
			panic("a fault of the program")
		})
	}()
	if wire.CodeOf(s.CheckInvite(t.Context(), wire.Hash{1})) != wire.CodeRegistration {
		t.Error("half a transaction was kept")
	}
	check(t, s.CreateInvite(t.Context(), wire.Hash{2}, 1, time.Now().Add(time.Hour)))
}
