package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"frond/server/store"
	"frond/wire"
)

// world is a database with a store on it and a clock that moves only when told.
type world struct {
	*testing.T
	db    Database
	store *store.Store
	clock time.Time
	draws *rand.ChaCha8
}

func newWorld(t *testing.T, db Database) *world {
	w := &world{T: t, db: db, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), draws: rand.NewChaCha8([32]byte{1})}
	w.db.Options.Now = func() time.Time { return w.clock }
	w.open()
	t.Cleanup(func() { w.close() })
	return w
}

func (w *world) open() {
	w.Helper()
	s, err := store.Open(w.Context(), w.db.Options)
	w.ok(err)
	w.store = s
}

func (w *world) close() {
	w.Helper()
	w.ok(w.store.Close())
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused demands an error of a code.
func (w *world) refused(err error, code wire.Code) *wire.Error {
	w.Helper()
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != code {
		w.Fatalf("want %q, got %v", code, err)
	}
	return e
}

func (w *world) equal(got, want any) {
	w.Helper()
	if !reflect.DeepEqual(got, want) {
		w.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// raw connects past the store, or skips the story where that is impossible.
func (w *world) raw() *sql.DB {
	w.Helper()
	if w.db.Raw == nil {
		w.Skip("this database cannot be reached from outside its store")
	}
	db := w.db.Raw(w)
	w.Cleanup(func() { _ = db.Close() })
	return db
}

func (w *world) count(db *sql.DB, table string) (n int) {
	w.Helper()
	w.ok(db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n))
	return n
}

func (w *world) bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = w.draws.Read(b)
	return b
}

func (w *world) id() wire.ID     { return wire.ID(w.bytes(16)) }
func (w *world) hash() wire.Hash { return wire.Hash(w.bytes(32)) }

// token makes what looks like a Fernet token around blocks of 16 bytes.
func (w *world) token(blocks int) []byte {
	raw := w.bytes(57 + 16*blocks)
	copy(raw, []byte{0x80, 0, 0, 0, 0})
	return []byte(base64.URLEncoding.EncodeToString(raw))
}

// person is an account with a device.
type person struct {
	name            string
	account, device wire.ID
	chain           [][]byte
}

func (w *world) stranger(name string) person {
	return person{name: name, account: w.id(), device: w.id(), chain: [][]byte{w.bytes(200), w.bytes(300)}}
}

func (w *world) record(p person) store.Account {
	return store.Account{ID: p.account, Name: p.name, AuthHash: sha256.Sum256([]byte(p.name)),
		KDF:    wire.KDF{Memory: 65536, Time: 3, Threads: 1, Salt: []byte("0123456789abcdef")},
		Header: []byte("header of " + p.name), Epoch: 1, State: []byte("state of " + p.name), Revision: 1, Created: w.clock}
}

func (w *world) signUp(p person, invite *wire.Hash) error {
	return w.store.CreateAccount(w.Context(), w.record(p), p.chain, store.Device{ID: p.device, Created: w.clock}, invite)
}

func (w *world) person(name string) person {
	w.Helper()
	p := w.stranger(name)
	w.ok(w.signUp(p, nil))
	return p
}

func (w *world) people(n int) []person {
	w.Helper()
	list := make([]person, n)
	for i := range list {
		list[i] = w.person(fmt.Sprintf("person%d", i))
	}
	return list
}

func (p person) ref() wire.MemberRef { return wire.MemberRef{Account: p.account, Device: p.device} }

func refs(people ...person) (list []wire.MemberRef) {
	for _, p := range people {
		list = append(list, p.ref())
	}
	return list
}

// send makes a message of about 1 KB.
func (w *world) send(p person, conversation wire.ID, handshake uint64) store.Append {
	return store.Append{Account: p.account, Device: p.device, Send: &wire.Send{Conversation: conversation,
		Message: w.id(), Handshake: handshake, Frame: w.bytes(300), Token: w.token(40), Commitment: w.hash()}}
}

func (w *world) handshake(p person, conversation wire.ID, previous uint64, change func(*wire.Handshake)) store.Append {
	h := &wire.Handshake{Conversation: conversation, Message: w.id(), Previous: previous,
		Frame: w.bytes(500), GroupInfo: w.bytes(700)}
	if change != nil {
		change(h)
	}
	return store.Append{Account: p.account, Device: p.device, Handshake: h}
}

func (w *world) add(people ...person) func(*wire.Handshake) {
	return func(h *wire.Handshake) {
		h.Add = refs(people...)
		h.Welcome = w.bytes(900)
	}
}

func remove(people ...person) func(*wire.Handshake) {
	return func(h *wire.Handshake) { h.Remove = refs(people...) }
}

func external(h *wire.Handshake) { h.External = true }

func (w *world) create(kind wire.ConversationKind, p person, conversation wire.ID, others ...person) store.Append {
	a := w.handshake(p, conversation, 0, nil)
	c := &wire.Create{Kind: kind, Handshake: *a.Handshake}
	if len(others) > 0 {
		w.add(others...)(&c.Handshake)
	}
	if kind == wire.Open {
		k := w.hash()
		c.JoinKey = &k
	}
	return store.Append{Account: p.account, Device: p.device, Create: c}
}

func (w *world) append(batch ...store.Append) []store.AppendResult {
	return w.store.Append(w.Context(), batch)
}

// done appends one item that must succeed and returns its seq.
func (w *world) done(a store.Append) uint64 {
	w.Helper()
	r := w.append(a)[0]
	w.ok(r.Err)
	return r.Seq
}

func (w *world) group(p person, others ...person) wire.ID {
	w.Helper()
	id := w.id()
	w.done(w.create(wire.Group, p, id, others...))
	return id
}

// log reads a whole conversation and demands that it has no gaps.
func (w *world) log(conversation wire.ID) []wire.Entry {
	w.Helper()
	list, err := w.store.Entries(w.Context(), conversation, 0, 0, 1<<20, 1<<40)
	w.ok(err)
	for i, e := range list {
		if e.Seq != uint64(i+1) || e.Conversation != conversation {
			w.Fatalf("entry %d has seq %d", i, e.Seq)
		}
	}
	return list
}

func (w *world) windows(conversation wire.ID, p person) []store.Window {
	w.Helper()
	list, err := w.store.Windows(w.Context(), conversation, p.device)
	w.ok(err)
	return list
}

// session signs a person in.
func (w *world) session(p person, device *wire.ID) wire.Hash {
	w.Helper()
	token := w.hash()
	w.ok(w.store.CreateSession(w.Context(), store.Session{Token: token, Account: p.account, Device: device,
		Created: w.clock, Seen: w.clock, Expires: w.clock.Add(time.Hour)}))
	return token
}

// replace gives a person a new device.
func (w *world) replace(p person) person {
	w.Helper()
	token := w.session(p, nil)
	index := uint64(len(p.chain))
	events, old := [][]byte{w.bytes(100), w.bytes(100)}, p.device
	p.device, p.chain = w.id(), append(p.chain[:index:index], events...)
	w.ok(w.store.AddDevice(w.Context(), p.account, index, events[:1], store.Device{ID: p.device, Created: w.clock}, token))
	a, err := w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	vault := store.Vault{Epoch: a.Epoch + 1, Header: a.Header, Revision: a.Revision + 1, State: a.State}
	w.ok(w.store.RemoveDevice(w.Context(), store.Session{Token: token, Account: p.account}, index+1, events[1:], old, vault))
	return p
}

// together runs f n times at once and returns the errors.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	done := make(chan struct{})
	start := make(chan struct{})
	for i := range n {
		go func() {
			<-start
			errs[i] = f(i)
			done <- struct{}{}
		}()
	}
	close(start)
	for range n {
		<-done
	}
	return errs
}

func background() context.Context { return context.Background() }
