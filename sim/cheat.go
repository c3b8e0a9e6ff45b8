package sim

import (
	"slices"

	"frond/wire"
)

// liar is a cheating server, as one person meets it: it stands between them and the real one and may
// alter, drop, repeat, hold back or make up whatever passes. A nil function lets everything pass.
type liar struct {
	hears func(wire.Frame) wire.Frame                      // what reaches the real server of a request
	says  func(asked wire.Kind, f wire.Frame) []wire.Frame // asked: the request that f answers; 0: a push
	posts func(path string, answer []byte) []byte          // what becomes of an answer over HTTP; nil: it is lost
	tap   func(said []byte)                                // is told all that the person says
}

// lie puts a cheating server in the middle, and lie(liar{}) takes it away. A tap stays.
func (l *lane) lie(x liar) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if x.tap == nil {
		x.tap = l.liar.tap
	}
	l.liar = x
}

// cheat is lie for what the server says alone.
func (l *lane) cheat(tamper func(wire.Frame) []wire.Frame) {
	if tamper == nil {
		l.lie(liar{})
		return
	}
	l.lie(liar{says: func(_ wire.Kind, f wire.Frame) []wire.Frame { return tamper(f) }})
}

func (l *lane) lies() liar {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.liar
}

// overhear lets the server keep what it is told.
func (l *lane) overhear(said []byte) {
	if tap := l.lies().tap; tap != nil {
		tap(slices.Clone(said))
	}
}

// posted is the answer to a request over HTTP after the liar had it.
func (l *lane) posted(path string, answer []byte) []byte {
	if posts := l.lies().posts; posts != nil {
		return posts(path, answer)
	}
	return answer
}

// heard is what the real server gets of a message. The kind of each request is noted, for its answer.
func (c *conn) heard(message []byte) ([]byte, error) {
	c.lane.overhear(message)
	frames, err := wire.Frames(message)
	if err != nil {
		return nil, err
	}
	hears := c.lane.lies().hears
	var out [][]byte
	for _, f := range frames {
		c.note(f.ID, f.Kind)
		if hears != nil {
			f = hears(f)
		}
		raw, err := wire.Encode(f)
		if err != nil {
			return nil, err
		}
		out = append(out, raw)
	}
	return wire.Join(out...), nil
}

// said is what the person gets of what the server said.
func (c *conn) said(frames []wire.Frame) (out []wire.Frame) {
	says := c.lane.lies().says
	for _, f := range frames {
		asked := c.answered(f)
		if says == nil {
			out = append(out, f)
			continue
		}
		out = append(out, says(asked, f)...)
	}
	return out
}

func (c *conn) note(id uint64, kind wire.Kind) {
	c.lane.mu.Lock()
	defer c.lane.mu.Unlock()
	c.asked[id] = kind
}

// answered returns the request that a frame answers, or 0.
func (c *conn) answered(f wire.Frame) wire.Kind {
	if f.Kind != wire.ReplyOK && f.Kind != wire.ReplyFail {
		return 0
	}
	c.lane.mu.Lock()
	defer c.lane.mu.Unlock()
	kind := c.asked[f.ID]
	delete(c.asked, f.ID)
	return kind
}

// reply makes a liar that rewrites the answers to one kind of request.
func reply[T any](kind wire.Kind, change func(*T)) liar {
	return liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
		if asked == kind && f.Kind == wire.ReplyOK {
			f.Body = rewritten(f.Body, change)
		}
		return []wire.Frame{f}
	}}
}

// eachAccount makes a liar that rewrites what is said of accounts.
func eachAccount(change func(*wire.Account)) liar {
	return reply(wire.OpLookup, func(a *wire.Accounts) {
		for i := range a.Accounts {
			change(&a.Accounts[i])
		}
	})
}

// pushed makes a liar that puts something else in the place of each entry; nil lets it pass.
func pushed(change func(e wire.Entry) []wire.Entry) liar {
	return liar{says: func(_ wire.Kind, f wire.Frame) []wire.Frame {
		var e wire.Entry
		if f.Kind != wire.PushEntry || wire.Decode(f.Body, &e) != nil {
			return []wire.Frame{f}
		}
		var out []wire.Frame
		for _, e := range change(e) {
			f.Body, _ = wire.Encode(e)
			out = append(out, f)
		}
		return out
	}}
}

// overHTTP makes a liar that rewrites the answers of paths.
func overHTTP[T any](change func(*T), paths ...string) liar {
	return liar{posts: func(p string, answer []byte) []byte {
		if slices.Contains(paths, p) {
			return rewritten(answer, change)
		}
		return answer
	}}
}

func rewritten[T any](body []byte, change func(*T)) []byte {
	var v T
	if wire.Decode(body, &v) != nil {
		return body
	}
	change(&v)
	out, err := wire.Encode(v)
	if err != nil {
		return body
	}
	return out
}
