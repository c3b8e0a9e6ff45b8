package delivery

import (
	"context"
	"math"

	"frond/server/store"
	"frond/wire"
)

// Waker is told, on another goroutine, that there may be something to read. Wake must return at once
// and must not call back into this package.
type Waker interface{ Wake() }

// Reader gives one connection the entries of one conversation after its cursor. It is used by one
// goroutine at a time.
type Reader struct {
	log    *Log
	tail   *tail
	waker  Waker
	device wire.ID
	slot   int // among the tail's followers; -1 when closed

	after   uint64 // the cursor
	unsure  bool   // the database may hold more than tail.reached says
	asked   bool   // windows holds
	windows []store.Window
	checked uint64 // windows is known to hold up to this seq
}

// Follow starts a reader after a cursor. The waker is called from now on; what is already in the log
// must be asked for once, with Next.
func (l *Log) Follow(conversation, device wire.ID, after uint64, waker Waker) *Reader {
	r := &Reader{log: l, waker: waker, device: device, after: after, unsure: true}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tails[conversation]
	if t == nil {
		t = &tail{conversation: conversation}
		l.tails[conversation] = t
	}
	r.tail = t
	t.add(r)
	return r
}

// Close ends the reader; its waker may be called once more.
func (r *Reader) Close() {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	if r.tail.remove(r) {
		delete(r.log.tails, r.tail.conversation)
	}
}

// Conversation is what the reader reads.
func (r *Reader) Conversation() wire.ID { return r.tail.conversation }

// Reached tells the reader what the log held at some time after Follow. It spares a reader that is up
// to date its first look into the database.
func (r *Reader) Reached(last uint64) {
	raise(&r.tail.reached, last)
	r.unsure = false
}

// Waits reports whether there may be something to read.
func (r *Reader) Waits() bool { return r.unsure || r.after < r.tail.reached.Load() }

// Member reports whether the device is, or was, in the conversation.
func (r *Reader) Member(ctx context.Context) (bool, error) {
	err := r.entitle(ctx, r.after)
	return len(r.windows) > 0, err
}

// Next returns push frames after the cursor, about limit bytes but at least one frame, and moves the
// cursor past them; nothing when there is none. more says that there may be more at once. The bytes
// are shared: nobody may change them.
func (r *Reader) Next(ctx context.Context, limit int) (frames []byte, more bool, err error) {
	if !r.Waits() {
		return nil, false, nil
	}
	before := r.after
	if v := r.tail.view.Load(); v.holds(r.after+1) && !v.stale(r.log.store.Now) {
		frames, err = r.fromTail(ctx, v, limit)
	} else {
		frames, err = r.fromStore(ctx, limit)
	}
	more = r.after > before && r.Waits()
	return frames, more, err
}

// fromTail reads the shared view. Its handshakes' effects are known, so the database is asked only
// when one of them may concern this device.
func (r *Reader) fromTail(ctx context.Context, v *view, limit int) ([]byte, error) {
	newest := v.next() - 1
	if !r.asked || r.tail.touched(r.device, r.checked) {
		if err := r.entitle(ctx, newest); err != nil {
			return nil, err
		}
	}
	r.checked = newest
	w, ok := r.window()
	if !ok {
		r.after = newest
		return nil, nil
	}
	frames, last, ok := v.after(max(r.after, w.From), end(w), limit)
	if !ok {
		last = newest
	}
	r.after = last
	return frames, nil
}

// fromStore reads the database. The membership is read after the entries, so that a removal among them
// is never missed.
func (r *Reader) fromStore(ctx context.Context, limit int) ([]byte, error) {
	if err := r.log.beginRead(ctx); err != nil {
		return nil, err
	}
	defer r.log.endRead()
	entries, err := r.log.store.Entries(ctx, r.tail.conversation, r.after, 0, catchUpEntries, min(limit, catchUpBytes))
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		r.unsure = false
		return nil, nil
	}
	last := entries[len(entries)-1].Seq
	if err := r.entitle(ctx, last); err != nil {
		return nil, err
	}
	r.after = last
	return r.encode(entries), nil
}

func (r *Reader) encode(entries []wire.Entry) (frames []byte) {
	for i := range entries {
		if r.covers(entries[i].Seq) {
			frames = wire.AppendPush(frames, &entries[i])
		}
	}
	return frames
}

// entitle reads the device's membership as of now, which is no older than seq.
func (r *Reader) entitle(ctx context.Context, seq uint64) error {
	windows, err := r.log.store.Windows(ctx, r.tail.conversation, r.device)
	if err != nil {
		return err
	}
	r.windows, r.asked, r.checked = windows, true, seq
	return nil
}

// window is the first stretch of the log that this device may read and that ends after the cursor.
func (r *Reader) window() (store.Window, bool) {
	for _, w := range r.windows {
		if end(w) > r.after {
			return w, true
		}
	}
	return store.Window{}, false
}

func (r *Reader) covers(seq uint64) bool {
	for _, w := range r.windows {
		if w.From < seq && seq <= end(w) {
			return true
		}
	}
	return false
}

func end(w store.Window) uint64 {
	if w.Until == 0 {
		return math.MaxUint64
	}
	return w.Until
}
