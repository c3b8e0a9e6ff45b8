package sim

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
)

// tamper changes the server's database behind its back, as somebody does who has the machine: the server
// is stopped, statements are carried out, and it starts again.
func (s *server) tamper(statements ...string) error {
	if err := s.stop(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "frond.db"))
	if err != nil {
		return err
	}
	for _, statement := range statements {
		r, err := db.Exec(statement)
		if err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("%s: changes nothing: %w", statement, err)
		}
	}
	if err := db.Close(); err != nil {
		return err
	}
	return s.start()
}

// snapshot stops the server, copies its database, and starts it again; restore goes back to a copy.
func (s *server) snapshot() (copied []byte, err error) {
	if err := s.stop(); err != nil {
		return nil, err
	}
	if copied, err = os.ReadFile(filepath.Join(s.dir, "frond.db")); err != nil {
		return nil, err
	}
	return copied, s.start()
}

// backup copies the database as whoever runs the server does, while it runs.
func (s *server) backup() (copied []byte, err error) {
	file := filepath.Join(s.dir, "backup.db")
	if err := s.store.Backup(context.Background(), file); err != nil {
		return nil, err
	}
	defer os.Remove(file)
	return os.ReadFile(file)
}

func (s *server) restore(copied []byte) error {
	if err := s.stop(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "frond.db"), copied, 0o600); err != nil {
		return err
	}
	return s.start()
}
