package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"frond/client"
	"frond/client/api"
	"frond/client/store/memory"
	"frond/client/transport/inproc"
	"frond/mls"
)

// screen is a user interface: it speaks to the core as the web app does.
type screen struct {
	t   *testing.T
	api *api.API

	mu     sync.Mutex
	last   int
	waits  map[int]chan spoken
	events []event
}

type spoken struct {
	ID    int             `json:"id"`
	OK    json.RawMessage `json:"ok"`
	Error *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

type event struct {
	name string
	data string
}

func (s *server) screen(t *testing.T) *screen {
	t.Helper()
	u := &screen{t: t, waits: map[int]chan spoken{}}
	var err error
	u.api, err = api.New(client.Config{
		Store: memory.New(), Transport: inproc.New(s, s.serveSocket), Suite: mls.SuiteX25519, KeyPool: 4, Device: "browser",
	}, u.hear)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.api.Close(context.Background()) })
	u.do("start", `{}`, nil)
	return u
}

func (u *screen) hear(text []byte) {
	var a spoken
	if err := json.Unmarshal(text, &a); err != nil {
		u.t.Errorf("%s: %v", text, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if a.Event != "" {
		u.events = append(u.events, event{a.Event, string(a.Data)})
		return
	}
	u.waits[a.ID] <- a
}

func (u *screen) ask(command, data string) spoken {
	u.mu.Lock()
	u.last++
	id, got := u.last, make(chan spoken, 1)
	u.waits[id] = got
	u.mu.Unlock()
	u.api.Handle(fmt.Appendf(nil, `{"id": %d, "command": %q, "data": %s}`, id, command, data))
	select {
	case a := <-got:
		return a
	case <-time.After(30 * time.Second):
		u.t.Fatalf("no answer to %s", command)
		return spoken{}
	}
}

func (u *screen) do(command, data string, out any) {
	u.t.Helper()
	a := u.ask(command, data)
	if a.Error != nil {
		u.t.Fatalf("%s %s: %+v", command, data, *a.Error)
	}
	if out != nil {
		if err := json.Unmarshal(a.OK, out); err != nil {
			u.t.Fatalf("%s: %s: %v", command, a.OK, err)
		}
	}
}

func (u *screen) refused(command, data, code string) {
	u.t.Helper()
	if a := u.ask(command, data); a.Error == nil || a.Error.Code != code {
		u.t.Fatalf("%s %s: %s, %+v", command, data, a.OK, a.Error)
	}
}

func (u *screen) heard(name, data string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, e := range u.events {
		if e.name == name && (data == "" || e.data == data) {
			return true
		}
	}
	return false
}

// shows reports whether the opened conversation has a text.
func (u *screen) shows(conversation, text string) bool {
	a := u.ask("open", fmt.Sprintf(`{"conversation": %q}`, conversation))
	return a.Error == nil && strings.Contains(string(a.OK), `"text":"`+text+`"`)
}

func TestAForgottenPasswordIsReplacedByTheRecoveryCodeAndNothingIsLost(t *testing.T) {
	s := &server{dir: t.TempDir()}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.stop() })
	ada, ben := s.screen(t), s.screen(t)
	ada.do("sign-up", `{"name": "ada", "password": "correct horse"}`, nil)
	ben.do("sign-up", `{"name": "ben", "password": "battery staple"}`, nil)
	online := func(u *screen) {
		until(t, "online", func() bool { return u.heard("connection", `{"state":"online"}`) })
	}
	online(ada)
	online(ben)
	time.Sleep(200 * time.Millisecond)

	var shown struct{ Code string }
	ada.do("recovery-new", `{}`, &shown)
	ada.refused("recovery-confirm", `{"code": "nonsense"}`, "recovery-code")
	ada.do("recovery-confirm", fmt.Sprintf(`{"code": %q}`, shown.Code), nil)
	var safe struct {
		Recovery bool
		Devices  int
		Epoch    uint64
	}
	ada.do("security", `{}`, &safe)
	if !safe.Recovery || safe.Devices != 1 || safe.Epoch < 2 {
		t.Fatalf("%+v", safe)
	}

	var made struct{ Conversation string }
	ada.do("create", `{"kind": "direct", "people": ["ben"]}`, &made)
	ada.do("send", fmt.Sprintf(`{"conversation": %q, "text": "keep this"}`, made.Conversation), nil)
	var members struct {
		Members []struct {
			Account, Name string
			You           bool
		}
	}
	ada.do("members", fmt.Sprintf(`{"conversation": %q}`, made.Conversation), &members)
	if len(members.Members) != 2 || !members.Members[0].You || members.Members[1].Name != "ben" {
		t.Fatalf("%+v", members)
	}
	var contact struct {
		Number string
		Code   string
	}
	time.Sleep(2 * time.Second) // ben hears of it
	ada.do("contact", fmt.Sprintf(`{"account": %q}`, members.Members[1].Account), &contact)
	var same struct{ Match bool }
	ben.do("compare", fmt.Sprintf(`{"account": %q, "code": %q}`, members.Members[0].Account, contact.Code), &same)
	if !same.Match || len(contact.Number) != 12*5+11 {
		t.Fatalf("%+v, %v", contact, same.Match)
	}
	var stored struct {
		History struct{ Stored, Waiting uint64 }
	}
	until(t, "it is stored", func() bool {
		ada.do("security", `{}`, &stored)
		return stored.History.Stored == 1 && stored.History.Waiting == 0
	})

	phone := s.screen(t)
	phone.refused("recover", `{"name": "ada", "code": "nonsense", "password": "new password"}`, "recovery-code")
	phone.do("recover", fmt.Sprintf(`{"name": "ada", "code": %q, "password": "new password"}`, shown.Code), nil)
	until(t, "the history is there", func() bool { return phone.shows(made.Conversation, "keep this") })
	until(t, "ada is told", func() bool { return ada.heard("device-news", "") })

	tablet := s.screen(t)
	tablet.refused("sign-in", `{"name": "ada", "password": "correct horse"}`, "wrong-password")
	tablet.do("sign-in", `{"name": "ada", "password": "new password"}`, nil)
	until(t, "the history is there", func() bool { return tablet.shows(made.Conversation, "keep this") })
	until(t, "the device list is whole", func() bool {
		var list struct{ Devices []struct{ ID string } }
		tablet.do("devices", `{}`, &list)
		return len(list.Devices) == 3
	})
}
