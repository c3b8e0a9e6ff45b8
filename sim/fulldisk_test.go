package sim

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/wire"
)

var errFull = errors.New("no space left")

// fillsUp lets no batch through that puts a record of a table, as often as it says.
func (p *person) fillsUp(table string, times int) {
	p.store.FailWrites(func(_ int, b client.Batch) error {
		if times > 0 && slices.ContainsFunc(b.Put, func(i client.Item) bool { return strings.Contains(i.Key, table) }) {
			times--
			return errFull
		}
		return nil
	})
}

// A change that the store does not take is refused, once, and the next one is made.
func TestAChangeOnAFullDiskIsRefused(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		ada.fillsUp("/pending/", 1)
		if err := ada.on().Rename(ctx, id, "another"); wire.CodeOf(err) != client.CodeStorage {
			t.Fatalf("renamed on a full disk: %v", err)
		}
		time.Sleep(time.Minute)
		must(t, ada.on().Rename(ctx, id, "another"))
		ben.say(t, id, "well done")
		ada.reads(t, id, "well done")
	})
}

// Who left is let go before the next message, also when the first try of that finds the disk full.
func TestWhoLeftIsLetGoThoughTheDiskWasFull(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		ada.fillsUp("/pending/", 1)
		must(t, cleo.on().Leave(ctx, id))
		ada.say(t, id, "bye")
		time.Sleep(time.Minute)
		ben.reads(t, id, "bye")
		noFaultsBut(t, client.CodeStorage, ada, ben)
	})
}

// A message that could not be sealed because the disk was full has not failed: it waits.
func TestAMessageThatCouldNotBeSealedOnAFullDiskWaits(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.fillsUp("/ratchet/", 1)
		if _, err := ada.on().Send(context.Background(), id, "hello"); err != nil {
			t.Fatal(err)
		}
		if rows := ada.rows(t, id); rows[len(rows)-1].State == client.Failed {
			t.Fatalf("ada is shown %+v", rows[len(rows)-1])
		}
		ada.mu.Lock()
		failed := ada.failed
		ada.mu.Unlock()
		if failed > 0 {
			t.Fatal("ada was told that it failed")
		}
		time.Sleep(time.Minute)
		ben.reads(t, id, "hello")
	})
}

// What is to disappear and can not be deleted is tried again, with pauses.
func TestAFullDiskIsNotTriedWithoutEndToDeleteWhatDisappears(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		must(t, ada.on().SetRetention(context.Background(), id, client.Disappearing, client.Timers[0]))
		ben.say(t, id, "for a while")
		tries, full := 0, true
		ada.store.FailWrites(func(int, client.Batch) error {
			if tries++; full && tries < 1000 {
				return errFull
			}
			return nil
		})
		time.Sleep(15 * time.Minute)
		if tries > 200 {
			t.Fatalf("%d batches in ten minutes", tries)
		}
		full = false
		time.Sleep(5 * time.Minute)
		ada.lacks(t, id, "for a while")
	})
}

// The history of a new device is restored once there is room.
func TestADiskThatIsFullWhileHistoryIsRestoredStopsNothing(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		phone, ben, cleo := p[0], p[1], p[2]
		id := phone.everyone(t)
		ben.say(t, id, "from ben")
		cleo.say(t, id, "from cleo")
		time.Sleep(time.Minute)
		tablet := w.blank(t, phone)
		tablet.fillsUp("/contact/", 3)
		must(t, tablet.signsIn())
		time.Sleep(5 * time.Minute)
		tablet.hasTexts(t, id, "from ben", "from cleo")
	})
}

// flaky is a store that can neither be written nor read while it is broken; or that does not give records of one table.
type flaky struct {
	*memory.Store
	broken *atomic.Bool
	table  string
}

func (f flaky) Get(ctx context.Context, key string) ([]byte, error) {
	if f.broken.Load() && strings.Contains(key, f.table) {
		return nil, errFull
	}
	return f.Store.Get(ctx, key)
}

func (f flaky) Scan(ctx context.Context, r client.Range) ([]client.Item, error) {
	if f.broken.Load() && f.table == "" {
		return nil, errFull
	}
	return f.Store.Scan(ctx, r)
}

func (f flaky) Write(ctx context.Context, b client.Batch) error {
	if f.broken.Load() && f.table == "" {
		return errFull
	}
	return f.Store.Write(ctx, b)
}

// startsOn switches a device off, and on again with a store that can break.
func (p *person) startsOn(t *testing.T, table string) flaky {
	t.Helper()
	ctx := context.Background()
	must(t, p.crash(ctx))
	s := flaky{p.store, new(atomic.Bool), table}
	c, err := client.New(client.Config{Store: s, Transport: p.lane, Emit: p.hear, Rand: p.rand, Suite: p.suite, KeyPool: 6, Log: p.log})
	must(t, err)
	p.client = c
	_, err = c.Start(ctx)
	must(t, err)
	time.Sleep(10 * time.Second)
	return s
}

// A browser's store can fail altogether for a while. Then the device says so, and goes on when it is there again.
func TestAStoreThatIsGoneForAWhileStopsNothing(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		s := ada.startsOn(t, "")
		s.broken.Store(true)
		ben.say(t, id, "are you there?")
		time.Sleep(10 * time.Minute)
		if !ada.told(client.CodeStorage) {
			t.Fatal("nobody was told")
		}
		s.broken.Store(false)
		time.Sleep(2 * time.Minute)
		ada.reads(t, id, "are you there?")
		ada.say(t, id, "now I am")
		ben.reads(t, id, "now I am")
	})
}

// A welcome that could not be taken because the store did not answer is taken later.
func TestAWelcomeIsNotTurnedDownBecauseTheStoreDidNotAnswer(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		s := ben.startsOn(t, "/key/")
		s.broken.Store(true)
		id := ada.create(t, wire.Direct, ben)
		s.broken.Store(false)
		time.Sleep(2 * time.Minute)
		ada.say(t, id, "hello")
		ben.reads(t, id, "hello")
		noFaultsBut(t, client.CodeStorage, ben)
	})
}
