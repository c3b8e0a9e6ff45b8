package bus

import (
	"slices"
	"sync"
	"sync/atomic"

	"frond/wire"
)

// Local is the Bus of one process: Publish calls each subscriber in turn, on the publisher's
// goroutine and without holding a lock.
type Local struct {
	mu          sync.Mutex // held to change the list, never to read it
	subscribers atomic.Pointer[[]*subscriber]
}

type subscriber struct {
	hear      func(conversation wire.ID, seq uint64)
	cancelled atomic.Bool
}

var _ Bus = (*Local)(nil)

// NewLocal returns a bus without subscribers.
func NewLocal() *Local {
	b := &Local{}
	b.subscribers.Store(&[]*subscriber{})
	return b
}

// Publish implements Bus. It allocates nothing.
func (b *Local) Publish(conversation wire.ID, seq uint64) {
	for _, s := range *b.subscribers.Load() {
		if !s.cancelled.Load() {
			s.hear(conversation, seq)
		}
	}
}

// Subscribe implements Bus.
func (b *Local) Subscribe(hear func(conversation wire.ID, seq uint64)) (cancel func()) {
	s := &subscriber{hear: hear}
	b.change(func(list []*subscriber) []*subscriber { return append(list, s) })
	return func() {
		if s.cancelled.Swap(true) {
			return
		}
		b.change(func(list []*subscriber) []*subscriber {
			return slices.DeleteFunc(list, func(o *subscriber) bool { return o == s })
		})
	}
}

// change replaces the list by an edited copy, so that a running Publish keeps its own.
func (b *Local) change(edit func([]*subscriber) []*subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := edit(slices.Clone(*b.subscribers.Load()))
	b.subscribers.Store(&list)
}
