package delivery

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"frond/wire"
)

// view is an immutable picture of the newest entries of a conversation, as push frames one after the
// other. Its slices share their backing arrays with later views, which only write beyond its end.
type view struct {
	first uint64   // seq of the first frame
	ends  []uint32 // ends[i] is where the frame of first+i ends in buf
	buf   []byte
	until uint64 // when the first of the frames, or of those that were trimmed, expires; 0: none does
}

// stale reports whether there is a frame in the view that nobody may be given any more.
func (v *view) stale(now func() uint64) bool { return v != nil && v.until != 0 && v.until <= now() }

// next is the seq that the next frame must have, or 0 when any will do.
func (v *view) next() uint64 {
	if v == nil || len(v.ends) == 0 {
		return 0
	}
	return v.first + uint64(len(v.ends))
}

func (v *view) holds(seq uint64) bool { return v != nil && v.first <= seq && seq < v.next() }

// add returns the view with one more frame. A gap, which happens when another node appended, starts
// the view afresh. The frame expires at until, or never when that is 0.
func (v *view) add(seq uint64, frame []byte, until uint64) *view {
	if v.next() != seq {
		v = &view{first: seq}
	}
	if until == 0 || v.until != 0 && v.until < until {
		until = v.until
	}
	buf := append(v.buf, frame...)
	return &view{first: v.first, ends: append(v.ends, uint32(len(buf))), buf: buf, until: until}
}

// trim returns the view without its older half, in memory of its own, once it is over limit bytes.
func (v *view) trim(limit int) *view {
	if len(v.buf) <= limit || len(v.ends) < 2 {
		return v
	}
	drop, _ := slices.BinarySearch(v.ends, uint32(len(v.buf)/2))
	drop = min(drop+1, len(v.ends)-1)
	cut := v.ends[drop-1]
	ends := make([]uint32, 0, len(v.ends))
	for _, e := range v.ends[drop:] {
		ends = append(ends, e-cut)
	}
	buf := make([]byte, 0, limit+limit/4)
	return &view{first: v.first + uint64(drop), ends: ends, buf: append(buf, v.buf[cut:]...), until: v.until}
}

// after returns the frames of seq after+1 up to until, at most limit bytes but at least one frame, and
// the seq of the last. ok is false when the view does not hold after+1.
func (v *view) after(after, until uint64, limit int) (frames []byte, last uint64, ok bool) {
	if !v.holds(after+1) || after >= until {
		return nil, 0, false
	}
	i := int(after + 1 - v.first)
	n := int(min(until, v.next()-1)-after) + i // one past the last candidate
	start := uint32(0)
	if i > 0 {
		start = v.ends[i-1]
	}
	fit := i + sort.Search(n-i, func(k int) bool { return int(v.ends[i+k]-start) > limit })
	fit = max(fit, i+1)
	return v.buf[start:v.ends[fit-1]:v.ends[fit-1]], v.first + uint64(fit) - 1, true
}

// change is a handshake whose membership delta this node knows.
type change struct {
	seq     uint64
	devices []wire.ID // whose membership may have changed
}

// tail is what connected readers of one conversation share. It exists while anybody follows.
type tail struct {
	conversation wire.ID
	view         atomic.Pointer[view]
	reached      atomic.Uint64 // highest seq known to exist
	used         uint64        // the writer's count of appends when it last wrote here

	mu        sync.Mutex
	followers []*Reader
	changes   []change // ascending; of the newest handshakes
	known     uint64   // changes is complete for handshakes after this seq
}

const keptChanges = 64

func (t *tail) size() int {
	if v := t.view.Load(); v != nil {
		return cap(v.buf)
	}
	return 0
}

// raise moves a maximum forward.
func raise(v *atomic.Uint64, to uint64) {
	for old := v.Load(); old < to && !v.CompareAndSwap(old, to); old = v.Load() {
	}
}

// changed records a handshake's delta. It must be called before the handshake becomes visible in a view.
func (t *tail) changed(c change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.changes) == keptChanges {
		t.known = t.changes[0].seq
		t.changes = append(t.changes[:0], t.changes[1:]...)
	}
	t.changes = append(t.changes, c)
}

// touched reports whether a handshake after seq may have changed the device's membership.
func (t *tail) touched(device wire.ID, after uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if after < t.known {
		return true
	}
	for i := len(t.changes) - 1; i >= 0 && t.changes[i].seq > after; i-- {
		if slices.Contains(t.changes[i].devices, device) {
			return true
		}
	}
	return false
}

func (t *tail) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.followers)
}

func (t *tail) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.followers {
		r.waker.Wake()
	}
}

func (t *tail) add(r *Reader) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.slot = len(t.followers)
	t.followers = append(t.followers, r)
}

// remove reports whether nobody follows any more.
func (t *tail) remove(r *Reader) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(t.followers) - 1
	if r.slot >= 0 {
		t.followers[r.slot] = t.followers[last]
		t.followers[r.slot].slot = r.slot
		t.followers[last] = nil
		t.followers = t.followers[:last]
		r.slot = -1
	}
	return len(t.followers) == 0
}
