package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"frond/wire"
)

// screen is what a person sees while a command runs.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// running starts frond serve and returns its address, its screen, and what stops it.
func running(t *testing.T, args ...string) (url string, seen *screen, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	seen = &screen{}
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), seen, seen)
	}()
	stop = func() error { cancel(); return <-ended }
	for range 200 {
		if _, rest, ok := strings.Cut(seen.String(), "Open http://localhost:"); ok {
			if port, _, ok := strings.Cut(rest, "\n"); ok {
				return "http://127.0.0.1:" + port, seen, stop
			}
		}
		select {
		case err := <-ended:
			t.Fatalf("frond serve ended: %v\n%s", err, seen)
		case <-time.After(25 * time.Millisecond):
		}
	}
	t.Fatalf("frond serve says nothing: %s", seen)
	return "", nil, nil
}

func TestServeTellsWhereToGoAndStopsWhenAsked(t *testing.T) {
	url, seen, stop := running(t, "--data", t.TempDir())
	a, err := http.Get(url + wire.PathServer)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := io.ReadAll(a.Body)
	a.Body.Close()
	var info wire.ServerInfo
	if err := wire.Decode(raw, &info); err != nil || info.Registration != wire.RegistrationOpen {
		t.Fatalf("got %+v, %v", info, err)
	}
	if a, err = http.Get(url + "/healthz"); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("healthz: %v, %v", a, err)
	}
	a.Body.Close()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(seen.String(), "stopped") {
		t.Fatalf("it saw: %s", seen)
	}
	if _, err := http.Get(url); err == nil {
		t.Fatal("it still answers")
	}
}

func TestAnInviteIsMadeBesideARunningServer(t *testing.T) {
	dir := t.TempDir()
	_, seen, stop := running(t, "--data", dir, "--registration", "invite")
	if !strings.Contains(seen.String(), "frond admin invite") {
		t.Errorf("nobody says how to invite: %s", seen)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"admin", "invite", "--data", dir, "--uses", "3", "--expires", "7d"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if code := strings.TrimSpace(out.String()); len(code) != 32 {
		t.Errorf("the code is %q", code)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestABackupIsMadeBesideARunningServer(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "copy.db")
	_, _, stop := running(t, "--data", dir)
	if err := run(t.Context(), []string{"admin", "backup", "--data", dir}, io.Discard, io.Discard); err == nil {
		t.Error("a backup to nowhere")
	}
	if err := run(t.Context(), []string{"admin", "backup", "--data", dir, file}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	_, _, stop = running(t, "--data", t.TempDir(), "--database", "sqlite:"+file)
	if err := stop(); err != nil {
		t.Fatalf("the backup does not serve: %v", err)
	}
}

func TestAFlagWinsOverTheEnvironment(t *testing.T) {
	t.Setenv("FROND_LISTEN", "0.0.0.0:80")
	t.Setenv("FROND_LOG_LEVEL", "debug")
	t.Setenv("FROND_ORIGIN", "https://a.example,https://b.example")
	s := settingsOf(t, "--listen", "127.0.0.1:7000")
	if s.listen != "127.0.0.1:7000" || s.level != slog.LevelDebug || len(s.origins) != 2 {
		t.Fatalf("got %+v", s)
	}
	t.Setenv("FROND_UNLIMITED", "perhaps")
	var bad settings
	f := newFlags("serve", io.Discard)
	bad.register(f)
	if err := parse(f, nil); err == nil || !strings.Contains(err.Error(), "FROND_UNLIMITED") {
		t.Fatalf("got %v", err)
	}
}

func settingsOf(t *testing.T, args ...string) settings {
	t.Helper()
	var s settings
	f := newFlags("serve", io.Discard)
	s.register(f)
	if err := parse(f, args); err != nil {
		t.Fatal(err)
	}
	if err := s.settle(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRegistrationIsOpenOnlyWhereNobodyElseReaches(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:5000": "open", "localhost:5000": "open", "[::1]:5000": "open",
		":5000": "invite", "0.0.0.0:5000": "invite", "192.0.2.1:5000": "invite", "[::]:5000": "invite",
	} {
		if got := settingsOf(t, "--listen", listen).registration; got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
	}
	if got := settingsOf(t, "--listen", ":5000", "--registration", "open").registration; got != "open" {
		t.Errorf("--registration open is %s", got)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for _, args := range [][]string{
		nil, {"srve"}, {"admin"}, {"serve", "now"}, {"serve", "--registration", "maybe"}, {"serve", "--listen", "5000"},
		{"serve", "--tls-cert", "a.pem"}, {"serve", "--database", "postgres://x"}, {"serve", "--origin", "chat.example", "--data", t.TempDir()},
		{"admin", "invite", "--expires", "never"}, {"admin", "invite", "--uses", "0", "--data", t.TempDir()},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if err := run(ctx, args, io.Discard, io.Discard); err == nil || errors.Is(err, flag.ErrHelp) {
			t.Errorf("frond %s: %v", strings.Join(args, " "), err)
		}
		cancel()
	}
}

func TestAPasswordIsNeverShown(t *testing.T) {
	seen := &screen{}
	err := run(t.Context(), []string{"serve", "--listen", "127.0.0.1:0", "--database", "mysql://frond:hunter2@127.0.0.1:1/frond"}, seen, seen)
	if err == nil {
		t.Fatal("there is no database there")
	}
	if strings.Contains(err.Error()+seen.String(), "hunter2") {
		t.Fatalf("the password is shown: %v\n%s", err, seen)
	}
}
