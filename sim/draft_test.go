package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"frond/wire"
)

// types writes into the conversation's box, as the interface reports it.
func (p *page) types(id, text string) {
	p.t.Helper()
	quoted, _ := json.Marshal(text)
	p.ok("draft", fmt.Sprintf(`{"conversation": %q, "text": %s}`, id, quoted))
}

// opens looks at a conversation and returns its draft.
func (p *page) opens(id string) string {
	p.t.Helper()
	return p.ok("open", fmt.Sprintf(`{"conversation": %q}`, id))["draft"].(string)
}

func (p *page) drafted(want string) {
	p.t.Helper()
	if got := p.newest("draft"); got == nil || got["text"] != want {
		p.t.Fatalf("the newest draft is %v, want %q", got, want)
	}
}

// listed says whether the list marks the conversation as one with a draft.
func (p *page) listed(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	marked := false
	note := func(c map[string]any) {
		if c["id"] == id {
			marked = c["draft"].(bool)
		}
	}
	for _, e := range p.events {
		data := e["data"].(map[string]any)
		switch e["event"] {
		case "conversations":
			for _, c := range data["conversations"].([]any) {
				note(c.(map[string]any))
			}
		case "conversation":
			note(data["conversation"].(map[string]any))
		}
	}
	return marked
}

func (s *stage) vaultPage(account, id string, bucket uint64) *wire.Page {
	s.t.Helper()
	a, _ := wire.ParseID(account)
	c, _ := wire.ParseID(id)
	list, err := s.server.store.Pages(context.Background(), a, c, bucket+1, 1)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(list) == 0 || list[0].Bucket != bucket {
		return nil
	}
	return &list[0]
}

func TestADraftGoesOnOnEveryDeviceAndTheServerCanNotReadIt(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, ben := s.signedUp("ada"), s.signedUp("ben")
		id := phone.ok("create", `{"kind": "direct", "people": ["ben"]}`)["conversation"].(string)
		laptop := s.signedIn("ada")
		account := laptop.newest("session")["account"].(string)

		laptop.opens(id)
		phone.types(id, "half a tho")
		phone.types(id, "half a thought")
		time.Sleep(3 * time.Second)
		laptop.drafted("half a thought")
		if !laptop.listed(id) || !phone.listed(id) || ben.newest("draft") != nil || ben.listed(id) {
			t.Fatal("the draft is marked in the wrong places")
		}
		stored := s.vaultPage(account, id, wire.DraftBucket)
		if stored == nil || strings.Contains(string(stored.Page), "thought") {
			t.Fatalf("the server has %+v", stored)
		}

		// A new device asks for a draft when its conversation is opened, and not before.
		tablet := s.signedIn("ada")
		if tablet.newest("draft") != nil || tablet.listed(id) {
			t.Fatal("a new device fetched the drafts of all conversations")
		}
		tablet.opens(id)
		time.Sleep(time.Second)
		tablet.drafted("half a thought")

		// Typing costs the server a page in two seconds at most.
		for i := range 50 {
			tablet.types(id, fmt.Sprint("half a thought ", i))
		}
		time.Sleep(3 * time.Second)
		phone.drafted("half a thought 49")
		if written := s.vaultPage(account, id, wire.DraftBucket).Revision - stored.Revision; written > 4 {
			t.Fatalf("%d pages for five seconds of typing", written)
		}

		// Two write while apart: the later word stands. It survives a reload without the server.
		phone.lane.set(true, false)
		phone.types(id, "from the phone")
		time.Sleep(time.Minute)
		laptop.lane.set(true, false)
		laptop.types(id, "from the laptop")
		laptop.reload()
		if got := laptop.opens(id); got != "from the laptop" || !laptop.listed(id) {
			t.Fatalf("after a reload the draft is %q", got)
		}
		laptop.lane.set(false, false)
		laptop.ok("reconnect", `{}`)
		time.Sleep(time.Minute)
		phone.lane.set(false, false)
		phone.ok("reconnect", `{}`)
		time.Sleep(time.Minute)
		for _, p := range []*page{phone, laptop, tablet} {
			if got := p.opens(id); got != "from the laptop" {
				t.Fatalf("the draft is %q", got)
			}
		}

		// When the message is sent the draft is gone, everywhere and for good.
		tablet.ok("send", fmt.Sprintf(`{"conversation": %q, "text": "from the laptop, sent from the tablet"}`, id))
		time.Sleep(3 * time.Second)
		for _, p := range []*page{phone, laptop, tablet} {
			if got := p.opens(id); got != "" || p.listed(id) {
				t.Fatalf("after sending the draft is %q", got)
			}
		}
		if page := s.vaultPage(account, id, wire.DraftBucket); len(page.Page) > 600 {
			t.Fatalf("the server keeps %d bytes", len(page.Page))
		}
		again := s.signedIn("ada")
		if got := again.opens(id); got != "" || again.listed(id) {
			t.Fatalf("a new device has the draft %q", got)
		}
		time.Sleep(10 * time.Second)
		if r := again.newest("restore"); r == nil || r["finished"] != true {
			t.Fatalf("restore: %v", r)
		}
		answer := again.ok("open", fmt.Sprintf(`{"conversation": %q}`, id))
		if text := fmt.Sprint(answer["messages"]); !strings.Contains(text, "sent from the tablet") {
			t.Fatalf("the history on a new device is %s", text)
		}
	})
}

func TestDraftsHaveBoundsAndLongOnesStayWhereTheyAre(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		s.signedUp("ben")
		id := phone.ok("create", `{"kind": "direct", "people": ["ben"]}`)["conversation"].(string)
		laptop := s.signedIn("ada")
		laptop.opens(id)
		phone.refused("too-large", "draft", fmt.Sprintf(`{"conversation": %q, "text": %q}`, id, strings.Repeat("x", 64<<10+1)))
		phone.refused("not-found", "draft", `{"conversation": "00000000000000000000000000000001", "text": "x"}`)
		phone.types(id, "short")
		time.Sleep(3 * time.Second)
		laptop.drafted("short")
		long := strings.Repeat("x", 64<<10)
		phone.types(id, long)
		time.Sleep(3 * time.Second)
		laptop.drafted("")
		phone.lane.cut()
		time.Sleep(time.Minute)
		phone.reload()
		time.Sleep(10 * time.Second)
		if got := phone.opens(id); got != long {
			t.Fatalf("a long draft is %d bytes now", len(got))
		}
		phone.types(id, long[:32000])
		time.Sleep(3 * time.Second)
		laptop.drafted(long[:32000])
	})
}

// A server that shows an older page of a draft, or what it made up, changes no device's draft.
func TestAServerCanNeitherRollADraftBackNorMakeOneUp(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		s.signedUp("ben")
		id := phone.ok("create", `{"kind": "direct", "people": ["ben"]}`)["conversation"].(string)
		laptop := s.signedIn("ada")
		account := laptop.newest("session")["account"].(string)
		phone.types(id, "first")
		time.Sleep(3 * time.Second)
		old := *s.vaultPage(account, id, wire.DraftBucket)
		phone.types(id, "second")
		time.Sleep(3 * time.Second)
		laptop.opens(id)
		time.Sleep(time.Second)
		laptop.drafted("second")
		for name, lie := range map[string]func(p *wire.Page){
			"an older page":                 func(p *wire.Page) { *p = old },
			"an older page that claims new": func(p *wire.Page) { p.Page, p.Revision = old.Page, p.Revision+9 },
			"nonsense":                      func(p *wire.Page) { p.Page, p.Revision = []byte("nonsense"), p.Revision+9 },
		} {
			laptop.lane.cheat(pageReply(func(l *wire.PageList) { lie(&l.Pages[0]) }))
			laptop.lane.cut()
			time.Sleep(time.Minute)
			laptop.lane.cheat(nil)
			if got := laptop.opens(id); got != "second" {
				t.Fatalf("%s: the draft is %q", name, got)
			}
			laptop.lane.cut()
			time.Sleep(time.Minute)
			if got := laptop.opens(id); got != "second" {
				t.Fatalf("after %s: the draft is %q", name, got)
			}
		}
		laptop.types(id, "third")
		time.Sleep(5 * time.Second)
		if got := phone.opens(id); got != "third" {
			t.Fatalf("the draft is %q", got)
		}
	})
}

// Where messages are not to outlive a device, drafts do not leave it either; what the server had from before goes.
func TestWhereMessagesStayOnADeviceDraftsDoToo(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		s.signedUp("ben")
		id := phone.ok("create", `{"kind": "direct", "people": ["ben"]}`)["conversation"].(string)
		laptop := s.signedIn("ada")
		account := laptop.newest("session")["account"].(string)
		laptop.opens(id)
		seen := strings.Repeat("for all to see ", 50)
		phone.types(id, seen)
		time.Sleep(3 * time.Second)
		laptop.drafted(seen)
		full := len(s.vaultPage(account, id, wire.DraftBucket).Page)

		phone.ok("retention", fmt.Sprintf(`{"conversation": %q, "mode": "disappearing", "timer": 3600}`, id))
		time.Sleep(5 * time.Second)
		before := s.vaultPage(account, id, wire.DraftBucket)
		if before.Revision < 2 || len(before.Page) >= full {
			t.Fatalf("the server has revision %d of %d bytes, before it had %d", before.Revision, len(before.Page), full)
		}
		phone.types(id, strings.Repeat("for this device alone ", 40))
		time.Sleep(5 * time.Second)
		laptop.opens(id)
		time.Sleep(5 * time.Second)
		if now := s.vaultPage(account, id, wire.DraftBucket); len(now.Page) != len(before.Page) {
			t.Fatalf("the server has %d bytes", len(now.Page))
		}
		laptop.types(id, "and this one for itself")
		phone.lane.cut()
		laptop.lane.cut()
		time.Sleep(time.Minute)
		if a, b := phone.opens(id), laptop.opens(id); !strings.HasPrefix(a, "for this device alone") || b != "and this one for itself" {
			t.Fatalf("the drafts are %q and %q", a, b)
		}
		again := s.signedIn("ada")
		if got := again.opens(id); got != "" {
			t.Fatalf("a new device has the draft %q", got)
		}
	})
}
