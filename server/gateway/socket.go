package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"frond/server/store"
	"frond/wire"
)

// Socket carries whole messages to and from one client. One goroutine reads and one writes.
type Socket interface {
	// ReadMessage returns the next message. It fails when the message is over limit bytes (a
	// *wire.Error with CodeTooLarge) or when none begins within patience.
	ReadMessage(limit int, patience time.Duration) ([]byte, error)
	// WriteMessage sends a message, which it neither changes nor keeps, or fails after patience.
	WriteMessage(message []byte, patience time.Duration) error
	// Close ends reads and writes at once. It may be called at any time and more than once.
	Close() error
}

// bodyPatience is how long a message may take from its first byte to its last.
const bodyPatience = 2 * time.Minute

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 10 * time.Second,
	ReadBufferSize:   512,  // per connection; long messages are read past it
	WriteBufferSize:  4096, // pooled; of longer messages only the beginning is copied into it
	WriteBufferPool:  &sync.Pool{},
	CheckOrigin:      func(*http.Request) bool { return true }, // sameOrigin did
}

// deviceSession returns the session of a token that is a device's. Others have nothing to say on a connection, and
// would take it from the account's devices.
func (g *Gateway) deviceSession(ctx context.Context, token string) (store.Session, error) {
	session, err := g.accounts.Authenticate(ctx, token)
	if err == nil && session.Device == nil {
		err = wire.Errorf(wire.CodeUnauthenticated, "This session is no device's. Sign in again.")
	}
	return session, err
}

// upgrade turns a request with a good session into a connection.
func (g *Gateway) upgrade(w http.ResponseWriter, r *http.Request) {
	session, err := g.deviceSession(r.Context(), g.token(r))
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	if !websocket.IsWebSocketUpgrade(r) {
		g.refuse(w, r, wire.Errorf(wire.CodeBadRequest, "this address is for WebSockets"))
		return
	}
	c := g.newConn(session)
	if err := g.conns.add(c); err != nil {
		g.refuse(w, r, err)
		return
	}
	ws, err := upgrader.Upgrade(w, r, w.Header())
	if err != nil {
		g.conns.remove(c)
		return // the upgrader answered
	}
	g.accounts.Here(session, g.address(r))
	// A goroutine of its own, so that what net/http holds for a request is freed.
	go c.serve(newWebSocket(ws, c.throttle, &g.halfRead))
}

// ServeSocket serves a client that reaches the server in another way than HTTP, as simulations do. It
// returns when the connection is over; the error says why a session was refused.
func (g *Gateway) ServeSocket(ctx context.Context, token string, s Socket) error {
	defer s.Close()
	session, err := g.deviceSession(ctx, token)
	if err != nil {
		return err
	}
	c := g.newConn(session)
	if err := g.conns.add(c); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	c.serve(s)
	return nil
}

// webSocket is the Socket of browsers and native clients.
type webSocket struct {
	ws     *websocket.Conn
	shared *halfRead
}

func newWebSocket(ws *websocket.Conn, throttle func(), shared *halfRead) webSocket {
	pong := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		throttle()
		return pong(data)
	})
	return webSocket{ws, shared}
}

func (s webSocket) ReadMessage(limit int, patience time.Duration) ([]byte, error) {
	s.ws.SetReadLimit(int64(limit))
	if err := s.ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	kind, body, err := s.ws.NextReader()
	if err != nil {
		return nil, tooLarge(err, limit)
	}
	if kind != websocket.BinaryMessage {
		return nil, wire.Errorf(wire.CodeBadRequest, "messages are binary")
	}
	if err := s.ws.SetReadDeadline(time.Now().Add(bodyPatience)); err != nil {
		return nil, err
	}
	message, err := readAll(body, s.shared)
	return message, tooLarge(err, limit)
}

// readAll grows with what has arrived, never with what was announced. What is more than a small message is
// shared memory.
func readAll(body io.Reader, shared *halfRead) ([]byte, error) {
	b := make([]byte, 0, 2048)
	var held int64
	defer func() { shared.give(held) }()
	for {
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return nil, fmt.Errorf("gateway: read a message: %w", err)
		}
		if len(b) < cap(b) {
			continue
		}
		b = append(b, 0)[:len(b)]
		if more := int64(cap(b)-smallMessage) - held; more > 0 {
			if err := shared.take(more); err != nil {
				return nil, err
			}
			held += more
		}
	}
}

func tooLarge(err error, limit int) error {
	if errors.Is(err, websocket.ErrReadLimit) {
		return wire.Errorf(wire.CodeTooLarge, "message: the limit is %d", limit)
	}
	return err
}

func (s webSocket) WriteMessage(message []byte, patience time.Duration) error {
	if err := s.ws.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	return s.ws.WriteMessage(websocket.BinaryMessage, message)
}

func (s webSocket) Close() error { return s.ws.Close() }
