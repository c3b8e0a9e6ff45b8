package sim

import (
	"context"

	"frond/client"
)

// keepCopy copies a device's store, as a backup of a browser profile does.
func (w *World) keepCopy(ctx context.Context, p *person) error {
	if c := p.on(); c == nil || c.Session().State != client.SignedIn {
		return nil
	}
	if err := p.crash(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	p.older, p.olderOf = p.store.Copy(), p.devices[len(p.devices)-1]
	p.mu.Unlock()
	return p.start(ctx)
}

// setBack puts a copy in the place of the store of some device that has one. What it sent meanwhile and nobody took
// is lost, and what it had read it reads once more.
func (w *World) setBack(ctx context.Context) error {
	for _, p := range w.everybody() {
		c := p.on()
		if p.older == nil || c == nil || p.olderOf != p.device() || c.Session().State != client.SignedIn {
			continue
		}
		list := p.conversations(ctx)
		if err := p.crash(ctx); err != nil {
			return err
		}
		w.log.Info("set back", "who", p.name, "device", p.device())
		for _, v := range list {
			p.hurtIn(v.ID.String())
		}
		p.mu.Lock()
		p.store, p.older = p.older, nil
		for id := range p.promised {
			p.given[id] = true
		}
		clear(p.opened)
		p.mu.Unlock()
		return p.start(ctx)
	}
	return nil
}
