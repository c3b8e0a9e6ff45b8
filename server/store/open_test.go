package store_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"frond/server/store"
	"frond/server/store/mariadbtest"
	"frond/wire"
)

func TestASecondServerOnTheSameFileIsRefused(t *testing.T) {
	t.Parallel()
	o := store.Options{URL: "sqlite", Dir: t.TempDir()}
	first, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Fatalf("opened twice: %v", err)
	}
	o.Shared = true // administration beside the server
	admin, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	invite := wire.Hash{1}
	if err := admin.CreateInvite(t.Context(), invite, 1, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := first.CheckInvite(t.Context(), invite); err != nil {
		t.Fatal(err)
	}
	if err := admin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	o.Shared = false
	third, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
}

func TestAFileNameMayHoldAnything(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a b?mode=ro&x#y%41 é.db")
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + file})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
}

func TestAPasswordIsInNoError(t *testing.T) {
	t.Setenv("MYSQL_PWD", "hunter3")
	for _, url := range []string{
		"mysql://frond:hunter2@127.0.0.1:1/frond", "mysql://frond@127.0.0.1:1/frond",
		"mysql://frond:hunter2@127.0.0.1:port/frond", "mysql://frond:hunter2@127.0.0.1:1/", "mysql:hunter2",
		"mysql://frond:hunter2@127.0.0.1:1/frond?tls=hunter2", "mysql://frond:hunter2@127.0.0.1:1/frond?hunter2=1",
		"mysql://frond:hunter2@127.0.0.1:1/frond?ca=/nonexistent", "mysql://frond:hun%ter2@h/frond#x", "postgres://frond:hunter2@h/x", "sqlite:", "",
	} {
		s, err := store.Open(t.Context(), store.Options{URL: url})
		if err == nil {
			_ = s.Close()
			t.Errorf("opened %s", url)
		} else if strings.Contains(err.Error(), "hunter") {
			t.Errorf("the password is in %q", err)
		}
	}
}

func TestThePasswordMayComeFromTheEnvironment(t *testing.T) {
	url := mariadbtest.Start(t)
	at, colon := strings.Index(url, "@"), strings.Index(url, "frond:")+len("frond:")
	t.Setenv("MYSQL_PWD", url[colon:at])
	s, err := store.Open(t.Context(), store.Options{URL: url[:colon-1] + url[at:]})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Setenv("MYSQL_PWD", "wrong")
	if _, err := store.Open(t.Context(), store.Options{URL: url[:colon-1] + url[at:]}); err == nil {
		t.Fatal("opened with a wrong password")
	}
}

func TestAWeakMariaDBIsReported(t *testing.T) {
	t.Parallel()
	mariadbtest.Need(t)
	server, err := mariadbtest.Run("--innodb-flush-log-at-trx-commit=2", "--max-allowed-packet=7M")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	url, err := server.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := store.Open(t.Context(), store.Options{URL: url, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !strings.Contains(log.String(), "innodb_flush_log_at_trx_commit=2") {
		t.Errorf("no warning in %q", log.String())
	}

	if err := server.Set("max_allowed_packet", "4194304"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Options{URL: url}); err == nil || !strings.Contains(err.Error(), "max_allowed_packet") {
		t.Errorf("opened with packets of 4 MiB: %v", err)
	}
}

// A store leaves no goroutine behind and waits for no real clock, so simulations in virtual time work on it.
func TestAStoreLivesInABubble(t *testing.T) {
	t.Parallel()
	for _, o := range []store.Options{{URL: "sqlite::memory:"}, {URL: "sqlite", Dir: t.TempDir(), Unsafe: true}} {
		synctest.Test(t, func(t *testing.T) {
			s, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			done := make(chan error)
			for i := range 8 {
				go func() {
					time.Sleep(time.Duration(i) * time.Hour)
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					done <- s.CreateInvite(ctx, wire.Hash{byte(i)}, 1, time.Now().Add(time.Hour))
				}()
			}
			for range 8 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			if err := s.CheckInvite(t.Context(), wire.Hash{7}); err != nil {
				t.Error(err)
			}
			if got := time.Since(start); got != 7*time.Hour {
				t.Errorf("7 h of virtual time took %v", got)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
