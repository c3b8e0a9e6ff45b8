package sim

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

// falseLogs show a conversation's log otherwise than it is: with gaps, doubled, in another order, shorter,
// or to each of two people another one.
var falseLogs = []attack{
	{"a message is kept back from ben", func(s *plot) {
		next := s.length() + 1
		s.ben.lane.lie(s.without(func(e *wire.Entry) bool { return e.Conversation == s.id && e.Seq == next }))
		s.say(s.ada, "secret kept back")
		s.say(s.ada, "secret after it")
		time.Sleep(2 * time.Minute)
		s.lacks(s.ben, "secret after it") // it gains nothing: later ones wait
		s.warned(s.ben, client.CodeWithheld)
		s.ben.lane.lie(liar{})
		time.Sleep(2 * time.Minute)
		s.has(s.ben, "secret kept back")
		s.has(s.ben, "secret after it")
	}},
	{"a removal is kept back from ben, who would go on writing to who was removed", func(s *plot) {
		group := s.ada.create(s.t, wire.Group, s.ben, s.eve)
		s.ben.lane.lie(s.without(func(e *wire.Entry) bool { return e.Kind == wire.HandshakeEntry }))
		if err := s.ada.on().Remove(context.Background(), group, s.eve.account); err != nil {
			s.t.Fatal(err)
		}
		if _, err := s.ben.on().Send(context.Background(), group, "secret to the rest"); err != nil {
			s.t.Fatal(err)
		}
		s.said = append(s.said, "secret to the rest")
		time.Sleep(3 * time.Minute)
		s.warned(s.ben, client.CodeWithheld)
	}},
	{"a message is dropped, and the log is numbered as if it had never been", func(s *plot) {
		from := s.length()
		s.ben.lane.lie(pushed(func(e wire.Entry) []wire.Entry {
			if e.Conversation != s.id || e.Seq <= from {
				return []wire.Entry{e}
			}
			e.Seq--
			if e.Seq == from {
				return nil
			}
			return []wire.Entry{e}
		}))
		s.say(s.ada, "secret dropped")
		s.say(s.ada, "secret kept")
		s.shows(s.ben, client.ReasonMissingBefore)
		s.lacks(s.ben, "secret dropped")
	}},
	{"a message is delivered twice, in two places of the log", func(s *plot) {
		from := s.length()
		s.ben.lane.lie(pushed(func(e wire.Entry) []wire.Entry {
			if e.Conversation != s.id || e.Seq != from+1 {
				return []wire.Entry{e}
			}
			again := e
			again.Seq++
			return []wire.Entry{e, again}
		}))
		s.say(s.ada, "secret doubled")
		s.shows(s.ben, client.ReasonReplayed)
		s.ben.lane.lie(liar{})
		s.say(s.ada, "secret in the place of the double")
		time.Sleep(2 * time.Minute)
		s.warned(s.ben, client.CodeWithheld)
	}},
	{"two messages change places", func(s *plot) {
		from := s.length()
		var first wire.Entry
		s.ben.lane.lie(pushed(func(e wire.Entry) []wire.Entry {
			switch {
			case e.Conversation == s.id && e.Seq == from+1:
				first = e
				return nil
			case e.Conversation == s.id && e.Seq == from+2 && !first.Message.IsZero():
				e.Seq, first.Seq = from+1, from+2
				return []wire.Entry{e, first}
			}
			return []wire.Entry{e}
		}))
		s.say(s.ada, "secret first")
		s.say(s.ada, "secret second")
		time.Sleep(time.Second)
		s.shows(s.ben, client.ReasonMissingBefore)
		s.shows(s.ben, client.ReasonReplayed)
	}},
	{"ada's two devices are shown the log in different orders", func(s *plot) {
		laptop := s.w.second(s.t, s.ada)
		from := s.length()
		laptop.lane.lie(pushed(func(e wire.Entry) []wire.Entry {
			if e.Conversation == s.id && e.Kind == wire.Application && e.Seq > from && e.Seq <= from+2 {
				e.Seq = 2*from + 3 - e.Seq
			}
			return []wire.Entry{e}
		}))
		s.ada.lane.set(true, false)
		for _, text := range []string{"secret of one order", "secret of the other order"} {
			s.say(s.ben, text)
		}
		time.Sleep(2 * time.Minute)
		s.ada.lane.set(false, false)
		time.Sleep(2 * time.Minute)
		if !s.ada.told(client.CodeVault) && !laptop.told(client.CodeVault) && !laptop.told(client.CodeWithheld) {
			s.t.Fatal("neither device was warned")
		}
	}},
	{"a message is acknowledged and not stored", func(s *plot) {
		s.ada.lane.lie(swallow(func() wire.Appended { return wire.Appended{Seq: s.length() + 1} }))
		s.say(s.ada, "secret swallowed")
		s.ada.lane.lie(liar{})
		s.say(s.ben, "secret in its place")
		time.Sleep(time.Minute)
		s.warned(s.ada, client.CodeWithheld)
		s.has(s.ben, "secret swallowed")
	}},
	{"a message is acknowledged and not stored, and nothing follows it", func(s *plot) {
		s.ada.lane.lie(swallow(func() wire.Appended { return wire.Appended{Seq: s.length() + 1} }))
		s.say(s.ada, "secret swallowed")
		s.ada.lane.lie(liar{})
		time.Sleep(3 * time.Minute)
		s.warned(s.ada, client.CodeWithheld)
		s.has(s.ben, "secret swallowed")
	}},
	{"messages are acknowledged with the place of others and never stored", func(s *plot) {
		s.ada.lane.lie(swallow(func() wire.Appended { return wire.Appended{Seq: s.length()} }))
		s.say(s.ada, "secret swallowed again and again")
		time.Sleep(5 * time.Minute)
		s.warned(s.ada, client.CodeWithheld)
		rows := s.ada.rows(s.t, s.id)
		if last := rows[len(rows)-1]; last.State != client.Failed {
			s.t.Fatalf("what is in nobody's log is shown as %s", last.State)
		}
		s.ada.lane.lie(liar{})
		id, err := wire.ParseID(rows[len(rows)-1].ID)
		if err == nil {
			err = s.ada.on().Retry(context.Background(), s.id, id)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(time.Second)
		s.has(s.ben, "secret swallowed again and again")
	}},
	{"a message is stored and acknowledged with a place far ahead", func(s *plot) {
		s.ada.lane.lie(reply(wire.OpSend, func(a *wire.Appended) { a.Seq += 1 << 40 }))
		s.say(s.ada, "secret far ahead")
		time.Sleep(3 * time.Minute)
		s.warned(s.ada, client.CodeWithheld)
		s.has(s.ben, "secret far ahead")
	}},
	{"the log is said to be shorter than it was", func(s *plot) {
		s.ben.lane.lie(reply(wire.OpHello, func(a *wire.Welcomed) {
			for i := range a.Conversations {
				a.Conversations[i].Last = min(a.Conversations[i].Last, 1)
			}
		}))
		s.ben.lane.cut()
		time.Sleep(time.Minute)
		s.warned(s.ben, client.CodeWithheld)
	}},
	{"two changes get one place in the log, and each person is shown their own", func(s *plot) {
		ctx := context.Background()
		s.ben.lane.lie(s.ownInPlace(s.length()+1, s.hear))
		go func() { _ = s.ben.on().Renew(ctx, s.id) }()
		time.Sleep(2 * time.Second)
		if err := s.ada.on().SetRetention(ctx, s.id, client.DeviceOnly, 0); err != nil {
			s.t.Fatal(err)
		}
		for i := range 2 {
			s.say(s.ada, fmt.Sprint("secret of one side ", i))
		}
		time.Sleep(time.Minute)
		s.warned(s.ben, client.CodeWithheld)
		for i := range 2 {
			s.has(s.ben, fmt.Sprint("secret of one side ", i)) // he asked for the keys
		}
		if n := s.ben.failures(s.t); n["rejoined"] != 1 || n["lost-step"] != 1 {
			s.t.Fatalf("ben counted %v", n)
		}
	}},
	{"every message is turned down as stale, and nothing new is shown", func(s *plot) {
		var n atomic.Int64
		s.ada.lane.lie(turnedDown(wire.OpSend, wire.CodeStale, &n))
		s.say(s.ada, "secret turned down")
		time.Sleep(10 * time.Minute)
		s.seldom(int(n.Load()))
		s.warned(s.ada, client.CodeWithheld)
		sent := keyed{}
		s.ada.lane.lie(liar{tap: func(said []byte) { s.hear(said); sent.hear(said) }})
		time.Sleep(2 * time.Minute)
		s.has(s.ben, "secret turned down")
		if g, _ := mls.ParseHeader(sent[s.id][0]); len(sent[s.id]) != 1 || g.Epoch != 1 {
			s.t.Fatalf("%d frames, of epoch %d", len(sent[s.id]), g.Epoch)
		}
	}},
	{"every change is turned down as too late, and nothing new is shown", func(s *plot) {
		var n atomic.Int64
		s.ada.lane.lie(turnedDown(wire.OpHandshake, wire.CodeConflict, &n))
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		if err := s.ada.on().SetRetention(ctx, s.id, client.DeviceOnly, 0); err == nil {
			s.t.Fatal("it was changed")
		}
		s.seldom(int(n.Load()))
		s.warned(s.ada, client.CodeWithheld)
	}},
	{"ben is said to be a member no longer, and gets nothing more", func(s *plot) {
		s.cutOff(func(a *wire.Welcomed) {
			for i := range a.Conversations {
				a.Conversations[i].Member = a.Conversations[i].ID != s.id
			}
		})
	}},
	{"the conversation is left out when ben is greeted, and he gets nothing more", func(s *plot) {
		s.cutOff(func(a *wire.Welcomed) {
			a.Conversations = slices.DeleteFunc(a.Conversations, func(c wire.Conversation) bool { return c.ID == s.id })
		})
	}},
}

// cutOff greets ben otherwise than is true and keeps the conversation's entries from him.
func (s *plot) cutOff(change func(*wire.Welcomed)) {
	greeting := reply(wire.OpHello, change).says
	nothing := s.without(func(*wire.Entry) bool { return true }).says
	s.ben.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) (out []wire.Frame) {
		for _, f := range greeting(asked, f) {
			out = append(out, nothing(asked, f)...)
		}
		return out
	}})
	s.ben.lane.cut()
	time.Sleep(time.Minute)
	s.say(s.ada, "secret that ben should have")
	time.Sleep(3 * time.Minute)
	s.warned(s.ben, client.CodeWithheld)
}

// turnedDown refuses a kind of request before it reaches the server, and names no handshake that is new.
func turnedDown(kind wire.Kind, code wire.Code, n *atomic.Int64) liar {
	return liar{
		hears: func(f wire.Frame) wire.Frame {
			if f.Kind == kind {
				f.Kind = wire.OpPing
				f.Body, _ = wire.Encode(wire.Nothing{})
			}
			return f
		},
		says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if asked == kind {
				n.Add(1)
				f.Kind = wire.ReplyFail
				f.Body, _ = wire.Encode(wire.Error{Code: code, Message: "too late", Last: 1})
			}
			return []wire.Frame{f}
		},
	}
}

// ownInPlace shows ben a change of his own in a place of the log in which everybody else is shown another one.
func (s *plot) ownInPlace(at uint64, tap func([]byte)) liar {
	var own wire.Handshake
	shown := false
	return liar{
		tap: tap,
		hears: func(f wire.Frame) wire.Frame {
			var h wire.Handshake
			if f.Kind == wire.OpHandshake && !shown && wire.Decode(f.Body, &h) == nil {
				own, f.Kind = h, wire.OpPing
				f.Body, _ = wire.Encode(wire.Nothing{})
			}
			return f
		},
		says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			now := uint64(time.Now().UnixMilli())
			var e wire.Entry
			switch {
			case asked == wire.OpHandshake && !shown:
				shown = true
				f.Kind = wire.ReplyOK
				f.Body, _ = wire.Encode(wire.Appended{Seq: at, Received: now})
				e = wire.Entry{Conversation: s.id, Seq: at, Kind: wire.HandshakeEntry, Account: s.ben.account, Device: s.ben.device(),
					Message: own.Message, Received: now, Frame: own.Frame}
				body, _ := wire.Encode(e)
				return []wire.Frame{f, {Kind: wire.PushEntry, Body: body}}
			case f.Kind == wire.PushEntry && wire.Decode(f.Body, &e) == nil && e.Conversation == s.id && e.Seq == at:
				return nil
			}
			return []wire.Frame{f}
		},
	}
}

// seldom demands that what was refused for ten minutes was tried again and again, and not at once.
func (s *plot) seldom(n int) {
	s.t.Helper()
	if n < 5 || n > 100 {
		s.t.Fatalf("tried %d times", n)
	}
}

// without keeps entries back.
func (s *plot) without(which func(*wire.Entry) bool) liar {
	return pushed(func(e wire.Entry) []wire.Entry {
		if which(&e) {
			return nil
		}
		return []wire.Entry{e}
	})
}

// swallow acknowledges messages that never reach the server.
func swallow(answer func() wire.Appended) liar {
	return liar{
		hears: func(f wire.Frame) wire.Frame {
			if f.Kind == wire.OpSend {
				f.Kind = wire.OpPing
				f.Body, _ = wire.Encode(wire.Nothing{})
			}
			return f
		},
		says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if asked == wire.OpSend {
				f.Body, _ = wire.Encode(answer())
			}
			return []wire.Frame{f}
		},
	}
}

// length is how long the log of the conversation is.
func (s *plot) length() uint64 {
	entries, err := s.w.entries(context.Background(), s.id)
	if err != nil {
		panic(fmt.Sprint("sim: ", err))
	}
	return uint64(len(entries))
}

func (s *plot) lacks(p *person, text string) {
	s.t.Helper()
	if slices.Contains(p.texts(s.t, s.id), text) {
		s.t.Fatalf("%s has %q", p.name, text)
	}
}

// has demands that a text is there, once.
func (s *plot) has(p *person, text string) {
	s.t.Helper()
	n := 0
	for _, have := range p.texts(s.t, s.id) {
		if have == text {
			n++
		}
	}
	if n != 1 {
		s.t.Fatalf("%s has %q %d times among%s", p.name, text, n, told(p.rows(s.t, s.id)))
	}
}
