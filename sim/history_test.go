package sim

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/mls"
	"frond/wire"
)

var history = flag.Int("sim.messages", 1000, "messages of the conversation whose restoring is timed")

// again is the same person at another, empty browser.
func (w *World) again(p *person) *person {
	q := w.newPerson(100 + len(w.people))
	q.name, q.keys, q.kdf, q.account, q.store = p.name, p.keys, p.kdf, p.account, memory.New()
	w.people = append(w.people, q)
	return q
}

// signInOn begins on a new device and waits until its history is there.
func (p *person) signInOn(t *testing.T) {
	t.Helper()
	p.begin(t)
	p.settle(t)
}

func (p *person) begin(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	if err := errors.Join(p.start(ctx), p.signInAgain(ctx)); err != nil {
		t.Fatal(err)
	}
}

// settle waits until nothing is left to restore or to store.
func (p *person) settle(t *testing.T) {
	t.Helper()
	time.Sleep(5 * time.Second)
	for range 100 {
		if s, err := p.on().Stored(context.Background()); err == nil && s.Missing+s.Waiting+s.Asking == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	t.Fatalf("%s does not come to the end of its history", p.name)
}

// texts reads a whole timeline: what is readable as it is, the rest as its reason in brackets.
func (p *person) texts(t *testing.T, id wire.ID) (all []string) {
	t.Helper()
	for before := uint64(0); ; {
		page, err := p.on().Messages(context.Background(), id, before, 100)
		if err != nil {
			t.Fatal(err)
		}
		var part []string
		for _, m := range page.Messages {
			switch {
			case m.Notice:
			case m.State == client.Unreadable:
				part = append(part, "["+m.Reason.Code+"]")
			default:
				part = append(part, m.Text)
			}
		}
		all = append(part, all...)
		if len(page.Messages) == 0 || !page.More {
			return all
		}
		before = page.Messages[0].Position
	}
}

func (p *person) hasTexts(t *testing.T, id wire.ID, want ...string) {
	t.Helper()
	if got := p.texts(t, id); !slices.Equal(got, want) {
		t.Fatalf("%s has %d texts, wants %d:\n%s", p.name, len(got), len(want), strings.Join(got, "\n"))
	}
}

func TestANewDeviceFindsEveryConversationAndEveryMessage(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo := p[0], p[1], p[2]
		direct, group := ada.create(t, wire.Direct, ben), cleo.create(t, wire.Group, ada, ben)
		everyone := ada.everyone(t)
		said := map[wire.ID][]string{}
		for i := range 40 {
			for j, id := range []wire.ID{direct, group, everyone} {
				text := fmt.Sprintf("%d in %d", i, j)
				[]*person{ada, ben, []*person{ada, cleo}[i%2]}[j].say(t, id, text)
				said[id] = append(said[id], text)
			}
		}
		time.Sleep(10 * time.Second)
		for _, q := range p { // nobody is there to help
			if err := q.crash(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		again := w.again(ada)
		again.signInOn(t)
		for _, id := range []wire.ID{direct, group, everyone} {
			again.hasTexts(t, id, said[id]...)
		}
		for _, m := range again.rows(t, direct) {
			if own := strings.HasSuffix(m.Text, " in 0"); own && (m.State != client.Sent || !m.Own) {
				t.Fatalf("an own message is shown as %+v", m)
			}
		}
		for _, v := range again.conversations(context.Background()) {
			if v.Unread != 0 || v.Last == nil || !slices.Contains(said[v.ID], v.Last.Text) {
				t.Fatalf("%+v", v)
			}
		}
		if err := ben.start(context.Background()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		ben.say(t, direct, "afterwards")
		again.hasTexts(t, direct, append(said[direct], "afterwards")...)
	})
}

// The vault is written beside the conversation: some keys at a time, and nobody waits when the server does not answer.
func TestMessagesDoNotWaitForTheVault(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		time.Sleep(10 * time.Second)
		var writes atomic.Int64
		silent := liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if asked == wire.OpPutPage {
				writes.Add(1)
				return nil
			}
			return []wire.Frame{f}
		}}
		ada.lane.lie(silent)
		for i := range 100 {
			ada.say(t, id, fmt.Sprint("from ada ", i))
			ben.say(t, id, fmt.Sprint("from ben ", i))
			ada.reads(t, id, fmt.Sprint("from ben ", i))
		}
		if n := writes.Load(); n == 0 || n > 5 {
			t.Errorf("%d writes, of which none is answered", n)
		}
		ada.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if asked == wire.OpPutPage {
				writes.Add(1)
			}
			return []wire.Frame{f}
		}})
		ada.lane.cut()
		ada.settle(t)
		if n := writes.Load(); n > 20 {
			t.Errorf("%d writes for 200 keys", n)
		}
		again := w.again(ada)
		again.signInOn(t)
		if n := len(again.texts(t, id)); n != 200 {
			t.Errorf("%d texts", n)
		}
	})
}

func TestRestoringGoesOnAfterEveryInterruption(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		var said []string
		for i := range 700 {
			said = append(said, fmt.Sprint(i))
			if _, err := []*person{ada, ben}[i%2].on().Send(ctx, id, said[i]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		if err := ada.crash(ctx); err != nil {
			t.Fatal(err)
		}
		again := w.again(ada)
		again.begin(t)
		r := rand.New(rand.NewPCG(1, 2))
		for range 12 {
			time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond)
			again.lane.set(true, false)
			time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
			if r.IntN(2) == 0 {
				if err := errors.Join(again.crash(ctx), again.start(ctx)); err != nil {
					t.Fatal(err)
				}
			}
			again.lane.set(false, false)
		}
		again.settle(t)
		again.hasTexts(t, id, said...)
	})
}

func TestAKeyThatWasNotYetStoredIsStoredAfterARestart(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.say(t, id, "before the crash")
		if s, err := ada.on().Stored(ctx); err != nil || s.Waiting == 0 {
			t.Fatalf("nothing waits: %+v, %v", s, err)
		}
		if err := errors.Join(ada.crash(ctx), ada.start(ctx)); err != nil {
			t.Fatal(err)
		}
		ada.settle(t)
		if err := ada.crash(ctx); err != nil {
			t.Fatal(err)
		}
		again := w.again(ada)
		again.signInOn(t)
		again.hasTexts(t, id, "before the crash")
	})
}

// TestTwoDevicesWriteOnePageTogether lets both devices of an account receive, and send, at the same time;
// a third finds what either had.
func TestTwoDevicesWriteOnePageTogether(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		var said []string
		say := func(p *person, text string) {
			t.Helper()
			p.say(t, id, text)
			said = append(said, text)
		}
		say(ben, "before the second")
		ada.settle(t)
		other := w.again(ada)
		other.signInOn(t)
		if list, err := other.on().Devices(ctx); err != nil || len(list) != 2 || list[0].Current || !list[1].Current ||
			list[0].ID != ada.device() || list[0].Seen.IsZero() || list[0].Name == "" {
			t.Fatalf("%+v, %v", list, err)
		}
		for i := range 30 {
			say([]*person{ada, other, ben}[i%3], fmt.Sprint("together ", i))
		}
		ada.lane.set(true, false) // only the second is there
		say(ben, "for the second")
		other.settle(t)
		other.lane.set(true, false) // only the first is there
		ada.lane.set(false, false)
		say(ben, "for the first")
		time.Sleep(time.Minute)
		ada.settle(t)
		other.lane.set(false, false)
		time.Sleep(time.Minute)
		other.settle(t)
		for _, p := range []*person{ada, other} {
			p.hasTexts(t, id, said...)
		}
		if err := errors.Join(ada.crash(ctx), other.crash(ctx)); err != nil {
			t.Fatal(err)
		}
		third := w.again(ada)
		third.signInOn(t)
		third.hasTexts(t, id, said...)
	})
}

// pageReply rewrites the answers that hold pages of the vault.
func pageReply(change func(*wire.PageList)) func(wire.Frame) []wire.Frame {
	return pageReplyBut(nil, change)
}

// pageReplyBut leaves the answer with one page as it is.
func pageReplyBut(but []byte, change func(*wire.PageList)) func(wire.Frame) []wire.Frame {
	return func(f wire.Frame) []wire.Frame {
		var list wire.PageList
		if f.Kind == wire.ReplyOK && wire.Decode(f.Body, &list) == nil && len(list.Pages) > 0 && !bytes.Equal(list.Pages[0].Page, but) {
			change(&list)
			f.Body, _ = wire.Encode(list)
		}
		return []wire.Frame{f}
	}
}

// historyReply rewrites the answers that hold history.
func historyReply(change func(*wire.Entries)) func(wire.Frame) []wire.Frame {
	return func(f wire.Frame) []wire.Frame {
		var list wire.Entries
		if f.Kind == wire.ReplyOK && wire.Decode(f.Body, &list) == nil && len(list.Entries) > 3 {
			change(&list)
			f.Body, _ = wire.Encode(list)
		}
		return []wire.Frame{f}
	}
}

// TestAServerThatCheatsWithHistoryIsFoundOut restores from a server that shows something else than what
// was there. Each message that this spoils says why; once the server is honest, all can be had.
func TestAServerThatCheatsWithHistoryIsFoundOut(t *testing.T) {
	type scene struct {
		early []wire.Page // after the first message
		other []byte      // a page of another conversation
	}
	said := []string{"one", "two", "three", "four"}
	for name, trick := range map[string]struct {
		cheat func(s *scene) func(wire.Frame) []wire.Frame
		want  []string
		fault bool
	}{
		"a truncated page": {func(s *scene) func(wire.Frame) []wire.Frame {
			return pageReplyBut(s.other, func(l *wire.PageList) { l.Pages[0].Page = l.Pages[0].Page[:len(l.Pages[0].Page)-1] })
		}, []string{"[vault-damaged]", "[vault-damaged]", "[vault-damaged]", "[vault-damaged]"}, true},
		"a page of another conversation": {func(s *scene) func(wire.Frame) []wire.Frame {
			return pageReplyBut(s.other, func(l *wire.PageList) { l.Pages[0].Page = s.other })
		}, []string{"[vault-damaged]", "[vault-damaged]", "[vault-damaged]", "[vault-damaged]"}, true},
		"an older page that calls itself new": {func(s *scene) func(wire.Frame) []wire.Frame {
			return pageReplyBut(s.other, func(l *wire.PageList) { l.Pages[0].Page = s.early[0].Page })
		}, []string{"[vault-damaged]", "[vault-damaged]", "[vault-damaged]", "[vault-damaged]"}, true},
		"an older page": {func(s *scene) func(wire.Frame) []wire.Frame {
			return pageReplyBut(s.other, func(l *wire.PageList) { l.Pages = s.early })
		}, []string{"one", "[no-key]", "[no-key]", "[no-key]"}, false},
		"no page": {func(s *scene) func(wire.Frame) []wire.Frame {
			return pageReplyBut(s.other, func(l *wire.PageList) { l.Pages = nil })
		}, []string{"[no-key]", "[no-key]", "[no-key]", "[no-key]"}, false},
		"a message left out": {func(*scene) func(wire.Frame) []wire.Frame {
			return historyReply(func(l *wire.Entries) { l.Entries = slices.Delete(l.Entries, 1, 2) })
		}, []string{"one", "two", "[withheld]", "four"}, false},
		"everything left out": {func(*scene) func(wire.Frame) []wire.Frame {
			return historyReply(func(l *wire.Entries) { l.Entries = nil })
		}, []string{"[withheld]", "[withheld]", "[withheld]", "[withheld]"}, false},
		"a page of an epoch that never was": {func(s *scene) func(wire.Frame) []wire.Frame {
			return pageReplyBut(s.other, func(l *wire.PageList) { l.Pages[0].Page[1] = 99 })
		}, []string{"[vault-damaged]", "[vault-damaged]", "[vault-damaged]", "[vault-damaged]"}, true},
		"one token for another": {func(*scene) func(wire.Frame) []wire.Frame {
			return historyReply(func(l *wire.Entries) { l.Entries[1].Token = l.Entries[2].Token })
		}, []string{"one", "two", "[altered]", "four"}, false},
		"one message for another": {func(*scene) func(wire.Frame) []wire.Frame {
			return historyReply(func(l *wire.Entries) {
				seq := l.Entries[1].Seq
				l.Entries[1] = l.Entries[2]
				l.Entries[1].Seq = seq
			})
		}, []string{"one", "two", "[altered]", "four"}, false},
		"another sender": {func(*scene) func(wire.Frame) []wire.Frame {
			return historyReply(func(l *wire.Entries) { l.Entries[1].Device = wire.ID{7} })
		}, []string{"one", "two", "[forged]", "four"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, 2, func(t *testing.T, w *World, p []*person) {
				ctx := context.Background()
				ada, ben := p[0], p[1]
				id := ada.create(t, wire.Direct, ben)
				elsewhere := ada.create(t, wire.Group, ben)
				ada.say(t, elsewhere, "elsewhere")
				ben.say(t, id, said[0])
				ada.settle(t)
				s := &scene{early: ada.vaultPages(t, w, id), other: ada.vaultPages(t, w, elsewhere)[0].Page}
				for _, text := range said[1:] {
					ben.say(t, id, text)
				}
				ada.settle(t)
				if err := ada.crash(ctx); err != nil {
					t.Fatal(err)
				}
				again := w.again(ada)
				ben.lane.cheat(deaf) // or else he gives the keys that are missing
				again.lane.cheat(trick.cheat(s))
				again.signInOn(t)
				again.hasTexts(t, id, trick.want...)
				again.counted(t, id, trick.fault)
				again.mu.Lock()
				told := slices.ContainsFunc(again.faults, func(f client.Fault) bool { return f.Code == client.CodeVault })
				again.mu.Unlock()
				if told != trick.fault {
					t.Fatalf("told of it: %v", told)
				}
				again.lane.cheat(nil)
				if err := again.on().RestoreAgain(ctx, id); err != nil {
					t.Fatal(err)
				}
				again.settle(t)
				again.hasTexts(t, id, said...)
			})
		})
	}
}

// counted demands that every row with a reason was counted under it, and a page that does not open beside its rows.
func (p *person) counted(t *testing.T, id wire.ID, page bool) {
	t.Helper()
	want := map[string]uint64{}
	for _, m := range p.rows(t, id) {
		if m.Reason != nil {
			want[m.Reason.Code]++
		}
	}
	if page {
		want["vault-damaged"]++
	}
	if got := p.failures(t); !maps.Equal(got, want) {
		t.Fatalf("counted %v, want %v", got, want)
	}
}

// A device that has seen, or written, a newer page of the vault says so when it is shown an older one, and what
// it lost by that can be had again.
func TestAServerThatGoesBackToAnOlderPageIsFoundOut(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ben.say(t, id, "one")
		ada.settle(t)
		early := ada.vaultPages(t, w, id)
		back := pageReply(func(l *wire.PageList) { l.Pages = early })
		for _, text := range []string{"two", "three", "four"} {
			ben.say(t, id, text)
		}
		ada.settle(t)
		if err := ada.crash(ctx); err != nil {
			t.Fatal(err)
		}
		again := w.again(ada)
		ben.lane.cheat(deaf) // or else he gives the keys that are missing
		again.lane.cheat(back)
		again.signInOn(t)
		again.hasTexts(t, id, "one", "[no-key]", "[no-key]", "[no-key]")
		stale := func() bool {
			again.mu.Lock()
			defer again.mu.Unlock()
			return slices.ContainsFunc(again.faults, func(f client.Fault) bool {
				return f.Code == client.CodeVault && strings.Contains(f.Text, "older")
			})
		}
		if stale() {
			t.Fatal("a device without memory claims to know better")
		}
		again.lane.cheat(nil)
		ben.say(t, id, "five") // with its key, this device writes a page that has all of them
		again.settle(t)

		again.lane.cheat(back)
		if err := again.on().RestoreAgain(ctx, id); err != nil {
			t.Fatal(err)
		}
		again.settle(t)
		again.hasTexts(t, id, "one", "[no-key]", "[no-key]", "[no-key]", "five")
		if !stale() {
			t.Fatalf("nobody was told: %+v", again.faults)
		}
		again.lane.cheat(nil)
		if err := again.on().RestoreAgain(ctx, id); err != nil {
			t.Fatal(err)
		}
		again.settle(t)
		again.hasTexts(t, id, "one", "two", "three", "four", "five")
	})
}

// deaf is a server that passes no signals on.
func deaf(f wire.Frame) []wire.Frame {
	if f.Kind == wire.PushSignal {
		return nil
	}
	return []wire.Frame{f}
}

// vaultPages reads a person's pages from the server's database.
func (p *person) vaultPages(t *testing.T, w *World, id wire.ID) (all []wire.Page) {
	t.Helper()
	for before := uint64(0); ; {
		list, err := w.server.store.Pages(context.Background(), p.account, id, before, 64)
		if err != nil || len(list)+len(all) == 0 {
			t.Fatalf("%d pages, %v", len(list), err)
		}
		all = append(all, list...)
		if len(list) == 0 || list[len(list)-1].Bucket == 0 {
			return all
		}
		before = list[len(list)-1].Bucket
	}
}

// TestALongHistoryIsRestoredSoon measures, in real time: sign-in on a new device to the newest screens of
// the opened conversation, and to everything; and what a message costs the vault.
func TestALongHistoryIsRestoredSoon(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures time")
	}
	ctx := context.Background()
	w := New(Options{Seed: 1, People: 2, Dir: t.TempDir(), Suite: mls.SuiteX25519})
	if err := w.server.start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.end(func() {}); err != nil {
			t.Error(err)
		}
	}()
	ada, ben := w.people[0], w.people[1]
	for _, p := range w.people {
		if err := errors.Join(p.start(ctx), p.signUp(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second)
	id, err := ada.on().Create(ctx, client.NewConversation{Kind: wire.Direct, People: []string{ben.name}})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "ben is in", func() bool { _, err := ben.on().Messages(ctx, id, 0, 1); return err == nil })
	for i := range *history {
		send := func() error {
			_, err := []*person{ada, ben}[i%2].on().Send(ctx, id, fmt.Sprint("message ", i))
			return err
		}
		until(t, "there is room", func() bool { return send() == nil })
	}
	until(t, "everything is stored", func() bool {
		s, err := ada.on().Stored(ctx)
		return err == nil && s.Waiting == 0 && s.Keys >= uint64(*history)
	})
	size := 0
	for _, p := range ada.vaultPages(t, w, id) {
		size += len(p.Page)
	}
	newest := ada.newest(t, id).ID
	again := w.again(ada)
	began := time.Now()
	if err := errors.Join(again.start(ctx), again.on().SignIn(ctx, again.credentials())); err != nil {
		t.Fatal(err)
	}
	screens := min(200, *history)
	until(t, "the newest are there", func() bool {
		page, err := again.on().Messages(ctx, id, 0, 200)
		is := func(m client.Message) bool { return m.ID == newest }
		return err == nil && len(page.Messages) >= screens && slices.ContainsFunc(page.Messages, is)
	})
	glance := time.Since(began)
	until(t, "all are there", func() bool {
		s, err := again.on().Stored(ctx)
		return err == nil && s.Missing == 0 && s.Keys >= uint64(*history)
	})
	all := time.Since(began)
	if n := len(again.texts(t, id)); n != *history {
		t.Fatalf("%d messages of %d", n, *history)
	}
	t.Logf("%d messages: newest %d after %v, all after %v; %.1f bytes of vault each",
		*history, screens, glance.Round(time.Millisecond), all.Round(time.Millisecond), float64(size)/float64(*history))
	if glance > 2*time.Second {
		t.Errorf("the newest messages took %v", glance)
	}
	if size > 120**history {
		t.Errorf("%d bytes of vault for %d messages", size, *history)
	}
}

// until waits for something, in real time.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatalf("not so: %s", what)
}
