package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"frond/wire"
)

// A transaction that a lock or a race undid is tried again: so many times, and not after so long,
// since waiting for a lock takes seconds.
const (
	attempts  = 8
	attempted = 15 * time.Second
)

// failure is a database that did not do its part. For clients it is CodeUnavailable; the cause is
// for the server's log.
type failure struct {
	refusal *wire.Error
	cause   error
}

func (f *failure) Error() string   { return f.cause.Error() }
func (f *failure) Unwrap() []error { return []error{f.refusal, f.cause} }

// fail turns an error of the database into a failure and lets a refusal pass as it is.
func fail(operation string, err error) error {
	var refusal *wire.Error
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return &failure{
		refusal: wire.Errorf(wire.CodeUnavailable, "The database does not answer. Try again."),
		cause:   fmt.Errorf("store: %s: %w", operation, err),
	}
}

// read runs f on a connection for reading, and once more when the connection had died while idle.
func (s *Store) read(ctx context.Context, operation string, f func(*link) error) error {
	for {
		l, err := s.readers.take(ctx)
		if err != nil {
			return fail(operation, err)
		}
		again := l.old
		err = f(l)
		if !brokenLink(err) {
			s.readers.give(l)
			return fail(operation, err)
		}
		s.readers.drop(l)
		if !again {
			return fail(operation, err)
		}
	}
}

// write runs f in a transaction. An error of f, a *wire.Error too, undoes everything. A deadlock, a
// lock that took too long and a race for a unique key are tried again, so f must begin anew each time.
func (s *Store) write(ctx context.Context, operation string, f func(*link) error) error {
	start := time.Now()
	for attempt := 1; ; attempt++ {
		err := s.writeOnce(ctx, f)
		if err == nil || attempt == attempts || time.Since(start) > attempted || !s.again(err) {
			return fail(operation, err)
		}
		time.Sleep(time.Duration(attempt) * time.Millisecond)
	}
}

func (s *Store) again(err error) bool {
	return !isRefusal(err) && (s.dialect.transient(err) || s.dialect.duplicate(err))
}

func (s *Store) writeOnce(ctx context.Context, f func(*link) error) (err error) {
	l, err := s.begin(ctx)
	if err != nil {
		return err
	}
	var left *known // only a committed transaction leaves what it says it leaves
	sound := false  // a link is kept only when it is known to be outside a transaction
	defer func() {
		l.kept, l.next = left, nil
		if sound {
			s.writers.give(l)
		} else {
			s.writers.drop(l)
		}
	}()
	if err = f(l); err == nil {
		err = l.script("COMMIT")
	}
	if err == nil {
		sound, left = true, l.next
		return nil
	}
	sound = !brokenLink(err) && l.script("ROLLBACK") == nil
	return err
}

// begin takes a link and begins a transaction, on a new connection when an idle one had died.
func (s *Store) begin(ctx context.Context) (*link, error) {
	for {
		l, err := s.writers.take(ctx)
		if err != nil {
			return nil, err
		}
		if err = l.script(s.words.begin); err == nil {
			return l, nil
		}
		again := l.old
		if !brokenLink(err) {
			s.writers.give(l)
			return nil, fmt.Errorf("begin: %w", err)
		}
		s.writers.drop(l)
		if !again {
			return nil, fmt.Errorf("begin: %w", err)
		}
	}
}

func isRefusal(err error) bool {
	var refusal *wire.Error
	return errors.As(err, &refusal)
}

// brokenLink reports that the connection failed and not the statement.
func brokenLink(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || connectionEnded(err)
}
