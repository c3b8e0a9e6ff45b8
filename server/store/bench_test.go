package store_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"frond/server/store"
	"frond/server/store/mariadbtest"
	"frond/wire"
)

// eachDatabase runs a benchmark on every kind of database.
func eachDatabase(b *testing.B, run func(b *testing.B, o store.Options)) {
	b.Run("sqlite", func(b *testing.B) { run(b, store.Options{URL: "sqlite", Dir: b.TempDir()}) })
	b.Run("memory", func(b *testing.B) { run(b, store.Options{URL: "sqlite::memory:"}) })
	b.Run("mariadb", func(b *testing.B) { run(b, store.Options{URL: mariadbtest.Start(b)}) })
}

// crowd is a store with many pairs of people, each in a direct conversation.
type crowd struct {
	b     *testing.B
	store *store.Store
	pairs []pair
}

type pair struct {
	account, device [2]wire.ID
	conversation    wire.ID
}

func newCrowd(b *testing.B, o store.Options, n int) *crowd {
	b.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	s, err := store.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	c := &crowd{b: b, store: s}
	for i := range n {
		c.pairs = append(c.pairs, c.newPair(i))
	}
	return c
}

func (c *crowd) newPair(n int) pair {
	p := pair{conversation: newID()}
	for i := range 2 {
		p.account[i], p.device[i] = newID(), newID()
		a := store.Account{ID: p.account[i], Name: fmt.Sprintf("person%d.%d", n, i), KDF: wire.KDF{Salt: make([]byte, 16)},
			Header: []byte{1}, Epoch: 1, State: []byte{1}, Revision: 1, Created: time.Now()}
		if err := c.store.CreateAccount(c.b.Context(), a, [][]byte{{1}, {2}}, store.Device{ID: p.device[i]}, nil); err != nil {
			c.b.Fatal(err)
		}
	}
	c.append(store.Append{Account: p.account[0], Device: p.device[0], Create: &wire.Create{Kind: wire.Direct,
		Handshake: wire.Handshake{Conversation: p.conversation, Message: newID(), Frame: []byte{1}, GroupInfo: []byte{1},
			Welcome: []byte{1}, Add: []wire.MemberRef{{Account: p.account[1], Device: p.device[1]}}}}})
	return p
}

func newID() (id wire.ID) {
	_, _ = rand.Read(id[:])
	return id
}

func newMessageID() wire.ID {
	id, _ := wire.NewMessageID(rand.Reader, time.Now()) // never fails: crypto/rand aborts the program instead
	return id
}

func (c *crowd) append(batch ...store.Append) {
	for _, r := range c.store.Append(context.Background(), batch) {
		if r.Err != nil {
			c.b.Fatal(r.Err)
		}
	}
}

var (
	benchToken = sync.OnceValue(func() []byte {
		raw := make([]byte, 57+16*32) // about 760 characters, and 256 bytes of frame: an envelope of about 1 KB
		raw[0] = 0x80
		return []byte(base64.URLEncoding.EncodeToString(raw))
	})
	benchFrame = make([]byte, 256)
)

func (c *crowd) message(i int) store.Append {
	p := &c.pairs[i%len(c.pairs)]
	side := i / len(c.pairs) % 2
	return store.Append{Account: p.account[side], Device: p.device[side], Send: &wire.Send{Conversation: p.conversation,
		Message: newMessageID(), Handshake: 1, Frame: benchFrame, Token: benchToken()}}
}

// BenchmarkAppend appends messages of about 1 KB in batches of n, from 64 pairs in turn, each batch
// one durable transaction.
func BenchmarkAppend(b *testing.B) {
	eachDatabase(b, func(b *testing.B, o store.Options) {
		c := newCrowd(b, o, 64)
		for _, n := range []int{1, 16, 64, 256} {
			b.Run(fmt.Sprint("batch=", n), func(b *testing.B) {
				c.b = b
				b.ReportAllocs()
				count := 0
				for b.Loop() {
					batch := make([]store.Append, n)
					for k := range batch {
						batch[k] = c.message(count)
						count++
					}
					c.append(batch...)
				}
				b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "appends/s")
			})
		}
	})
}

// BenchmarkEntries reads 128 messages of about 1 KB from the middle of a log of 20,000.
func BenchmarkEntries(b *testing.B) {
	eachDatabase(b, func(b *testing.B, o store.Options) {
		c := newCrowd(b, o, 1)
		for range 80 {
			batch := make([]store.Append, 250)
			for k := range batch {
				batch[k] = c.message(k)
			}
			c.append(batch...)
		}
		for _, n := range []int{1, 16, 128} {
			b.Run(fmt.Sprint("entries=", n), func(b *testing.B) {
				b.ReportAllocs()
				count := 0
				for b.Loop() {
					list, err := c.store.Entries(b.Context(), c.pairs[0].conversation, uint64(count*37%19000), 0, n, 1<<30)
					if err != nil || len(list) != n {
						b.Fatal(len(list), err)
					}
					count++
				}
				b.ReportMetric(float64(count*n)/b.Elapsed().Seconds(), "entries/s")
			})
		}
	})
}

// BenchmarkOpen opens and closes an empty database in memory, as simulations do by the thousand.
func BenchmarkOpen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s, err := store.Open(b.Context(), store.Options{URL: "sqlite::memory:"})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
