package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"frond/server/store"
	"frond/wire"
)

// target is a server under test, seen through the little that the load needs: connections that are in
// a room, and bytes that send one message to it.
type target struct {
	*process
	name    string
	clean   func()
	connect func(room, member int) (*socket, error)
	message func(room, member int) []byte // one WebSocket message that sends a fresh envelope
}

func (t *target) stop() {
	t.process.stop()
	t.clean()
}

// startFrond fills a database with rooms of the given size and starts the real binary on it.
func startFrond(binary, database string, rooms, members int) (*target, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "frond-bench-")
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Options{URL: database, Dir: dir, Unsafe: true})
	if err != nil {
		return nil, err
	}
	people, err := fill(ctx, s, rooms*members)
	if err != nil {
		return nil, err
	}
	conversations := make([]wire.ID, rooms)
	for i := range conversations {
		if members == 1 {
			continue // idle connections need no conversation
		}
		if conversations[i], err = join(ctx, s, people[i*members:(i+1)*members]); err != nil {
			return nil, err
		}
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	p, err := start(binary, "serve", "--listen", "%s", "--data", dir, "--database", database, "--log-level", "warn", "--unlimited")
	if err != nil {
		return nil, err
	}
	last := uint64(members) // seq of the last handshake: one create and the joins
	if members == 2 {
		last = 1
	}
	t := &target{process: p, name: "frond", clean: func() { os.RemoveAll(dir) }}
	t.connect = func(room, member int) (*socket, error) {
		who := people[room*members+member]
		c, err := dial(p.addr, cookieName+"="+who.cookie)
		if err != nil {
			return nil, err
		}
		hello := &wire.Hello{Version: wire.Version, Device: who.device}
		if members > 1 {
			hello.Cursors = []wire.Cursor{{Conversation: conversations[room], After: last}}
		}
		if err := c.request(wire.OpHello, 1, hello); err != nil {
			return nil, err
		}
		return c, c.await(wire.ReplyOK)
	}
	t.message = func(room, member int) []byte {
		f, err := wire.EncodeFrame(wire.OpSend, 2, send(conversations[room], last))
		if err != nil {
			panic(err) // our own constants
		}
		return message(f)
	}
	return t, nil
}

// startBaseline starts the bare server. Every connection says its room in the path.
func startBaseline(binary string, rooms, members int) (*target, error) {
	dir, err := os.MkdirTemp("", "frond-bench-")
	if err != nil {
		return nil, err
	}
	p, err := start(binary, "%s", filepath.Join(dir, "bare.db"))
	if err != nil {
		return nil, err
	}
	t := &target{process: p, name: "bare", clean: func() { os.RemoveAll(dir) }}
	t.connect = func(room, member int) (*socket, error) { return dial(p.addr, fmt.Sprintf("room=%d", room)) }
	t.message = func(room, member int) []byte {
		m := send(wire.ID{}, 1)
		e := &wire.Entry{Seq: 1, Kind: wire.Application, Account: m.Message, Device: m.Message, Message: m.Message,
			Received: 1700000000000, Frame: m.Frame, Token: m.Token, Commitment: &m.Commitment}
		f, err := wire.EncodeFrame(wire.PushEntry, 0, e)
		if err != nil {
			panic(err) // our own constants
		}
		return message(f)
	}
	return t, nil
}

// await reads until a frame of the kind arrives.
func (s *socket) await(kind wire.Kind) error {
	for {
		m, err := s.next()
		if err != nil {
			return err
		}
		frames, err := wire.Frames(m)
		if err != nil {
			return err
		}
		for _, f := range frames {
			if f.Kind == wire.ReplyFail {
				var e wire.Error
				if err := wire.Decode(f.Body, &e); err != nil {
					return err
				}
				return &e
			}
			if f.Kind == kind {
				return nil
			}
		}
	}
}
