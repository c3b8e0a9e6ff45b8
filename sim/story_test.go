package sim

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

// tell runs a test in virtual time, in a world of a few people who have all signed up.
func tell(t *testing.T, people int, f func(t *testing.T, w *World, p []*person)) {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		w := New(Options{Seed: 1, People: people, Dir: dir, Suite: mls.SuiteX25519})
		if err := w.server.start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := w.end(func() {}); err != nil {
				t.Error(err)
			}
		}()
		for _, p := range w.people {
			if err := errors.Join(p.start(ctx), p.signUp(ctx)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
		}
		f(t, w, w.people)
	})
}

func (p *person) create(t *testing.T, kind wire.ConversationKind, people ...*person) wire.ID {
	t.Helper()
	o := client.NewConversation{Kind: kind}
	for _, q := range people {
		o.People = append(o.People, q.name)
	}
	if kind == wire.Group {
		o.Name = "group"
	}
	id, err := p.on().Create(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	return id
}

// say sends a text and waits until it got through.
func (p *person) say(t *testing.T, id wire.ID, text string) {
	t.Helper()
	if _, err := p.on().Send(context.Background(), id, text); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
}

// everyone finds the open conversation.
func (p *person) everyone(t *testing.T) wire.ID {
	t.Helper()
	for _, v := range p.conversations(context.Background()) {
		if v.Kind == wire.Open {
			return v.ID
		}
	}
	t.Fatal("there is no open conversation")
	return wire.ID{}
}

func (p *person) rows(t *testing.T, id wire.ID) []client.Message {
	t.Helper()
	page, err := p.on().Messages(context.Background(), id, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	return page.Messages
}

// reads demands that the newest row is a text, from somebody.
func (p *person) reads(t *testing.T, id wire.ID, text string) {
	t.Helper()
	rows := p.rows(t, id)
	if len(rows) == 0 || rows[len(rows)-1].Text != text {
		t.Fatalf("%s should read %q, has %+v", p.name, text, rows)
	}
}

// sees demands that some notice says something.
func (p *person) sees(t *testing.T, id wire.ID, line string) {
	t.Helper()
	if !slices.ContainsFunc(p.rows(t, id), func(m client.Message) bool { return m.Notice && m.Text == line }) {
		t.Fatalf("%s should see %q among %+v", p.name, line, p.rows(t, id))
	}
}

func TestAGroupGrowsAndShrinksAndEverybodyIsTold(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, dan := p[0], p[1], p[2], p[3]
		id := ada.create(t, wire.Group, ben, cleo)
		cleo.say(t, id, "hello")
		if err := ada.on().Add(ctx, id, []string{dan.name}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		ben.say(t, id, "welcome dan")
		dan.reads(t, id, "welcome dan")
		ben.sees(t, id, ada.name+" added "+dan.name)
		if err := ben.on().Add(ctx, id, []string{dan.name}); err != nil {
			t.Fatalf("adding who is there already changes nothing: %v", err)
		}
		if err := cleo.on().Remove(ctx, id, ben.account); wire.CodeOf(err) != wire.CodeForbidden {
			t.Fatalf("a member removes: %v", err)
		}
		if err := ada.on().Remove(ctx, id, cleo.account); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		ada.say(t, id, "without cleo")
		dan.reads(t, id, "without cleo")
		cleo.sees(t, id, ada.name+" removed you")
		if slices.ContainsFunc(cleo.rows(t, id), func(m client.Message) bool { return m.Text == "without cleo" }) {
			t.Fatal("cleo reads on")
		}
		if _, err := cleo.on().Send(ctx, id, "still here"); wire.CodeOf(err) != wire.CodeForbidden {
			t.Fatalf("cleo sends: %v", err)
		}
	})
}

func TestWhoWasRemovedAndAddedWhileAwayMissesOnlyWhatLiesBetween(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		cleo.lane.set(true, false)
		ben.say(t, id, "before")
		if err := ada.on().Remove(ctx, id, cleo.account); err != nil {
			t.Fatal(err)
		}
		ben.say(t, id, "between")
		if err := ada.on().Add(ctx, id, []string{cleo.name}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // until ben knows of it: what is sealed before is not for cleo
		ben.say(t, id, "after")
		cleo.lane.set(false, false)
		time.Sleep(time.Minute)
		var texts []string
		for _, m := range cleo.rows(t, id) {
			texts = append(texts, m.Text)
		}
		want := []string{ada.name + " added you", "before", ada.name + " removed you", ada.name + " added you", "after"}
		if !slices.Equal(texts, want) {
			t.Fatalf("%q", texts)
		}
		cleo.say(t, id, "back again")
		ben.reads(t, id, "back again")
	})
}

func TestAPairHasOneConversationWhoeverBeginsIt(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		type born struct {
			id  wire.ID
			err error
		}
		both := make(chan born, 2)
		for i := range 2 {
			go func() {
				id, err := p[i].on().Create(context.Background(), client.NewConversation{Kind: wire.Direct, People: []string{p[1-i].name}})
				both <- born{id, err}
			}()
		}
		a, b := <-both, <-both
		if a.err != nil || b.err != nil || a.id != b.id {
			t.Fatalf("%+v, %+v", a, b)
		}
		if again := p[0].create(t, wire.Direct, p[1]); again != a.id {
			t.Fatal("a second conversation of one pair")
		}
		for _, person := range p {
			if n := len(person.conversations(context.Background())); n != 2 {
				t.Fatalf("%s has %d conversations", person.name, n)
			}
		}
	})
}

func TestSigningOutKeepsOrForgets(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.say(t, id, "one")
		device := ada.device()
		if err := ada.on().SignOut(ctx, false); err != nil {
			t.Fatal(err)
		}
		if _, err := ada.on().Send(ctx, id, "out"); wire.CodeOf(err) != client.CodeNotSignedIn {
			t.Fatalf("sends while signed out: %v", err)
		}
		ben.say(t, id, "two")
		wrong := ada.credentials()
		wrong.Keys.Auth[0] ^= 1
		if err := ada.on().SignIn(ctx, wrong); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("a wrong password: %v", err)
		}
		if err := ada.signInAgain(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		ada.reads(t, id, "two")
		if ada.device() != device || len(ada.rows(t, id)) != 3 {
			t.Fatal("it did not go on where it was")
		}
		if err := ada.on().SignOut(ctx, true); err != nil {
			t.Fatal(err)
		}
		items, err := ada.store.Scan(ctx, client.Range{From: " ", To: "~"})
		if err != nil || len(items) != 0 {
			t.Fatalf("%d items stay, %v", len(items), err)
		}
	})
}

// told reports whether the person heard of a fault.
func (p *person) told(code wire.Code) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.faults, func(f client.Fault) bool { return f.Code == code })
}

func TestAFullDiskIsSaidAndLosesNothing(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.store.FailWrites(func(int, client.Batch) error { return errors.New("no space left") })
		if _, err := ada.on().Send(ctx, id, "too much"); wire.CodeOf(err) != client.CodeStorage {
			t.Fatalf("promised on a full disk: %v", err)
		}
		ben.say(t, id, "are you there?")
		time.Sleep(time.Minute)
		if !ada.told(client.CodeStorage) {
			t.Fatal("nobody was told")
		}
		ada.store.FailWrites(nil)
		time.Sleep(time.Minute)
		ada.reads(t, id, "are you there?")
		ada.say(t, id, "now I am")
		ben.reads(t, id, "now I am")
	})
}
