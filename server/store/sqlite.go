package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/sqlite
var sqliteMigrations embed.FS

// sqliteReaders is the number of connections for reading. In WAL mode they never wait for the
// writer, nor the writer for them.
const sqliteReaders = 4

const memory = ":memory:"

// sqliteDialect is SQLite in a file, with one connection for writing and a few for reading, or in
// memory with one connection for both.
type sqliteDialect struct {
	file   string
	unsafe bool
	shared bool
	held   *os.File // the lock beside the file
}

var sqliteWords = newWords(words{
	begin:     "BEGIN IMMEDIATE",
	forUpdate: "", // the one writer holds the whole database
	changes:   "PRAGMA data_version",
	upsert: func(key string, columns ...string) string {
		if len(columns) == 0 {
			return "ON CONFLICT (" + key + ") DO NOTHING"
		}
		set := make([]string, len(columns))
		for i, c := range columns {
			set[i] = c + " = excluded." + c
		}
		return "ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(set, ", ")
	},
	pairs: func(a, b string, n int) string {
		return "(" + a + ", " + b + ") IN (VALUES " + rows(n, 2) + ")"
	},
})

func newSQLite(o *Options) (dialect, error) {
	_, file, named := strings.Cut(o.URL, ":")
	if !named {
		file = filepath.Join(o.Dir, "frond.db")
	}
	if file == "" {
		return nil, fmt.Errorf("store: the database file has no name")
	}
	return &sqliteDialect{file: file, unsafe: o.Unsafe, shared: o.Shared}, nil
}

func (d *sqliteDialect) words() *words { return sqliteWords }

func (d *sqliteDialect) open(ctx context.Context) (readers, writers *pool, err error) {
	if d.file == memory {
		db, err := sql.Open("sqlite", d.dsn())
		if err != nil {
			return nil, nil, err
		}
		both := newPool(db, 1)
		return both, both, nil
	}
	if err := d.claimFile(); err != nil {
		return nil, nil, err
	}
	// Secure_delete overwrites with zeros what would else stay in unused space of the file.
	w, err := sql.Open("sqlite", d.dsn("cache_size(-16384)", "secure_delete(1)")) // KiB: new messages land all over an index
	if err != nil {
		return nil, nil, errors.Join(err, d.close())
	}
	r, err := sql.Open("sqlite", d.dsn("query_only(1)"))
	if err != nil {
		return nil, nil, errors.Join(err, w.Close(), d.close())
	}
	return newPool(r, sqliteReaders), newPool(w, 1), nil
}

// claimFile makes the folder and the file, readable by this user only, and takes the lock.
func (d *sqliteDialect) claimFile() error {
	file, err := filepath.Abs(d.file)
	if err != nil {
		return err
	}
	d.file = file
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	if !d.shared {
		if d.held, err = holdFile(file + ".lock"); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return errors.Join(err, d.close())
	}
	return f.Close()
}

// dsn names the file and the settings of every connection.
func (d *sqliteDialect) dsn(more ...string) string {
	pragmas := append([]string{"busy_timeout(10000)", "foreign_keys(1)", "temp_store(MEMORY)"}, more...)
	switch {
	case d.file == memory:
		pragmas = append(pragmas, "journal_mode(MEMORY)", "synchronous(OFF)")
	case d.unsafe:
		pragmas = append(pragmas, "journal_mode(WAL)", "synchronous(OFF)")
	default:
		// A checkpoint costs two more fsyncs: with 16 MB of log they are rare.
		pragmas = append(pragmas, "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)",
			"wal_autocheckpoint(4000)", "journal_size_limit(67108864)")
	}
	query := url.Values{"_pragma": pragmas}.Encode()
	if d.file == memory {
		return "file::memory:?" + query
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(d.file), RawQuery: query}).String()
}

func (d *sqliteDialect) close() error {
	if d.held == nil {
		return nil
	}
	err := d.held.Close()
	d.held = nil
	return err
}

func (d *sqliteDialect) duplicate(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) &&
		(e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

func (d *sqliteDialect) transient(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
}

func (d *sqliteDialect) migrations() fs.FS {
	sub, _ := fs.Sub(sqliteMigrations, "migrations/sqlite") // the path is a constant
	return sub
}

func (d *sqliteDialect) patient(writers *pool) (*pool, func() error, error) {
	return writers, func() error { return nil }, nil
}

// lock needs to do nothing: a migration is a transaction, and apply looks again whether another
// process was faster.
func (d *sqliteDialect) lock(*link) (func() error, error) {
	return func() error { return nil }, nil
}

// scrub writes the log back and cuts it to nothing. Meanwhile nobody may read from it; for that it does not
// wait long, since appends wait for it.
func (d *sqliteDialect) scrub(l *link) (done bool, err error) {
	if d.file == memory {
		return true, nil
	}
	if err := l.script("PRAGMA busy_timeout = 200"); err != nil {
		return false, err
	}
	var busy, pages, moved int64
	_, err = l.one([]any{&busy, &pages, &moved}, "PRAGMA wal_checkpoint(TRUNCATE)")
	return busy == 0, errors.Join(err, l.script("PRAGMA busy_timeout = 10000"))
}

func (d *sqliteDialect) apply(l *link, m migration) error {
	if err := l.script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := d.applyOnce(l, m); err != nil {
		return errors.Join(err, l.script("ROLLBACK"))
	}
	return l.script("COMMIT")
}

func (d *sqliteDialect) applyOnce(l *link, m migration) error {
	var version int
	if _, err := l.one([]any{&version}, selectVersion); err != nil || version >= m.version {
		return err
	}
	if err := l.script(m.text); err != nil {
		return err
	}
	_, err := l.exec(insertMigration, m.version, m.name)
	return err
}
