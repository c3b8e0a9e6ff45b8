package storetest

import (
	"fmt"
	"time"

	"frond/server/store"
	"frond/wire"
)

// fleeting makes a message that disappears after some seconds.
func (w *world) fleeting(p person, conversation wire.ID, seconds uint64) store.Append {
	a := w.send(p, conversation, 1)
	a.Send.Expires = seconds
	return a
}

func (w *world) expire() (n int, more bool) {
	w.Helper()
	n, more, err := w.store.Expire(w.Context())
	w.ok(err)
	return n, more
}

// disappearing keeps a message until its time, and from then on nothing of it but its place in the log,
// whether or not somebody has come to tidy up.
func disappearing(w *world) {
	people := w.people(2)
	id := w.group(people[0], people[1])
	w.done(w.send(people[0], id, 1))
	short, long := w.fleeting(people[0], id, 300), w.fleeting(people[1], id, 3600)
	w.done(short)
	w.done(long)
	before := w.log(id)
	start := uint64(w.clock.UnixMilli())
	w.equal([]uint64{before[1].Expires, before[2].Expires, before[3].Expires}, []uint64{0, start + 300_000, start + 3600_000})
	w.clock = w.clock.Add(300*time.Second - time.Millisecond)
	w.equal(w.log(id), before)
	n, more := w.expire()
	w.equal(n, 0)
	w.equal(more, false)

	w.clock = w.clock.Add(time.Millisecond)
	gone := append([]wire.Entry{}, before...)
	gone[2].Empty()
	w.equal(w.log(id), gone) // read as gone at once
	list, err := w.store.History(w.Context(), id, people[1].account, 4, 1)
	w.ok(err)
	w.equal(list[0], gone[2])
	for _, want := range []int{1, 0} {
		n, _ = w.expire()
		w.equal(n, want)
	}
	w.equal(w.log(id), gone)
	w.equal(w.append(short)[0].Duplicate, true) // a retry does not bring it back
	w.equal(w.log(id), gone)
	w.clock = w.clock.Add(time.Hour)
	w.expire()
	gone[3].Empty()
	w.equal(w.log(id), gone)
	if !gone[3].Gone() || gone[0].Gone() || gone[1].Gone() {
		w.Fatal("what is gone is not told from what is there")
	}
}

// disappearedForGood looks past the store for what has disappeared.
func disappearedForGood(w *world) {
	db := w.raw()
	people := w.people(2)
	id := w.group(people[0], people[1])
	kept, gone := w.send(people[0], id, 1), w.fleeting(people[0], id, 300)
	w.done(kept)
	w.done(gone)
	w.clock = w.clock.Add(time.Hour)
	w.expire()
	done, err := w.store.Scrub(w.Context())
	w.ok(err)
	w.equal(done, true)
	w.equal(w.count(db, "expiry"), 0)
	w.equal(w.count(db, "entry WHERE token IS NULL AND commitment IS NULL AND LENGTH(frame) = 0 AND kind = 1"), 1)
	w.equal(w.count(db, "entry WHERE token IS NOT NULL"), 1)
	w.equal(w.count(db, "entry"), 3)
}

// manyDisappear come in batches, and a lifetime has its bounds.
func manyDisappear(w *world) {
	people := w.people(2)
	id := w.group(people[0], people[1])
	var batch []store.Append
	for range 250 {
		batch = append(batch, w.fleeting(people[0], id, 5))
	}
	for _, r := range w.append(batch...) {
		w.ok(r.Err)
	}
	w.clock = w.clock.Add(5 * time.Second)
	n, more := w.expire()
	w.equal(fmt.Sprint(n, more), "200 true")
	n, more = w.expire()
	w.equal(fmt.Sprint(n, more), "50 false")
	for _, e := range w.log(id)[1:] {
		w.equal(e.Gone(), true)
	}
	w.refused(w.append(w.fleeting(people[0], id, wire.MaxLifetime+1))[0].Err, wire.CodeBadRequest)
	w.done(w.fleeting(people[0], id, wire.MaxLifetime))
}
