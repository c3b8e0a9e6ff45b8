package client

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"time"

	"frond/mls"
	"frond/wire"
)

// Config is what a client is made of.
type Config struct {
	Store     Store
	Transport Transport
	Emit      func(Event)      // called from the loop, one event after the other; must not call the Client and wait
	Rand      io.Reader        // nil: crypto/rand
	Now       func() time.Time // nil: time.Now
	Suite     mls.CipherSuite  // of new conversations; 0: mls.DefaultSuite
	Log       Logger           // nil: silent. Never sees a secret or what people write
	Device    string           // how the account's owner will know this device; "": "device"
	KeyPool   int              // one-time key packages to keep published; 0: 20
	Backoff   Backoff          // zero: a second, doubling up to a minute
}

// Backoff says how long to wait between attempts: First, then twice as long each time up to Most,
// each shortened by a random part of up to half.
type Backoff struct{ First, Most time.Duration }

func (c *Config) fill() {
	if c.Emit == nil {
		c.Emit = func(Event) {}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Suite == 0 {
		c.Suite = mls.DefaultSuite
	}
	if c.Log == nil {
		c.Log = silent{}
	}
	if c.Device == "" {
		c.Device = "device"
	}
	if c.KeyPool == 0 {
		c.KeyPool = 20
	}
	if c.Backoff == (Backoff{}) {
		c.Backoff = Backoff{First: time.Second, Most: time.Minute}
	}
}

// Client is one device. Its methods may be called from any goroutine.
type Client struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	inbox  chan func()
	wg     sync.WaitGroup

	// Owned by the loop.
	session       Session
	self          *self         // nil while nobody is signed in
	locked        *wire.Session // signed in, but the vault is not open
	replaceable   []OwnDevice   // in whose place a new device may come
	seeking       *seeking      // asks to be let in
	letIns        map[wire.ID]*letIn
	conversations map[wire.ID]*conversation
	contacts      map[wire.ID]*contact
	settings      map[string]stamped
	labels        map[string]stamped // names of devices, by id
	unknown       map[wire.ID]bool   // accounts whose name is being asked for, or was asked in vain
	inquiries     map[claim]*inquiry // devices that their accounts do not list, as far as is known
	verifier      verifier
	connector     *connector
	connection    Connection
	link          *link
	timers        map[*time.Timer]struct{}
	pages         pageBook
	restore       restorer
	saving        bool   // a PutState or a PutVault is on its way
	outdated      bool   // the state changed since the one on its way was sealed
	saveDue       bool   // a PutState will be tried again
	tendDue       bool   // likewise a PutVault
	rolledBack    bool   // the server showed less than is known here: nothing is saved on this connection
	told          uint64 // the newest revision of the account's state that the server named on this connection
	fetching      bool   // a GetState is on its way
	forwarding    bool   // the server is being brought forward, or will be
	fetchDue      bool   // one will be,
	fetches       int    // after so many in a row that showed less than the server named
	nap           nap    // until the next message disappears
	ahead         int64  // milliseconds of the server's clock before this device's
	stateSize     int    // bytes of the state when it was last sealed
	vaultChanges  []*vaultChange
	packages      int       // key packages in the server's pool, as far as is known
	publishing    bool      // a PublishKeys is on its way, or will be again
	begun         uint64    // the reset of one's own account that was told last
	greeted       time.Time // when the server said what time it is,
	greetedAs     uint64    // which was this, in milliseconds since 1970
	waiters       []*waiter
	removing      map[*conversation]int // changes on their way that take removed devices of the account out
	toldLeft      int                   // in how many conversations, as was told last
	lookingOut    bool                  // for chains that the server may show whole again
	damages       []damage              // records of the store that load could not read
	asks          map[askID]*ask        // messages that are looked for with others
	requests      map[wire.ID]*askRequest
	askPlanned    bool
	answers       answered
	reportPlanned bool
	blocks        map[wire.ID]blockState
	silent        []silentState
	failures      map[string]uint64 // by reason, since this device was set up
}

// New makes a client. Start begins its work; Close ends it.
func New(cfg Config) (*Client, error) {
	if cfg.Store == nil || cfg.Transport == nil {
		return nil, errors.New("client: a client needs a store and a transport")
	}
	cfg.fill()
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{
		cfg: cfg, ctx: ctx, cancel: cancel,
		inbox:   make(chan func()),
		timers:  map[*time.Timer]struct{}{},
		session: Session{State: SignedOut}, connection: Connection{State: Offline},
	}
	c.forget()
	c.wg.Go(c.loop)
	return c, nil
}

// forget drops what is known of an account from memory.
func (c *Client) forget() {
	c.self, c.locked, c.letIns = nil, nil, map[wire.ID]*letIn{}
	c.replaceable = nil
	c.stopSeeking()
	c.wakeNever()
	c.ahead = 0
	c.conversations = map[wire.ID]*conversation{}
	c.contacts = map[wire.ID]*contact{}
	c.removing = map[*conversation]int{}
	c.unknown, c.inquiries = map[wire.ID]bool{}, map[claim]*inquiry{}
	c.blocks, c.silent = map[wire.ID]blockState{}, nil
	c.settings, c.labels = map[string]stamped{}, map[string]stamped{}
	c.failures = map[string]uint64{}
	c.asks, c.requests = map[askID]*ask{}, map[wire.ID]*askRequest{}
	c.publishing = false
	c.pages = pageBook{due: map[pageID]uint64{}}
	c.restore = restorer{at: map[wire.ID]*reading{}, faults: map[wire.ID]bool{}}
}

// loop runs what is handed in, one after the other, until Close.
func (c *Client) loop() {
	for {
		select {
		case f := <-c.inbox:
			f()
		case <-c.ctx.Done():
			return
		}
	}
}

// post hands f to the loop. It returns false when the client is closed.
func (c *Client) post(f func()) bool {
	select {
	case c.inbox <- f:
		return true
	case <-c.ctx.Done():
		return false
	}
}

var errClosed = wire.Errorf(CodeOffline, "The app is closing.")

// run lets the loop do f and waits for it.
func (c *Client) run(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	select {
	case c.inbox <- func() { done <- f() }:
	case <-c.ctx.Done():
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-done // what the loop took it finishes, also while closing
}

// after lets the loop do f in d, unless the client is closed before.
func (c *Client) after(d time.Duration, f func()) *time.Timer {
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		c.post(func() {
			if _, ok := c.timers[t]; ok {
				delete(c.timers, t)
				f()
			}
		})
	})
	c.timers[t] = struct{}{}
	return t
}

// Start reads what this device knows, says so, and goes online when somebody is signed in.
func (c *Client) Start(ctx context.Context) (Session, error) {
	err := c.run(ctx, func() error {
		if err := c.load(); err != nil {
			return err
		}
		c.emit(c.session)
		if c.self == nil {
			return nil
		}
		if err := c.expireDue(); err != nil { // before anything is shown
			return err
		}
		c.emitAll()
		c.tellLapsed()
		c.emitNews()
		if c.session.State == SignedIn {
			c.goOnline()
		}
		return nil
	})
	return c.Session(), err
}

// Session says who is signed in.
func (c *Client) Session() (s Session) {
	_ = c.run(context.Background(), func() error { s = c.session; return nil })
	return s
}

// Connection says how the connection is.
func (c *Client) Connection() (s Connection) {
	_ = c.run(context.Background(), func() error { s = c.connection; return nil })
	return s
}

// Close ends the client: it leaves the connection and waits for its goroutines. The store stays as
// the last batch left it, and stays open.
func (c *Client) Close(ctx context.Context) error {
	_ = c.run(ctx, func() error {
		for t := range c.timers {
			t.Stop()
		}
		c.goOffline()
		return nil
	})
	c.cancel()
	done := make(chan struct{})
	go func() { c.wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) emit(e Event) { c.cfg.Emit(e) }

func (c *Client) nowMillis() uint64 { return uint64(max(0, c.cfg.Now().UnixMilli())) }

// jitter shortens d by a random part of up to half.
func (c *Client) jitter(d time.Duration) time.Duration {
	var b [4]byte
	if _, err := io.ReadFull(c.cfg.Rand, b[:]); err != nil {
		return d
	}
	part := float64(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3])) / (1 << 32)
	return d - time.Duration(part*float64(d)/2)
}

func (b Backoff) at(attempt int) time.Duration {
	d := b.First
	for ; attempt > 0 && d < b.Most; attempt-- {
		d *= 2
	}
	return min(d, b.Most)
}

func (c *Client) mls() mls.Config {
	return mls.Config{
		Rand: c.cfg.Rand, Now: c.cfg.Now, Authenticate: c.verifier.authenticate,
		Extensions: []mls.ExtensionType{RosterExtension},
	}
}
