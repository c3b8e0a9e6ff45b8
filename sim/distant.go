package sim

import (
	"context"
	"sync"
	"time"

	"frond/client"
)

// distant is a way to a server that is far: whatever is said takes a while to arrive, and arrives in its order.
type distant struct {
	client.Transport
	delay time.Duration // one way
}

// Post implements client.Transport.
func (d distant) Post(ctx context.Context, path string, body []byte) ([]byte, error) {
	time.Sleep(2 * d.delay)
	return d.Transport.Post(ctx, path, body)
}

// Dial implements client.Transport.
func (d distant) Dial(ctx context.Context) (client.Conn, error) {
	time.Sleep(2 * d.delay)
	near, err := d.Transport.Dial(ctx)
	if err != nil {
		return nil, err
	}
	c := &distantConn{near: near, delay: d.delay, out: make(chan late, onTheLine), in: make(chan late, onTheLine), ended: make(chan struct{})}
	go c.carryOut()
	go c.carryIn()
	return c, nil
}

// onTheLine is how many messages may be on their way in one direction.
const onTheLine = 1024

// late is a message that is not there before its time.
type late struct {
	message []byte
	at      time.Time
}

type distantConn struct {
	near    client.Conn
	delay   time.Duration
	out, in chan late
	once    sync.Once
	ended   chan struct{}
}

func (c *distantConn) carryOut() {
	for {
		message, err := c.take(context.Background(), c.out)
		if err == nil {
			err = c.near.Send(context.Background(), message)
		}
		if err != nil {
			_ = c.Close()
			return
		}
	}
}

func (c *distantConn) carryIn() {
	for {
		message, err := c.near.Receive(context.Background())
		if err == nil {
			err = c.put(c.in, message)
		}
		if err != nil {
			_ = c.Close()
			return
		}
	}
}

func (c *distantConn) put(line chan late, message []byte) error {
	select {
	case line <- late{message, time.Now().Add(c.delay)}:
		return nil
	case <-c.ended:
		return errDown
	}
}

func (c *distantConn) take(ctx context.Context, line chan late) ([]byte, error) {
	var l late
	select {
	case l = <-line:
	case <-c.ended:
		return nil, errDown
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case <-time.After(time.Until(l.at)):
		return l.message, nil
	case <-c.ended:
		return nil, errDown
	}
}

// Send implements client.Conn.
func (c *distantConn) Send(_ context.Context, message []byte) error { return c.put(c.out, message) }

// Receive implements client.Conn.
func (c *distantConn) Receive(ctx context.Context) ([]byte, error) { return c.take(ctx, c.in) }

// Close implements client.Conn.
func (c *distantConn) Close() error {
	c.once.Do(func() { close(c.ended) })
	return c.near.Close()
}
