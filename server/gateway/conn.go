package gateway

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"frond/server/store"
	"frond/wire"
)

const (
	helloPatience = 10 * time.Second
	// idlePatience is how long a connection may be silent: wire.PingAfter twice plus a little.
	idlePatience   = 2*wire.PingAfter + 5*time.Second
	maxFrames      = 256     // in one message
	maxInFlight    = 64      // appends of one connection that wait for the log
	maxReplies     = 1 << 20 // bytes of replies that wait, before reading stops
	refreshSession = time.Hour
)

// conn is one client's connection. Its reader goroutine owns the fields of the first group; mu guards
// the second, which the reader, the writer and wakers share.
type conn struct {
	g        *Gateway
	session  store.Session
	token    wire.Hash     // the session's, never changed: for the registry
	limiter  *rate.Limiter // nil: no limit
	bytes    *rate.Limiter // likewise
	inFlight chan struct{} // one token per append that waits
	greeted  bool
	follows  map[wire.ID]*follow
	unwatch  func()
	handled  chan error // what became of a message; handling waits in it

	mu      sync.Mutex
	socket  Socket  // nil until serve begins
	writing bool    // a writer goroutine exists
	closing bool    // nothing new is taken; the writer closes the socket when nothing waits
	live    bool    // Hello was answered: pushes may go out
	self    wire.ID // the device that said hello; zero before
	replies []byte
	waiting []*follow // conversations that may have something
	inbox   inbox
	room    chan struct{} // buffered: the writer took the replies
	over    chan struct{} // closed when the socket is
}

func (g *Gateway) newConn(session store.Session) *conn {
	c := &conn{
		g: g, session: session, token: session.Token,
		room: make(chan struct{}, 1), over: make(chan struct{}), handled: make(chan error, 1),
	}
	c.inbox.conn = c
	if l := g.limits; l.Requests > 0 {
		c.limiter = rate.NewLimiter(rate.Limit(l.Requests), l.RequestBurst)
	}
	if l := g.limits; l.Bytes > 0 {
		c.bytes = rate.NewLimiter(rate.Limit(l.Bytes), l.ByteBurst)
	}
	return c
}

// serve reads requests until the connection is over.
func (c *conn) serve(s Socket) {
	defer c.finish()
	c.mu.Lock()
	c.socket = s
	c.start()
	c.mu.Unlock()
	limit, patience := wire.MaxSmallFrame, helloPatience
	for {
		message, err := s.ReadMessage(limit, patience)
		if err == nil {
			err = c.apart(message)
		}
		if err != nil {
			c.fail(err)
			return
		}
		if c.greeted {
			limit, patience = wire.MaxFrame, idlePatience
		}
	}
}

// apart handles a message on another goroutine and waits for it. The stack that this takes would
// otherwise stay with the reader for as long as the connection lives; it is worth half of what a
// connection at rest costs.
func (c *conn) apart(message []byte) error {
	c.g.crew.do(func() { c.handled <- c.handleSafely(message) }, c.g.ctx.Done())
	return <-c.handled
}

// handleSafely turns a panic, which would be a fault of ours, into an answer.
func (c *conn) handleSafely(message []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.g.logger.Error("request panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = wire.Errorf(wire.CodeInternal, "The server made a mistake. It is in its log.")
		}
	}()
	return c.handleMessage(message)
}

// fail ends a connection because of its client: with a word why when the fault is in what it said,
// without when the line is dead.
func (c *conn) fail(err error) {
	if e, ok := asWire(err); ok {
		c.bye(e)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	c.socket.Close() // a writer may be stuck in it
}

// finish waits until the writer is gone and lets go of everything.
func (c *conn) finish() {
	c.mu.Lock()
	c.closing = true
	c.start()
	c.mu.Unlock()
	<-c.over
	if c.greeted {
		c.saw()
	}
	c.release()
	c.g.conns.remove(c)
}

// release ends what wakes this connection.
func (c *conn) release() {
	if c.unwatch != nil {
		c.unwatch()
	}
	for _, f := range c.follows {
		f.reader.Close()
	}
}

// byeGrace is how long a client has to take its last message.
const byeGrace = time.Second

// bye says why the connection ends, after everything that waits, and ends it.
func (c *conn) bye(why *wire.Error) {
	frame, err := wire.EncodeFrame(wire.PushBye, 0, why)
	if err != nil {
		c.g.logger.Error("a goodbye cannot be encoded", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return
	}
	c.closing = true
	c.replies = append(c.replies, frame...)
	c.start()
	if s := c.socket; s != nil {
		time.AfterFunc(byeGrace, func() { s.Close() })
	}
}

// handleMessage answers the requests in one message. An error ends the connection.
func (c *conn) handleMessage(message []byte) error {
	c.slow(c.bytes, len(message))
	for n := 0; len(message) > 0; n++ {
		if n == maxFrames {
			return wire.Errorf(wire.CodeTooLarge, "frames in one message: the limit is %d", maxFrames)
		}
		frame, rest, err := wire.NextFrame(message)
		if err != nil {
			return err
		}
		message = rest
		c.throttle()
		if err := c.handle(frame); err != nil {
			return err
		}
		c.waitForRoom()
	}
	return nil
}

// throttle makes a client that asks too fast wait, by not reading on.
func (c *conn) throttle() { c.slow(c.limiter, 1) }

// slow waits until a limiter lets n pass, or as many as it ever does at once.
func (c *conn) slow(l *rate.Limiter, n int) {
	if l == nil {
		return
	}
	if wait := l.ReserveN(c.g.now(), min(n, l.Burst())).DelayFrom(c.g.now()); wait > 0 {
		c.sleep(wait)
	}
}

func (c *conn) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.over:
	}
}

// waitForRoom stops reading while the client does not take its answers.
func (c *conn) waitForRoom() {
	for c.repliesWaiting() > maxReplies {
		select {
		case <-c.room:
		case <-c.over:
			return
		}
	}
}

func (c *conn) repliesWaiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.replies)
}

// refresh looks now and then whether a long-lived connection's session still stands.
func (c *conn) refresh() error {
	if c.g.now().Sub(c.session.Seen) < refreshSession {
		return nil
	}
	fresh, err := c.g.accounts.Refresh(c.g.ctx, c.session)
	if err != nil {
		return err
	}
	c.session.Seen, c.session.Expires = fresh.Seen, fresh.Expires
	return nil
}
