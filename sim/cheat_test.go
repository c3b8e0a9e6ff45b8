package sim

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

// attack is something that a cheating server tries, said in one line. try demands that it is refused or
// that somebody is shown it; plot sees to the rest.
type attack struct {
	name string
	try  func(s *plot)
}

// plot is an attack being played: ada and ben talk to each other, and eve, who has an account like
// anybody, works for whoever runs the server.
type plot struct {
	t             *testing.T
	w             *World
	ada, ben, eve *person
	id            wire.ID // of ada's and ben's conversation
	listen        sync.Mutex
	overheard     [][]byte // all that ada and ben told the server
	said          []string
	silent        bool // the attack ends with ada and ben apart, on purpose
}

// TestACheatingServerIsRefusedOrFoundOut plays every attack, each in a world of its own. After it the
// server has learnt neither a text nor a key, eve has opened nothing, and honest traffic goes on.
func TestACheatingServerIsRefusedOrFoundOut(t *testing.T) {
	all := slices.Concat(alteredEntries(), falsePeople, falseJoins, falseLogs, falseAccounts, falseDatabases)
	names := map[string]bool{}
	for _, a := range all {
		if names[a.name] {
			t.Fatalf("two attacks are called %q", a.name)
		}
		names[a.name] = true
		t.Run(a.name, func(t *testing.T) {
			tell(t, 3, func(t *testing.T, w *World, p []*person) {
				s := &plot{t: t, w: w, ada: p[0], ben: p[1], eve: p[2]}
				s.open()
				a.try(s)
				s.goOn()
				s.nothingLeaked()
			})
		})
	}
}

// open begins the conversation, with everything that is told to the server written down.
func (s *plot) open() {
	for _, p := range []*person{s.ada, s.ben} {
		p.lane.lie(liar{tap: s.hear})
	}
	s.id = s.ada.create(s.t, wire.Direct, s.ben)
	s.say(s.ada, "secret one")
	s.say(s.ben, "secret two")
	s.ben.reads(s.t, s.id, "secret two")
}

func (s *plot) hear(said []byte) {
	s.listen.Lock()
	defer s.listen.Unlock()
	s.overheard = append(s.overheard, said)
}

// heard is what the server was told so far.
func (s *plot) heard() [][]byte {
	s.listen.Lock()
	defer s.listen.Unlock()
	return slices.Clone(s.overheard)
}

func (s *plot) say(p *person, text string) {
	s.t.Helper()
	p.say(s.t, s.id, text)
	s.said = append(s.said, text)
}

// goOn takes the liars away and lets ada and ben talk.
func (s *plot) goOn() {
	s.t.Helper()
	if s.silent {
		return
	}
	for _, p := range s.w.people {
		p.lane.lie(liar{})
	}
	time.Sleep(2 * time.Minute)
	for i, p := range []*person{s.ada, s.ben, s.ada} {
		text := fmt.Sprint("secret afterwards ", i)
		s.say(p, text)
		for _, q := range []*person{s.ada, s.ben} {
			q.reads(s.t, s.id, text)
		}
	}
}

// nothingLeaked looks for every text and every key of ada and ben in what the server was told, in its
// database, and on eve's device.
func (s *plot) nothingLeaked() {
	s.t.Helper()
	secrets := s.secrets()
	places := map[string][][]byte{"what the server was told": s.heard(), "eve's device": s.eve.dump(s.t)}
	places["the server's database"] = s.w.server.files(s.t)
	for place, pieces := range places {
		for what, secret := range secrets {
			if slices.ContainsFunc(pieces, func(b []byte) bool { return bytes.Contains(b, secret) }) {
				s.t.Errorf("%s is in %s", what, place)
			}
		}
	}
	s.noWelcomeForEve()
}

// secrets are what nobody but ada and ben may have.
func (s *plot) secrets() map[string][]byte {
	all := map[string][]byte{}
	for _, text := range s.said {
		all["the text "+text] = []byte(text)
	}
	for _, p := range []*person{s.ada, s.ben} {
		self := loot(s.t, p.store, p.account)
		for name, n := range map[string]uint64{"device key": 4, "root": 5, "vault key": 6} {
			all[p.name+"'s "+name] = self.field(s.t, n)
		}
		all[p.name+"'s password key"] = p.keys.Wrap[:]
		p.each(s.t, fmt.Sprintf("%s/conv/%s", p.account, s.id), func(key string, r stolen) {
			if k := r.field(s.t, 6); !bytes.Equal(k, make([]byte, len(k))) { // who is out has none
				all["the join key"] = k
			}
		})
		p.each(s.t, fmt.Sprintf("%s/msg/%s", p.account, s.id), func(key string, r stolen) {
			if r[8] != nil {
				all["the key of "+key] = r.field(s.t, 8)
			}
		})
	}
	return all
}

// each reads the records whose keys begin in a way.
func (p *person) each(t *testing.T, prefix string, f func(key string, r stolen)) {
	t.Helper()
	items, err := p.store.Scan(context.Background(), client.Prefix(prefix))
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		var r stolen
		if err := cbor.Unmarshal(item.Value, &r); err != nil {
			t.Fatal(err)
		}
		f(item.Key, r)
	}
}

// dump is all that a device keeps.
func (p *person) dump(t *testing.T) (all [][]byte) {
	t.Helper()
	items, err := p.store.Scan(context.Background(), client.Range{From: " ", To: "~"})
	if err != nil || len(items) == 0 {
		t.Fatal(len(items), err)
	}
	for _, item := range items {
		all = append(all, item.Value)
	}
	return all
}

// noWelcomeForEve demands that no welcome which ada or ben wrote was sealed to a key package of eve's.
func (s *plot) noWelcomeForEve() {
	s.t.Helper()
	for _, said := range s.heard() {
		frames, _ := wire.Frames(said)
		for _, f := range frames {
			var h wire.Handshake
			var c wire.Create
			if f.Kind == wire.OpCreate && wire.Decode(f.Body, &c) == nil {
				h = c.Handshake
			} else if f.Kind != wire.OpHandshake || wire.Decode(f.Body, &h) != nil {
				continue
			}
			refs, _ := mls.WelcomeFor(h.Welcome)
			for _, ref := range refs {
				if b, err := s.eve.store.Get(context.Background(), fmt.Sprintf("%s/key/%x", s.eve.account, ref)); err != nil || b != nil {
					s.t.Errorf("a welcome is for eve: %v", err)
				}
			}
		}
	}
}

// shows demands that the newest row says why it can not be read, or is odd.
func (s *plot) shows(p *person, why client.Reason) {
	s.t.Helper()
	rows := p.rows(s.t, s.id)
	if !slices.ContainsFunc(rows, func(m client.Message) bool { return m.Reason != nil && m.Reason.Code == string(why) }) {
		s.t.Fatalf("%s should be shown %q, has %s", p.name, why, told(rows))
	}
}

// warned demands a fault event.
func (s *plot) warned(p *person, code wire.Code) {
	s.t.Helper()
	if !p.told(code) {
		s.t.Fatalf("%s should be warned of %q, has %s", p.name, code, told(p.rows(s.t, s.id)))
	}
}

// refused demands an error with a code.
func (s *plot) refused(err error, code wire.Code) {
	s.t.Helper()
	if wire.CodeOf(err) != code {
		s.t.Fatalf("%v, should be %s", err, code)
	}
}

func told(rows []client.Message) string {
	var b strings.Builder
	for _, m := range rows {
		fmt.Fprintf(&b, "\n%d %s %q", m.Position, m.State, m.Text)
		if m.Reason != nil {
			b.WriteString(" " + m.Reason.Code)
		}
	}
	return b.String()
}

// files are all the bytes that the server keeps on its disk.
func (s *server) files(t *testing.T) (all [][]byte) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil || len(names) == 0 {
		t.Fatal(len(names), err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}
