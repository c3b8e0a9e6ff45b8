package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"frond/client"
	"frond/client/api"
	"frond/client/store/memory"
	"frond/mls"
)

// page is a user interface that keeps what it is told, as JSON.
type page struct {
	t     *testing.T
	api   *api.API
	lane  *lane
	store *memory.Store

	mu      sync.Mutex
	last    int
	answers map[int]map[string]any
	events  []map[string]any
}

func newPage(t *testing.T, s *server, seed uint64) *page {
	t.Helper()
	p := &page{t: t, lane: newLane(s, rand.New(rand.NewPCG(seed, seed))), store: memory.New(), answers: map[int]map[string]any{}}
	p.load()
	return p
}

// load begins the app, with what its store holds.
func (p *page) load() {
	p.t.Helper()
	var err error
	p.api, err = api.New(client.Config{Store: p.store, Transport: p.lane, Suite: mls.SuiteX25519, KeyPool: 4}, p.hear)
	if err != nil {
		p.t.Fatal(err)
	}
}

// reload ends the app in the middle of whatever it does, and begins it again.
func (p *page) reload() {
	p.t.Helper()
	p.end()
	p.begin()
}

// end closes the page; what it was told is gone with it.
func (p *page) end() {
	p.t.Helper()
	left := p.store.Copy()
	_ = p.store.Close()
	if err := p.api.Close(context.Background()); err != nil {
		p.t.Fatal(err)
	}
	p.store, p.events = left, nil
}

func (p *page) begin() {
	p.t.Helper()
	p.load()
	p.ok("start", `{}`)
}

func (p *page) hear(text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		p.t.Errorf("%s: %v", text, err)
	}
	if id, ok := m["id"].(float64); ok {
		p.answers[int(id)] = m
	} else {
		p.events = append(p.events, m)
	}
}

// do gives a command and returns its whole answer.
func (p *page) do(command, data string) map[string]any {
	p.t.Helper()
	p.mu.Lock()
	p.last++
	id := p.last
	p.mu.Unlock()
	p.api.Handle(fmt.Appendf(nil, `{"id": %d, "command": %q, "data": %s}`, id, command, data))
	for range 1000 {
		time.Sleep(100 * time.Millisecond)
		p.mu.Lock()
		answer := p.answers[id]
		p.mu.Unlock()
		if answer != nil {
			return answer
		}
	}
	p.t.Fatalf("%s is not answered", command)
	return nil
}

// ok demands that a command succeeds and returns what it answers.
func (p *page) ok(command, data string) map[string]any {
	p.t.Helper()
	answer := p.do(command, data)
	result, ok := answer["ok"].(map[string]any)
	if !ok {
		p.t.Fatalf("%s %s: %v", command, data, answer)
	}
	return result
}

// refused demands that a command fails with a code and a sentence.
func (p *page) refused(code, command, data string) {
	p.t.Helper()
	answer := p.do(command, data)
	e, _ := answer["error"].(map[string]any)
	if e["code"] != code || e["message"] == "" || answer["ok"] != nil {
		p.t.Errorf("%s %.100s: %v, want %s", command, data, answer, code)
	}
}

// newest returns the data of the last event of a kind.
func (p *page) newest(event string) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range slices.Backward(p.events) {
		if e["event"] == event {
			return e["data"].(map[string]any)
		}
	}
	return nil
}

func fields(m map[string]any) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func wantFields(t *testing.T, what string, m any, names string) {
	t.Helper()
	object, _ := m.(map[string]any)
	if got := strings.Join(fields(object), " "); got != names {
		t.Errorf("%s has the fields %q, want %q", what, got, names)
	}
}

// TestTheContractWithTheUserInterface goes through every command and event with real clients and the
// real server, and holds names and fields against the contract.
func TestTheContractWithTheUserInterface(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &server{dir: dir}
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		ada, ben := newPage(t, s, 1), newPage(t, s, 2)
		for _, p := range []*page{ada, ben} {
			if got := p.ok("start", `{}`); !reflect.DeepEqual(got, map[string]any{"state": "signed-out", "recovery": false}) {
				t.Errorf("start: %v", got)
			}
		}
		wantFields(t, "server", ada.ok("server", `{}`), "registration release")
		ada.refused("name-invalid", "sign-up", `{"name": "<script>", "password": "correct horse"}`)
		ada.refused("weak-password", "sign-up", `{"name": "ada", "password": "short"}`)
		ada.refused("not-signed-in", "create", `{"kind": "direct", "people": ["ben"]}`)
		wantFields(t, "session", ada.ok("sign-up", `{"name": "Ada", "password": "correct horse"}`), "account device name recovery state")
		ben.refused("name-taken", "sign-up", `{"name": "ada", "password": "correct horse"}`)
		ben.ok("sign-up", `{"name": "ben", "password": "battery staple"}`)
		time.Sleep(10 * time.Second)
		if got := ada.newest("session"); got["state"] != "signed-in" || got["name"] != "ada" {
			t.Errorf("session: %v", got)
		}
		if got := ada.newest("connection"); got["state"] != "online" {
			t.Errorf("connection: %v", got)
		}
		talk(t, ada, ben)
		badInput(t, ada)
		wantFields(t, "sign-out", ada.ok("sign-out", `{"clear": false}`), "")
		ada.refused("wrong-password", "sign-in", `{"name": "ada", "password": "correct hors"}`)
		ada.refused("wrong-password", "sign-in", `{"name": "nobody", "password": "correct horse"}`)
		ada.ok("sign-in", `{"name": "ada", "password": "correct horse"}`)
		for _, p := range []*page{ada, ben} {
			if err := p.api.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func talk(t *testing.T, ada, ben *page) {
	id := ada.ok("create", `{"kind": "direct", "people": ["Ben"]}`)["conversation"].(string)
	if again := ada.ok("create", `{"kind": "direct", "people": ["ben"]}`)["conversation"]; again != id {
		t.Errorf("a second conversation of one pair: %v", again)
	}
	time.Sleep(time.Second)
	wantFields(t, "conversation event", ada.newest("conversation"), "conversation")
	var c map[string]any
	for _, listed := range ben.newest("conversations")["conversations"].([]any) {
		if listed := listed.(map[string]any); listed["id"] == id {
			c = listed
		}
	}
	wantFields(t, "conversation", c, "blocked canSend draft id joining keyChanged kind people position read retention timer title unread verified")
	if c["title"] != "ada" || c["kind"] != "direct" || c["retention"] != "full" || c["canSend"] != true || c["joining"] != false {
		t.Errorf("conversation: %v", c)
	}
	opened := ben.ok("open", fmt.Sprintf(`{"conversation": %q}`, id))
	wantFields(t, "open", opened, "draft messages more")
	notice := opened["messages"].([]any)[0].(map[string]any)
	if notice["kind"] != "notice" || notice["parts"].([]any)[0].(map[string]any)["text"] != "ada began this conversation" {
		t.Errorf("notice: %v", notice)
	}
	sent := ada.ok("send", fmt.Sprintf(`{"conversation": %q, "text": "see *this* https://a.example <b>"}`, id))
	time.Sleep(time.Second)
	timeline := ben.newest("timeline")
	wantFields(t, "timeline", timeline, "conversation remove upsert")
	m := timeline["upsert"].([]any)[0].(map[string]any)
	wantFields(t, "message", m, "account at id kind name own parts position state")
	want := []any{
		map[string]any{"type": "text", "text": "see "}, map[string]any{"type": "emphasis", "text": "this"},
		map[string]any{"type": "text", "text": " "}, map[string]any{"type": "link", "text": "https://a.example", "href": "https://a.example"},
		map[string]any{"type": "text", "text": " <b>"},
	}
	if !reflect.DeepEqual(m["parts"], want) || m["id"] != sent["message"] || m["name"] != "ada" || m["own"] != false || m["state"] != "received" {
		t.Errorf("message: %v", m)
	}
	if ada.newest("timeline") != nil {
		t.Error("a timeline event of a conversation that is not open")
	}
	listed := ben.newest("conversation")["conversation"].(map[string]any)
	wantFields(t, "last", listed["last"], "at name preview")
	if listed["unread"] != 1.0 || listed["last"].(map[string]any)["preview"] != "see this https://a.example <b>" {
		t.Errorf("conversation: %v", listed)
	}
	ben.ok("read", fmt.Sprintf(`{"conversation": %q, "position": %v}`, id, m["position"]))
	time.Sleep(time.Second)
	if got := ben.newest("conversation")["conversation"].(map[string]any); got["unread"] != 0.0 || got["read"] != m["position"] {
		t.Errorf("after reading: %v", got)
	}
	older := ben.ok("older", fmt.Sprintf(`{"conversation": %q, "before": %v}`, id, m["position"]))
	if len(older["messages"].([]any)) != 1 || older["more"] != false {
		t.Errorf("older: %v", older)
	}
	ben.lane.set(true, false)
	wantFields(t, "send", ben.ok("send", fmt.Sprintf(`{"conversation": %q, "text": "offline"}`, id)), "message")
	time.Sleep(time.Second)
	pending := ben.newest("timeline")["upsert"].([]any)[0].(map[string]any)
	if pending["state"] != "pending" || pending["position"].(float64) <= m["position"].(float64) {
		t.Errorf("pending: %v", pending)
	}
	if got := ben.newest("connection"); got["state"] == "online" {
		t.Errorf("connection: %v", got)
	}
	ben.refused("offline", "create", `{"kind": "group", "name": "g", "people": ["ada"]}`)
	ben.lane.set(false, false)
	wantFields(t, "reconnect", ben.ok("reconnect", `{}`), "")
	time.Sleep(time.Minute)
	if got := ben.newest("timeline")["upsert"].([]any)[0].(map[string]any); got["state"] != "sent" || got["id"] != pending["id"] {
		t.Errorf("sent: %v", got)
	}
}

func badInput(t *testing.T, ada *page) {
	id := ada.ok("create", `{"kind": "group", "name": "<b>", "people": ["ben", "ada", "BEN"]}`)["conversation"].(string)
	long, _ := json.Marshal(strings.Repeat("x", 65537))
	limit, _ := json.Marshal(strings.Repeat("🌿", 10000))
	for _, test := range [][3]string{
		{"empty", "send", fmt.Sprintf(`{"conversation": %q, "text": " \n\t "}`, id)},
		{"too-large", "send", fmt.Sprintf(`{"conversation": %q, "text": %s}`, id, long)},
		{"not-found", "send", `{"conversation": "00000000000000000000000000000001", "text": "x"}`},
		{"bad-request", "send", `{"conversation": "x", "text": "x"}`},
		{"bad-request", "send", `{"conversation": 1}`},
		{"bad-request", "send", `{"nothing": 1}`},
		{"bad-request", "dance", `{}`},
		{"unknown-person", "create", `{"kind": "direct", "people": ["nobody"]}`},
		{"name-invalid", "create", `{"kind": "direct", "people": ["' OR 1=1 --"]}`},
		{"empty", "create", `{"kind": "direct", "people": ["ada"]}`},
		{"empty", "create", `{"kind": "group", "people": ["ben"], "name": " "}`},
		{"bad-request", "create", `{"kind": "everyone", "people": ["ben"]}`},
		{"not-found", "retry", fmt.Sprintf(`{"conversation": %q, "message": %q}`, id, id)},
		{"not-found", "discard", fmt.Sprintf(`{"conversation": %q, "message": %q}`, id, id)},
		{"not-found", "open", `{"conversation": "00000000000000000000000000000001"}`},
	} {
		ada.refused(test[0], test[1], test[2])
	}
	ada.ok("send", fmt.Sprintf(`{"conversation": %q, "text": %s}`, id, limit))
}
