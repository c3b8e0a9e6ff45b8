package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"frond/client"
	"frond/wire"
)

// step lets one thing happen. Early in the schedule people sign up; later they mostly write.
func (w *World) step(ctx context.Context, step int) error {
	people := w.everybody()
	if step < w.opts.People {
		w.newcomer(ctx, people[step])
		people = people[:step+1]
	}
	p := people[w.rand.IntN(len(people))]
	switch n := w.rand.IntN(100); {
	case n < 18 && w.opts.Homes:
		return w.home(ctx, p)
	case n < 48:
		w.write(ctx, p)
	case n < 56:
		w.create(ctx, p)
	case n < 60:
		w.members(ctx, p)
	case n < 66:
		w.renew(ctx, p)
	case n < 74:
		w.weather(p)
	case n < 82:
		p.lane.cut()
	case n < 90:
		return w.crash(ctx, p)
	case n < 92:
		return w.restart()
	case n < 94 && w.opts.Devices:
		return w.replace(ctx, p)
	case n < 95 && w.opts.Devices:
		return w.loseEverything(ctx, p)
	}
	return nil
}

// newcomer signs up, and does not give up.
func (w *World) newcomer(ctx context.Context, p *person) {
	w.later(func() {
		for ctx.Err() == nil {
			if err := p.signUp(ctx); err == nil && p.on() != nil {
				return
			}
			time.Sleep(2 * time.Second)
		}
	})
}

// write sends one to three messages, perhaps with nobody listening.
func (w *World) write(ctx context.Context, p *person) {
	list := p.conversations(ctx)
	if len(list) == 0 {
		return
	}
	v := list[w.rand.IntN(len(list))]
	for range 1 + w.rand.IntN(3) {
		p.send(ctx, v.ID, w.text(p))
	}
}

// create begins a direct conversation or a group with people who have signed up.
func (w *World) create(ctx context.Context, p *person) {
	others := w.others(p, 1+w.rand.IntN(5))
	if len(others) == 0 {
		return
	}
	o := client.NewConversation{Kind: wire.Direct, People: others[:1]}
	if len(others) > 1 {
		o = client.NewConversation{Kind: wire.Group, People: others, Name: fmt.Sprint("group of ", p.name)}
	}
	w.later(func() {
		if c := p.on(); c != nil {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if _, err := c.Create(ctx, o); err != nil {
				w.log.Info("create", "who", p.name, "error", err)
			}
		}
	})
}

// others picks people who have signed up.
func (w *World) others(p *person, n int) (names []string) {
	people := w.everybody()
	for _, i := range w.rand.Perm(len(people)) {
		q := people[i]
		q.mu.Lock()
		ready := q.signedUp && q.name != p.name && !slices.Contains(names, q.name)
		q.mu.Unlock()
		if ready && len(names) < n {
			names = append(names, q.name)
		}
	}
	return names
}

// members adds somebody to a group, or removes somebody.
func (w *World) members(ctx context.Context, p *person) {
	var groups []client.Conversation
	for _, v := range p.conversations(ctx) {
		if v.Kind == wire.Group && v.CanSend {
			groups = append(groups, v)
		}
	}
	if len(groups) == 0 {
		return
	}
	v := groups[w.rand.IntN(len(groups))]
	victim := v.People[w.rand.IntN(len(v.People))].Account
	others := w.others(p, 1)
	add := w.rand.IntN(3) > 0
	w.later(func() {
		c := p.on()
		if c == nil {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		var err error
		if add && len(others) > 0 {
			err = c.Add(ctx, v.ID, others)
		} else {
			err = c.Remove(ctx, v.ID, victim)
		}
		if err != nil {
			w.log.Info("members", "who", p.name, "error", err)
		}
	})
}

// renew lets several people of a conversation commit at the same moment: one wins at a time, and who
// was writing meanwhile may have to seal again.
func (w *World) renew(ctx context.Context, p *person) {
	list := p.conversations(ctx)
	if len(list) == 0 {
		return
	}
	v := list[w.rand.IntN(len(list))]
	people := w.everybody()
	some := w.rand.Perm(len(people))[:min(len(people), 5)]
	for _, i := range some {
		w.later(func() {
			if c := people[i].on(); c != nil {
				ctx, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				if err := c.Renew(ctx, v.ID); err != nil {
					w.log.Info("renew", "who", people[i].name, "error", err)
				}
			}
		})
	}
}

// weather takes a person offline or brings them back, on a good line or a bad one.
func (w *World) weather(p *person) {
	p.lane.set(w.rand.IntN(3) == 0, w.rand.IntN(2) == 0)
}

// crash switches a device off, and on again at once or later.
func (w *World) crash(ctx context.Context, p *person) error {
	if p.on() == nil {
		return p.start(ctx)
	}
	if err := p.crash(ctx); err != nil {
		return err
	}
	if w.rand.IntN(3) > 0 {
		return p.start(ctx)
	}
	return nil
}

// restart stops the server and begins it again on its database.
func (w *World) restart() error {
	if err := w.server.stop(); err != nil {
		return err
	}
	time.Sleep(time.Duration(w.rand.IntN(3000)) * time.Millisecond)
	return w.server.start()
}

// replace lets a person go on with a new device.
func (w *World) replace(ctx context.Context, p *person) error {
	p.mu.Lock()
	ready := p.signedUp
	p.mu.Unlock()
	if !ready || p.lane.isDown() {
		return nil
	}
	return p.replace(ctx)
}
