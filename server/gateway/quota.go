package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"frond/wire"
)

// quotas bound the handshakes of each device, on whichever connection it makes them: each is worth thousands of
// messages, for it is kept with the group's whole tree and everybody works on it.
type quotas struct {
	rate  float64 // per second; 0: no limit
	burst int

	mu sync.Mutex
	of map[wire.ID]*rate.Limiter
}

// manyQuotas is how many devices are remembered before those that have all their quota again are forgotten.
const manyQuotas = 10_000

// take uses up one handshake, or refuses with CodeRateLimited and says when to come back.
func (q *quotas) take(device wire.ID, now time.Time) error {
	if q.rate <= 0 {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.of[device]
	if l == nil {
		q.forget(now)
		l = rate.NewLimiter(rate.Limit(q.rate), q.burst)
		q.of[device] = l
	}
	if l.AllowN(now, 1) {
		return nil
	}
	refusal := wire.Errorf(wire.CodeRateLimited, "This device makes too many changes at once.")
	refusal.RetryAfter = uint32(1/q.rate) + 1
	return refusal
}

// forget drops devices that a fresh limiter would treat the same.
func (q *quotas) forget(now time.Time) {
	if q.of == nil {
		q.of = map[wire.ID]*rate.Limiter{}
	}
	if len(q.of) < manyQuotas {
		return
	}
	for id, l := range q.of {
		if l.TokensAt(now) >= float64(q.burst) {
			delete(q.of, id)
		}
	}
}

// smallMessage is what every connection may hold of a message that has not ended; beyond it, all share.
const smallMessage = 64 << 10

// halfRead bounds the memory of messages that have begun and not ended.
type halfRead struct {
	most int64 // 0: no limit
	held atomic.Int64
}

// take holds n bytes more, unless that is too much.
func (h *halfRead) take(n int64) error {
	if held := h.held.Add(n); h.most > 0 && held > h.most {
		h.held.Add(-n)
		return wire.Errorf(wire.CodeUnavailable, "The server reads too many large messages at the moment.")
	}
	return nil
}

func (h *halfRead) give(n int64) { h.held.Add(-n) }
