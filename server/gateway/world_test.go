package gateway_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"frond/client/transport/inproc"
	"frond/client/transport/ws"
	"frond/fernet"
	"frond/mls"
	"frond/server/account"
	"frond/server/account/chaintest"
	"frond/server/bus"
	"frond/server/delivery"
	"frond/server/gateway"
	"frond/server/store"
	"frond/server/store/mariadbtest"
	"frond/wire"
)

func TestMain(m *testing.M) { os.Exit(mariadbtest.Main(m)) }

// world is a real server on a real port, over a real database.
type world struct {
	t        testing.TB
	store    *store.Store
	accounts *account.Service
	log      *delivery.Log
	gateway  *gateway.Gateway
	server   *httptest.Server
	url      string
}

// rules change what a world is made of before it is made.
type rules struct {
	store    store.Options
	accounts account.Options
	gateway  gateway.Options
	pipes    bool // no network: for virtual time
}

// inVirtualTime makes a world for a test within testing/synctest.
func inVirtualTime(r *rules) {
	r.pipes = true
	r.store.Unsafe = true
}

func newWorld(t testing.TB, change ...func(*rules)) *world {
	t.Helper()
	ctx := context.Background()
	r := rules{
		store:    store.Options{URL: "sqlite", Dir: t.TempDir()},
		accounts: account.Options{Registration: wire.RegistrationOpen, Limits: &account.Limits{}},
		gateway:  gateway.Options{Release: "test", Limits: &gateway.Limits{}, Logger: slog.New(slog.DiscardHandler)},
	}
	for _, c := range change {
		c(&r)
	}
	w := &world{t: t}
	var err error
	w.store, err = store.Open(ctx, r.store)
	must(t, err)
	t.Cleanup(func() { w.store.Close() })
	r.accounts.Store = w.store
	w.accounts, err = account.New(ctx, r.accounts)
	must(t, err)
	w.log = delivery.New(w.store, bus.NewLocal(), slog.New(slog.DiscardHandler))
	r.gateway.Accounts, r.gateway.Log, r.gateway.Healthy = w.accounts, w.log, w.store.Ping
	w.gateway, err = gateway.New(r.gateway)
	must(t, err)
	if !r.pipes {
		w.server = httptest.NewServer(w.gateway.Handler())
		w.url = w.server.URL
	}
	t.Cleanup(w.stop)
	return w
}

func (w *world) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if w.server != nil {
		w.server.Close()
	}
	_ = w.gateway.Shutdown(ctx)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, want wire.Code) {
	t.Helper()
	if got := wire.CodeOf(err); got != want {
		t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}

func newID() wire.ID {
	id, _ := wire.NewID(rand.Reader)
	return id
}

// person is an account with one device, as the server sees one.
type person struct {
	t       testing.TB
	name    string
	auth    wire.Hash
	account wire.ID
	device  wire.ID
	owner   *chaintest.Owner // what the account's devices share
	signer  ed25519.PrivateKey
	net     network
	*link
}

// network is the client's way to the server: the real one, or pipes within the process.
type network interface {
	Post(ctx context.Context, path string, body []byte) ([]byte, error)
	Token() string
	dial(ctx context.Context) (conn, error)
}

type realNetwork struct{ *ws.Transport }

func (n realNetwork) dial(ctx context.Context) (conn, error) { return n.Dial(ctx) }

type pipes struct{ *inproc.Transport }

func (n pipes) dial(ctx context.Context) (conn, error) { return n.Dial(ctx) }

// newPerson is somebody who has not signed up yet.
func newPerson(t testing.TB, url, name string) *person {
	t.Helper()
	net, err := ws.New(url, ws.Options{})
	must(t, err)
	return newPersonOn(t, realNetwork{net}, name)
}

func newPersonOn(t testing.TB, net network, name string) *person {
	t.Helper()
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	p := &person{t: t, name: name, device: newID(), signer: signer, net: net}
	p.auth = sha256.Sum256([]byte("correct horse " + name))
	return p
}

func (p *person) signUpBody() wire.SignUp {
	name, err := wire.CheckUserName(p.name)
	if err != nil {
		name = "nobody" // a bad name is refused whatever the sigchain says
	}
	p.owner = chaintest.New(p.t, name, p.device)
	p.account = p.owner.ID()
	return wire.SignUp{
		Name: p.name, Account: p.account, Device: p.device, Auth: p.auth, KDF: someKDF,
		Chain: p.owner.Chain.Events(), Header: []byte("slot"), State: []byte("state"),
	}
}

var someKDF = wire.KDF{Memory: 64 << 10, Time: 3, Threads: 1, Salt: make([]byte, wire.SaltSize)}

// becomes makes somebody who signed in to another's account one more device of it.
func (p *person) becomes(other *person) error {
	p.account, p.owner = other.account, other.owner
	return p.post(wire.PathDevice, p.owner.AddDevice(p.device), nil)
}

func (p *person) post(path string, body, out any) error {
	raw, err := wire.Encode(body)
	must(p.t, err)
	answer, err := p.net.Post(context.Background(), path, raw)
	if err != nil || out == nil {
		return err
	}
	return wire.Decode(answer, out)
}

func (p *person) signUp() error {
	return p.post(wire.PathSignUp, p.signUpBody(), &wire.Session{})
}

// join signs somebody up and connects.
func (w *world) join(name string) *person {
	w.t.Helper()
	p := w.newPerson(name)
	must(w.t, p.signUp())
	p.connect()
	return p
}

// newPerson is somebody who has not signed up, over the network or, in a world without one, over pipes.
func (w *world) newPerson(name string) *person {
	w.t.Helper()
	if w.server != nil {
		return newPerson(w.t, w.url, name)
	}
	serve := func(ctx context.Context, token string, s *inproc.Socket) error {
		return w.gateway.ServeSocket(ctx, token, s)
	}
	return newPersonOn(w.t, pipes{inproc.New(w.gateway.Handler(), serve)}, name)
}

// connect opens a connection and says hello with these cursors.
func (p *person) connect(cursors ...wire.Cursor) wire.Welcomed {
	p.t.Helper()
	w, err := p.tryConnect(cursors...)
	must(p.t, err)
	return w
}

func (p *person) tryConnect(cursors ...wire.Cursor) (w wire.Welcomed, err error) {
	conn, err := p.net.dial(context.Background())
	if err != nil {
		return w, err
	}
	p.link = newLink(conn)
	p.t.Cleanup(func() { conn.Close() })
	return w, p.ask(wire.OpHello, wire.Hello{Version: wire.Version, Device: p.device, Cursors: cursors}, &w)
}

// conn is what a transport dials.
type conn interface {
	Send(ctx context.Context, message []byte) error
	Receive(ctx context.Context) ([]byte, error)
	Close() error
}

// link is the client's half of the protocol: it pairs replies with requests and keeps pushes in order.
type link struct {
	conn   conn
	pushes chan wire.Frame

	mu    sync.Mutex
	next  uint64
	waits map[uint64]chan wire.Frame
	err   error
}

var errGone = errors.New("connection over")

func newLink(c conn) *link {
	l := &link{conn: c, pushes: make(chan wire.Frame, 100000), waits: map[uint64]chan wire.Frame{}}
	go l.read()
	return l
}

func (l *link) read() {
	defer l.fail(errGone)
	defer close(l.pushes)
	for {
		m, err := l.conn.Receive(context.Background())
		if err != nil {
			return
		}
		frames, err := wire.Frames(m)
		if err != nil {
			l.fail(err)
			return
		}
		for _, f := range frames {
			if f.Kind != wire.ReplyOK && f.Kind != wire.ReplyFail {
				l.pushes <- f
				continue
			}
			l.mu.Lock()
			wait := l.waits[f.ID]
			delete(l.waits, f.ID)
			l.mu.Unlock()
			if wait != nil {
				wait <- f
			}
		}
	}
}

func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	for id, wait := range l.waits {
		close(wait)
		delete(l.waits, id)
	}
}

// begin sends a request; the channel gets its reply, or is closed when the connection ends first.
func (l *link) begin(op wire.Kind, body any) (<-chan wire.Frame, error) {
	wait := make(chan wire.Frame, 1)
	l.mu.Lock()
	if l.err != nil {
		defer l.mu.Unlock()
		return nil, l.err
	}
	l.next++
	id := l.next
	l.waits[id] = wait
	l.mu.Unlock()
	frame, err := wire.EncodeFrame(op, id, body)
	if err != nil {
		return nil, err
	}
	return wait, l.conn.Send(context.Background(), frame)
}

func finish(wait <-chan wire.Frame, out any) error {
	select {
	case f, ok := <-wait:
		if !ok {
			return errGone
		}
		if f.Kind == wire.ReplyOK {
			if out == nil {
				return nil
			}
			return wire.Decode(f.Body, out)
		}
		var e wire.Error
		if err := wire.Decode(f.Body, &e); err != nil {
			return err
		}
		return &e
	case <-time.After(20 * time.Second):
		return fmt.Errorf("no answer in 20 s")
	}
}

func (l *link) ask(op wire.Kind, body, out any) error {
	wait, err := l.begin(op, body)
	if err != nil {
		return err
	}
	return finish(wait, out)
}

// push returns the next pushed frame.
func (l *link) push() (wire.Frame, error) {
	select {
	case f, ok := <-l.pushes:
		if !ok {
			return f, errGone
		}
		return f, nil
	case <-time.After(10 * time.Second):
		return wire.Frame{}, fmt.Errorf("no push in 10 s")
	}
}

// entry returns the next pushed entry, and bye the reason of the goodbye that follows entries at most.
func (p *person) entry() wire.Entry {
	p.t.Helper()
	f, err := p.push()
	must(p.t, err)
	if f.Kind != wire.PushEntry {
		p.t.Fatalf("%s got a push of kind %d, want an entry", p.name, f.Kind)
	}
	var e wire.Entry
	must(p.t, wire.Decode(f.Body, &e))
	return e
}

func (p *person) entries(n int) []wire.Entry {
	p.t.Helper()
	var all []wire.Entry
	for range n {
		all = append(all, p.entry())
	}
	return all
}

func (p *person) bye() *wire.Error {
	p.t.Helper()
	for {
		f, err := p.push()
		must(p.t, err)
		if f.Kind == wire.PushBye {
			var e wire.Error
			must(p.t, wire.Decode(f.Body, &e))
			return &e
		}
	}
}

func (p *person) nothingMore() {
	p.t.Helper()
	select {
	case f := <-p.pushes:
		p.t.Fatalf("%s got a push of kind %d that nobody owes", p.name, f.Kind)
	case <-time.After(100 * time.Millisecond):
	}
}

func (p *person) welcome() wire.InboxItem {
	p.t.Helper()
	f, err := p.push()
	must(p.t, err)
	if f.Kind != wire.PushInbox {
		p.t.Fatalf("%s got a push of kind %d, want a welcome", p.name, f.Kind)
	}
	var i wire.InboxItem
	must(p.t, wire.Decode(f.Body, &i))
	return i
}

// room is a conversation as one member holds it: with real MLS state, because the server looks at
// the headers.
type room struct {
	id        wire.ID
	group     *mls.Group
	handshake uint64
	drop      []wire.MemberRef // declared as removed by the next commit
}

var config = mls.Config{Rand: rand.Reader, Now: time.Now}

func (p *person) credential() mls.Credential { return mls.BasicCredential(p.account[:]) }

func (p *person) keyPackage() []byte {
	p.t.Helper()
	now := uint64(time.Now().Unix())
	k, _, err := mls.NewKeyPackage(rand.Reader, mls.KeyPackageOptions{
		Suite: mls.SuiteX25519, Signer: p.signer, Credential: p.credential(),
		Lifetime: mls.Lifetime{NotBefore: now - 3600, NotAfter: now + 86400},
	})
	must(p.t, err)
	return k.Marshal()
}

// newRoom makes the first handshake of a group with these others.
func (p *person) newRoom(kind wire.ConversationKind, id wire.ID, others ...*person) (*room, wire.Create) {
	p.t.Helper()
	g, err := mls.Create(config, mls.CreateOptions{
		Suite: mls.SuiteX25519, GroupID: id[:], Signer: p.signer, Credential: p.credential(),
	})
	must(p.t, err)
	r := &room{id: id, group: g}
	h := p.commit(r, 0, others...)
	return r, wire.Create{Kind: kind, Handshake: h}
}

// commit stages a handshake that adds others and merges it, as if it were accepted.
func (p *person) commit(r *room, previous uint64, others ...*person) wire.Handshake {
	p.t.Helper()
	h := wire.Handshake{Conversation: r.id, Message: newID(), Previous: previous, Remove: r.drop}
	var o mls.CommitOptions
	for _, other := range others {
		k, err := mls.ParseKeyPackage(other.keyPackage())
		must(p.t, err)
		o.Add = append(o.Add, k)
		h.Add = append(h.Add, wire.MemberRef{Account: other.account, Device: other.device})
	}
	o.AAD = h.Declaration(wire.MemberRef{Account: p.account, Device: p.device})
	s, err := r.group.Commit(config, o)
	must(p.t, err)
	h.Frame, h.Welcome, h.GroupInfo = s.Message(), s.Welcome(), s.GroupInfo()
	r.group = s.Merge()
	return h
}

// meet begins a group of these people.
func (p *person) meet(others ...*person) *room {
	p.t.Helper()
	r, create := p.newRoom(wire.Group, newID(), others...)
	var a wire.Appended
	must(p.t, p.ask(wire.OpCreate, create, &a))
	r.handshake = a.Seq
	return r
}

var tokenKey = must2(fernet.NewKey(rand.Reader))

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// message makes a message; its token is the text, sealed.
func (p *person) message(r *room, text string) wire.Send {
	p.t.Helper()
	token, err := fernet.Seal(rand.Reader, tokenKey, time.Now(), []byte(text))
	must(p.t, err)
	s := wire.Send{
		Conversation: r.id, Message: newID(), Handshake: r.handshake, Token: token,
		Commitment: sha256.Sum256(token),
	}
	g, frame, err := r.group.Seal(config, s.Commitment[:], make([]byte, 80))
	must(p.t, err)
	r.group, s.Frame = g, frame
	return s
}

func (p *person) say(r *room, text string) wire.Appended {
	p.t.Helper()
	var a wire.Appended
	must(p.t, p.ask(wire.OpSend, p.message(r, text), &a))
	return a
}

// text opens an entry's token.
func text(t testing.TB, e wire.Entry) string {
	t.Helper()
	plain, _, err := fernet.Open(tokenKey, e.Token)
	must(t, err)
	return string(plain)
}
