package sim

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/server/store"
	"frond/wire"
)

// leave gives leave to begin a person's account anew, from a time on.
func (w *World) leave(p *person, usable time.Time) (token wire.Hash, err error) {
	_, _ = rand.Read(token[:])
	return token, w.server.store.CreateReset(context.Background(), store.PendingReset{
		Account: p.account, Hash: sha256.Sum256(token[:]), Usable: usable, Expires: usable.Add(24 * time.Hour),
	})
}

// loseEverything lets a person lose device and keys, and begin anew with an administrator's help.
func (w *World) loseEverything(ctx context.Context, p *person) error {
	p.mu.Lock()
	ready := p.signedUp && !p.account.IsZero()
	p.mu.Unlock()
	if !ready || p.lane.isDown() {
		return nil
	}
	token, err := w.leave(p, time.Now())
	if err != nil {
		return err
	}
	if err := p.empty(ctx); err != nil {
		return err
	}
	for range 20 {
		err = p.on().Reset(ctx, p.name, token, p.keys, p.kdf)
		if err == nil || wire.CodeOf(err) == wire.CodeForbidden { // an earlier try went through
			break
		}
		time.Sleep(3 * time.Second)
	}
	p.mu.Lock()
	p.anew = time.Now()
	p.mu.Unlock()
	if wire.CodeOf(err) == wire.CodeForbidden {
		err = p.signInAgain(ctx)
	}
	return err
}

// empty switches a new device on. What the old one had not sent is lost with it.
func (p *person) empty(ctx context.Context) error {
	if err := p.crash(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	p.store = memory.New()
	for id := range p.promised {
		p.given[id] = true
	}
	clear(p.opened)
	p.mu.Unlock()
	return p.start(ctx)
}

// lost reports whether an entry is from before the person began anew.
func (p *person) lost(e *wire.Entry) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(e.Received/1000) <= p.anew.Unix()
}

// acceptAll lets a person accept the new keys of everybody in a conversation.
func (p *person) acceptAll(ctx context.Context, people []client.Named) {
	for _, q := range people {
		_ = p.on().AcceptKey(ctx, q.Account) // who is oneself, or has not changed, is passed over
	}
}
