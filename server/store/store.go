package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dialect dialect
	words   *words
	readers *pool
	writers *pool // the same pool as readers where a database allows one connection only
	clock   func() time.Time
	wary    atomic.Int32 // batches in which retries are looked for
}

// Open connects to a database and brings its tables up to date. It fails when the database was made
// by a newer program, when another server holds a SQLite file, and when a MySQL or MariaDB accepts
// only packets too small for what the wire allows.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.setDefaults()
	d, err := o.dialect()
	if err != nil {
		return nil, err
	}
	readers, writers, err := d.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	s := &Store{dialect: d, words: d.words(), readers: readers, writers: writers, clock: o.Now}
	if err := s.prepare(ctx); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("store: open: %w", err)
	}
	return s, nil
}

// Close waits for the calls that are running and closes the database.
func (s *Store) Close() error {
	err := s.writers.close()
	if s.readers != s.writers {
		err = firstErr(err, s.readers.close())
	}
	if err = firstErr(err, s.dialect.close()); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "ping", func(l *link) error {
		var version int64
		_, err := l.one([]any{&version}, "SELECT MAX(version) FROM migration")
		return err
	})
}

// Now is the clock by which messages expire, in milliseconds since 1970.
func (s *Store) Now() uint64 { return s.now() }

// now is the clock in milliseconds since 1970.
func (s *Store) now() uint64 { return millis(s.clock()) }

func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
