package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"frond/wire"
)

const dialTimeout = 20 * time.Second

// connector keeps one connection open, beginning another whenever it ends, until it is stopped.
type connector struct {
	c      *Client
	cancel context.CancelFunc
	now    chan struct{} // do not wait any longer
}

// goOnline starts the connector.
func (c *Client) goOnline() {
	if c.connector != nil {
		return
	}
	ctx, cancel := context.WithCancel(c.ctx)
	k := &connector{c: c, cancel: cancel, now: make(chan struct{}, 1)}
	c.connector = k
	c.wg.Go(func() { k.loop(ctx) })
}

// goOffline stops the connector and leaves the connection.
func (c *Client) goOffline() {
	if c.connector != nil {
		c.connector.cancel()
		c.connector = nil
	}
	c.dropLink()
	c.connected(Connection{State: Offline})
}

// Reconnect does not wait for the next attempt, and checks a connection that seems to be there.
func (c *Client) Reconnect(ctx context.Context) error {
	return c.run(ctx, func() error {
		if c.connector != nil {
			select {
			case c.connector.now <- struct{}{}:
			default:
			}
		}
		c.request(wire.OpPing, wire.Nothing{}, func([]byte, error) {})
		return nil
	})
}

func (c *Client) connected(s Connection) {
	if s != c.connection {
		c.connection = s
		c.emit(s)
	}
}

func (k *connector) loop(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		k.tell(Connection{State: Connecting})
		began := time.Now()
		if k.once(ctx) && time.Since(began) > k.c.cfg.Backoff.at(attempt) { // what ends at once would do so again
			attempt = 0
		}
		if ctx.Err() != nil {
			return
		}
		k.wait(ctx, attempt)
	}
}

// tell reports a state, unless another connector took over.
func (k *connector) tell(s Connection) {
	k.c.post(func() {
		if k.c.connector == k {
			k.c.connected(s)
		}
	})
}

func (k *connector) wait(ctx context.Context, attempt int) {
	d := k.c.cfg.Backoff.at(attempt)
	if err := k.c.run(ctx, func() error { d = k.c.jitter(d); return nil }); err != nil {
		return
	}
	k.tell(Connection{State: Offline, RetryAt: k.c.cfg.Now().Add(d)})
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-k.now:
	case <-ctx.Done():
	}
}

// once makes one connection and serves it to its end. It reports whether the server welcomed it.
func (k *connector) once(ctx context.Context) (welcomed bool) {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	conn, err := k.c.cfg.Transport.Dial(dialing)
	cancel()
	if err != nil {
		if errors.Is(err, &wire.Error{Code: wire.CodeUnauthenticated}) {
			k.c.post(func() {
				if k.c.connector == k {
					k.c.lockOut()
				}
			})
		}
		return false
	}
	l := &link{conn: conn, out: make(chan []byte, outQueue), waiting: map[uint64]request{}}
	k.serve(ctx, l)
	_ = k.c.run(k.c.ctx, func() error { welcomed = l.ready; k.c.detach(l); return nil })
	return welcomed
}

// serve reads until the connection ends. A writer runs beside it, and somebody who closes the
// connection when the connector is stopped, which wakes the reader.
func (k *connector) serve(ctx context.Context, l *link) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { write(ctx, l) })
	wg.Go(func() { <-ctx.Done(); _ = l.conn.Close() })
	defer wg.Wait()
	defer cancel()
	attached := func() error {
		if k.c.connector != k {
			return errClosed
		}
		if err := k.c.loadAgain(); err != nil {
			return err
		}
		k.c.attach(l)
		return nil
	}
	if k.c.run(ctx, attached) != nil {
		return
	}
	for {
		message, err := l.conn.Receive(ctx)
		if err != nil {
			return
		}
		if k.c.run(ctx, func() error { k.c.receive(l, message); return nil }) != nil {
			return
		}
	}
}

// write sends frames; those that wait together leave together.
func write(ctx context.Context, l *link) {
	for {
		var frames [][]byte
		select {
		case f := <-l.out:
			frames = append(frames, f)
		case <-ctx.Done():
			return
		}
		for size := len(frames[0]); len(l.out) > 0 && size < wire.MaxSmallFrame/2; {
			f := <-l.out
			if size+len(f) > wire.MaxSmallFrame {
				if l.conn.Send(ctx, wire.Join(frames...)) != nil {
					_ = l.conn.Close()
					return
				}
				frames, size = nil, 0
			}
			frames, size = append(frames, f), size+len(f)
		}
		if err := l.conn.Send(ctx, wire.Join(frames...)); err != nil {
			_ = l.conn.Close()
			return
		}
	}
}
