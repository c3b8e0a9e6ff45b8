package sim

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"frond/client"
	"frond/client/signal"
	"frond/identity"
	"frond/wire"
)

// losesGroup switches a device off, and takes the group of a conversation out of its store.
func (p *person) losesGroup(t *testing.T, id wire.ID) {
	t.Helper()
	ctx := context.Background()
	must(t, p.crash(ctx))
	var b client.Batch
	for _, table := range []string{"/epoch/", "/ratchet/"} {
		items, err := p.store.Scan(ctx, client.Prefix(p.account.String()+table+id.String()))
		must(t, err)
		for _, i := range items {
			b.Delete = append(b.Delete, i.Key)
		}
	}
	if len(b.Delete) == 0 {
		t.Fatal("there is no group in the store")
	}
	must(t, p.store.Write(ctx, b))
}

// isIn demands that a device is in a conversation.
func (p *person) isInside(t *testing.T, id wire.ID, want bool) {
	t.Helper()
	list := p.conversations(context.Background())
	if got := slices.ContainsFunc(list, func(v client.Conversation) bool { return v.ID == id && !v.Joining && v.CanSend }); got != want {
		t.Fatalf("%s is inside: %v, want %v", p.name, got, want)
	}
}

// Ben has one device. While it is off the join key changes, and its store loses the group: nothing that he has opens the
// conversation. Who could add him anew tells his device the key.
func TestWhoLostTheGroupWhileTheJoinKeyChangedIsToldTheNewOne(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, dan := p[0], p[1], p[2], p[3]
		group := ada.create(t, wire.Group, ben, cleo, dan)
		cleo.say(t, group, "before")
		time.Sleep(5 * time.Second)
		ben.losesGroup(t, group)
		must(t, ada.on().Remove(ctx, group, dan.account))
		ada.say(t, group, "while ben was off")
		time.Sleep(5 * time.Second)
		must(t, ada.crash(ctx)) // cleo alone is there: a member, who could not add him

		must(t, ben.start(ctx))
		time.Sleep(20 * time.Minute)
		cleo.say(t, group, "to whom?")
		time.Sleep(time.Minute)
		if _, err := ben.on().Send(ctx, group, "I am here"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		cleo.lacks(t, group, "I am here")

		must(t, ada.start(ctx))
		time.Sleep(20 * time.Minute)
		cleo.reads(t, group, "I am here")
		ben.readable(t, group)
		ben.finds(t, group, "while ben was off")
		ben.finds(t, group, "to whom?")
	})
}

// lacks demands that no message says something.
func (p *person) lacks(t *testing.T, id wire.ID, text string) {
	t.Helper()
	if slices.ContainsFunc(p.rows(t, id), func(m client.Message) bool { return m.Text == text }) {
		t.Fatalf("%s should not find %q", p.name, text)
	}
}

// The vault of an account has the join keys that its devices knew. When they changed while all of them were off, a
// new device comes in all the same: into what two people have by the other one, into a group by its owner, and into
// the owner's own group by any member.
func TestANewDeviceComesInThoughTheVaultHasAnOldJoinKey(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, dan := p[0], p[1], p[2], p[3]
		direct, adas, bens := ada.create(t, wire.Direct, ben), ada.create(t, wire.Group, ben, cleo, dan), ben.create(t, wire.Group, ada, cleo)
		old := w.second(t, ada)
		time.Sleep(time.Minute)
		ada.say(t, direct, "hello")
		ben.say(t, bens, "hello all")
		time.Sleep(time.Minute)
		must(t, ben.crash(ctx))
		must(t, ada.on().RemoveDevice(ctx, old.device())) // the join keys of all three change
		time.Sleep(time.Minute)
		must(t, ada.on().Remove(ctx, adas, dan.account))
		time.Sleep(time.Minute)

		tablet := w.blank(t, ben)
		must(t, tablet.signsIn())
		time.Sleep(20 * time.Minute)
		for _, id := range []wire.ID{direct, adas, bens} {
			tablet.isInside(t, id, true)
			tablet.say(t, id, "from the new tablet")
			ada.reads(t, id, "from the new tablet")
		}
		tablet.readable(t, direct, bens)
	})
}

// A device that its account removed asks too, and keeps asking with the server's help. It is told nothing.
func TestARemovedDeviceIsNotToldTheJoinKey(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		group := ada.create(t, wire.Group, ben, cleo)
		stolen := w.second(t, ben)
		time.Sleep(time.Minute)
		stolen.losesGroup(t, group)
		must(t, ben.on().RemoveDevice(ctx, stolen.device()))
		time.Sleep(time.Minute)
		if n := answersTo(t, stolen, group, ada, ben, cleo); n > 0 {
			t.Fatalf("a removed device got %d answers", n)
		}
		must(t, cleo.crash(ctx))
		if n := answersTo(t, cleo, group, ada, ben); n != 1 { // ben could not add her
			t.Fatalf("somebody else got %d answers", n)
		}
	})
}

// answersTo lets a server pass a device's request for a join key on to some people, and counts their answers.
func answersTo(t *testing.T, from *person, id wire.ID, to ...*person) (n int) {
	t.Helper()
	key, err := identity.ParseDeviceKey(loot(t, from.store, from.account).field(t, 4))
	must(t, err)
	place := signal.Place{Conversation: id, Account: from.account, Device: from.device()}
	asked, err := signal.NewJoinRequest(wire.ID{1}, [32]byte{1}, key, place)
	must(t, err)
	body, err := signal.Outside(signal.JoinKeyRequest, asked.JoinRequest)
	must(t, err)
	pushed := wire.Frame{Kind: wire.PushSignal, Body: encoded(t, wire.Signalled{Conversation: id, Account: from.account, Device: from.device(), Body: body})}
	var mu sync.Mutex
	for _, q := range to {
		done := false
		q.lane.lie(liar{
			says: func(_ wire.Kind, f wire.Frame) []wire.Frame {
				mu.Lock()
				defer mu.Unlock()
				if done {
					return []wire.Frame{f}
				}
				done = true
				return []wire.Frame{pushed, f}
			},
			hears: func(f wire.Frame) wire.Frame {
				mu.Lock()
				defer mu.Unlock()
				if f.Kind == wire.OpSignal {
					n++
				}
				return f
			},
		})
	}
	to[0].say(t, id, "go on")
	time.Sleep(time.Minute)
	for _, q := range to {
		q.lane.lie(liar{})
	}
	return n
}
