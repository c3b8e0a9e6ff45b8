package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"frond/client"
	"frond/client/transport/inproc"
	"frond/wire"
)

var errDown = errors.New("sim: the network is down")

// lane is one person's way to the server. It outlives the client program, as a browser's cookies do.
type lane struct {
	inner client.Transport

	mu     sync.Mutex
	rand   *rand.Rand
	down   bool
	faulty bool // doubles and reorders pushes, and cuts connections
	conns  map[*conn]bool
	liar   liar   // the cheating server in the middle, if there is one
	lost   string // a path whose answers do not arrive
}

func newLane(s *server, r *rand.Rand) *lane {
	return &lane{inner: inproc.New(s, s.serveSocket), rand: r, conns: map[*conn]bool{}}
}

// set changes the weather, and cuts what is open when the network goes down.
func (l *lane) set(down, faulty bool) {
	l.mu.Lock()
	l.down, l.faulty = down, faulty
	l.mu.Unlock()
	if down {
		l.cut()
	}
}

// losesPosts lets no answer of a path arrive.
func (l *lane) losesPosts(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = path
}

func (l *lane) isLost(path string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost == path
}

// cut breaks all open connections.
func (l *lane) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		_ = c.inner.Close()
	}
}

// chance reports true one time in n, while the lane is faulty.
func (l *lane) chance(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.faulty && l.rand.IntN(n) == 0
}

func (l *lane) isDown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down
}

// Post implements client.Transport.
func (l *lane) Post(ctx context.Context, path string, body []byte) ([]byte, error) {
	if l.isDown() {
		return nil, errDown
	}
	l.overhear(body)
	answer, err := l.inner.Post(ctx, path, body)
	if l.isLost(path) {
		return nil, errDown
	}
	if err == nil {
		if answer = l.posted(path, answer); answer == nil {
			err = errDown
		}
	}
	return answer, err
}

// Dial implements client.Transport.
func (l *lane) Dial(ctx context.Context) (client.Conn, error) {
	if l.isDown() {
		return nil, errDown
	}
	inner, err := l.inner.Dial(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{lane: l, inner: inner, asked: map[uint64]wire.Kind{}}
	l.mu.Lock()
	l.conns[c] = true
	l.mu.Unlock()
	return c, nil
}

// conn is a connection over a lane.
type conn struct {
	lane  *lane
	inner client.Conn
	held  [][]byte             // pushes that will arrive later than they should
	asked map[uint64]wire.Kind // requests that wait for their answer
}

// Send implements client.Conn. The connection may break before or after the message got through.
func (c *conn) Send(ctx context.Context, message []byte) error {
	if c.lane.chance(40) {
		_ = c.inner.Close()
		return errDown
	}
	heard, err := c.heard(message)
	if err == nil {
		err = c.inner.Send(ctx, heard)
	}
	if err == nil && c.lane.chance(40) {
		time.AfterFunc(time.Millisecond, func() { _ = c.inner.Close() }) // before the answer, or after
	}
	return err
}

// Receive implements client.Conn. Pushed entries may arrive twice, late, or in another order.
func (c *conn) Receive(ctx context.Context) ([]byte, error) {
	message, err := c.inner.Receive(ctx)
	if err != nil {
		return nil, err
	}
	frames, err := wire.Frames(message)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, f := range c.said(frames) {
		raw, err := wire.Encode(f)
		if err != nil {
			return nil, err
		}
		switch {
		case f.Kind == wire.PushEntry && c.lane.chance(12):
			c.held = append(c.held, raw)
		case f.Kind == wire.PushEntry && c.lane.chance(12):
			out = append(out, raw, raw)
		case f.Kind == wire.PushInbox && c.lane.chance(6):
			out = append(out, raw, raw)
		default:
			out = append(out, raw)
		}
	}
	if len(c.held) > 0 && c.lane.chance(2) {
		out = append(out, c.held...)
		c.held = nil
	}
	return wire.Join(out...), nil
}

// Close implements client.Conn.
func (c *conn) Close() error {
	c.lane.mu.Lock()
	delete(c.lane.conns, c)
	c.lane.mu.Unlock()
	return c.inner.Close()
}
