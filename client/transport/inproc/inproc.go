// Package inproc reaches a Frond server that runs in the same process, without network, so that many
// clients and a server can live in one simulation, and in virtual time.
//
// A pipe has the client's end, [Conn], and the server's end, [Socket]. Each direction holds a few
// messages; a writer waits when its reader does not read, as with a real network's buffers. Nothing
// here waits on anything but channels and timers.
package inproc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"frond/client"
	"frond/wire"
)

// held is how many messages one direction of a pipe holds.
const held = 16

// ErrClosed is the error of an end whose pipe is closed, and ErrTimeout of one that ran out of patience.
var (
	ErrClosed  = errors.New("inproc: closed")
	ErrTimeout = errors.New("inproc: timeout")
)

// pipe is what both ends share.
type pipe struct {
	up, down chan []byte // client to server, and back
	closed   chan struct{}
	once     sync.Once
}

func (p *pipe) close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Pipe returns the two ends of a new connection.
func Pipe() (*Conn, *Socket) {
	p := &pipe{up: make(chan []byte, held), down: make(chan []byte, held), closed: make(chan struct{})}
	return &Conn{p}, &Socket{p}
}

// put sends a copy, because the writer may use its bytes again.
func (p *pipe) put(to chan<- []byte, message []byte, stop <-chan struct{}, late <-chan time.Time) error {
	select {
	case <-p.closed:
		return ErrClosed
	default:
	}
	select {
	case to <- bytes.Clone(message):
		return nil
	case <-p.closed:
		return ErrClosed
	case <-stop:
		return context.Canceled
	case <-late:
		return ErrTimeout
	}
}

// get receives. What was sent before the pipe was closed still arrives.
func (p *pipe) get(from <-chan []byte, stop <-chan struct{}, late <-chan time.Time) ([]byte, error) {
	select {
	case m := <-from:
		return m, nil
	case <-stop:
		return nil, context.Canceled
	case <-late:
		return nil, ErrTimeout
	case <-p.closed:
	}
	select {
	case m := <-from:
		return m, nil
	default:
		return nil, ErrClosed
	}
}

// Conn is the client's end.
type Conn struct{ pipe *pipe }

// Send sends one message, or fails when ctx ends first.
func (c *Conn) Send(ctx context.Context, message []byte) error {
	return ended(ctx, c.pipe.put(c.pipe.up, message, ctx.Done(), nil))
}

// Receive returns the next message, or fails when ctx ends first.
func (c *Conn) Receive(ctx context.Context) ([]byte, error) {
	m, err := c.pipe.get(c.pipe.down, ctx.Done(), nil)
	return m, ended(ctx, err)
}

// ended is the context's own error when that is why a call ended.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) {
		return ctx.Err()
	}
	return err
}

// Close ends the connection for both ends.
func (c *Conn) Close() error { return c.pipe.close() }

// Socket is the server's end.
type Socket struct{ pipe *pipe }

// ReadMessage returns the next message. It fails when that is over limit bytes or does not come
// within patience.
func (s *Socket) ReadMessage(limit int, patience time.Duration) ([]byte, error) {
	t := time.NewTimer(patience)
	defer t.Stop()
	m, err := s.pipe.get(s.pipe.up, nil, t.C)
	if err == nil && len(m) > limit {
		return nil, wire.Errorf(wire.CodeTooLarge, "message: the limit is %d", limit)
	}
	return m, err
}

// WriteMessage sends one message, or fails after patience.
func (s *Socket) WriteMessage(message []byte, patience time.Duration) error {
	t := time.NewTimer(patience)
	defer t.Stop()
	return s.pipe.put(s.pipe.down, message, nil, t.C)
}

// Close ends the connection for both ends.
func (s *Socket) Close() error { return s.pipe.close() }

var _ client.Transport = (*Transport)(nil)

// Transport is one client's way to a server: its HTTP handler, and what serves its sockets.
type Transport struct {
	handler http.Handler
	serve   func(ctx context.Context, token string, s *Socket) error

	mu    sync.Mutex
	token string
}

// New returns a transport to a server, given by its two doors. serve runs until the connection is over.
func New(handler http.Handler, serve func(ctx context.Context, token string, s *Socket) error) *Transport {
	return &Transport{handler: handler, serve: serve}
}

// The name under which a server without TLS knows the session.
const cookieName = "frond"

// Token is the present session, or "" when signed out. It is a secret.
func (t *Transport) Token() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token
}

// Post hands one CBOR item to the server's handler and returns the answer's. The error is a
// *wire.Error when the server refused. A nil body asks with GET.
func (t *Transport) Post(ctx context.Context, path string, body []byte) ([]byte, error) {
	method := http.MethodPost
	if body == nil {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, io.NopCloser(bytes.NewReader(body)))
	if err != nil {
		return nil, err
	}
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Content-Type", wire.ContentType)
	if token := t.Token(); token != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: token})
	}
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(answer, r)
	t.keep(answer.header)
	return answer.result()
}

func (t *Transport) keep(h http.Header) {
	for _, c := range (&http.Response{Header: h}).Cookies() {
		if c.Name == cookieName {
			t.mu.Lock()
			t.token = c.Value
			t.mu.Unlock()
		}
	}
}

// Dial opens a connection. The server learns the session that Post was given.
func (t *Transport) Dial(ctx context.Context) (client.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, socket := Pipe()
	go func() {
		if err := t.serve(context.WithoutCancel(ctx), t.Token(), socket); err != nil {
			socket.refuse(err)
		}
		socket.Close()
	}()
	return conn, nil
}

// refuse tells the client why it is not served, since there is no HTTP answer to tell it.
func (s *Socket) refuse(err error) {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		if frame, err := wire.EncodeFrame(wire.PushBye, 0, e); err == nil {
			select {
			case s.pipe.down <- frame:
			default:
			}
		}
	}
}

// recorder is the ResponseWriter of Post.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

func (r *recorder) result() ([]byte, error) {
	if r.status == http.StatusOK {
		return r.body.Bytes(), nil
	}
	var refused wire.Error
	if err := wire.Decode(r.body.Bytes(), &refused); err != nil {
		return nil, err
	}
	return nil, &refused
}
