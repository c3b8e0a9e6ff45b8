package delivery

import (
	"bytes"
	"fmt"
	"testing"

	"frond/wire"
)

func frame(seq uint64) []byte { return fmt.Appendf(nil, "<%d>", seq) }

func frames(from, to uint64) []byte {
	var b []byte
	for s := from; s <= to; s++ {
		b = append(b, frame(s)...)
	}
	return b
}

func TestAViewGivesWhatIsAfterACursorInOnePiece(t *testing.T) {
	t.Parallel()
	var v *view
	for s := uint64(5); s <= 20; s++ {
		v = v.add(s, frame(s), 0)
	}
	for _, c := range []struct {
		after, until uint64
		limit        int
		from, to     uint64 // 0: nothing
	}{
		{4, 1 << 60, 1 << 20, 5, 20},
		{3, 1 << 60, 1 << 20, 0, 0}, // 4 is gone: the database has it
		{20, 1 << 60, 1 << 20, 0, 0},
		{99, 1 << 60, 1 << 20, 0, 0},
		{10, 15, 1 << 20, 11, 15},
		{15, 15, 1 << 20, 0, 0},
		{9, 1 << 60, 8, 10, 11},
		{9, 1 << 60, 1, 10, 10}, // one at least
		{19, 20, 0, 20, 20},
	} {
		got, last, ok := v.after(c.after, c.until, c.limit)
		if ok != (c.from > 0) || ok && (last != c.to || !bytes.Equal(got, frames(c.from, c.to))) {
			t.Errorf("after %d until %d, %d bytes: %q, last %d, %v", c.after, c.until, c.limit, got, last, ok)
		}
	}
}

func TestAViewNeverChangesUnderItsReaders(t *testing.T) {
	t.Parallel()
	var v *view
	type held struct{ got, want []byte }
	var all []held
	for s := uint64(1); s <= 3000; s++ {
		v = v.add(s, frame(s), 0).trim(500)
		after := v.first - 1
		got, last, ok := v.after(after, 1<<60, 1<<20)
		if !ok || last != s {
			t.Fatalf("after %d the view ends at %d", s, last)
		}
		all = append(all, held{got, frames(after+1, last)})
	}
	for _, h := range all {
		if !bytes.Equal(h.got, h.want) {
			t.Fatalf("a reader holds %q, which was %q", h.got, h.want)
		}
	}
	if len(v.buf) > 500 || cap(v.buf) > 2000 || cap(v.ends) > 2000 {
		t.Fatalf("the view holds %d of %d bytes", len(v.buf), cap(v.buf))
	}
}

func TestAGapBeginsTheViewAfresh(t *testing.T) {
	t.Parallel()
	var v *view
	v = v.add(1, frame(1), 0).add(2, frame(2), 0).add(9, frame(9), 0)
	if v.holds(2) || !v.holds(9) || v.next() != 10 {
		t.Fatalf("the view holds %d to %d", v.first, v.next()-1)
	}
}

func TestAViewKnowsWhenItsFirstFrameExpires(t *testing.T) {
	t.Parallel()
	var v *view
	now := uint64(500)
	clock := func() uint64 { return now }
	v = v.add(1, frame(1), 0)
	if now = 1 << 60; v.stale(clock) {
		t.Fatal("a frame that stays is said to expire")
	}
	v = v.add(2, frame(2), 600).add(3, frame(3), 550).add(4, frame(4), 0)
	if now = 549; v.stale(clock) {
		t.Fatal("too early")
	}
	if now = 550; !v.stale(clock) || !v.trim(5).stale(clock) {
		t.Fatal("too late")
	}
}

func TestATailKnowsWhoseMembershipAHandshakeTouched(t *testing.T) {
	t.Parallel()
	ana, ben := wire.ID{1}, wire.ID{2}
	var tl tail
	tl.changed(change{seq: 3, devices: []wire.ID{ana}})
	if !tl.touched(ana, 2) || tl.touched(ana, 3) || tl.touched(ben, 0) {
		t.Fatal("a handshake is laid at the wrong door")
	}
	for s := uint64(4); s < 4+keptChanges; s++ {
		tl.changed(change{seq: s, devices: []wire.ID{ana}})
	}
	if !tl.touched(ben, 0) {
		t.Fatal("what is no longer known must be asked for")
	}
	if tl.touched(ben, 3) {
		t.Fatal("what is known need not be asked for")
	}
}
