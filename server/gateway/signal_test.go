package gateway_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"frond/server/stats"
	"frond/wire"
)

// signalled demands that the next push is a signal.
func (p *person) signalled() wire.Signalled {
	p.t.Helper()
	f, err := p.push()
	must(p.t, err)
	var s wire.Signalled
	if f.Kind != wire.PushSignal {
		p.t.Fatalf("%s got a push of kind %d, want a signal", p.name, f.Kind)
	}
	must(p.t, wire.Decode(f.Body, &s))
	return s
}

func TestASignalReachesConnectedMembersOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben, eve := w.join("ana"), w.join("ben"), w.join("eve")
	room := ana.meet(ben)
	ben.welcome()
	signal := func(p *person, to wire.ID, body []byte) error {
		return p.ask(wire.OpSignal, wire.Signal{Conversation: room.id, To: to, Body: body}, nil)
	}
	must(t, signal(ana, ben.account, []byte("sealed")))
	if s := ben.signalled(); s.Conversation != room.id || s.Account != ana.account || s.Device != ana.device || string(s.Body) != "sealed" {
		t.Fatalf("%+v", s)
	}
	wantCode(t, signal(eve, ben.account, []byte("let me in")), wire.CodeForbidden)
	must(t, signal(ana, eve.account, []byte("not for her"))) // and nobody learns whether she is there
	must(t, signal(ana, newID(), []byte("nobody")))
	eve.nothingMore()
	wantCode(t, signal(ana, ben.account, nil), wire.CodeTooLarge)
	wantCode(t, signal(ana, ben.account, make([]byte, wire.MaxSignal+1)), wire.CodeTooLarge)
	other := newID()
	must(t, ana.ask(wire.OpSignal, wire.Signal{Conversation: room.id, To: ben.account, Device: &other, Body: []byte("x")}, nil))
	must(t, ana.ask(wire.OpSignal, wire.Signal{Conversation: room.id, To: ben.account, Device: &ben.device, Body: []byte("to one device")}, nil))
	if s := ben.signalled(); string(s.Body) != "to one device" {
		t.Fatalf("%+v", s)
	}
}

// A device that is not in the group yet is told the way in by whoever is: it and its account's room hear each other.
func TestASignalToEverybodyAndOneFromAndToADeviceOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben, eve := w.join("ana"), w.join("ben"), w.join("eve")
	room := ana.meet(ben)
	ben.welcome()
	tablet := w.newPerson("ben")
	tablet.auth = ben.auth
	_, err := tablet.signIn(nil)
	must(t, err)
	must(t, tablet.becomes(ben))
	tablet.connect()
	toAll := func(p *person, conversation wire.ID) error {
		return p.ask(wire.OpSignal, wire.Signal{Conversation: conversation, Body: []byte("let me in")}, nil)
	}
	must(t, toAll(tablet, room.id))
	_, err = ben.push() // his account's sigchain grew
	must(t, err)
	for _, p := range []*person{ana, ben} {
		if s := p.signalled(); s.Account != ben.account || s.Device != tablet.device || string(s.Body) != "let me in" {
			t.Fatalf("%s hears %+v", p.name, s)
		}
	}
	must(t, ana.ask(wire.OpSignal, wire.Signal{Conversation: room.id, To: ben.account, Device: &tablet.device, Body: []byte("come")}, nil))
	if s := tablet.signalled(); s.Account != ana.account || string(s.Body) != "come" {
		t.Fatalf("%+v", s)
	}
	wantCode(t, toAll(eve, room.id), wire.CodeForbidden)
	wantCode(t, eve.ask(wire.OpSignal, wire.Signal{Conversation: room.id, To: eve.account, Body: []byte("x")}, nil), wire.CodeForbidden)
	eve.nothingMore()
	n := 0
	for ; toAll(ana, room.id) == nil; n++ {
	}
	if n < 3 || n > 10 {
		t.Fatalf("%d signals to everybody at once", n)
	}
}

func TestASignalToEverybodyIsNotForTheOpenConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.newPerson("ana")
	must(t, ana.signUp())
	open := ana.connect().Conversations[0]
	if open.Kind != wire.Open {
		t.Fatalf("%+v", open)
	}
	err := ana.ask(wire.OpSignal, wire.Signal{Conversation: open.ID, Body: []byte("all of you")}, nil)
	wantCode(t, err, wire.CodeForbidden)
}

func TestSignalsAreLimitedInNumberAndSizeAlsoOverNewConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inVirtualTime)
		ana, ben := w.join("ana"), w.join("ben")
		room := ana.meet(ben)
		flood := func(size int) (n int) {
			for range 1000 {
				err := ana.ask(wire.OpSignal, wire.Signal{Conversation: room.id, To: ana.account, Body: bytes.Repeat([]byte{1}, size)}, nil)
				if err != nil {
					wantCode(t, err, wire.CodeRateLimited)
					return n
				}
				n++
			}
			return n
		}
		if n := flood(1); n < 30 || n > 100 {
			t.Errorf("%d signals at once", n)
		}
		time.Sleep(time.Minute)
		ana.connect()
		if n := flood(wire.MaxSignal); n < 4 || n > 12 {
			t.Errorf("%d big signals at once", n)
		}
		ana.connect()
		if n := flood(wire.MaxSignal); n > 1 {
			t.Errorf("%d more on a new connection", n)
		}
		time.Sleep(time.Minute)
		ana.connect()
		if n := flood(1); n < 30 {
			t.Errorf("%d a minute later", n)
		}
	})
}

func TestReportsAreCountedOnceAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		counters := stats.New()
		w := newWorld(t, inVirtualTime, func(r *rules) { r.gateway.Stats = counters })
		ana, ben := w.join("ana"), w.join("ben")
		report := func(p *person, counts map[string]uint64) error {
			return p.ask(wire.OpReport, wire.Report{Counts: counts}, nil)
		}
		must(t, report(ana, map[string]uint64{"damaged": 2, "rejoined": 1}))
		wantCode(t, report(ana, map[string]uint64{"damaged": 2}), wire.CodeRateLimited)
		must(t, report(ben, map[string]uint64{"damaged": 3}))
		wantCode(t, report(ben, map[string]uint64{"<b>": 3}), wire.CodeBadRequest)
		wantCode(t, report(ben, map[string]uint64{"damaged": wire.MaxReported + 1}), wire.CodeBadRequest)
		time.Sleep(61 * time.Minute)
		ana.connect()
		must(t, report(ana, map[string]uint64{"damaged": 1}))
		answer := httptest.NewRecorder()
		counters.ServeHTTP(answer, nil)
		for _, line := range []string{
			`frond_device_failures_total{reason="damaged"} 6`, `frond_device_failures_total{reason="rejoined"} 1`,
			`frond_refused_total{code="bad-request"} 2`, `frond_refused_total{code="rate-limited"} 1`,
		} {
			if !strings.Contains(answer.Body.String(), line) {
				t.Errorf("%q is missing in\n%s", line, answer.Body.String())
			}
		}
	})
}
