package sim

import (
	"fmt"
	"testing"
	"time"

	"frond/wire"
)

// news lists what the page was told of the account's devices since it was opened.
func (p *page) news() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		if d, _ := e["data"].(map[string]any); e["event"] == "device-news" {
			all = append(all, fmt.Sprintf("%v %v", d["id"], d["added"]))
		}
	}
	return all
}

func (p *page) demandNews(when string, want ...string) {
	p.t.Helper()
	if got := p.news(); fmt.Sprint(got) != fmt.Sprint(want) {
		p.t.Fatalf("%s the news is %q, should be %q", when, got, want)
	}
}

func TestNewsOfADeviceStandsUntilItIsAnsweredOnEachDevice(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		tablet := s.signedIn("ada")
		ids, _ := phone.devices()
		phone.ok("device-news-answered", fmt.Sprintf(`{"id": %q}`, ids[1]))
		phone.end() // it is off when the laptop comes
		laptop := s.signedIn("ada")
		ids, _ = laptop.devices()
		came, gone := ids[2]+" true", ids[2]+" false"
		tablet.demandNews("on the tablet", came)

		phone.begin()
		time.Sleep(10 * time.Second)
		phone.demandNews("after the phone was off", came)
		for range 2 {
			phone.reload()
			phone.demandNews("before the phone is online again", came)
			time.Sleep(10 * time.Second)
			phone.demandNews("after the phone was loaded again", came)
		}
		if got := phone.newest("device-news"); got["name"] != "device" || got["at"].(float64) == 0 {
			t.Fatalf("device-news: %v", got)
		}

		// Answered on the phone, it still stands on the tablet.
		phone.ok("device-news-answered", fmt.Sprintf(`{"id": %q}`, ids[2]))
		for _, p := range []*page{phone, tablet} {
			p.reload()
			time.Sleep(10 * time.Second)
		}
		phone.demandNews("after it was answered")
		tablet.demandNews("where it was not answered", came)

		// That it went takes the place of that it came, and stands as long.
		phone.ok("device-remove", fmt.Sprintf(`{"id": %q}`, ids[2]))
		time.Sleep(20 * time.Second)
		for _, p := range []*page{phone, tablet} {
			p.reload()
			p.demandNews("after the laptop went", gone)
		}

		// It is the account's own: signing out hides it, and what a new device begins with is no news.
		tablet.ok("sign-out", `{"clear": false}`)
		tablet.reload()
		tablet.demandNews("while nobody is signed in")
		tablet.ok("sign-in", `{"name": "ada", "password": "correct horse"}`)
		tablet.demandNews("when somebody signs in again", gone)
		newest := s.signedIn("ada")
		newest.demandNews("on a device that just came")
	})
}

func TestAnAnswerToNewsIsOfSomebodySignedIn(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		s.page().refused("not-signed-in", "device-news-answered", fmt.Sprintf(`{"id": %q}`, "00000000000000000000000000000001"))
		p := s.signedUp("ada")
		p.refused("bad-request", "device-news-answered", `{"id": "what"}`)
		p.ok("device-news-answered", `{"id": "00000000000000000000000000000001"}`)
	})
}

// slowCommits is a server that has not come to any commit yet.
var slowCommits = liar{
	hears: func(f wire.Frame) wire.Frame {
		if f.Kind == wire.OpHandshake {
			f.Kind = wire.OpPing
		}
		return f
	},
	says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
		if asked == wire.OpHandshake {
			return nil
		}
		return []wire.Frame{f}
	},
}

// lefts lists in how many conversations removed devices were still to be taken out, as the page was told.
func (p *page) lefts() (all []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		if d, _ := e["data"].(map[string]any); e["event"] == "removing" {
			all = append(all, int(d["left"].(float64)))
		}
	}
	return all
}

func TestWhoRemovesADeviceIsToldHowFarItIsOutOfConversations(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		s.signedUp("ben")
		for i := range 3 {
			phone.ok("create", fmt.Sprintf(`{"kind": "group", "people": ["ben"], "name": "group %d"}`, i))
		}
		time.Sleep(10 * time.Second)
		s.signedIn("ada")
		time.Sleep(20 * time.Second)
		ids, _ := phone.devices()
		phone.ok("device-remove", fmt.Sprintf(`{"id": %q}`, ids[1]))
		time.Sleep(time.Minute)
		if got := phone.lefts(); fmt.Sprint(got) != "[4 3 2 1 0]" { // Everyone is one of them
			t.Fatalf("left were %v", got)
		}

		// Closed at once, it goes on at the next start.
		s.signedIn("ada")
		time.Sleep(20 * time.Second)
		ids, _ = phone.devices()
		phone.lane.lie(slowCommits)
		phone.ok("device-remove", fmt.Sprintf(`{"id": %q}`, ids[1]))
		if got := phone.lefts(); got[len(got)-1] != 4 {
			t.Fatalf("left were %v", got)
		}
		phone.end()
		phone.lane.lie(liar{})
		phone.begin()
		time.Sleep(2 * time.Minute)
		if got := phone.lefts(); len(got) < 2 || got[len(got)-1] != 0 {
			t.Fatalf("left were %v", got)
		}
		phone.reload()
		time.Sleep(2 * time.Minute)
		if got := phone.lefts(); len(got) != 0 {
			t.Fatalf("when all is done, left were %v", got)
		}
	})
}
