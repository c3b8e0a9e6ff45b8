package gateway

import (
	"sync"
	"time"

	"frond/server/delivery"
	"frond/wire"
)

const (
	writePatience = 30 * time.Second
	// messageBytes is about how much of what waits goes into one message.
	messageBytes = 256 << 10
)

// follow is a conversation that a connection follows.
type follow struct {
	conn   *conn
	reader *delivery.Reader
	queued bool // in conn.waiting, or not begun
	gone   bool // replaced by a newer follow
}

// begin lets wakes in, and is one if the log has moved on meanwhile.
func (f *follow) begin() {
	c := f.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	f.queued = f.reader.Waits()
	if f.queued {
		c.waiting = append(c.waiting, f)
		c.start()
	}
}

// Wake puts the conversation among those that wait.
func (f *follow) Wake() {
	c := f.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.queued || f.gone || c.closing {
		return
	}
	f.queued = true
	c.waiting = append(c.waiting, f)
	c.start()
}

// inbox is a connection's view of its device's inbox.
type inbox struct {
	conn   *conn
	queued bool
	after  uint64 // the writer's
}

// Wake makes the writer look into the inbox.
func (i *inbox) Wake() {
	c := i.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	i.queued = true
	c.start()
}

// start brings the writer into being when something waits and it is not there. mu is held.
func (c *conn) start() {
	pushes := c.live && (len(c.waiting) > 0 || c.inbox.queued)
	if c.writing || c.socket == nil || !(pushes || len(c.replies) > 0 || c.closing) {
		return
	}
	c.writing = true
	c.g.crew.do(c.write, c.g.ctx.Done())
}

// reply sends the answer to a request.
func (c *conn) reply(id uint64, body any, err error) {
	c.queue(id, body, err)
	c.flush()
}

// flush makes sure that what is queued goes out.
func (c *conn) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start()
}

// queue puts an answer among what the writer takes next.
func (c *conn) queue(id uint64, body any, err error) {
	kind := wire.ReplyOK
	if err != nil {
		refusal := c.g.public(err, "account", c.session.Account)
		kind, body = wire.ReplyFail, refusal
		c.g.stats.Refused(refusal.Code)
	}
	frame, err := wire.EncodeFrame(kind, id, body)
	if err != nil {
		c.g.logger.Error("an answer cannot be encoded", "error", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return
	}
	c.replies = append(c.replies, frame...)
}

// queueAppended is queue for the most frequent answer.
func (c *conn) queueAppended(id uint64, a wire.Appended) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.replies = wire.AppendAppended(c.replies, id, a)
	}
}

// write sends what waits, in as few messages as may be, and goes when nothing waits any more.
func (c *conn) write() {
	for {
		message, done := c.collect()
		if message == nil {
			if done {
				c.socket.Close()
				close(c.over)
			}
			return
		}
		err := c.socket.WriteMessage(message.bytes, writePatience)
		message.free()
		if err != nil {
			c.abandon()
		}
	}
}

// abandon drops what waits for a client that cannot be written to.
func (c *conn) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing, c.live = true, false
	c.replies, c.waiting = nil, nil
	c.socket.Close()
}

// collect joins what waits into one message. Without one the writer must go: for good when done.
func (c *conn) collect() (m *outgoing, done bool) {
	for {
		t := c.take()
		if t.idle {
			return nil, t.done
		}
		m := &outgoing{}
		m.add(t.replies)
		if t.pushes {
			c.collectPushes(m)
		}
		if len(m.bytes) > 0 {
			return m, false
		}
	}
}

// taken is what the writer took to send.
type taken struct {
	replies []byte
	pushes  bool // conversations or the inbox wait
	idle    bool // nothing waits
	done    bool // nothing will ever wait again: the writer closes the socket
}

// take takes the replies that wait. When nothing waits the connection has no writer from then on,
// unless it is done.
func (c *conn) take() taken {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := taken{replies: c.replies, pushes: c.live && !c.closing && (len(c.waiting) > 0 || c.inbox.queued)}
	c.replies = nil
	t.idle = len(t.replies) == 0 && !t.pushes
	t.done = t.idle && c.closing
	c.writing = !t.idle || t.done
	select {
	case c.room <- struct{}{}:
	default:
	}
	return t
}

// collectPushes adds entries of the conversations that wait, and a welcome, until the message is full.
func (c *conn) collectPushes(m *outgoing) {
	for len(m.bytes) < messageBytes {
		f := c.nextWaiting()
		if f == nil {
			break
		}
		frames, more, err := f.reader.Next(c.g.ctx, messageBytes-len(m.bytes))
		if err != nil {
			c.stumble(err)
			return
		}
		m.add(frames)
		if more {
			f.Wake()
		}
	}
	if len(m.bytes) < messageBytes {
		c.collectInbox(m)
	}
}

func (c *conn) nextWaiting() *follow {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.waiting) > 0 {
		f := c.waiting[0]
		c.waiting = c.waiting[1:]
		if len(c.waiting) == 0 {
			c.waiting = nil
		}
		f.queued = false
		if !f.gone {
			return f
		}
	}
	return nil
}

func (c *conn) collectInbox(m *outgoing) {
	c.mu.Lock()
	queued := c.inbox.queued
	c.inbox.queued = false
	c.mu.Unlock()
	if !queued {
		return
	}
	frame, item, err := c.g.log.Inbox(c.g.ctx, *c.session.Device, c.inbox.after)
	if err != nil {
		c.stumble(err)
		return
	}
	if frame != nil {
		c.inbox.after = item
		m.add(frame)
		c.inbox.Wake()
	}
}

// stumble ends a connection because the server could not read what it must push. The client comes
// back and asks again.
func (c *conn) stumble(err error) {
	c.bye(c.g.public(err, "account", c.session.Account))
}

// outgoing is a message. As long as it is one piece it is that piece, shared; a second one makes it a
// copy of its own.
type outgoing struct {
	bytes []byte
	own   *[]byte
}

var joined = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

func (m *outgoing) add(piece []byte) {
	switch {
	case len(piece) == 0:
	case len(m.bytes) == 0:
		m.bytes = piece
	case m.own == nil:
		m.own = joined.Get().(*[]byte)
		m.bytes = append(append((*m.own)[:0], m.bytes...), piece...)
	default:
		m.bytes = append(m.bytes, piece...)
	}
}

func (m *outgoing) free() {
	if m.own != nil && cap(m.bytes) <= 2*messageBytes {
		*m.own = m.bytes[:0]
		joined.Put(m.own)
	}
}
