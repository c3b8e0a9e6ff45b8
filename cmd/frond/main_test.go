package main

import (
	"bytes"
	"context"
	"encoding/base64"
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

	"frond/server/store"
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

func TestCountersAreShownOnAnAddressOfTheirOwn(t *testing.T) {
	url, seen, stop := running(t, "--data", t.TempDir(), "--metrics", "127.0.0.1:0")
	_, rest, _ := strings.Cut(seen.String(), "msg=counting url=")
	at, _, _ := strings.Cut(rest, "\n")
	a, err := http.Get(at)
	if err != nil {
		t.Fatalf("%q: %v", at, err)
	}
	body, _ := io.ReadAll(a.Body)
	a.Body.Close()
	for _, name := range []string{"frond_connections 0", "frond_append_seconds_count 0", "frond_device_failures_total", "process_resident_memory_bytes"} {
		if !strings.Contains(string(body), name) {
			t.Errorf("%s is missing", name)
		}
	}
	if a, err = http.Get(url + "/metrics"); err == nil {
		body, _ = io.ReadAll(a.Body)
		a.Body.Close()
	}
	if err != nil || strings.Contains(string(body), "frond_connections") {
		t.Fatalf("the public address shows the counters: %v", err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(at); err == nil {
		t.Fatal("it still counts")
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

func TestNobodySaysThatADatabaseIsACopyWhileItServes(t *testing.T) {
	dir := t.TempDir()
	_, _, stop := running(t, "--data", dir)
	if err := run(t.Context(), []string{"admin", "restored", "--data", dir}, io.Discard, io.Discard); err == nil {
		t.Error("the server that runs would not notice")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"admin", "restored", "--data", dir}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	_, _, stop = running(t, "--data", dir)
	if err := stop(); err != nil {
		t.Fatal(err)
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

func TestWhoLostEverythingGetsALinkBesideARunningServer(t *testing.T) {
	dir := t.TempDir()
	url, _, stop := running(t, "--data", dir)
	defer func() {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}()
	st, err := store.Open(t.Context(), store.Options{URL: "sqlite", Dir: dir, Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	long := time.Now().Add(-60 * 24 * time.Hour)
	ana, device := wire.ID{1}, store.Device{ID: wire.ID{2}, Created: long}
	a := store.Account{ID: ana, Name: "ana", KDF: wire.KDF{Salt: make([]byte, wire.SaltSize)}, Header: []byte{1}, Epoch: 1, State: []byte{1}, Revision: 1, Created: long}
	if err := st.CreateAccount(t.Context(), a, [][]byte{{1}, {2}}, device, nil); err != nil {
		t.Fatal(err)
	}
	admin := func(args ...string) (out, log string, err error) {
		var o, l bytes.Buffer
		err = run(t.Context(), append([]string{"admin", "reset", "--data", dir}, args...), &o, &l)
		return o.String(), l.String(), err
	}
	begin := func(link string) error {
		name, token, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(link, "https://chat.example.org/#reset=")), ":")
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if !ok || err != nil || len(raw) != 32 {
			t.Fatalf("the link is %q", link)
		}
		body, _ := wire.Encode(wire.ResetBegin{Name: name, Token: wire.Hash(raw)})
		answer, err := http.Post(url+wire.PathResetBegin, wire.ContentType, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		refusal := new(wire.Error)
		if err := wire.Decode(text, refusal); err != nil {
			t.Fatal(err)
		}
		return refusal
	}

	first, log, err := admin("--origin", "https://chat.example.org/", "Ana")
	if err != nil || !strings.Contains(log, "works for a day") {
		t.Fatalf("%q, %v", log, err)
	}
	if err := begin(first); err != nil {
		t.Fatalf("nobody has used the account for two months, and: %v", err)
	}
	if _, _, err := admin("--revoke", "ana"); err != nil {
		t.Fatal(err)
	}
	if err := begin(first); wire.CodeOf(err) != wire.CodeForbidden {
		t.Fatalf("a revoked link: %v", err)
	}
	if err := st.SawDevice(t.Context(), device.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	second, log, err := admin("--origin", "https://chat.example.org", "ana")
	if err != nil || !strings.Contains(log, "can say no") {
		t.Fatalf("%q, %v", log, err)
	}
	if err := begin(second); wire.CodeOf(err) != wire.CodeHeld {
		t.Fatalf("a device was seen just now, and: %v", err)
	}
	for what, args := range map[string][]string{
		"a name that nobody has": {"nobody"}, "no name": {}, "nothing to revoke": {"--revoke", "nobody"}, "not a name": {"a b"},
	} {
		if out, _, err := admin(args...); err == nil || out != "" {
			t.Errorf("%s: %q, %v", what, out, err)
		}
	}
}
