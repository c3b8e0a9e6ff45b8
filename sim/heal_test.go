package sim

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// setBack switches a device off and on again with an older copy of its store, as when a browser profile
// is restored from a backup.
func (p *person) setBack(t *testing.T, old *memory.Store) {
	t.Helper()
	ctx := context.Background()
	if err := p.crash(ctx); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.store = old
	p.mu.Unlock()
	if err := p.start(ctx); err != nil {
		t.Fatal(err)
	}
}

// failures are what a device counted.
func (p *person) failures(t *testing.T) map[string]uint64 {
	t.Helper()
	counts, err := p.on().Failures(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// readable demands that every row of a conversation can be read, without a remark.
func (p *person) readable(t *testing.T, ids ...wire.ID) {
	t.Helper()
	for _, id := range ids {
		for _, m := range p.rows(t, id) {
			if m.State == client.Unreadable || m.Reason != nil {
				t.Errorf("%s: %+v %+v", p.name, m, m.Reason)
			}
		}
	}
}

// keyed collects the frames of messages that a device sends.
type keyed map[wire.ID][][]byte

func (k keyed) hear(said []byte) {
	frames, _ := wire.Frames(said)
	for _, f := range frames {
		var s wire.Send
		if f.Kind != wire.OpSend || wire.Decode(f.Body, &s) != nil {
			continue
		}
		if !slices.ContainsFunc(k[s.Conversation], func(b []byte) bool { return string(b) == string(s.Frame) }) {
			k[s.Conversation] = append(k[s.Conversation], slices.Clone(s.Frame))
		}
	}
}

// group reads a group out of a copy of a device's store.
func (p *person) group(t *testing.T, s *memory.Store, id wire.ID) *mls.Group {
	t.Helper()
	device, err := identity.ParseDeviceKey(loot(t, s, p.account).field(t, 4))
	if err != nil {
		t.Fatal(err)
	}
	epoch, _ := s.Get(context.Background(), p.account.String()+"/epoch/"+id.String())
	q := &person{account: p.account, store: s}
	g, err := mls.ParseGroupRecords(epoch, q.ratchets(t, id), device.Signer())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A browser profile is restored from an old copy. The device notices before it seals anything, comes back
// with a new leaf, and no key of a message ever served twice.
func TestAProfileThatWasSetBackNoticesBeforeItSends(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, dan := p[0], p[1], p[2], p[3]
		direct, group, everyone := ada.create(t, wire.Direct, ben), ada.create(t, wire.Group, ben, cleo), ada.everyone(t)
		all := []wire.ID{direct, group, everyone}
		for _, id := range all {
			ada.say(t, id, "before the copy")
			ben.say(t, id, "answer")
		}
		time.Sleep(5 * time.Second)
		old, then := ada.store.Copy(), ben.store.Copy()
		sent := keyed{}
		ada.lane.lie(liar{tap: sent.hear})

		for _, id := range all {
			ada.say(t, id, "after the copy")
			ben.say(t, id, "more")
			ada.say(t, id, "and more")
		}
		if err := ada.on().Add(ctx, group, []string{dan.name}); err != nil { // a change that the copy knows nothing of
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		ada.say(t, group, "welcome dan")
		dan.say(t, group, "hello")
		time.Sleep(5 * time.Second)

		ada.setBack(t, old)
		for _, id := range all {
			if _, err := ada.on().Send(ctx, id, "written at once"); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Minute)
		for _, id := range all {
			ben.reads(t, id, "written at once")
			ben.say(t, id, "last")
			ada.reads(t, id, "last")
			ada.say(t, id, "really last")
			ben.reads(t, id, "really last")
		}
		ada.readable(t, all...)
		ben.readable(t, all...)
		cleo.readable(t, group, everyone)
		dan.readable(t, group)
		if n := ada.failures(t); n["rolled-back"] != 3 || n["rejoined"] != 3 {
			t.Errorf("%v", n)
		}
		for _, id := range all {
			g := ben.group(t, then, id)
			for i, frame := range sent[id] {
				next, _, err := g.Open(mls.Config{Now: time.Now}, frame)
				if errors.Is(err, mls.ErrReplay) {
					t.Fatalf("frame %d of %d has the key of another", i, len(sent[id]))
				}
				if err == nil {
					g = next
				}
			}
			if n := w.rejoins(t, ada, id); n != 1 {
				t.Errorf("%d rejoins", n)
			}
		}
	})
}

// rejoins counts the external commits by which a device came back after its first one into a conversation.
func (w *World) rejoins(t *testing.T, p *person, id wire.ID) (n int) {
	t.Helper()
	entries, err := w.entries(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		h, err := mls.ParseHeader(e.Frame)
		if err == nil && i > 0 && e.Device == p.device() && h.Sender == mls.SenderNewMemberCommit {
			n++
		}
	}
	if k, err := p.on().List(context.Background()); err == nil && n > 0 {
		for _, v := range k {
			if v.ID == id && v.Kind == wire.Open && w.people[0] != p {
				n-- // how it came into the open conversation
			}
		}
	}
	return n
}

// split alters the commits of others that a device gets, so that it alone can not follow them.
func split(p *person) liar {
	return pushed(func(e wire.Entry) []wire.Entry {
		if e.Kind == wire.HandshakeEntry && e.Device != p.device() {
			e.Frame = slices.Clone(e.Frame)
			e.Frame[len(e.Frame)-1] ^= 1
		}
		return []wire.Entry{e}
	})
}

// One device can not follow a commit with which everybody else went on. It holds still, sees that they are
// ahead, and joins them again; what it missed is had from the others.
func TestADeviceThatWasSplitOffFindsItsWayBack(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		ben.say(t, id, "hello")
		cleo.say(t, id, "hello")
		ben.lane.lie(split(ben))
		if err := ada.on().SetRole(ctx, id, cleo.account, client.Moderator); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		ben.lane.lie(liar{})
		ada.say(t, id, "one")
		if got := ben.newest(t, id); got.State != client.Unreadable || got.Reason.Code != string(client.ReasonBehind) {
			t.Fatalf("%+v", got)
		}
		if _, err := ben.on().Send(ctx, id, "where are you?"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		cleo.say(t, id, "two")
		for _, q := range p {
			q.hasTexts(t, id, "hello", "hello", "one", "where are you?", "two")
			q.readable(t, id)
		}
		if n := ben.failures(t); n["lost-step"] != 1 || n["rejoined"] != 1 || w.rejoins(t, ben, id) != 1 {
			t.Errorf("%v, %d rejoins", n, w.rejoins(t, ben, id))
		}
		if !ben.told(client.CodeRejoined) {
			t.Error("nobody was told that a role changed meanwhile")
		}
		for _, q := range []*person{ada, cleo} {
			if n := q.failures(t); n["lost-step"]+n["rejoined"]+n["skipped-commit"] != 0 {
				t.Errorf("%s: %v", q.name, n)
			}
		}
	})
}

// A commit that nobody can follow splits nobody off: after a while somebody renews the group.
func TestACommitThatFailsForEverybodyMovesNobody(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo, mallory := p[0], p[1], p[2], p[3]
		id := ada.create(t, wire.Group, ben, cleo, mallory)
		for _, q := range []*person{ada, ben, cleo} {
			q.say(t, id, "hello")
		}
		r := goRogue(t, mallory, id)
		h := wire.Handshake{}
		s, err := r.group.Commit(r.config(w), mls.CommitOptions{AAD: h.Declaration(mallory.ref())})
		if err != nil {
			t.Fatal(err)
		}
		broken := slices.Clone(s.Message())
		broken[len(broken)-1] ^= 1
		sealed, err := w.server.store.GroupInfo(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		message, _ := wire.NewID(mallory.rand)
		if _, err := r.ask(wire.OpHandshake, wire.Handshake{
			Conversation: id, Message: message, Previous: sealed.Seq, Frame: broken, GroupInfo: sealed.Sealed,
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		ada.say(t, id, "still here")
		for _, q := range []*person{ben, cleo} {
			q.reads(t, id, "still here")
		}
		ben.say(t, id, "so am I")
		ada.reads(t, id, "so am I")
		for _, q := range []*person{ada, ben, cleo} {
			if n := w.rejoins(t, q, id); n != 0 {
				t.Errorf("%s rejoined %d times", q.name, n)
			}
		}
	})
}

// However often somebody splits a device off, it rejoins once in ten minutes.
func TestRejoiningIsNoStorm(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Group, ben)
		ben.say(t, id, "hello")
		ada.say(t, id, "hello")
		ben.lane.lie(split(ben))
		for range 120 {
			if err := ada.on().Renew(ctx, id); err != nil {
				t.Fatal(err)
			}
			ada.say(t, id, "and on")
			time.Sleep(28 * time.Second)
		}
		ben.lane.lie(liar{})
		if n := w.rejoins(t, ben, id); n < 3 {
			t.Errorf("%d rejoins in an hour", n)
		}
		entries, err := w.entries(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		last := uint64(0)
		for _, e := range entries {
			if h, err := mls.ParseHeader(e.Frame); err != nil || h.Sender != mls.SenderNewMemberCommit || e.Device != ben.device() {
				continue
			}
			if pause := time.Duration(e.Received-last) * time.Millisecond; last != 0 && pause < 10*time.Minute {
				t.Errorf("rejoins within %v", pause)
			}
			last = e.Received
		}
		if n := len(entries); n > 300 {
			t.Errorf("%d entries", n)
		}
		time.Sleep(15 * time.Minute)
		ada.say(t, id, "enough")
		ben.reads(t, id, "enough")
		ben.say(t, id, "at last")
		ada.reads(t, id, "at last")
	})
}

// What goes wrong is counted, and the server hears each count once, without anything about anybody.
func TestFailuresAreReportedOnceByReason(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		var mu sync.Mutex
		told := map[string]uint64{}
		times := 0
		x := pushed(spoilt)
		x.tap = func(said []byte) {
			frames, _ := wire.Frames(said)
			for _, f := range frames {
				var r wire.Report
				if f.Kind == wire.OpReport && wire.Decode(f.Body, &r) == nil {
					mu.Lock()
					times++
					for name, n := range r.Counts {
						told[name] += n
					}
					mu.Unlock()
				}
			}
		}
		ben.lane.lie(x)
		for range 3 {
			ada.say(t, id, "does not arrive whole")
		}
		for range 6 { // connections come and go
			time.Sleep(20 * time.Minute)
			ben.lane.cut()
		}
		time.Sleep(10 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if told["damaged"] != 3 || told["key-found"] != 3 || len(told) != 2 || times > 2 {
			t.Errorf("%v in %d reports", told, times)
		}
		counts := ben.failures(t)
		if counts["damaged"] != 3 || counts["key-found"] != 3 {
			t.Errorf("%v", counts)
		}
	})
}
