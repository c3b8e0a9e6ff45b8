package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

// has demands that some row is a text.
func (p *person) has(t *testing.T, id wire.ID, text string) {
	t.Helper()
	if !slices.ContainsFunc(p.rows(t, id), func(m client.Message) bool { return !m.Notice && m.Text == text }) {
		t.Fatalf("%s should have %q among %+v", p.name, text, p.rows(t, id))
	}
}

func (p *person) ref() wire.MemberRef { return wire.MemberRef{Account: p.account, Device: p.device()} }

// A member tells the server that a commit removes somebody, and makes one that removes nobody. The server
// believes it and stops delivering; the others see the lie, skip the commit and bring the victim back.
func TestWhoIsCutOffByALieGoesOnAndMissesNothing(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, mallory := p[0], p[1], p[2], p[3]
		id := ada.create(t, wire.Group, ben, cleo, mallory)
		ada.say(t, id, "hello")
		r := goRogue(t, mallory, id)
		victims := []wire.MemberRef{ben.ref()}
		s, err := r.group.Commit(r.config(w), mls.CommitOptions{AAD: wire.Declare(r.person.ref(), nil, victims, nil)})
		if err != nil {
			t.Fatal(err)
		}
		r.commit(t, w, s, victims...)
		ada.send(ctx, id, "while ben was out")
		ben.send(ctx, id, "does anybody hear me?")
		time.Sleep(10 * time.Second)
		for _, q := range []*person{ada, ben, cleo} {
			q.sees(t, id, "A change by "+mallory.name+" was not valid and is ignored")
			q.has(t, id, "while ben was out")
			q.has(t, id, "does anybody hear me?")
		}
		ben.say(t, id, "I am back")
		cleo.reads(t, id, "I am back")
		windows, err := w.server.store.Windows(ctx, id, ben.device())
		if err != nil || len(windows) != 1 || windows[0].Until != 0 {
			t.Fatalf("ben's windows are %+v, %v", windows, err)
		}
	})
}

// Being offline while one is cut off, and while one is brought back, makes no difference.
func TestWhoIsCutOffWhileAwayMissesNothing(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, mallory := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, mallory)
		ada.say(t, id, "hello")
		ben.reads(t, id, "hello")
		if err := ben.crash(ctx); err != nil {
			t.Fatal(err)
		}
		r := goRogue(t, mallory, id)
		victims := []wire.MemberRef{ben.ref()}
		s, err := r.group.Commit(r.config(w), mls.CommitOptions{AAD: wire.Declare(r.person.ref(), nil, victims, nil)})
		if err != nil {
			t.Fatal(err)
		}
		r.commit(t, w, s, victims...)
		ada.say(t, id, "while ben was away")
		time.Sleep(time.Minute)
		if err := ben.start(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		ben.reads(t, id, "while ben was away")
		ben.say(t, id, "what did I miss?")
		ada.reads(t, id, "what did I miss?")
	})
}

// The server compares what it is told with what the author signed.
func TestTheServerTakesNoCommitThatDeclaresSomethingElse(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, mallory := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, mallory)
		ada.say(t, id, "hello")
		r := goRogue(t, mallory, id)
		s, err := r.group.Commit(r.config(w), mls.CommitOptions{AAD: wire.Declare(r.person.ref(), nil, nil, nil)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.ask(wire.OpHandshake, wire.Handshake{
			Conversation: id, Message: id, Previous: 1, Frame: s.Message(), GroupInfo: []byte{1}, Remove: []wire.MemberRef{ben.ref()},
		})
		if wire.CodeOf(err) != wire.CodeBadRequest {
			t.Fatalf("the server answered %v", err)
		}
	})
}
