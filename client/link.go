package client

import (
	"time"

	"frond/wire"
)

const (
	outQueue       = 1024             // frames that may wait for the writer
	requestTimeout = 60 * time.Second // without an answer the connection counts as dead
)

var errOffline = wire.Errorf(CodeOffline, "The server can not be reached at the moment.")

// link is one connection, as the loop sees it.
type link struct {
	conn    Conn
	out     chan []byte // closed never; the writer ends with the connection
	last    uint64      // id of the last request
	waiting map[uint64]request
	heard   time.Time
	ready   bool // Hello was answered
}

// request is a question that waits for its answer.
type request struct {
	at   time.Time
	done func(body []byte, err error)
}

// online reports whether requests can be made.
func (c *Client) online() bool { return c.link != nil && c.link.ready }

// request asks the server. The loop calls done exactly once: with the answer's body, with a refusal,
// or with errOffline when the connection ends first and nobody knows.
func (c *Client) request(kind wire.Kind, body any, done func(body []byte, err error)) {
	if !c.online() && !(c.link != nil && kind == wire.OpHello) {
		done(nil, errOffline)
		return
	}
	l := c.link
	l.last++
	frame, err := wire.EncodeFrame(kind, l.last, body)
	if err != nil {
		done(nil, err)
		return
	}
	l.waiting[l.last] = request{at: time.Now(), done: done}
	select {
	case l.out <- frame:
	default: // the server does not read: start anew
		_ = l.conn.Close()
	}
}

// attach takes a new connection and says hello.
func (c *Client) attach(l *link) {
	c.link = l
	l.heard = time.Now()
	hello := wire.Hello{Version: wire.Version, Device: c.self.Device, Cursors: c.cursors()}
	c.request(wire.OpHello, hello, func(body []byte, err error) {
		var w wire.Welcomed
		if err == nil {
			err = wire.Decode(body, &w)
		}
		if err != nil {
			c.refusedHello(err)
			return
		}
		l.ready = true
		c.welcomed(w)
		c.catchUp(w)
	})
	c.beat(l)
}

// detach ends what waits on a connection that is gone.
func (c *Client) detach(l *link) {
	if c.link != l {
		return
	}
	c.link = nil
	for _, r := range l.waiting {
		r.done(nil, errOffline)
	}
	l.waiting = nil
}

// dropLink ends the connection; the connector begins another.
func (c *Client) dropLink() {
	if l := c.link; l != nil {
		_ = l.conn.Close()
		c.detach(l)
	}
}

// beat keeps a silent connection alive and notices a dead one.
func (c *Client) beat(l *link) {
	c.after(wire.PingAfter, func() {
		if c.link != l {
			return
		}
		now := time.Now()
		for _, r := range l.waiting {
			if now.Sub(r.at) > requestTimeout {
				c.dropLink()
				return
			}
		}
		if now.Sub(l.heard) > 2*wire.PingAfter {
			c.dropLink()
			return
		}
		if l.ready && now.Sub(l.heard) >= wire.PingAfter {
			c.request(wire.OpPing, wire.Nothing{}, func([]byte, error) {})
		}
		c.beat(l)
	})
}

// receive takes one message of the server: replies, entries, welcomes.
func (c *Client) receive(l *link, message []byte) {
	if c.link != l {
		return
	}
	l.heard = time.Now()
	frames, err := wire.Frames(message)
	if err != nil {
		c.cfg.Log.Warn("malformed message from the server", "error", err)
		c.dropLink()
		return
	}
	var entries []wire.Entry
	for _, f := range frames {
		if f.Kind != wire.PushEntry {
			continue
		}
		var e wire.Entry
		if err := wire.Decode(f.Body, &e); err != nil {
			c.cfg.Log.Warn("malformed entry from the server", "error", err)
			c.dropLink()
			return
		}
		entries = append(entries, e)
	}
	c.entries(entries)
	for _, f := range frames {
		if c.link != l {
			return
		}
		c.frame(l, f)
	}
}

func (c *Client) frame(l *link, f wire.Frame) {
	switch f.Kind {
	case wire.ReplyOK, wire.ReplyFail:
		r, ok := l.waiting[f.ID]
		if !ok {
			return
		}
		delete(l.waiting, f.ID)
		if f.Kind == wire.ReplyOK {
			r.done(f.Body, nil)
			return
		}
		r.done(nil, decodeError(f.Body))
	case wire.PushInbox:
		var item wire.InboxItem
		if err := wire.Decode(f.Body, &item); err == nil {
			c.inboxItem(item)
		}
	case wire.PushState:
		var ref wire.StateRef
		if err := wire.Decode(f.Body, &ref); err == nil && c.self != nil {
			c.heardOfState(ref.Revision)
		}
	case wire.PushSignal:
		var s wire.Signalled
		if err := wire.Decode(f.Body, &s); err == nil {
			c.signalled(&s)
		}
	case wire.PushRenew:
		var ref wire.ConversationRef
		if err := wire.Decode(f.Body, &ref); err == nil && c.self != nil {
			c.renewAsked(ref.Conversation)
		}
	case wire.PushChain:
		var ref wire.ChainRef
		if err := wire.Decode(f.Body, &ref); err == nil && c.self != nil {
			c.chainGrew(ref)
		}
	case wire.PushPage:
		var ref wire.PageRef
		if err := wire.Decode(f.Body, &ref); err == nil {
			c.draftPushed(ref)
		}
	case wire.PushApproval:
		var news wire.ApprovalNews
		if err := wire.Decode(f.Body, &news); err == nil {
			c.approvalNews(news)
		}
	case wire.PushBye:
		c.bye(decodeError(f.Body))
	}
}

func decodeError(body []byte) error {
	e := new(wire.Error)
	if err := wire.Decode(body, e); err != nil {
		return wire.Errorf(wire.CodeInternal, "the server refused without saying why")
	}
	return e
}

// cursors says how far this device is in each conversation.
func (c *Client) cursors() []wire.Cursor {
	var list []wire.Cursor
	for id, v := range c.conversations {
		if v.rec.State == stateActive && len(list) < wire.MaxCursors {
			list = append(list, wire.Cursor{Conversation: id, After: v.rec.Cursor})
		}
	}
	return list
}

// bye hears why the server ends the connection.
func (c *Client) bye(err error) {
	if code := wire.CodeOf(err); code == wire.CodeUnauthenticated || code == wire.CodeForbidden {
		c.lockOut()
		return
	}
	c.dropLink()
}

func (c *Client) refusedHello(err error) {
	switch wire.CodeOf(err) {
	case CodeOffline:
	case wire.CodeVersion:
		c.emit(Fault{Code: wire.CodeVersion, Text: "The app and the server are of different versions.", Action: "reload"})
		c.dropLink()
	default:
		c.bye(err)
	}
}
