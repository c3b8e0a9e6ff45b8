package delivery

import (
	"sync"

	"frond/wire"
)

// hints passes the bus's words on from a goroutine of its own, so that whoever publishes, usually the
// writer, goes on to the next batch meanwhile. Words about the same thing that wait become one.
type hints struct {
	mu     sync.Mutex
	waits  map[wire.ID]uint64
	signal chan struct{} // buffered: something waits
	stop   chan struct{}
	once   sync.Once
}

func newHints(spread func(wire.ID, uint64)) *hints {
	h := &hints{waits: map[wire.ID]uint64{}, signal: make(chan struct{}, 1), stop: make(chan struct{})}
	go h.run(spread)
	return h
}

func (h *hints) add(id wire.ID, seq uint64) {
	h.mu.Lock()
	h.waits[id] = max(h.waits[id], seq)
	h.mu.Unlock()
	select {
	case h.signal <- struct{}{}:
	default:
	}
}

func (h *hints) run(spread func(wire.ID, uint64)) {
	spare := map[wire.ID]uint64{}
	for {
		select {
		case <-h.signal:
		case <-h.stop:
			return
		}
		h.mu.Lock()
		h.waits, spare = spare, h.waits
		h.mu.Unlock()
		for id, seq := range spare {
			spread(id, seq)
		}
		clear(spare)
	}
}

func (h *hints) close() { h.once.Do(func() { close(h.stop) }) }
