package sim

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

var errPower = errors.New("the power is gone")

// TestACrashAtAnyBatchLosesAndDoublesNothing lets a device lose its power before its first batch, its
// second, and so on, through sign-up, joining, creating, sending and receiving. Each time it goes on
// from what was durable, and in the end what it was promised is in the log exactly once.
func TestACrashAtAnyBatchLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		w := New(Options{Seed: 1, People: 1, Dir: dir, Suite: mls.SuiteX25519})
		if err := w.server.start(); err != nil {
			t.Fatal(err)
		}
		ben := w.people[0]
		if err := errors.Join(ben.start(ctx), ben.signUp(ctx)); err != nil {
			t.Fatal(err)
		}
		for k, crashed := 1, true; crashed; k++ {
			ada := w.newPerson(k)
			w.people = append(w.people, ada)
			crashed = loseAndGoOn(t, w, ada, ben, k)
			if k > 200 {
				t.Fatal("the story never ends")
			}
		}
		t.Logf("%d batches", len(w.people)-2)
		if err := errors.Join(w.calm(ctx), w.check(ctx)); err != nil {
			t.Fatal(err)
		}
		if err := w.end(func() {}); err != nil {
			t.Fatal(err)
		}
	})
}

// loseAndGoOn tells one story in which ada's k-th batch and all after it are lost. It reports whether
// there were that many.
func loseAndGoOn(t *testing.T, w *World, ada, ben *person, k int) (crashed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ada.store.FailWrites(func(write int, _ client.Batch) error {
		if write < k {
			return nil
		}
		crashed = true
		return errPower
	})
	if err := ada.start(ctx); err != nil {
		t.Fatal(err)
	}
	story(ctx, ada, ben)
	if err := ada.crash(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := ada.start(context.Background()); err != nil {
		t.Fatalf("after losing batch %d: %v", k, err)
	}
	if err := ada.signUp(context.Background()); err != nil {
		t.Fatalf("after losing batch %d: %v", k, err)
	}
	story(context.Background(), ada, ben)
	if len(ada.promised) == 0 {
		t.Fatalf("after losing batch %d nothing can be sent", k)
	}
	return crashed
}

// story is what a device does in its first minute. Whatever fails is left.
func story(ctx context.Context, ada, ben *person) {
	c := ada.on()
	if err := ada.signUp(ctx); err != nil {
		return
	}
	time.Sleep(3 * time.Second)
	id, err := c.Create(ctx, client.NewConversation{Kind: wire.Direct, People: []string{ben.name}})
	if err != nil {
		return
	}
	for i := range 2 {
		ada.send(ctx, id, fmt.Sprintf("%s says %d", ada.name, i))
		time.Sleep(time.Second)
	}
	ben.send(ctx, id, "ben answers "+ada.name)
	time.Sleep(time.Second)
	if _, err := c.Create(ctx, client.NewConversation{Kind: wire.Group, Name: "two", People: []string{ben.name}}); err != nil {
		return
	}
	time.Sleep(time.Second)
}
