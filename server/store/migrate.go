package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"frond/wire"
)

// A migration brings the tables from one version to the next. There is no way back: a database is
// restored from a backup, never migrated down.
//
// SQLite runs a migration and records it in one transaction. MySQL and MariaDB commit at every
// change of a table, so a crash can leave a migration half done and unrecorded. The next start runs
// it again from the beginning; that is safe because every statement in migrations/mysql either says
// IF NOT EXISTS or is one whose repetition fails with "exists already", which counts as done.
type migration struct {
	version int
	name    string
	text    string
}

// loadMigrations reads files named like 0001_start.sql, in order and without gaps.
func loadMigrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	list := make([]migration, 0, len(names))
	for i, name := range names {
		number, rest, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s: want number %d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		list = append(list, migration{version, rest, string(text)})
	}
	return list, nil
}

const (
	createMigration = "CREATE TABLE IF NOT EXISTS migration (version BIGINT NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL)"
	selectVersion   = "SELECT COALESCE(MAX(version), 0) FROM migration"
	insertMigration = "INSERT INTO migration (version, name) VALUES (?, ?)"
)

// prepare migrates and makes what a new database lacks.
func (s *Store) prepare(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	return s.write(ctx, "settings", func(l *link) error {
		return firstErr(makeSecret(l), s.makeOpen(l), s.goOnFromCopy(l))
	})
}

func (s *Store) migrate(ctx context.Context) error {
	list, err := loadMigrations(s.dialect.migrations())
	if err != nil {
		return err
	}
	p, release, err := s.dialect.patient(s.writers)
	if err != nil {
		return err
	}
	l, err := p.take(ctx)
	if err != nil {
		return firstErr(err, release())
	}
	err = s.migrateOn(l, list)
	p.give(l)
	return firstErr(err, release())
}

func (s *Store) migrateOn(l *link, list []migration) error {
	unlock, err := s.dialect.lock(l)
	if err != nil {
		return err
	}
	return firstErr(s.migrateLocked(l, list), unlock())
}

func (s *Store) migrateLocked(l *link, list []migration) error {
	if err := l.script(createMigration); err != nil {
		return err
	}
	var version int
	if _, err := l.one([]any{&version}, selectVersion); err != nil {
		return err
	}
	if version > len(list) {
		return fmt.Errorf("the database has version %d and this program knows versions up to %d: use a newer program", version, len(list))
	}
	for _, m := range list[version:] {
		if err := s.dialect.apply(l, m); err != nil {
			return fmt.Errorf("migration %d %s: %w", m.version, m.name, err)
		}
	}
	return nil
}

// Names of rows in the table setting.
const (
	settingSecret = "secret"
	settingOpen   = "open"
)

const (
	selectSetting = "SELECT value FROM setting WHERE name = ?"
	insertSetting = "INSERT INTO setting (name, value) VALUES (?, ?)"
)

func setting(l *link, name string) (value []byte, found bool, err error) {
	found, err = l.one([]any{&value}, selectSetting, name)
	return value, found, err
}

func makeSecret(l *link) error {
	if _, found, err := setting(l, settingSecret); found || err != nil {
		return err
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	_, err := l.exec(insertSetting, settingSecret, secret[:])
	return err
}

// makeOpen makes the conversation that everybody is in, not yet begun.
func (s *Store) makeOpen(l *link) error {
	if _, found, err := setting(l, settingOpen); found || err != nil {
		return err
	}
	id, _ := wire.NewID(rand.Reader) // never fails
	if _, err := l.exec(insertSetting, settingOpen, id[:]); err != nil {
		return err
	}
	c := conversation{id: id, kind: wire.Open, created: s.now()}
	_, err := l.exec(insertConversation, c.row()...)
	return err
}

// ServerSecret returns 32 random bytes made with the database, from which the server derives what
// must be unpredictable and always the same, such as salts for unknown user names.
func (s *Store) ServerSecret(ctx context.Context) (secret [32]byte, err error) {
	err = s.read(ctx, "server secret", func(l *link) error {
		_, err := l.one([]any{(*hashColumn)(&secret)}, selectSetting, settingSecret)
		return err
	})
	return secret, err
}

// OpenConversation returns the id of the conversation that every account may join.
func (s *Store) OpenConversation(ctx context.Context) (id wire.ID, err error) {
	err = s.read(ctx, "open conversation", func(l *link) error {
		_, err := l.one([]any{scanID(&id)}, selectSetting, settingOpen)
		return err
	})
	return id, err
}
