package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Backup writes the whole database as of one moment into a new file, readable by this user only, and
// returns once it is on disk. Messages that have expired are taken out before. Beside a running server, in a process of its own, it makes nobody wait;
// within one it would hold up appends. The file must not exist. Only SQLite is backed up this way;
// for MySQL and MariaDB their own tools are.
func (s *Store) Backup(ctx context.Context, file string) error {
	if _, ok := s.dialect.(*sqliteDialect); !ok {
		return fmt.Errorf("store: back up MySQL or MariaDB with mariadb-dump --single-transaction")
	}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	err = errors.Join(s.expireAll(ctx), s.copyInto(ctx, file), markCopy(ctx, file), out.Sync(), out.Close(), syncFolder(filepath.Dir(file)))
	if err != nil {
		return errors.Join(fmt.Errorf("store: backup: %w", err), os.Remove(file))
	}
	return nil
}

// expireAll lets nothing into a backup that should be gone by now, whether or not a server is running.
func (s *Store) expireAll(ctx context.Context) error {
	for more := true; more; {
		var err error
		if _, more, err = s.Expire(ctx); err != nil {
			return err
		}
	}
	return nil
}

// copyInto lets SQLite write a compact copy into an empty file.
func (s *Store) copyInto(ctx context.Context, file string) error {
	l, err := s.writers.take(ctx)
	if err != nil {
		return err
	}
	defer s.writers.give(l)
	_, err = l.exec("VACUUM INTO ?", file)
	return err
}

// markCopy lets the server that a backup is restored for tell the devices, who have seen more.
func markCopy(ctx context.Context, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, insertSetting, settingCopy, []byte{1})
	return errors.Join(err, db.Close())
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
