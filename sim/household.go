package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/client/vault"
	"frond/wire"
)

// mostLive is how many devices an account has at the same time in these worlds.
const mostLive = 3

// household is an account: what all its devices share. A task of it runs alone.
type household struct {
	free chan struct{} // holds one token while no task runs; waiting for a mutex would stop virtual time
	code *vault.RecoveryCode
}

func newHousehold() *household {
	h := &household{free: make(chan struct{}, 1)}
	h.free <- struct{}{}
	return h
}

// devices of a person that are switched on or off, but not removed.
func (w *World) family(p *person) (all []*person) {
	for _, q := range w.everybody() {
		if q.name == p.name {
			all = append(all, q)
		}
	}
	return all
}

// everybody is a list that stays as it is while devices come and go.
func (w *World) everybody() []*person {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.people)
}

// home lets one thing happen that concerns an account's devices.
func (w *World) home(ctx context.Context, p *person) error {
	p.mu.Lock()
	ready := p.signedUp
	p.mu.Unlock()
	if !ready {
		return nil
	}
	switch n := w.rand.IntN(140); {
	case n < 30:
		w.another(ctx, p)
	case n < 45:
		w.removeOne(ctx, p)
	case n < 60:
		w.signOutAndIn(ctx, p)
	case n < 70:
		w.changePassword(ctx, p)
	case n < 80:
		w.recover(ctx, p)
	case n < 90:
		w.roles(ctx, p)
	case n < 100:
		w.restoreAgain(ctx, p)
	case n < 115:
		return w.loseKeys(ctx, p)
	case n < 128:
		return w.keepCopy(ctx, p)
	default:
		return w.setBack(ctx)
	}
	return nil
}

// task runs something of an account beside the schedule, one after the other.
func (w *World) task(p *person, what string, f func() error) {
	w.later(func() {
		<-p.home.free
		defer func() { p.home.free <- struct{}{} }()
		if err := f(); err != nil {
			w.log.Info(what, "who", p.name, "error", err)
		}
	})
}

// newDevice is a device of the same account that nobody has signed in on yet.
func (w *World) newDevice(p *person) *person {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.born++
	q := &person{
		name: p.name, account: p.account, kdf: p.kdf, suite: p.suite, home: p.home, store: memory.New(), log: p.log.With("device", w.born),
		rand:     &lockedRand{r: rand.NewChaCha8(seedFor(w.opts.Seed, 1000+w.born))},
		promised: map[wire.ID]string{}, given: map[wire.ID]bool{}, opened: map[wire.ID]int{},
	}
	q.lane = newLane(w.server, rand.New(rand.NewPCG(w.opts.Seed, uint64(5000+w.born))))
	q.keys = p.password()
	return q
}

func (p *person) password() vault.Keys {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys
}

// settle gives all devices of the account the password that is now in force.
func (w *World) settle(p *person, keys vault.Keys) {
	for _, q := range w.family(p) {
		q.mu.Lock()
		q.keys = keys
		q.mu.Unlock()
	}
}

// another signs in on one more device.
func (w *World) another(ctx context.Context, p *person) {
	w.task(p, "another device", func() error {
		if len(w.family(p)) >= mostLive {
			return nil
		}
		q := w.newDevice(p)
		if err := q.start(ctx); err != nil {
			return err
		}
		return w.welcome(ctx, q, q.signInAgain(ctx))
	})
}

// welcome takes a device in that got in, and forgets one that did not.
func (w *World) welcome(ctx context.Context, q *person, err error) error {
	if err != nil {
		_ = q.crash(ctx)
		return err
	}
	q.mu.Lock()
	q.signedUp = true
	q.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.people = append(w.people, q)
	return nil
}

// removeOne takes another device out of the account. Whether that worked the server knows: bury finds out.
func (w *World) removeOne(ctx context.Context, p *person) {
	w.task(p, "remove a device", func() error {
		c, others := p.on(), w.family(p)
		others = slices.DeleteFunc(others, func(q *person) bool { return q == p })
		if c == nil || len(others) == 0 {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		err := c.RemoveDevice(ctx, others[0].device())
		w.bury(context.WithoutCancel(ctx), p)
		return err
	})
}

// bury puts the removed devices of an account away. What they had promised is theirs no more.
func (w *World) bury(ctx context.Context, p *person) {
	active, err := w.activeDevices(ctx, p.account)
	if err != nil {
		return
	}
	for _, q := range w.family(p) {
		if active[q.device()] {
			continue
		}
		_ = q.crash(ctx)
		w.mu.Lock()
		w.people = slices.DeleteFunc(w.people, func(other *person) bool { return other == q })
		w.buried = append(w.buried, q)
		w.mu.Unlock()
	}
}

func (w *World) activeDevices(ctx context.Context, account wire.ID) (map[wire.ID]bool, error) {
	if w.server.gate.Load() == nil {
		return nil, errDown
	}
	list, err := w.server.store.Devices(ctx, []wire.ID{account})
	active := map[wire.ID]bool{}
	for _, d := range list {
		active[d.ID] = d.Active
	}
	return active, err
}

// signOutAndIn leaves for a while.
func (w *World) signOutAndIn(ctx context.Context, p *person) {
	pause := time.Duration(w.rand.IntN(20)) * time.Second
	w.task(p, "sign out and in", func() error {
		c := p.on()
		if c == nil {
			return nil
		}
		if err := c.SignOut(ctx, false); err != nil {
			return err
		}
		time.Sleep(pause)
		return p.signInAgain(ctx)
	})
}

// changePassword does not give up before it knows which password is in force.
func (w *World) changePassword(ctx context.Context, p *person) {
	w.task(p, "change the password", func() error {
		now := p.password()
		var next vault.Keys
		_, _ = p.rand.Read(next.Auth[:])
		_, _ = p.rand.Read(next.Wrap[:])
		return w.untilChanged(ctx, p, &now, next)
	})
}

// untilChanged tries until it is known which password is in force.
func (w *World) untilChanged(ctx context.Context, p *person, now *vault.Keys, next vault.Keys) error {
	for range 40 {
		if c := p.on(); c != nil {
			trying, cancel := context.WithTimeout(ctx, 30*time.Second)
			err := c.ChangePassword(trying, now, next, p.kdf)
			cancel()
			if err == nil || wire.CodeOf(err) == wire.CodeWrongPassword { // an earlier try went through
				w.settle(p, next)
				p.keys = next
				return nil
			}
		}
		time.Sleep(3 * time.Second)
	}
	return fmt.Errorf("nobody knows the password of %s", p.name)
}

// recover sets a recovery code, or uses it on a new device in place of the password.
func (w *World) recover(ctx context.Context, p *person) {
	w.task(p, "recover", func() error {
		if p.home.code == nil {
			code, err := vault.NewRecoveryCode(p.rand)
			if c := p.on(); c == nil || err != nil {
				return err
			} else if err := c.SetRecovery(ctx, code); err != nil {
				return err
			}
			p.home.code = &code
			return nil
		}
		if len(w.family(p)) >= mostLive {
			return nil
		}
		q := w.newDevice(p)
		var next vault.Keys
		_, _ = p.rand.Read(next.Auth[:])
		_, _ = p.rand.Read(next.Wrap[:])
		if err := q.start(ctx); err != nil {
			return err
		}
		if err := q.on().Recover(ctx, q.name, *p.home.code, next, q.kdf, wire.ID{}); err != nil {
			return w.welcome(ctx, q, err)
		}
		w.settle(p, next)
		q.keys = next
		return w.welcome(ctx, q, nil)
	})
}

// roles makes somebody of a group moderator, owner or member, or gives the group a name.
func (w *World) roles(ctx context.Context, p *person) {
	v, ok := w.aGroup(ctx, p)
	if !ok {
		return
	}
	victim, role, name := v.People[w.rand.IntN(len(v.People))].Account, client.Role(1+w.rand.IntN(3)), fmt.Sprint("named ", w.rand.IntN(1000))
	rename := w.rand.IntN(2) == 0
	w.later(func() {
		c := p.on()
		if c == nil {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if rename {
			_ = c.Rename(ctx, v.ID, name)
		} else {
			_ = c.SetRole(ctx, v.ID, victim, role)
		}
	})
}

// aGroup picks a group in which somebody can speak.
func (w *World) aGroup(ctx context.Context, p *person) (client.Conversation, bool) {
	groups := slices.DeleteFunc(p.conversations(ctx), func(v client.Conversation) bool { return v.Kind != wire.Group || !v.CanSend || len(v.People) == 0 })
	if len(groups) == 0 {
		return client.Conversation{}, false
	}
	return groups[w.rand.IntN(len(groups))], true
}

func (w *World) restoreAgain(ctx context.Context, p *person) {
	for _, v := range p.conversations(ctx) {
		if c := p.on(); c != nil {
			_ = c.RestoreAgain(ctx, v.ID)
		}
	}
}
