package gateway_test

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"frond/wire"
)

func TestAMessageArrivesLiveAndAgainAfterComingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	room := ana.meet(ben)
	if item := ben.welcome(); item.Conversation != room.id || item.Account != ana.account || item.Seq != 1 {
		t.Fatalf("ben's welcome is %+v", item)
	}
	must(t, ben.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id, After: room.handshake}, nil))
	said := ana.say(room, "hello")
	live := ben.entry()
	if live.Seq != said.Seq || live.Received != said.Received || live.Account != ana.account || text(t, live) != "hello" {
		t.Fatalf("ben got %+v", live)
	}
	ben.conn.Close()
	ana.say(room, "are you there?")
	ana.say(room, "hm")
	ben.connect(wire.Cursor{Conversation: room.id, After: live.Seq})
	missed := ben.entries(2)
	if text(t, missed[0]) != "are you there?" || text(t, missed[1]) != "hm" {
		t.Fatal("ben missed what was said while he was away")
	}
	item := ben.welcome() // it was never acknowledged, so it comes again
	must(t, ben.ask(wire.OpInboxAck, wire.InboxAck{Items: []uint64{item.Item}}, nil))
	ben.nothingMore()
	ben.conn.Close()
	ben.connect()
	ben.nothingMore()
}

func TestCatchingUpGivesWhatLiveGave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	room := ana.meet(ben)
	ben.welcome()
	must(t, ben.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id}, nil))
	const n = 100
	for i := range n {
		ana.say(room, fmt.Sprint("line ", i))
	}
	live := ben.entries(n) // ben was added by entry 1, so his begin at 2
	for _, after := range []uint64{0, 1, 2, 57, n, n + 1} {
		ben.conn.Close()
		ben.connect(wire.Cursor{Conversation: room.id, After: after})
		want := live[max(int(after), 1)-1:]
		if got := ben.entries(len(want)); len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("after %d: caught up with other entries than came live", after)
		}
		ben.welcome()
		ben.nothingMore()
	}
}

func TestTheSameMessageTwiceIsOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	room := ana.meet()
	must(t, ana.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id}, nil))
	m := ana.message(room, "once")
	var first, again wire.Appended
	must(t, ana.ask(wire.OpSend, m, &first))
	must(t, ana.ask(wire.OpSend, m, &again))
	ana.connect(wire.Cursor{Conversation: room.id, After: first.Seq})
	var third wire.Appended
	must(t, ana.ask(wire.OpSend, m, &third))
	if first != again || first != third {
		t.Fatalf("answers differ: %+v, %+v, %+v", first, again, third)
	}
	if next := ana.say(room, "twice"); next.Seq != first.Seq+1 {
		t.Fatalf("the next message has seq %d after %d", next.Seq, first.Seq)
	}
}

func TestOfTwoHandshakesAtOnceOneIsToldToCatchUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	room := ana.meet()
	before := room.group
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		r := *room
		r.group = before
		h := ana.commit(&r, room.handshake)
		wg.Go(func() { errs[i] = ana.ask(wire.OpHandshake, h, &wire.Appended{}) })
	}
	wg.Wait()
	if errs[0] != nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	must(t, errs[0])
	wantCode(t, errs[1], wire.CodeConflict)
	if e := errs[1].(*wire.Error); e.Last != room.handshake+1 {
		t.Fatalf("the loser is told to process %d first, want %d", e.Last, room.handshake+1)
	}
}

func TestEverybodyInARoomGetsEverythingInOneOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	people := []*person{w.join("ana"), w.join("ben"), w.join("cleo"), w.join("dan")}
	room := people[0].meet(people[1:]...)
	for _, p := range people {
		must(t, p.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id, After: room.handshake}, nil))
	}
	for _, p := range people[1:] {
		p.welcome()
	}
	const each = 25
	var wg sync.WaitGroup
	for i, p := range people {
		r := *room // whose ratchet it is does not matter to the server
		wg.Go(func() {
			for j := range each {
				p.say(&r, fmt.Sprint(i, " says ", j))
			}
		})
	}
	wg.Wait()
	first := people[0].entries(each * len(people))
	for i := range first {
		if want := room.handshake + 1 + uint64(i); first[i].Seq != want {
			t.Fatalf("entry %d has seq %d, want %d", i, first[i].Seq, want)
		}
	}
	for _, p := range people[1:] {
		if !reflect.DeepEqual(p.entries(len(first)), first) {
			t.Fatalf("%s got other entries than %s", p.name, people[0].name)
		}
	}
}

func TestWhoWasRemovedGetsTheRemovalAndNothingAfter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	room := ana.meet(ben)
	ben.welcome()
	must(t, ben.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id, After: room.handshake}, nil))
	ana.say(room, "still with us")
	room.drop = []wire.MemberRef{{Account: ben.account, Device: ben.device}}
	h := ana.commit(room, room.handshake)
	var removed wire.Appended
	must(t, ana.ask(wire.OpHandshake, h, &removed))
	room.handshake = removed.Seq
	ana.say(room, "now we can talk")
	if got := ben.entries(2); got[1].Seq != removed.Seq {
		t.Fatalf("ben's last entry is %d, want his removal, %d", got[1].Seq, removed.Seq)
	}
	ben.nothingMore()
	ben.conn.Close()
	ben.connect(wire.Cursor{Conversation: room.id, After: 1})
	ben.entries(2)
	ben.welcome()
	ben.nothingMore()
	wantCode(t, ben.ask(wire.OpSend, ben.message(room, "let me in"), nil), wire.CodeForbidden)
}

func TestAStrangerGetsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, eve := w.join("ana"), w.join("eve")
	room := ana.meet()
	ana.say(room, "secret")
	wantCode(t, eve.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id}, nil), wire.CodeForbidden)
	wantCode(t, eve.ask(wire.OpGroupInfo, wire.ConversationRef{Conversation: room.id}, nil), wire.CodeNotFound)
	wantCode(t, eve.ask(wire.OpSend, eve.message(room, "hi"), nil), wire.CodeForbidden)
	eve.connect(wire.Cursor{Conversation: room.id})
	ana.say(room, "another")
	eve.nothingMore()
}

func TestFramesThatAreNotWhatTheyClaimAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	room, other := ana.meet(), ana.meet()
	good := ana.message(room, "text")
	for name, spoil := range map[string]func(*wire.Send){
		"of another conversation": func(s *wire.Send) { s.Conversation = other.id },
		"not MLS":                 func(s *wire.Send) { s.Frame = []byte("hello") },
		"a trailing byte":         func(s *wire.Send) { s.Frame = append(s.Frame[:len(s.Frame):len(s.Frame)], 0) },
		"a commit":                func(s *wire.Send) { r := *room; s.Frame = ana.commit(&r, 1).Frame },
		"another commitment":      func(s *wire.Send) { s.Commitment[0] ^= 1 },
		"not a token":             func(s *wire.Send) { s.Token = []byte("<script>alert(1)</script>") },
		"no token":                func(s *wire.Send) { s.Token = nil },
	} {
		bad := good
		spoil(&bad)
		if err := ana.ask(wire.OpSend, bad, nil); wire.CodeOf(err) != wire.CodeBadRequest {
			t.Errorf("%s: got %v", name, err)
		}
	}
	wantCode(t, ana.ask(wire.OpPublishKeys, wire.PublishKeys{Packages: [][]byte{[]byte("no")}}, nil), wire.CodeBadRequest)
	must(t, ana.ask(wire.OpSend, good, nil))
}

func TestKeyPackagesAreHandedOutOnceAndTheLastResortAlways(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	var count wire.KeyCount
	publish := wire.PublishKeys{Packages: [][]byte{ben.keyPackage(), ben.keyPackage()}, LastResort: ben.keyPackage()}
	must(t, ben.ask(wire.OpPublishKeys, publish, &count))
	if count.Count != 2 {
		t.Fatalf("the pool holds %d, want 2", count.Count)
	}
	seen := map[string]int{}
	for range 4 {
		var claimed wire.ClaimedKeys
		must(t, ana.ask(wire.OpClaimKeys, wire.ClaimKeys{Accounts: []wire.ID{ben.account}}, &claimed))
		seen[string(claimed.Keys[0].Package)]++
	}
	if len(seen) != 3 || seen[string(publish.LastResort)] != 2 {
		t.Fatalf("4 claims gave %d different packages, and the last resort %d times", len(seen), seen[string(publish.LastResort)])
	}
	if again := ben.connect(); again.KeyPackages != 0 || !again.LastResort {
		t.Fatalf("ben is told that his pool holds %d", again.KeyPackages)
	}
}

func TestGracefulShutdownUnderLoadLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	room := ana.meet()
	must(t, ana.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id, After: room.handshake}, nil))
	acked := map[uint64]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		r := *room
		wg.Go(func() {
			for {
				var a wire.Appended
				if err := ana.ask(wire.OpSend, ana.message(&r, "x"), &a); err != nil {
					return
				}
				mu.Lock()
				acked[a.Seq] = true
				mu.Unlock()
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	must(t, w.gateway.Shutdown(ctx))
	wg.Wait()
	if why := ana.bye(); why.Code != wire.CodeUnavailable {
		t.Fatalf("the goodbye says %v", why)
	}
	entries, err := w.store.Entries(ctx, room.id, 0, 0, 1<<20, 1<<30)
	must(t, err)
	kept := map[uint64]bool{}
	for _, e := range entries {
		kept[e.Seq] = true
	}
	for seq := range acked {
		if !kept[seq] {
			t.Fatalf("acknowledged entry %d is lost", seq)
		}
	}
	if len(acked) < 10 || len(entries) != len(acked)+1 {
		t.Fatalf("%d acknowledged, %d in the log besides the first handshake", len(acked), len(entries)-1)
	}
	if _, err := ana.net.dial(ctx); wire.CodeOf(err) != wire.CodeUnavailable {
		t.Fatalf("a new connection during shutdown: %v", err)
	}
}
