// Package bustest is the contract of package bus, told as stories. It asks only for what every bus
// can keep, one that crosses a network too: hints arrive, possibly late, doubled or out of order.
package bustest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"frond/server/bus"
	"frond/wire"
)

// patience is how long a hint may take.
const patience = 10 * time.Second

// Run tells all stories, each on a bus of its own.
func Run(t *testing.T, fresh func(t *testing.T) bus.Bus) {
	for _, story := range []struct {
		name string
		tell func(t *testing.T, b bus.Bus)
	}{
		{"every subscriber hears a hint", everybodyHears},
		{"a bus without subscribers takes hints", nobodyHears},
		{"who cancelled hears nothing new", cancelled},
		{"a subscriber may use the bus from within its call", reentrant},
		{"many publish and subscribe at once", crowd},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(t, fresh(t)) })
	}
}

type hint struct {
	conversation wire.ID
	seq          uint64
}

// listener collects hints.
type listener struct {
	mu     sync.Mutex
	heard  map[hint]bool
	cancel func()
}

func listen(b bus.Bus) *listener {
	l := &listener{heard: map[hint]bool{}}
	l.cancel = b.Subscribe(func(conversation wire.ID, seq uint64) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.heard[hint{conversation, seq}] = true
	})
	return l
}

func (l *listener) has(h hint) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard[h]
}

// eventually demands that something becomes true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func everybodyHears(t *testing.T, b bus.Bus) {
	listeners := []*listener{listen(b), listen(b), listen(b)}
	hints := []hint{{wire.ID{1}, 7}, {wire.ID{2}, 1}, {wire.ID{1}, 1<<64 - 1}}
	for _, h := range hints {
		b.Publish(h.conversation, h.seq)
	}
	for _, l := range listeners {
		defer l.cancel()
		for _, h := range hints {
			eventually(t, "a hint", func() bool { return l.has(h) })
		}
	}
}

func nobodyHears(t *testing.T, b bus.Bus) {
	b.Publish(wire.ID{1}, 1)
	l := listen(b)
	defer l.cancel()
	b.Publish(wire.ID{1}, 2)
	eventually(t, "the hint after subscribing", func() bool { return l.has(hint{wire.ID{1}, 2}) })
}

func cancelled(t *testing.T, b bus.Bus) {
	gone, stays := listen(b), listen(b)
	defer stays.cancel()
	gone.cancel()
	gone.cancel()
	b.Publish(wire.ID{1}, 1)
	eventually(t, "the hint for who stays", func() bool { return stays.has(hint{wire.ID{1}, 1}) })
	if gone.has(hint{wire.ID{1}, 1}) {
		t.Error("a cancelled subscriber was called")
	}
}

func reentrant(t *testing.T, b bus.Bus) {
	inner := make(chan uint64, 100)
	var once sync.Once
	var cancel func()
	ready := make(chan struct{})
	cancel = b.Subscribe(func(conversation wire.ID, seq uint64) {
		<-ready
		once.Do(func() {
			b.Subscribe(func(_ wire.ID, seq uint64) { inner <- seq })
			cancel()
			b.Publish(conversation, seq+1)
		})
	})
	close(ready)
	b.Publish(wire.ID{1}, 1)
	for end := time.After(patience); ; {
		select {
		case seq := <-inner:
			if seq == 2 {
				return
			}
		case <-end:
			t.Fatal("the inner hint did not arrive")
		}
	}
}

func crowd(t *testing.T, b bus.Bus) {
	const publishers, each = 8, 200
	l := listen(b)
	defer l.cancel()
	var wg sync.WaitGroup
	var calls atomic.Uint64
	for p := range publishers {
		wg.Go(func() {
			for n := range each {
				b.Publish(wire.ID{byte(p)}, uint64(n))
			}
		})
		wg.Go(func() {
			for range each {
				b.Subscribe(func(wire.ID, uint64) { calls.Add(1) })()
			}
		})
	}
	wg.Wait()
	for p := range publishers {
		for n := range each {
			eventually(t, "a hint", func() bool { return l.has(hint{wire.ID{byte(p)}, uint64(n)}) })
		}
	}
}
