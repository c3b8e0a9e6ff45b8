package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"frond/server/store"
	"frond/wire"
)

// diarist is an account that has a group to itself.
type diarist struct {
	*store.Store
	account, device, group wire.ID
}

func newDiarist(t *testing.T, s *store.Store) *diarist {
	t.Helper()
	w := &diarist{Store: s, account: wire.ID{1}, device: wire.ID{2}, group: wire.ID{3}}
	account := store.Account{ID: w.account, Name: "ada", KDF: wire.KDF{Memory: 65536, Time: 3, Threads: 1, Salt: make([]byte, wire.SaltSize)},
		Header: []byte{1}, Epoch: 1, State: []byte{1}, Revision: 1}
	if err := s.CreateAccount(t.Context(), account, [][]byte{{1}}, store.Device{ID: w.device}, nil); err != nil {
		t.Fatal(err)
	}
	w.append(t, store.Append{Create: &wire.Create{Kind: wire.Group, Handshake: wire.Handshake{
		Conversation: w.group, Message: wire.ID{4}, Frame: []byte{1}, GroupInfo: []byte{2},
	}}})
	return w
}

func (w *diarist) append(t *testing.T, a store.Append) {
	t.Helper()
	a.Account, a.Device = w.account, w.device
	if r := w.Append(t.Context(), []store.Append{a})[0]; r.Err != nil {
		t.Fatal(r.Err)
	}
}

// say appends a message with a token of some size and returns frame and token.
func (w *diarist) say(t *testing.T, blocks int, expires uint64) [][]byte {
	t.Helper()
	raw, frame, commitment := make([]byte, 57+16*blocks), make([]byte, 300), make([]byte, 32)
	for _, b := range [][]byte{raw[9:], frame, commitment} {
		_, _ = rand.Read(b)
	}
	raw[0] = 0x80
	id, _ := wire.NewID(rand.Reader)
	token := []byte(base64.URLEncoding.EncodeToString(raw))
	w.append(t, store.Append{Send: &wire.Send{Conversation: w.group, Message: id, Handshake: 1,
		Frame: frame, Token: token, Commitment: wire.Hash(commitment), Expires: expires}})
	return [][]byte{token, frame, commitment}
}

// holds reports whether any file of a folder has a piece of the secret in it.
func holds(t *testing.T, dir string, secret []byte) bool {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < len(secret); from += 100 {
			if bytes.Contains(b, secret[from:min(from+24, len(secret))]) {
				return true
			}
		}
	}
	return false
}

func TestWhatDisappearedIsInNoFileOfSQLite(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	s := open(t, store.Options{URL: "sqlite", Dir: dir, Now: func() time.Time { return now }})
	w := newDiarist(t, s)
	var gone, kept [][]byte
	for i := range 60 {
		gone = append(gone, w.say(t, 1+i*i, 300)...) // from small ones to those that fill pages of their own
		kept = append(kept, w.say(t, 1+i, 0)...)
	}
	for _, secret := range append(gone, kept...) {
		if !holds(t, dir, secret) {
			t.Fatal("the search finds nothing")
		}
	}
	now = now.Add(300 * time.Second)
	if n, more, err := s.Expire(context.Background()); n != 60 || more || err != nil {
		t.Fatal(n, more, err)
	}
	if done, err := s.Scrub(context.Background()); !done || err != nil {
		t.Fatal(done, err)
	}
	for i, secret := range gone {
		if holds(t, dir, secret) {
			t.Errorf("piece %d is still in a file", i)
		}
	}
	for i, secret := range kept {
		if !holds(t, dir, secret) {
			t.Errorf("piece %d, which was to stay, is gone", i)
		}
	}
}

// Nobody had tidied up, and still the backup has nothing that was to be gone.
func TestABackupHasNothingThatHasExpired(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	s := open(t, store.Options{URL: "sqlite", Dir: dir, Now: func() time.Time { return now }})
	w := newDiarist(t, s)
	gone, kept := w.say(t, 100, 300), w.say(t, 100, 3600)
	now = now.Add(301 * time.Second)
	copies := t.TempDir()
	if err := s.Backup(t.Context(), filepath.Join(copies, "copy.db")); err != nil {
		t.Fatal(err)
	}
	for i := range gone {
		if holds(t, copies, gone[i]) || !holds(t, copies, kept[i]) {
			t.Fatalf("piece %d: gone %v, kept %v", i, !holds(t, copies, gone[i]), holds(t, copies, kept[i]))
		}
	}
}
