package gateway_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"frond/client/transport/inproc"
	"frond/server/gateway"
	"frond/wire"
)

// raw is a WebSocket on which anything can be said.
func (p *person) raw(w *world) *websocket.Conn {
	p.t.Helper()
	address := "ws" + strings.TrimPrefix(w.url, "http") + wire.PathSocket
	s, _, err := websocket.DefaultDialer.Dial(address, http.Header{"Cookie": {"frond=" + p.net.Token()}})
	must(p.t, err)
	p.t.Cleanup(func() { s.Close() })
	return s
}

func (p *person) helloFrame() []byte {
	f, err := wire.EncodeFrame(wire.OpHello, 1, wire.Hello{Version: wire.Version, Device: p.device})
	must(p.t, err)
	return f
}

// goodbye reads until the server closes and returns the last frame's error, if that was a goodbye.
func goodbye(t *testing.T, s *websocket.Conn) *wire.Error {
	t.Helper()
	var why *wire.Error
	must(t, s.SetReadDeadline(time.Now().Add(10*time.Second)))
	for {
		_, m, err := s.ReadMessage()
		if err != nil {
			if e, ok := err.(net.Error); ok && e.Timeout() {
				t.Fatal("the server does not close")
			}
			return why
		}
		frames, err := wire.Frames(m)
		must(t, err)
		for _, f := range frames {
			if f.Kind == wire.PushBye {
				why = new(wire.Error)
				must(t, wire.Decode(f.Body, why))
			}
		}
	}
}

func TestAFrameTruncatedAnywhereEndsOnlyItsConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	room := ana.meet()
	whole, err := wire.EncodeFrame(wire.OpSend, 2, ana.message(room, "whole"))
	must(t, err)
	step := max(1, len(whole)/60)
	for n := 1; n < len(whole); n += step {
		s := ana.raw(w)
		must(t, s.WriteMessage(websocket.BinaryMessage, ana.helloFrame()))
		must(t, s.WriteMessage(websocket.BinaryMessage, whole[:n]))
		if why := goodbye(t, s); why == nil || why.Code != wire.CodeBadRequest {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), why)
		}
	}
	if a := ana.say(room, "alive"); a.Seq != room.handshake+1 {
		t.Fatalf("a truncated frame entered the log: seq %d", a.Seq)
	}
}

func TestARequestWithUnknownFieldsIsRefusedByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	type extra struct {
		Conversation wire.ID `cbor:"1,keyasint"`
		After        uint64  `cbor:"2,keyasint"`
		Admin        bool    `cbor:"99,keyasint"`
	}
	wantCode(t, ana.ask(wire.OpSubscribe, extra{Admin: true}, nil), wire.CodeBadRequest)
	wantCode(t, ana.ask(77, wire.Nothing{}, nil), wire.CodeBadRequest)
	wantCode(t, ana.ask(wire.OpHello, wire.Hello{Version: wire.Version, Device: ana.device}, nil), wire.CodeBadRequest)
	must(t, ana.ask(wire.OpPing, wire.Nothing{}, nil))
}

// Not parallel, because it watches the memory of the process.
func TestAHundredMegabytesAreRefusedWithoutRoomMadeForThem(t *testing.T) {
	w := newWorld(t)
	ana := w.join("ana")
	for name, announced := range map[string]uint64{"over the limit": 100 << 20, "within the limit, never sent": wire.MaxFrame - 1} {
		s := ana.raw(w)
		must(t, s.WriteMessage(websocket.BinaryMessage, ana.helloFrame()))
		_, _, err := s.ReadMessage()
		must(t, err)
		before := allocated()
		header := []byte{0x82, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}
		binary.BigEndian.PutUint64(header[2:], announced)
		_, err = s.NetConn().Write(append(header, make([]byte, 100)...))
		must(t, err)
		if announced > wire.MaxFrame {
			if _, _, err := s.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
				t.Errorf("%s: %v", name, err)
			}
		} else {
			time.Sleep(100 * time.Millisecond)
		}
		if grown := allocated() - before; grown > 4<<20 {
			t.Errorf("%s: %d bytes were allocated", name, grown)
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestTooManyFramesInOneMessageEndTheConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	s := ana.raw(w)
	m := ana.helloFrame()
	for i := range 300 {
		f, err := wire.EncodeFrame(wire.OpPing, uint64(i+2), wire.Nothing{})
		must(t, err)
		m = append(m, f...)
	}
	must(t, s.WriteMessage(websocket.BinaryMessage, m))
	if why := goodbye(t, s); why == nil || why.Code != wire.CodeTooLarge {
		t.Fatalf("the goodbye says %v", why)
	}
}

func TestHelloComesFirstAndInTheRightVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	for want, frame := range map[wire.Code]func() ([]byte, error){
		wire.CodeBadRequest: func() ([]byte, error) { return wire.EncodeFrame(wire.OpPing, 1, wire.Nothing{}) },
		wire.CodeVersion: func() ([]byte, error) {
			return wire.EncodeFrame(wire.OpHello, 1, wire.Hello{Version: 99, Device: ana.device})
		},
		wire.CodeForbidden: func() ([]byte, error) {
			return wire.EncodeFrame(wire.OpHello, 1, wire.Hello{Version: wire.Version, Device: newID()})
		},
	} {
		f, err := frame()
		must(t, err)
		s := ana.raw(w)
		must(t, s.WriteMessage(websocket.BinaryMessage, f))
		if why := goodbye(t, s); why == nil || why.Code != want {
			t.Errorf("the goodbye says %v, want %s", why, want)
		}
	}
	s := ana.raw(w)
	must(t, s.WriteMessage(websocket.TextMessage, []byte("hello")))
	if why := goodbye(t, s); why == nil || why.Code != wire.CodeBadRequest {
		t.Errorf("text: the goodbye says %v", why)
	}
}

func TestConnectionsPerAccountAndInAllAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.gateway.Limits = &gateway.Limits{Connections: 5, AccountConnections: 3} })
	ana, ben := w.join("ana"), w.join("ben")
	must2(ana.tryConnect())
	must2(ana.tryConnect())
	_, err := ana.tryConnect()
	wantCode(t, err, wire.CodeLimit)
	must2(ben.tryConnect())
	_, err = ben.tryConnect()
	wantCode(t, err, wire.CodeUnavailable)
}

func TestAskingTooFastMakesAnswersComeLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inVirtualTime, func(r *rules) { r.gateway.Limits = &gateway.Limits{Requests: 10, RequestBurst: 5} })
		ana := w.join("ana")
		start := time.Now()
		for range 24 {
			must(t, ana.ask(wire.OpPing, wire.Nothing{}, nil))
		}
		if took := time.Since(start); took < 1900*time.Millisecond || took > 2100*time.Millisecond {
			t.Fatalf("24 pings and a hello took %v, want 2 s", took)
		}
		ana.conn.Close()
	})
}

func TestSilenceEndsAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inVirtualTime)
		ana := w.join("ana")
		for range 5 {
			time.Sleep(wire.PingAfter)
			must(t, ana.ask(wire.OpPing, wire.Nothing{}, nil))
		}
		start := time.Now()
		if _, open := <-ana.pushes; open {
			t.Fatal("a push nobody asked for")
		}
		if took := time.Since(start); took < 2*wire.PingAfter || took > 3*wire.PingAfter {
			t.Fatalf("the server waited %v", took)
		}
		mute, err := ana.net.dial(context.Background())
		must(t, err)
		start = time.Now()
		if _, err := mute.Receive(context.Background()); err == nil || time.Since(start) > 11*time.Second {
			t.Fatalf("without Hello the server waited %v", time.Since(start))
		}
	})
}

func TestWhoNeverReadsIsClosedAndCostsOnlyItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inVirtualTime)
		ana, ben := w.join("ana"), w.join("ben")
		room := ana.meet(ben)
		must(t, ana.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id, After: room.handshake}, nil))
		mute, err := ben.net.dial(context.Background())
		must(t, err)
		hello, err := wire.EncodeFrame(wire.OpHello, 1, wire.Hello{
			Version: wire.Version, Device: ben.device, Cursors: []wire.Cursor{{Conversation: room.id}},
		})
		must(t, err)
		must(t, mute.Send(context.Background(), hello))
		start := time.Now()
		for i := 0; time.Since(start) < 40*time.Second; i++ {
			ana.say(room, fmt.Sprint("to whoever listens ", i))
			ana.entry()
			time.Sleep(time.Second)
		}
		read := 0
		for {
			if _, err := mute.Receive(context.Background()); err != nil {
				break
			}
			read++
		}
		if read > 20 {
			t.Fatalf("%d messages waited for a client that never read", read)
		}
		ana.conn.Close()
		ben.conn.Close()
	})
}

func TestASlowReaderFallsBackToTheDatabaseAndMissesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.store.Unsafe = true })
	ana, ben := w.join("ana"), w.join("ben")
	room := ana.meet(ben)
	must(t, ana.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id, After: room.handshake}, nil))
	s := ben.raw(w)
	hello, err := wire.EncodeFrame(wire.OpHello, 1, wire.Hello{
		Version: wire.Version, Device: ben.device, Cursors: []wire.Cursor{{Conversation: room.id, After: room.handshake}},
	})
	must(t, err)
	must(t, s.WriteMessage(websocket.BinaryMessage, hello))
	const n, size = 80, 140000 // 15 MB: more than sockets and the tail hold
	long := strings.Repeat("x", size)
	var answers []<-chan wire.Frame
	for i := range n {
		answer, err := ana.begin(wire.OpSend, ana.message(room, fmt.Sprint(i, " ", long)))
		must(t, err)
		answers = append(answers, answer)
	}
	for _, answer := range answers {
		must(t, finish(answer, nil))
		ana.entry()
	}
	next := room.handshake + 1
	for next <= room.handshake+n {
		must(t, s.SetReadDeadline(time.Now().Add(20*time.Second)))
		_, m, err := s.ReadMessage()
		must(t, err)
		frames, err := wire.Frames(m)
		must(t, err)
		for _, f := range frames {
			var e wire.Entry
			if f.Kind != wire.PushEntry {
				continue
			}
			must(t, wire.Decode(f.Body, &e))
			if e.Seq != next {
				t.Fatalf("got entry %d, want %d", e.Seq, next)
			}
			next++
		}
	}
}

func FuzzMessage(f *testing.F) {
	w := newWorld(f, func(r *rules) { r.store.Unsafe = true })
	ana := w.join("ana")
	room := ana.meet()
	for _, body := range []struct {
		op   wire.Kind
		body any
	}{
		{wire.OpPing, wire.Nothing{}}, {wire.OpSubscribe, wire.Cursor{Conversation: room.id}},
		{wire.OpSend, ana.message(room, "x")}, {wire.OpHandshake, ana.commit(room, room.handshake)},
		{wire.OpLookup, wire.Lookup{Names: []string{"ana"}}}, {wire.OpGroupInfo, wire.ConversationRef{Conversation: room.id}},
		{wire.OpClaimKeys, wire.ClaimKeys{Accounts: []wire.ID{ana.account}}}, {wire.OpInboxAck, wire.InboxAck{Items: []uint64{1}}},
		{wire.OpPutState, wire.PutState{Epoch: 1, Revision: 2, State: []byte("s")}}, {wire.OpPublishKeys, wire.PublishKeys{LastResort: ana.keyPackage()}},
	} {
		frame, err := wire.EncodeFrame(body.op, 2, body.body)
		must(f, err)
		f.Add(frame)
	}
	hello := ana.helloFrame()
	// Whatever a greeted client says, the server answers or says goodbye, and serves the next one.
	f.Fuzz(func(t *testing.T, message []byte) {
		c, s := inproc.Pipe()
		go func() { _ = w.gateway.ServeSocket(context.Background(), ana.net.Token(), s) }()
		defer c.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		must(t, c.Send(ctx, hello))
		if _, err := c.Receive(ctx); err != nil {
			t.Fatal(err)
		}
		must(t, c.Send(ctx, message))
		ping, err := wire.EncodeFrame(wire.OpPing, 1<<40, wire.Nothing{})
		must(t, err)
		if err := c.Send(ctx, ping); err != nil {
			return // closed already, after a goodbye
		}
		for {
			m, err := c.Receive(ctx)
			if ctx.Err() != nil {
				t.Fatal("neither an answer nor a goodbye")
			}
			if err != nil {
				return
			}
			frames, err := wire.Frames(m)
			must(t, err)
			for _, f := range frames {
				if f.Kind == wire.PushBye || f.ID == 1<<40 {
					return
				}
			}
		}
	})
}
