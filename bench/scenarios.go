package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"frond/wire"
)

// figures are what one round of one scenario measured.
type figures struct {
	perSecond float64       // deliveries, messages or acknowledged sends
	cpu       time.Duration // of the server, per unit of the scenario
	p50, p99  time.Duration
	err       error
}

const outstanding = 16

// fanOut sends from one connection to a room for a while, 16 sends outstanding, and counts what
// arrives at the other members.
func fanOut(t *target, receivers int, length time.Duration) figures {
	var delivered atomic.Int64
	var open []*socket
	defer func() {
		for _, s := range open {
			s.Close()
		}
	}()
	for i := range receivers {
		s, err := t.connect(0, i+1)
		if err != nil {
			return figures{err: err}
		}
		open = append(open, s)
	}
	sender, err := t.connect(0, 0)
	if err != nil {
		return figures{err: err}
	}
	open = append(open, sender)

	var watch latencies
	for i, s := range open[:receivers] {
		if i == receivers/2 {
			go s.watch(&watch, &delivered)
		} else {
			go s.countEntries(64<<10, func(n int) { delivered.Add(int64(n)) })
		}
	}
	sent, err := pump(t, sender, &watch, time.Second) // warm-up
	if err != nil {
		return figures{err: err}
	}
	if err := settle(&delivered, int64(sent*receivers)); err != nil {
		return figures{err: err}
	}
	delivered.Store(0)
	watch.reset()
	cpu, began := t.cpu(), time.Now()
	if sent, err = pump(t, sender, &watch, length); err != nil {
		return figures{err: err}
	}
	if err := settle(&delivered, int64(sent*receivers)); err != nil {
		return figures{err: err}
	}
	took, n := time.Since(began), float64(sent*receivers)
	f := figures{perSecond: n / took.Seconds(), cpu: time.Duration(float64(t.cpu()-cpu) / n * 100_000)}
	f.p50, f.p99 = watch.percentiles()
	return f
}

// pump keeps sends outstanding on one connection for a while and returns how many were acknowledged.
func pump(t *target, s *socket, watch *latencies, length time.Duration) (int, error) {
	end := time.Now().Add(length)
	for sent, acked := 0, 0; ; {
		var batch []byte
		for ; sent-acked < outstanding && time.Now().Before(end); sent++ {
			m := t.message(0, 0)
			watch.sent(m)
			batch = append(batch, m...)
		}
		if sent == acked {
			return sent, nil
		}
		if _, err := s.Write(batch); err != nil {
			return sent, err
		}
		n, err := s.acks()
		if err != nil {
			return sent, err
		}
		acked += n
	}
}

// acks reads one message and counts the positive replies in it.
func (s *socket) acks() (n int, err error) {
	m, err := s.next()
	if err != nil {
		return 0, err
	}
	for len(m) > 0 {
		f, rest, err := wire.NextFrame(m)
		if err != nil {
			return n, err
		}
		switch f.Kind {
		case wire.ReplyOK:
			n++
		case wire.ReplyFail, wire.PushBye:
			var e wire.Error
			if err := wire.Decode(f.Body, &e); err != nil {
				return n, err
			}
			return n, &e
		}
		m = rest
	}
	return n, nil
}

func settle(delivered *atomic.Int64, want int64) error {
	for range 3000 {
		if delivered.Load() >= want {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("%d of %d deliveries arrived", delivered.Load(), want)
}

// pairs lets two members of every room answer each other.
func pairs(t *target, rooms int, length time.Duration) figures {
	var messages atomic.Int64
	var stopped atomic.Bool
	var open []*socket
	defer func() {
		stopped.Store(true)
		for _, s := range open {
			s.Close()
		}
	}()
	for room := range rooms {
		for member := range 2 {
			s, err := t.connect(room, member)
			if err != nil {
				return figures{err: err}
			}
			open = append(open, s)
			answer := func() {
				if _, err := s.Write(t.message(room, member)); err != nil && !stopped.Load() {
					fmt.Println("pairs:", err)
				}
			}
			// Both see every entry of the room; entry number n is answered by member n % 2.
			seen := 0
			go s.countEntries(8<<10, func(n int) {
				for range n {
					seen++
					if member == 0 {
						messages.Add(1)
					}
					if seen%2 == member && !stopped.Load() {
						answer()
					}
				}
			})
		}
	}
	for room := range rooms {
		if _, err := open[2*room].Write(t.message(room, 0)); err != nil {
			return figures{err: err}
		}
	}
	time.Sleep(time.Second)
	cpu, before, began := t.cpu(), messages.Load(), time.Now()
	time.Sleep(length)
	n := float64(messages.Load() - before)
	if n == 0 {
		return figures{err: fmt.Errorf("no message came back")}
	}
	return figures{perSecond: n / time.Since(began).Seconds(), cpu: time.Duration(float64(t.cpu()-cpu) / n * 1000)}
}

// acknowledged lets each of n senders, in rooms of their own, wait for every acknowledgement.
func acknowledged(t *target, senders int, length time.Duration) figures {
	var total atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, senders)
	open := make([]*socket, senders)
	for i := range open {
		var err error
		if open[i], err = t.connect(i, 0); err != nil {
			return figures{err: err}
		}
		defer open[i].Close()
	}
	cpu, began := t.cpu(), time.Now()
	for i, s := range open {
		wg.Go(func() {
			for time.Since(began) < length {
				if _, err := s.Write(t.message(i, 0)); err != nil {
					errs <- err
					return
				}
				for got := 0; got == 0; {
					var err error
					if got, err = s.acks(); err != nil {
						errs <- err
						return
					}
				}
				total.Add(1)
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return figures{err: err}
	default:
	}
	n := float64(total.Load())
	return figures{perSecond: n / time.Since(began).Seconds(), cpu: time.Duration(float64(t.cpu()-cpu) / n * 1000)}
}

// idle opens connections that say hello and nothing more, and reports resident bytes for each.
func idle(t *target, connections int) (bytes float64, err error) {
	open := make([]*socket, 0, connections)
	defer func() {
		for _, s := range open {
			s.Close()
		}
	}()
	before := t.resident()
	for i := range connections {
		s, err := t.connect(i, 0)
		if err != nil {
			return 0, fmt.Errorf("connection %d: %w", i, err)
		}
		open = append(open, s)
	}
	time.Sleep(5 * time.Second)
	return float64(t.resident()-before) / float64(connections), nil
}

// latencies joins the moments a message was sent and seen. Messages are told apart by their id.
type latencies struct {
	mu    sync.Mutex
	start map[wire.ID]time.Time
	took  []time.Duration
}

func (l *latencies) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.start, l.took = nil, nil
}

// sent notes an outgoing message: the request of Frond, or the ready-made push of the baseline.
func (l *latencies) sent(message []byte) {
	now := time.Now()
	f, _, err := wire.NextFrame(message[8:]) // 2 + 2 bytes of header and length, 4 of mask
	if err != nil {
		return
	}
	id, ok := messageID(f)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.start == nil {
		l.start = map[wire.ID]time.Time{}
	}
	if ok {
		l.start[id] = now
	}
}

func messageID(f wire.Frame) (wire.ID, bool) {
	if f.Kind == wire.OpSend {
		var s wire.Send
		err := wire.Decode(f.Body, &s)
		return s.Message, err == nil
	}
	var e wire.Entry
	err := wire.Decode(f.Body, &e)
	return e.Message, err == nil
}

// watch decodes everything one receiver gets.
func (s *socket) watch(l *latencies, delivered *atomic.Int64) {
	for {
		m, err := s.next()
		if err != nil {
			return
		}
		now := time.Now()
		frames, err := wire.Frames(m)
		if err != nil {
			return
		}
		for _, f := range frames {
			if f.Kind != wire.PushEntry {
				continue
			}
			if id, ok := messageID(f); ok {
				l.seen(id, now)
			}
			delivered.Add(1)
		}
	}
}

func (l *latencies) seen(id wire.ID, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if began, ok := l.start[id]; ok {
		l.took = append(l.took, now.Sub(began))
		delete(l.start, id)
	}
}

func (l *latencies) percentiles() (p50, p99 time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.took) == 0 {
		return 0, 0
	}
	slices.Sort(l.took)
	return l.took[len(l.took)/2], l.took[len(l.took)*99/100]
}
