package sim

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"frond/client"
	"frond/client/vault"
	"frond/mls"
	"frond/wire"
)

var (
	fullConversations = flag.Int("sim.conversations", 12, "conversations of the account whose sign-in is timed")
	fullMessages      = flag.Int("sim.each", 20, "messages in each of them")
	readyIn           = flag.Duration("sim.ready", 5*time.Second, "how long the sign-in may take")
)

// TestAFullAccountIsReadySoonOnANewDevice measures, in real time and with the suite that people use: from
// signing in on a new device to the whole list, readable newest messages and messages sent in every
// conversation; and what that takes in memory and on the server.
//
//	go test ./sim -run FullAccount -v -sim.conversations 100 -sim.each 100
func TestAFullAccountIsReadySoonOnANewDevice(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures time")
	}
	ctx := context.Background()
	w := New(Options{Seed: 1, People: 2, Dir: t.TempDir(), Suite: mls.SuiteHybrid})
	if err := w.server.start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.end(func() {}); err != nil {
			t.Error(err)
		}
	}()
	ada, ben := w.people[0], w.people[1]
	ids := fill(t, ada, ben)
	until(t, "a new device will know of all", func() bool { return w.saved(t, ada) >= len(ids) })
	if err := ada.crash(ctx); err != nil {
		t.Fatal(err)
	}
	account, err := w.server.store.AccountByID(ctx, ada.account)
	if err != nil {
		t.Fatal(err)
	}
	again := w.again(ada)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	if err := errors.Join(again.start(ctx), again.on().SignIn(ctx, again.credentials())); err != nil {
		t.Fatal(err)
	}
	signedIn := time.Since(began)
	until(t, "every conversation is joined", func() bool { return again.joined(ctx) > len(ids) })
	joined := time.Since(began)
	until(t, "the newest messages are there", func() bool { return again.glances(ctx, ids) })
	ready := time.Since(began)
	for _, id := range ids {
		if _, err := again.on().Send(ctx, id, "I am here"); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "all is sent", func() bool { return again.allSent(ctx, ids) })
	sent := time.Since(began)
	until(t, "all is restored", func() bool {
		s, err := again.on().Stored(ctx)
		return err == nil && s.Missing == 0
	})
	all := time.Since(began)
	runtime.ReadMemStats(&after)
	runtime.GC()
	var rest runtime.MemStats
	runtime.ReadMemStats(&rest)
	r := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	t.Logf("%d conversations of %d messages: signed in %v, all joined %v, ready %v, sent in each %v, all restored %v",
		len(ids), *fullMessages, r(signedIn), r(joined), r(ready), r(sent), r(all))
	t.Logf("allocated %d MiB in %d pieces, the heap grew by %d MiB; the sealed state has %d bytes of at most %d",
		(after.TotalAlloc-before.TotalAlloc)>>20, after.Mallocs-before.Mallocs, (int64(rest.HeapAlloc)-int64(before.HeapAlloc))>>20, len(account.State), wire.MaxState)
	if ready > *readyIn {
		t.Errorf("it was ready after %v", ready)
	}
}

// fill lets two people talk in as many conversations as the account is to have.
func fill(t *testing.T, ada, ben *person) (ids []wire.ID) {
	t.Helper()
	ctx := context.Background()
	for _, p := range []*person{ada, ben} {
		if err := errors.Join(p.start(ctx), p.signUp(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second)
	for i := range *fullConversations {
		id, err := ada.on().Create(ctx, client.NewConversation{Kind: wire.Group, Name: fmt.Sprint("group ", i), People: []string{ben.name}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	until(t, "ben is in all", func() bool { return ben.joined(ctx) > len(ids) })
	for i := range *fullMessages {
		for _, id := range ids {
			send := func() bool {
				_, err := []*person{ada, ben}[i%2].on().Send(ctx, id, fmt.Sprint("message ", i))
				return err == nil
			}
			until(t, "there is room", send)
		}
	}
	until(t, "everything is stored", func() bool {
		s, err := ada.on().Stored(ctx)
		return err == nil && s.Waiting == 0 && s.Keys >= uint64(*fullMessages*len(ids))
	})
	return ids
}

// saved counts the conversations in the state that the server keeps for new devices.
func (w *World) saved(t *testing.T, p *person) int {
	t.Helper()
	a, err := w.server.store.AccountByID(context.Background(), p.account)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := vault.OpenState(vault.Key(loot(t, p.store, p.account).field(t, 6)), a.ID, a.Epoch, a.Revision, a.State)
	if err != nil {
		return 0
	}
	var state stolen
	var joins []cbor.RawMessage
	if err := errors.Join(cbor.Unmarshal(plain, &state), cbor.Unmarshal(state[3], &joins)); err != nil {
		t.Fatal(err)
	}
	return len(joins)
}

// joined counts the conversations in which a person can speak.
func (p *person) joined(ctx context.Context) (n int) {
	for _, v := range p.conversations(ctx) {
		if !v.Joining {
			n++
		}
	}
	return n
}

// glances reports whether the newest messages of every conversation can be read.
func (p *person) glances(ctx context.Context, ids []wire.ID) bool {
	want := min(10, *fullMessages)
	for _, id := range ids {
		page, err := p.on().Messages(ctx, id, 0, 20)
		if err != nil {
			return false
		}
		n := 0
		for _, m := range page.Messages {
			if !m.Notice && m.State != client.Unreadable {
				n++
			}
		}
		if n < want {
			return false
		}
	}
	return true
}

func (p *person) allSent(ctx context.Context, ids []wire.ID) bool {
	for _, id := range ids {
		page, err := p.on().Messages(ctx, id, 0, 1)
		if err != nil || len(page.Messages) == 0 || page.Messages[len(page.Messages)-1].State == client.Pending {
			return false
		}
	}
	return true
}

// A server at the other end of the world answers after a fifth of a second. Its answers to a new device are waited for
// together, not one after the other.
func TestADistantServerCostsANewDeviceFewRoundTrips(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		const groups = 40
		for range groups {
			ada.say(t, ada.create(t, wire.Group, ben), "hello")
		}
		ada.settle(t)
		again := w.again(ada)
		again.lane.inner = distant{again.lane.inner, 100 * time.Millisecond}
		began := time.Now()
		again.begin(t)
		read := func() (n int) {
			for _, v := range again.conversations(ctx) {
				if v.Last != nil && v.Last.Text == "hello" {
					n++
				}
			}
			return n
		}
		for read() < groups && time.Since(began) < time.Minute {
			time.Sleep(100 * time.Millisecond)
		}
		if ready := time.Since(began); ready > 5*time.Second {
			t.Errorf("the newest messages can be read after %v", ready)
		}
	})
}
