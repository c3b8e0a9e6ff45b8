//go:build js && wasm

package wsjs

import (
	"context"
	"errors"
	"strings"
	"sync"
	"syscall/js"

	"frond/client"
	"frond/wire"
)

// held is how many messages may wait for their reader. The browser offers no way to slow the server
// down; past this the connection is given up and begun anew from its cursors.
const held = 256

var (
	errClosed  = errors.New("wsjs: the connection is closed")
	errFlooded = errors.New("wsjs: too many messages wait")
)

// conn is a browser's WebSocket.
type conn struct {
	socket js.Value
	in     chan []byte
	opened chan struct{}
	closed chan struct{}
	once   sync.Once
	err    error
	funcs  map[string]js.Func
}

// Dial implements client.Transport. A browser does not tell why a server refuses a WebSocket, so the
// same address is then asked by an ordinary request, which is told.
func (t *Transport) Dial(ctx context.Context) (client.Conn, error) {
	socket := js.Global().Get("WebSocket").New(strings.Replace(t.origin, "http", "ws", 1) + wire.PathSocket)
	socket.Set("binaryType", "arraybuffer")
	c := &conn{socket: socket, in: make(chan []byte, held), opened: make(chan struct{}), closed: make(chan struct{})}
	c.listen()
	select {
	case <-c.opened:
		return c, nil
	case <-c.closed:
		return nil, t.refusal(ctx)
	case <-ctx.Done():
		_ = c.Close()
		return nil, ctx.Err()
	}
}

// refusal asks why no WebSocket was opened. A server that would open one says that the request is none.
func (t *Transport) refusal(ctx context.Context) error {
	_, err := t.Post(ctx, wire.PathSocket, nil)
	if err == nil || wire.CodeOf(err) == wire.CodeBadRequest {
		return errClosed
	}
	return err
}

func (c *conn) listen() {
	c.funcs = map[string]js.Func{
		"open":  js.FuncOf(func(js.Value, []js.Value) any { close(c.opened); return nil }),
		"close": js.FuncOf(func(js.Value, []js.Value) any { c.end(errClosed); return nil }),
		"message": js.FuncOf(func(_ js.Value, args []js.Value) any {
			c.receive(args[0].Get("data"))
			return nil
		}),
	}
	for name, f := range c.funcs {
		c.socket.Call("addEventListener", name, f)
	}
}

// receive takes a message from the browser. It must not wait.
func (c *conn) receive(data js.Value) {
	if data.Type() != js.TypeObject || data.Get("byteLength").Int() > 2*wire.MaxFrame {
		c.end(errClosed)
		return
	}
	select {
	case c.in <- fromJS(data):
	default:
		c.end(errFlooded)
	}
}

func (c *conn) end(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.closed)
		for name, f := range c.funcs {
			c.socket.Call("removeEventListener", name, f)
			f.Release()
		}
		c.socket.Call("close")
	})
}

// Send implements client.Conn. The browser keeps what it can not send at once.
func (c *conn) Send(_ context.Context, message []byte) error {
	select {
	case <-c.closed:
		return c.err
	default:
	}
	c.socket.Call("send", toJS(message))
	return nil
}

// Receive implements client.Conn.
func (c *conn) Receive(ctx context.Context) ([]byte, error) {
	select {
	case m := <-c.in:
		return m, nil
	case <-c.closed:
		return nil, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close implements client.Conn.
func (c *conn) Close() error {
	c.end(errClosed)
	return nil
}
