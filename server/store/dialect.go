package store

import (
	"context"
	"io/fs"
)

// dialect is what differs between the databases.
type dialect interface {
	// open connects; it checks the server's settings and reports weak ones to the logger.
	open(ctx context.Context) (readers, writers *pool, err error)
	// close releases what open took beside connections.
	close() error
	words() *words
	// duplicate reports a violated unique key, transient a deadlock or a lock that took too long:
	// the transaction had no effect and may be tried again.
	duplicate(err error) bool
	transient(err error) bool
	// migrations holds one file per version. patient is where they run, writers or a pool without
	// time limits; apply runs one and records it; lock keeps other processes out meanwhile.
	migrations() fs.FS
	patient(writers *pool) (p *pool, release func() error, err error)
	lock(l *link) (unlock func() error, err error)
	apply(l *link, m migration) error
	// scrub empties journals of what was deleted; false: somebody stood in the way.
	scrub(l *link) (done bool, err error)
}

// words are the few pieces of SQL that are spelt differently, and the statements made of them.
type words struct {
	begin     string
	forUpdate string
	// changes asks for a number that changes with whatever others than this connection write; empty
	// where others may write at any time.
	changes string
	// upsert ends an INSERT: on a conflict with the key it sets the columns to the new values, and
	// without columns it keeps the old row.
	upsert func(key string, columns ...string) string
	// pairs is a condition that two columns together are one of n pairs of parameters, in a form
	// that uses an index over both.
	pairs func(a, b string, n int) string

	statements
}

// statements are those that need words.
type statements struct {
	keyStatements
	ledgerStatements
}

func newWords(w words) *words {
	w.statements = statements{newKeyStatements(&w), newLedgerStatements(&w)}
	return &w
}
