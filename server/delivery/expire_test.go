package delivery

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"frond/server/bus"
	"frond/server/store"
	"frond/wire"
)

type nobody struct{}

func (nobody) Wake() {}

// A connection that follows a conversation live is served from memory. There, too, a message is there until
// its time and not after it, and soon after it is in no table either.
func TestATailGivesNobodyWhatHasExpired(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "frond.db")
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		s, err := store.Open(ctx, store.Options{URL: "sqlite:" + file, Unsafe: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		log := New(s, bus.NewLocal(), slog.New(slog.DiscardHandler))
		defer func() { _ = log.Close(ctx) }()
		account, device, group := wire.ID{1}, wire.ID{2}, wire.ID{3}
		if err := s.CreateAccount(ctx, store.Account{ID: account, Name: "ada", KDF: wire.KDF{Memory: 65536, Time: 3, Threads: 1, Salt: make([]byte, wire.SaltSize)},
			Header: []byte{1}, State: []byte{1}}, [][]byte{{1}}, store.Device{ID: device}, nil); err != nil {
			t.Fatal(err)
		}
		token := []byte(base64.URLEncoding.EncodeToString(append([]byte{0x80}, make([]byte, 72)...)))
		append := func(a store.Append) {
			t.Helper()
			a.Account, a.Device = account, device
			results := log.append([]store.Append{a})
			if results[0].Err != nil {
				t.Fatal(results[0].Err)
			}
			log.keep(results[0].Entry, &a, nil)
		}
		live := log.Follow(group, device, 0, nobody{})
		append(store.Append{Create: &wire.Create{Kind: wire.Group, Handshake: wire.Handshake{Conversation: group, Message: wire.ID{4}, Frame: []byte{1}, GroupInfo: []byte{2}}}})
		append(store.Append{Send: &wire.Send{Conversation: group, Message: wire.ID{5}, Handshake: 1, Frame: []byte("the frame"), Token: token, Expires: 300}})

		read := func(r *Reader) (all []byte) {
			t.Helper()
			for more := true; more; {
				var part []byte
				var err error
				if part, more, err = r.Next(ctx, 1<<20); err != nil {
					t.Fatal(err)
				}
				all = bytes.Join([][]byte{all, part}, nil)
			}
			return all
		}
		time.Sleep(299 * time.Second)
		if got := read(live); !bytes.Contains(got, token) || live.tail.view.Load() == nil {
			t.Fatalf("before its time: %q", got)
		}
		time.Sleep(time.Second)
		late := log.Follow(group, device, 0, nobody{})
		frames, err := wire.Frames(read(late))
		if err != nil || len(frames) != 2 {
			t.Fatal(frames, err)
		}
		var e wire.Entry
		if err := wire.Decode(frames[1].Body, &e); err != nil || !e.Gone() || e.Seq != 2 || e.Expires != e.Received+300_000 {
			t.Fatalf("after its time: %+v, %v", e, err)
		}
		time.Sleep(tidyEvery)
		if live.tail.view.Load() != nil {
			t.Fatal("the frame is still in memory")
		}
		if n, _, err := s.Expire(ctx); n != 0 || err != nil {
			t.Fatalf("nobody tidied up: %d, %v", n, err)
		}
		live.Close()
		late.Close()
	})
}
