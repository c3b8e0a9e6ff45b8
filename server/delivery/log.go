package delivery

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"frond/server/bus"
	"frond/server/store"
	"frond/wire"
)

// Limits on what the log holds in memory. Sizes are bytes.
const (
	queueEntries   = 4096     // appends that wait for the writer
	queueBytes     = 64 << 20 //
	batchEntries   = 256      // appends in one transaction
	batchBytes     = 8 << 20
	tailBytes      = 1 << 20  // one conversation's tail
	allTailBytes   = 64 << 20 // of all conversations
	catchUpEntries = 512      // one read from the database
	catchUpBytes   = 128 << 10
	catchUpReaders = 8 // reads from the database at once
)

// Log appends to the conversations' logs and wakes those who follow them. It is safe for concurrent use.
type Log struct {
	store  *store.Store
	bus    bus.Bus
	logger *slog.Logger

	queue   chan *request
	waiting atomic.Int64 // bytes in queue
	done    chan struct{}
	sweep   chan struct{}   // tells the writer that something has expired
	tidied  chan struct{}   // tidy has ended
	ctx     context.Context // of tidy
	cancel  func()          // of the bus subscription and ctx
	hints   *hints
	readers chan struct{} // one token for each read from the database

	mu       sync.Mutex
	closed   bool
	tails    map[wire.ID]*tail
	inboxes  map[wire.ID][]Waker // by device
	renewals map[wire.ID]renewal
	appends  uint64 // the writer's count
	latest   int    // the writer's: the size of the last batch
	frame    []byte // the writer's, to encode an entry in
}

// request is an append that waits.
type request struct {
	item store.Append
	size int64
	by   Answerer
}

// Answerer hears what became of an append, on the writer's goroutine. It must return at once.
type Answerer interface {
	// Answer is called exactly once.
	Answer(store.AppendResult)
	// Flush is called after the whole transaction was answered and the readers nearby were woken, so
	// that an answer can leave together with the entry.
	Flush()
}

// New starts the log. Close ends it.
func New(s *store.Store, b bus.Bus, logger *slog.Logger) *Log {
	l := &Log{
		store:    s,
		bus:      b,
		logger:   logger,
		queue:    make(chan *request, queueEntries),
		done:     make(chan struct{}),
		sweep:    make(chan struct{}, 1),
		tidied:   make(chan struct{}),
		readers:  make(chan struct{}, catchUpReaders),
		tails:    map[wire.ID]*tail{},
		inboxes:  map[wire.ID][]Waker{},
		renewals: map[wire.ID]renewal{},
	}
	l.hints = newHints(l.spread)
	unsubscribe := b.Subscribe(l.hear)
	ctx, cancel := context.WithCancel(context.Background())
	l.ctx, l.cancel = ctx, func() { unsubscribe(); cancel() }
	go l.write()
	go l.tidy()
	return l
}

// Append queues an item and returns; by is answered when the item is durable or refused. When Append
// itself returns an error by is never called: the item is not what it claims to be (CodeBadRequest),
// or the queue is full or the log closed (CodeUnavailable).
func (l *Log) Append(item store.Append, by Answerer) error {
	if err := checkFrames(&item); err != nil {
		return err
	}
	r := &request{item: item, size: size(&item), by: by}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return wire.Errorf(wire.CodeUnavailable, "the server is shutting down")
	}
	if l.waiting.Load()+r.size > queueBytes {
		return busy()
	}
	select {
	case l.queue <- r:
		l.waiting.Add(r.size)
		return nil
	default:
		return busy()
	}
}

func busy() error {
	e := wire.Errorf(wire.CodeUnavailable, "too much is waiting to be written")
	e.RetryAfter = 1
	return e
}

func size(item *store.Append) int64 {
	switch {
	case item.Send != nil:
		return int64(len(item.Send.Frame) + len(item.Send.Token))
	case item.Leave != nil:
		n := 0
		for _, f := range item.Leave.Frames {
			n += len(f)
		}
		return int64(n)
	case item.Handshake != nil:
		return int64(len(item.Handshake.Frame) + len(item.Handshake.GroupInfo) + len(item.Handshake.Welcome))
	default:
		h := &item.Create.Handshake
		return int64(len(h.Frame) + len(h.GroupInfo) + len(h.Welcome))
	}
}

// Close refuses new appends, waits until the accepted ones are answered or ctx ends, and returns.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.queue)
	}
	l.mu.Unlock()
	select {
	case <-l.done:
		l.cancel()
		l.hints.close()
		<-l.tidied
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// beginRead waits for a turn to read entries from the database, so that a thousand connections that
// return at once do not fill the memory with what they missed.
func (l *Log) beginRead(ctx context.Context) error {
	select {
	case l.readers <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Log) endRead() { <-l.readers }

// nearby is how many followers are woken at once rather than by way of hints.
const nearby = 8

// hear takes the bus's word. A conversation with few followers is done with at once, which spares it a
// change of goroutines; for many the publisher must not wait.
func (l *Log) hear(id wire.ID, seq uint64) {
	l.mu.Lock()
	t, watched := l.tails[id], len(l.inboxes[id]) > 0
	l.mu.Unlock()
	switch {
	case t == nil && !watched:
	case !watched && t.count() <= nearby:
		raise(&t.reached, seq)
		t.wake()
	default:
		l.hints.add(id, seq)
	}
}

// spread wakes everybody who follows what reached seq: a conversation, or a device's inbox.
func (l *Log) spread(id wire.ID, seq uint64) {
	l.mu.Lock()
	t := l.tails[id]
	watchers := slices.Clone(l.inboxes[id])
	l.mu.Unlock()
	if t != nil {
		raise(&t.reached, seq)
		t.wake()
	}
	for _, w := range watchers {
		w.Wake()
	}
}

// evict drops the tails that were least recently written until they fit into allTailBytes. Their
// readers go on from the database.
func (l *Log) evict() {
	l.mu.Lock()
	defer l.mu.Unlock()
	total := 0
	var filled []*tail
	for _, t := range l.tails {
		if n := t.size(); n > 0 {
			total += n
			filled = append(filled, t)
		}
	}
	if total <= allTailBytes {
		return
	}
	slices.SortFunc(filled, func(a, b *tail) int { return cmp.Compare(a.used, b.used) })
	for _, t := range filled {
		if total <= allTailBytes/2 {
			return
		}
		total -= t.size()
		t.view.Store(nil)
	}
}
