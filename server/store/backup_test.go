package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"frond/server/store"
	"frond/server/store/mariadbtest"
)

func open(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestABackupTakenBesideAServerOpensAsTheSameDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	running := open(t, store.Options{URL: "sqlite", Dir: dir})
	everyone, err := running.OpenConversation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	beside := open(t, store.Options{URL: "sqlite", Dir: dir, Shared: true})
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := beside.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("others can read the backup: %v, %v", info.Mode(), err)
	}
	restored := open(t, store.Options{URL: "sqlite:" + file})
	if got, err := restored.OpenConversation(t.Context()); err != nil || got != everyone {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestABackupOverwritesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{URL: "sqlite", Dir: t.TempDir()})
	file := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(file, []byte("keep me"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), file); err == nil {
		t.Fatal("it wrote over a file")
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "keep me" {
		t.Fatalf("%q, %v", b, err)
	}
}

func TestMariaDBIsBackedUpByItsOwnTools(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{URL: mariadbtest.Start(t)})
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), file); err == nil {
		t.Fatal("it claims to have made a backup")
	}
	if _, err := os.Stat(file); err == nil {
		t.Fatal("it left a file")
	}
}
