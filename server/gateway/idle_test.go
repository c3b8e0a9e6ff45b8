package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"frond/wire"
)

// Not parallel, because it watches the memory of the process. A client here is a bare socket, so that
// what grows is the server's.
func TestAnIdleConnectionCostsAtMost16KiB(t *testing.T) {
	w := newWorld(t, func(r *rules) { r.store.Unsafe = true })
	ana := w.join("ana")
	room := ana.meet()
	hello, err := wire.EncodeFrame(wire.OpHello, 1, wire.Hello{
		Version: wire.Version, Device: ana.device, Cursors: []wire.Cursor{{Conversation: room.id, After: room.handshake}},
	})
	must(t, err)
	const n = 1000
	open := make([]net.Conn, 0, n)
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for range 50 { // what the first connections cost once
		open = append(open, idle(t, w, ana, hello))
	}
	before := inUse()
	for range n {
		open = append(open, idle(t, w, ana, hello))
	}
	each := (inUse() - before) / n
	t.Logf("%d bytes per idle connection, the test's own socket included", each)
	if each > 16<<10 {
		t.Fatalf("%d bytes per idle connection", each)
	}
}

// idle opens a WebSocket by hand, says hello and reads the answer.
func idle(t *testing.T, w *world, p *person, hello []byte) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(context.Background(), "tcp", strings.TrimPrefix(w.url, "http://"))
	must(t, err)
	_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: frond=%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", wire.PathSocket, c.RemoteAddr(), p.net.Token())
	must(t, err)
	r := bufio.NewReaderSize(c, 1024)
	for line := "-"; line != "\r\n"; {
		line, err = r.ReadString('\n')
		must(t, err)
	}
	frame := append([]byte{0x82, 0x80 | byte(len(hello)), 0, 0, 0, 0}, hello...) // masked with zeros
	_, err = c.Write(frame)
	must(t, err)
	var head [2]byte
	_, err = io.ReadFull(r, head[:])
	must(t, err)
	if head[0] != 0x82 || head[1] > 125 {
		t.Fatalf("Hello was answered by %x", head)
	}
	_, err = io.CopyN(io.Discard, r, int64(head[1]))
	must(t, err)
	return c
}

// inUse is the memory of heap and stacks after everything that can go is gone.
func inUse() int64 {
	for range 3 {
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
