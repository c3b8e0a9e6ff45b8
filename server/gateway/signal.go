package gateway

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"frond/wire"
)

// What a device may signal, in the long run and at once, and how many sources of signals are remembered.
const (
	signalsPerSecond = 10
	signalBurst      = 60
	signalBytes      = 16 << 10 // per second
	signalBytesBurst = 64 << 10
	reportEvery      = time.Hour
	maxSources       = 10000
)

// source is what a device may still signal and report. It outlives the device's connections, or else a new
// one would begin afresh.
type source struct {
	count, bytes *rate.Limiter
	reported     time.Time
	used         time.Time
}

// sourceOf returns a device's source. The caller holds the lock of sources.
func (g *Gateway) sourceOf(device wire.ID) *source {
	now := g.now()
	if s := g.sources[device]; s != nil {
		s.used = now
		return s
	}
	g.forgetSources(now)
	s := &source{count: rate.NewLimiter(signalsPerSecond, signalBurst), bytes: rate.NewLimiter(signalBytes, signalBytesBurst), used: now}
	g.sources[device] = s
	return s
}

// forgetSources makes room for one more: those go that were not used for long, or else the one that was not for longest.
func (g *Gateway) forgetSources(now time.Time) {
	if len(g.sources) < maxSources {
		return
	}
	var oldest wire.ID
	first := now
	for id, s := range g.sources {
		if now.Sub(s.used) > reportEvery {
			delete(g.sources, id)
		}
		if !s.used.After(first) {
			oldest, first = id, s.used
		}
	}
	if len(g.sources) >= maxSources {
		delete(g.sources, oldest)
	}
}

// maySignal takes a signal, that counts as so many, out of what the device may send.
func (g *Gateway) maySignal(device wire.ID, count, size int) bool {
	g.sourcing.Lock()
	defer g.sourcing.Unlock()
	s, now := g.sourceOf(device), g.now()
	return s.count.AllowN(now, count) && s.bytes.AllowN(now, size)
}

// toAllCounts is as how many signals one to everybody counts.
const toAllCounts = 10

// signal passes a body on to devices that are connected and whose account is in the conversation, as the sender's is.
// Whether there are any it does not say. Nothing is kept.
func (c *conn) signal(q *wire.Signal) (wire.Nothing, error) {
	none, me := wire.Nothing{}, *c.session.Device
	count := 1
	if q.To.IsZero() {
		count = toAllCounts
	}
	if !c.g.maySignal(me, count, len(q.Body)) {
		refusal := wire.Errorf(wire.CodeRateLimited, "Too many signals.")
		refusal.RetryAfter = 5
		return none, refusal
	}
	frame, err := wire.EncodeFrame(wire.PushSignal, 0, wire.Signalled{
		Conversation: q.Conversation, Account: c.session.Account, Device: me, Body: q.Body,
	})
	if err != nil {
		return none, err
	}
	if q.To.IsZero() {
		return none, c.signalAll(q, frame)
	}
	if in, err := c.g.signals(c.g.ctx, q.Conversation, c.session.Account, me); err != nil || !in {
		if err == nil {
			err = errNotIn
		}
		return none, err
	}
	for _, to := range c.g.conns.of(q.To) {
		device := to.device()
		if device.IsZero() || device == me || q.Device != nil && device != *q.Device || to.repliesWaiting() > maxReplies {
			continue
		}
		in, err := c.g.signals(c.g.ctx, q.Conversation, q.To, device)
		if err != nil {
			return none, err
		}
		if in {
			to.push(frame)
			c.g.stats.Signalled()
		}
	}
	return none, nil
}

var errNotIn = wire.Errorf(wire.CodeForbidden, "this account is not in that conversation")

// signals reports whether a device may say and hear signals of a conversation: it is in it, or could come in.
func (g *Gateway) signals(ctx context.Context, conversation, account, device wire.ID) (bool, error) {
	in, err := g.log.Member(ctx, conversation, device)
	if err == nil && !in {
		_, in, err = g.log.Belongs(ctx, account, device, conversation)
	}
	return in, err
}

// signalAll passes a body on to all devices in a conversation that are connected, unless it is the open one.
func (c *conn) signalAll(q *wire.Signal, frame []byte) error {
	kind, in, err := c.g.log.Belongs(c.g.ctx, c.session.Account, *c.session.Device, q.Conversation)
	if err == nil && (!in || kind == wire.Open) {
		err = errNotIn
	}
	if err != nil {
		return err
	}
	members, err := c.g.log.Members(c.g.ctx, q.Conversation)
	if err != nil {
		return err
	}
	for _, m := range members {
		for _, to := range c.g.conns.of(m.Account) {
			if m.Device != *c.session.Device && to.device() == m.Device && to.repliesWaiting() <= maxReplies {
				to.push(frame)
				c.g.stats.Signalled()
			}
		}
	}
	return nil
}

// report adds what went wrong on a device to the totals, once an hour at most.
func (c *conn) report(q *wire.Report) (wire.Nothing, error) {
	c.g.sourcing.Lock()
	s, now := c.g.sourceOf(*c.session.Device), c.g.now()
	early := !s.reported.IsZero() && now.Sub(s.reported) < reportEvery
	if !early {
		s.reported = now
	}
	c.g.sourcing.Unlock()
	if early {
		return wire.Nothing{}, wire.Errorf(wire.CodeRateLimited, "One report an hour is enough.")
	}
	for name, n := range q.Counts {
		c.g.stats.Failed(name, n)
	}
	return wire.Nothing{}, nil
}
