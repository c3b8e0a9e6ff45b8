package sim

import (
	"context"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/client/content"
	"frond/client/signal"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// ghost is a leaf that a stolen device put into a conversation beside its own, before it was removed: the account's
// root, which the device knew, certifies it, and no list of devices has it.
type ghost struct {
	key   identity.DeviceKey
	cred  identity.Credential
	group *mls.Group
	seq   uint64 // of the commit by which it came
	rogue *rogue
}

// haunt lets a stolen device bring a ghost into a conversation, with the server's help.
func (w *World) haunt(t *testing.T, lost *person, id wire.ID) *ghost {
	t.Helper()
	root, err := identity.ParseRoot(loot(t, lost.store, lost.account).field(t, 5))
	must(t, err)
	info := lost.groupInfo(t, id)
	device, _ := wire.NewID(rand.Reader)
	key, cred := claims(t, root, lost.account, device)
	must(t, lost.crash(context.Background()))
	w.poses(t, lost, cred)
	r := lost.rogue(t, id, device)
	joined := r.joins(t, w, info, key, cred, refOf(cred))
	seq := r.enter(t, w, joined)
	r.signer, r.group = key, joined.Merge()
	return &ghost{key, cred, joined.Merge(), seq, r}
}

// follows goes on with the log as the server shows it to the ghost, and returns what it can read.
func (g *ghost) follows(t *testing.T, w *World) (texts []string, out bool) {
	t.Helper()
	entries, err := w.entries(context.Background(), g.rogue.id)
	must(t, err)
	for _, e := range entries {
		if e.Kind == wire.HandshakeEntry {
			if s, err := g.group.Stage(g.rogue.config(w), e.Frame); err == nil && !out {
				if out = s.Effects().SelfRemoved; !out {
					g.group = s.Merge()
				}
			}
			continue
		}
		if _, app, err := g.group.Open(g.rogue.config(w), e.Frame); err == nil && !out {
			o, err := content.Open(content.Received{Token: e.Token, Commitment: *e.Commitment, Secret: app.Plaintext, AAD: app.AAD}, credentialOf(t, app.Sender).DeviceKey)
			must(t, err)
			texts = append(texts, string(o.Body))
		}
	}
	return texts, out
}

// With the stolen device goes every leaf that only its root vouched for.
func TestALeafThatNoListOfDevicesHasGoesWithTheRootItIsUnder(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		everyone := phone.everyone(t)
		for _, id := range []wire.ID{phone.create(t, wire.Direct, ben), phone.create(t, wire.Group, ben), everyone} {
			lost := w.second(t, phone)
			time.Sleep(20 * time.Second)
			phone.say(t, id, "hello")
			time.Sleep(time.Second)
			g := w.haunt(t, lost, id)
			phone.say(t, id, "before the removal")
			time.Sleep(time.Second)
			must(t, phone.on().RemoveDevice(context.Background(), lost.device()))
			time.Sleep(2 * time.Minute)
			ben.say(t, id, "after the removal")
			phone.reads(t, id, "after the removal")
			texts, out := g.follows(t, w)
			if !out || !slices.Contains(texts, "before the removal") || slices.Contains(texts, "after the removal") {
				t.Errorf("the ghost is out: %v; it reads %q", out, texts)
			}
		}
	})
}

// While the stolen device is still one of the account's, a leaf that no list of devices has says nothing in its
// name, and is given no key.
func TestALeafThatNoListOfDevicesHasIsNeitherBelievedNorAnswered(t *testing.T) {
	for what, kind := range map[string]wire.ConversationKind{"direct": wire.Direct, "group": wire.Group} {
		t.Run(what, func(t *testing.T) {
			tell(t, 2, func(t *testing.T, w *World, p []*person) {
				phone, ben := p[0], p[1]
				id := phone.create(t, kind, ben)
				lost := w.second(t, phone)
				time.Sleep(20 * time.Second)
				phone.say(t, id, "hello")
				wanted := w.wanted(t, id)
				g := w.haunt(t, lost, id)
				g.rogue.speak(t, g.group, g.key, g.cred, g.seq, "it is me, really")
				time.Sleep(5 * time.Second)
				for _, q := range []*person{phone, ben} {
					m := q.newest(t, id)
					if m.State != client.Unreadable || m.Reason.Code != string(client.ReasonForged) || m.Text != "" {
						t.Errorf("%s is shown %+v, %+v", q.name, m, m.Reason)
					}
					if got := q.look(t, id).Last.Text; got != "hello" {
						t.Errorf("%s has the preview %q", q.name, got)
					}
					place := signal.Place{Conversation: id, Account: g.rogue.person.account, Device: g.rogue.device}
					if given := g.rogue.beg(t, q.account, place, wanted...); len(given) > 0 {
						t.Errorf("%s gives %d keys", q.name, len(given))
					}
				}
			})
		})
	}
}

// A device may speak before its account's longer list is known. Its message waits for the server's word on it,
// and is there when that comes.
func TestAMessageOfANewDeviceWaitsForTheListOfItsAccount(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		phone.say(t, id, "hello")
		ben.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if asked == wire.OpLookup {
				return nil
			}
			return []wire.Frame{f}
		}})
		laptop := w.second(t, phone)
		time.Sleep(10 * time.Second)
		laptop.say(t, id, "from my laptop")
		m := ben.newest(t, id)
		if m.State != client.Unreadable || m.Reason.Code != string(client.ReasonUnlisted) || ben.look(t, id).Last.Text != "hello" {
			t.Fatalf("ben is shown %+v, %+v", m, m.Reason)
		}
		ben.lane.lie(liar{})
		time.Sleep(2 * time.Minute)
		ben.reads(t, id, "from my laptop")
		if got := ben.look(t, id).Last.Text; got != "from my laptop" {
			t.Fatalf("ben has the preview %q", got)
		}
	})
}
