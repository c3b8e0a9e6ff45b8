package sim

import (
	"fmt"
	"testing"
	"time"

	"frond/client"
	"frond/client/content"
	"frond/client/store/memory"
	"frond/wire"
)

// lieAbout lets the server deliver messages changed.
func lieAbout(change func(*wire.Entry)) liar {
	return pushed(func(e wire.Entry) []wire.Entry {
		if e.Kind == wire.Application {
			change(&e)
		}
		return []wire.Entry{e}
	})
}

// A server that does not forget, or forgets too early, is found out.
func TestAServerThatCheatsWithTime(t *testing.T) {
	start := func(t *testing.T, p []*person) (id wire.ID, ada, ben *person) {
		ada, ben = p[0], p[1]
		id = ada.create(t, wire.Direct, ben)
		ada.say(t, id, "before")
		ada.keeps(t, id, client.Disappearing, 300)
		return id, ada, ben
	}
	t.Run("it keeps tokens and delivers them late", func(t *testing.T) {
		tell(t, 2, func(t *testing.T, w *World, p []*person) {
			id, ada, ben := start(t, p)
			var kept wire.Entry
			ada.lane.lie(lieAbout(func(e *wire.Entry) { kept = *e }))
			ben.offline(true)
			ada.say(t, id, "forget this")
			time.Sleep(10 * time.Minute)
			ben.lane.lie(lieAbout(func(e *wire.Entry) {
				if e.Gone() {
					*e = kept
				}
			}))
			ben.offline(false)
			ben.hasTexts(t, id, "before")
			ada.say(t, id, "next")
			ben.reads(t, id, "next")
			if m := ben.newest(t, id); m.Reason != nil {
				t.Fatalf("%+v", m.Reason)
			}
		})
	})
	t.Run("it lets disappear what was to stay", func(t *testing.T) {
		tell(t, 2, func(t *testing.T, w *World, p []*person) {
			id, ada, ben := start(t, p)
			ada.keeps(t, id, client.Full, 0)
			for range 5 { // messages of the earlier epoch are no longer on their way
				ada.keeps(t, id, client.DeviceOnly, 0)
				ada.keeps(t, id, client.Full, 0)
			}
			ben.lane.lie(lieAbout(func(e *wire.Entry) { e.Empty(); e.Expires = e.Received + 300_000 }))
			ada.say(t, id, "to stay")
			time.Sleep(10 * time.Minute)
			ben.lane.lie(liar{})
			if m := ben.newest(t, id); m.State != client.Unreadable || m.Reason.Code != string(client.ReasonGone) {
				t.Fatalf("%+v", m)
			}
			ada.say(t, id, "afterwards")
			ben.reads(t, id, "afterwards")
		})
	})
	t.Run("it lets disappear too early", func(t *testing.T) {
		tell(t, 2, func(t *testing.T, w *World, p []*person) {
			id, ada, ben := start(t, p)
			ben.lane.lie(lieAbout(func(e *wire.Entry) { e.Empty() }))
			ada.say(t, id, "five minutes")
			ben.lane.lie(liar{})
			if m := ben.newest(t, id); m.State != client.Unreadable || m.Reason.Code != string(client.ReasonGone) {
				t.Fatalf("%+v", m)
			}
			ada.lane.lie(lieAbout(func(e *wire.Entry) { e.Empty() }))
			ada.say(t, id, "mine")
			if m := ada.newest(t, id); m.State != client.Unreadable || m.Reason.Code != string(client.ReasonGone) {
				t.Fatalf("%+v", m)
			}
		})
	})
	t.Run("it says another time", func(t *testing.T) {
		tell(t, 2, func(t *testing.T, w *World, p []*person) {
			id, ada, ben := start(t, p)
			ben.lane.lie(lieAbout(func(e *wire.Entry) { e.Expires += 3600_000 }))
			ada.say(t, id, "five minutes")
			if m := ben.newest(t, id); m.Text != "five minutes" || m.Reason == nil || m.Reason.Code != string(client.ReasonLifetime) {
				t.Fatalf("%+v", m)
			}
			ben.lane.lie(lieAbout(func(e *wire.Entry) {
				e.Received += 3600_000
				e.Expires += 3600_000
			}))
			ada.say(t, id, "dated in the future")
			time.Sleep(301 * time.Second)
			ben.hasTexts(t, id, "before")
		})
	})
	t.Run("a new device gets empty entries of messages that it has keys for", func(t *testing.T) {
		tell(t, 2, func(t *testing.T, w *World, p []*person) {
			_, ada, ben := start(t, p)
			id := ben.create(t, wire.Group, ada)
			ben.say(t, id, "to stay")
			ada.settle(t)
			fresh := w.again(ada)
			fresh.lane.lie(reply(wire.OpHistory, func(a *wire.Entries) {
				for i := range a.Entries {
					if e := &a.Entries[i]; e.Conversation == id && e.Kind == wire.Application {
						e.Empty()
						e.Expires = e.Received + 1
					}
				}
			}))
			fresh.signInOn(t)
			fresh.hasTexts(t, id, "["+string(client.ReasonGone)+"]")
		})
	})
}

// says lets a rogue send a content of its own making.
func (r *rogue) says(t *testing.T, w *World, handshake uint64, c content.Content, expires uint64) {
	t.Helper()
	c.Conversation, c.Account, c.Device, c.Kind = r.id, r.person.account, r.person.device(), content.Text
	c.Message, _ = wire.NewMessageID(r.person.rand, time.Now())
	sealed, err := content.Seal(r.person.rand, time.Now(), r.signer, c)
	if err != nil {
		t.Fatal(err)
	}
	next, frame, err := r.group.Seal(r.config(w), sealed.Commitment[:], sealed.Secret)
	if err != nil {
		t.Fatal(err)
	}
	r.group = next
	if _, err := r.ask(wire.OpSend, wire.Send{Conversation: r.id, Message: c.Message, Handshake: handshake, Frame: frame,
		Token: sealed.Token, Commitment: sealed.Commitment, Expires: expires}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
}

func TestOfTwoLifetimesTheShorterOneCounts(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, mallory := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, mallory)
		ada.keeps(t, id, client.Disappearing, 3600)
		r := goRogue(t, mallory, id)
		for i, c := range []struct{ lifetime, expires uint64 }{{0, 0}, {300, 300}, {7200, 7200}, {3600, 0}} {
			text := fmt.Sprintf("%d, %d", c.lifetime, c.expires)
			r.says(t, w, 2, content.Content{Counter: uint64(i + 1), Body: []byte(text), Lifetime: c.lifetime}, c.expires)
			if m := ben.newest(t, id); m.Text != text || m.Reason == nil || m.Reason.Code != string(client.ReasonLifetime) && m.Reason.Code != string(client.ReasonMissingBefore) {
				t.Fatalf("%s: %+v, %+v", text, m, m.Reason)
			}
		}
		time.Sleep(301 * time.Second)
		ben.hasTexts(t, id, "0, 0", "7200, 7200", "3600, 0")
		time.Sleep(time.Hour)
		ben.hasTexts(t, id)
		mallory.store = memory.New()
	})
}
