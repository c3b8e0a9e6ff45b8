package sim

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/client/vault"
	"frond/mls"
	"frond/wire"
)

// person is somebody with a device, which may be switched off.
type person struct {
	name  string
	keys  vault.Keys
	kdf   wire.KDF
	suite mls.CipherSuite
	lane  *lane
	rand  io.Reader
	log   *slog.Logger
	now   func() time.Time // the device's clock; nil: the right time

	home *household // what the account's devices share; nil where a test does without

	mu       sync.Mutex
	store    *memory.Store
	client   *client.Client // nil while switched off
	signedUp bool
	devices  []wire.ID // all there were, the present one last
	account  wire.ID
	promised map[wire.ID]string // message id -> text, of every Send that returned
	given    map[wire.ID]bool   // messages that went down with a replaced device
	opened   map[wire.ID]int    // how often a message was announced as opened
	faults   []client.Fault
	failed   int              // how often an own message was shown as failed
	hurt     map[wire.ID]bool // conversations whose keys the store lost
	older    *memory.Store    // a copy of the store, as it was when the device was olderOf
	olderOf  wire.ID

	anew  time.Time // when the account was begun anew
	reset []client.AccountReset
	begun []client.ResetBegun
}

// start switches the device on, with what its store holds.
func (p *person) start(ctx context.Context) error {
	c, err := client.New(client.Config{
		Store: p.store, Transport: p.lane, Emit: p.hear, Rand: p.rand, Suite: p.suite, KeyPool: 6, Log: p.log, Now: p.now,
		Backoff: client.Backoff{First: 500 * time.Millisecond, Most: 20 * time.Second},
	})
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.client = c
	p.mu.Unlock()
	_, err = c.Start(ctx)
	return err
}

// crash switches the device off in the middle of whatever it does: nothing is written any more.
func (p *person) crash(ctx context.Context) error {
	p.mu.Lock()
	c := p.client
	p.client = nil
	left := p.store.Copy()
	_ = p.store.Close()
	p.store = left
	p.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.Close(ctx)
}

// on returns the running client, or nil.
func (p *person) on() *client.Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.client
}

func (p *person) credentials() client.Credentials {
	return client.Credentials{Name: p.name, Keys: p.keys, KDF: p.kdf}
}

// hear takes the client's events.
func (p *person) hear(e client.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case client.Session:
		if e.State == client.SignedIn && (len(p.devices) == 0 || p.devices[len(p.devices)-1] != e.Device) {
			p.devices = append(p.devices, e.Device)
			p.account = e.Account
		}
	case client.Timeline:
		for _, m := range e.Upsert {
			if id, err := wire.ParseID(m.ID); err == nil && m.State == client.Received && m.Reason == nil {
				p.opened[id]++
			}
			if m.State == client.Failed {
				p.failed++
			}
		}
	case client.Fault:
		p.faults = append(p.faults, e)
	case client.AccountReset:
		p.reset = append(p.reset, e)
	case client.ResetBegun:
		p.begun = append(p.begun, e)
	}
}

// signUp creates the account. When nobody knows whether that worked, signing in tells.
func (p *person) signUp(ctx context.Context) error {
	c := p.on()
	if c == nil {
		return nil
	}
	err := c.SignUp(ctx, p.credentials())
	if wire.CodeOf(err) == wire.CodeNameTaken { // an earlier try went through
		err = c.SignIn(ctx, p.credentials())
	}
	if wire.CodeOf(err) == wire.CodeExists { // and this device was told
		err = nil
	}
	if err == nil {
		p.mu.Lock()
		p.signedUp = true
		p.mu.Unlock()
	}
	return err
}

// replace signs in on a new, empty device. What the old one had not sent is lost with it.
func (p *person) replace(ctx context.Context) error {
	if err := p.empty(ctx); err != nil {
		return err
	}
	return p.signInAgain(ctx)
}

// signInAgain signs in until the server was reached.
func (p *person) signInAgain(ctx context.Context) error {
	for range 20 {
		c := p.on()
		if c == nil {
			return nil
		}
		err := c.SignIn(ctx, p.credentials())
		switch wire.CodeOf(err) {
		case client.CodeOffline, wire.CodeUnavailable, wire.CodeInternal, wire.CodeConflict:
			time.Sleep(3 * time.Second)
		case "", wire.CodeExists:
			return nil
		default:
			return fmt.Errorf("%s signs in: %w", p.name, err)
		}
	}
	return fmt.Errorf("%s can not sign in", p.name)
}

// send writes to a conversation and notes what was promised.
func (p *person) send(ctx context.Context, conversation wire.ID, text string) {
	c := p.on()
	if c == nil {
		return
	}
	id, err := c.Send(ctx, conversation, text)
	if err != nil {
		return // nothing was promised
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.promised[id] = text
}

// conversations lists what the person sees.
func (p *person) conversations(ctx context.Context) []client.Conversation {
	c := p.on()
	if c == nil {
		return nil
	}
	list, err := c.List(ctx)
	if err != nil {
		return nil
	}
	return list
}
