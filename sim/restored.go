package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/wire"
)

// PlayRestored plays a world in which, on the way, the server is put back to a backup of itself. What lies between is
// lost for whoever had not got it; afterwards everybody talks again who belongs together.
func (w *World) PlayRestored() error { return w.alive(w.playRestored) }

func (w *World) playRestored(ctx context.Context) error {
	for _, p := range w.people {
		if err := errors.Join(p.start(ctx), p.signUp(ctx)); err != nil {
			return err
		}
	}
	var backup []byte
	var err error
	at, back := w.opts.Steps/3, w.opts.Steps*2/3
	for step := w.opts.People; step < w.opts.Steps; step++ {
		switch {
		case step == at:
			if backup, err = w.server.backup(); err != nil {
				return err
			}
		case step == back:
			w.log.Info("the server is restored")
			if err := w.server.restore(backup); err != nil {
				return err
			}
		}
		if err := w.step(ctx, step); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		if step < back && w.rand.IntN(25) == 0 { // later ones would begin a second history of their account
			w.another(ctx, w.people[w.rand.IntN(w.opts.People)])
		}
		time.Sleep(time.Duration(w.rand.IntN(1500)) * time.Millisecond)
	}
	if err := w.wake(ctx); err != nil {
		return err
	}
	time.Sleep(time.Hour)
	return w.checkTalk(ctx)
}

// wake brings everybody back, on good lines. Whose session the backup does not know signs in again.
func (w *World) wake(ctx context.Context) error {
	for _, p := range w.everybody() {
		p.lane.set(false, false)
		p.lane.cut()
		if p.on() == nil {
			if err := p.start(ctx); err != nil {
				return err
			}
		}
	}
	w.jobs.Wait()
	for range 3 {
		time.Sleep(5 * time.Minute)
		for _, p := range w.everybody() {
			if p.on().Session().State != client.SignedIn {
				err := p.signInAgain(ctx)
				if wire.CodeOf(err) == client.CodeRolledBack {
					err = w.forget(ctx, p) // as the error says
				}
				if err != nil {
					w.log.Info("sign in again", "who", p.name, "device", p.device(), "error", err)
				}
			}
		}
	}
	return nil
}

// forget clears what is stored on a device, and signs in on it as on a new one.
func (w *World) forget(ctx context.Context, p *person) error {
	if err := p.crash(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	p.store = memory.New()
	p.mu.Unlock()
	if err := p.start(ctx); err != nil {
		return err
	}
	return p.signInAgain(ctx)
}

// checkTalk lets every device speak in each of its conversations, and demands that all hear it whom one of them has in the
// list of members.
func (w *World) checkTalk(ctx context.Context) error {
	inside := map[wire.ID][]*person{}
	listed := map[wire.ID][]wire.ID{}
	for _, p := range w.everybody() {
		if s := p.on().Session(); s.State != client.SignedIn {
			return fmt.Errorf("%s (%s) is %s", p.name, p.device(), s.State)
		}
		for _, v := range p.conversations(ctx) {
			if v.Joining || !v.CanSend {
				continue
			}
			inside[v.ID] = append(inside[v.ID], p)
			for _, q := range v.People {
				if !slices.Contains(listed[v.ID], q.Account) {
					listed[v.ID] = append(listed[v.ID], q.Account)
				}
			}
		}
	}
	for id, people := range inside {
		for _, p := range w.everybody() {
			if slices.Contains(listed[id], p.account) && !slices.Contains(people, p) {
				return fmt.Errorf("%s (%s) belongs into %s and is not in it: %+v", p.name, p.device(), id, p.conversations(ctx))
			}
		}
	}
	said := map[wire.ID][]string{}
	for id, people := range inside {
		for _, p := range people {
			text := "at the end, from " + p.device().String()
			if _, err := p.on().Send(ctx, id, text); err != nil {
				return err
			}
			said[id] = append(said[id], text)
		}
	}
	time.Sleep(15 * time.Minute)
	for id, people := range inside {
		for _, p := range people {
			rows, err := w.timeline(ctx, p, id)
			if err != nil {
				return err
			}
			for _, text := range said[id] {
				if !slices.ContainsFunc(rows, func(r row) bool { return r.text == text && r.state != client.Pending }) {
					return fmt.Errorf("%s (%s) does not hear %q in %s", p.name, p.device(), text, id)
				}
			}
		}
	}
	for _, p := range w.everybody() {
		if s, err := p.on().Stored(ctx); err != nil || s.Waiting > 0 {
			return fmt.Errorf("%s (%s) still has to store %d keys: %w", p.name, p.device(), s.Waiting, err)
		}
	}
	return nil
}
