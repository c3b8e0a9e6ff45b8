package storetest

import (
	"bytes"
	"slices"

	"frond/wire"
)

func (w *world) history(p person, conversation wire.ID, before uint64, limit int) (seqs []uint64) {
	w.Helper()
	list, err := w.store.History(w.Context(), conversation, p.account, before, limit)
	w.ok(err)
	for _, e := range list {
		if e.Conversation != conversation || len(e.Frame) != 0 {
			w.Fatalf("entry %d of %s with a frame of %d bytes", e.Seq, e.Conversation, len(e.Frame))
		}
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

func down(from, to uint64) (seqs []uint64) {
	for ; from >= to; from-- {
		seqs = append(seqs, from)
	}
	return seqs
}

// historyBackwards reads a log newest first, in stretches, with what a message needs to be verified.
func historyBackwards(w *world) {
	people := w.people(2)
	id := w.group(people[0], people[1])
	for range 300 {
		w.done(w.send(people[0], id, 1))
	}
	w.equal(w.history(people[1], id, 0, 5), down(301, 297))
	w.equal(w.history(people[1], id, 297, 200), down(296, 97))
	w.equal(w.history(people[1], id, 97, 200), down(96, 2))
	w.equal(len(w.history(people[1], id, 2, 200)), 0)
	w.equal(len(w.history(people[1], id, 1, 200)), 0)
	list, err := w.store.History(w.Context(), id, people[1].account, 0, 1)
	w.ok(err)
	want := w.log(id)[300]
	want.Frame = []byte{}
	w.equal(list[0], want)
}

// historyWindows gives an account what any of its devices could read, then and later, and nothing of the
// time in which it was out.
func historyWindows(w *world) {
	people := w.people(3)
	ada, ben := people[0], people[1]
	id := w.group(ada, ben)
	w.done(w.send(ada, id, 1))                               // 2
	w.done(w.handshake(ada, id, 1, remove(ben)))             // 3
	w.done(w.send(ada, id, 3))                               // 4
	again := w.replace(ben)                                  //
	w.done(w.handshake(ada, id, 3, w.add(again)))            // 5
	w.done(w.send(ada, id, 5))                               // 6
	w.equal(w.history(again, id, 0, 100), []uint64{6, 3, 2}) // by account: which device asks is the same
	w.equal(w.history(ada, id, 0, 100), down(6, 1))
	_, err := w.store.History(w.Context(), id, people[2].account, 0, 100)
	w.refused(err, wire.CodeForbidden)
	_, err = w.store.History(w.Context(), w.id(), ada.account, 0, 100)
	w.refused(err, wire.CodeForbidden)
}

// historyLarge ends an answer before it is too large, yet always goes on.
func historyLarge(w *world) {
	people := w.people(2)
	id := w.group(people[0], people[1])
	for range 50 {
		a := w.send(people[0], id, 1)
		a.Send.Token = w.token(8800) // about 188 KB
		w.done(a)
	}
	first := w.history(people[0], id, 0, 500)
	if len(first) >= 50 || len(first) < 10 {
		w.Fatalf("%d large entries in one answer", len(first))
	}
	var all []uint64
	for before := uint64(0); before != 1; {
		part := w.history(people[0], id, before, 500)
		all = append(all, part...)
		before = all[len(all)-1]
	}
	w.equal(all, down(51, 1))
}

func (w *world) page(conversation wire.ID, bucket, revision uint64) *wire.PutPage {
	return &wire.PutPage{Conversation: conversation, Bucket: bucket, Revision: revision, Page: w.bytes(500)}
}

// pages are written by compare-and-swap and read newest first, each account its own.
func pages(w *world) {
	people := w.people(2)
	ada, ben := people[0], people[1]
	id := w.group(ada, ben)
	var messages []uint64
	for range 600 {
		messages = append(messages, w.done(w.send(ada, id, 1)))
	}
	w.equal(messages[599]/wire.PageBucket, uint64(2))
	var want []wire.Page
	for bucket := range uint64(3) {
		p := w.page(id, bucket, 1)
		w.ok(w.store.PutPage(w.Context(), ada.account, p))
		w.ok(w.store.PutPage(w.Context(), ada.account, p)) // the answer was lost
		want = append(want, wire.Page{Bucket: bucket, Revision: 1, Page: p.Page})
	}
	slices.Reverse(want)
	read := func(p person, before uint64, limit int) []wire.Page {
		list, err := w.store.Pages(w.Context(), p.account, id, before, limit)
		w.ok(err)
		return list
	}
	w.equal(read(ada, 0, 64), want)
	w.equal(read(ada, 2, 1), want[1:2])
	w.equal(len(read(ben, 0, 64)), 0)

	err := w.store.PutPage(w.Context(), ada.account, w.page(id, 1, 1))
	w.equal(w.refused(err, wire.CodeConflict).Last, uint64(1))
	err = w.store.PutPage(w.Context(), ada.account, w.page(id, 1, 3))
	w.equal(w.refused(err, wire.CodeConflict).Last, uint64(1))
	next := w.page(id, 1, 2)
	w.ok(w.store.PutPage(w.Context(), ada.account, next))
	w.equal(read(ada, 2, 1), []wire.Page{{Bucket: 1, Revision: 2, Page: next.Page}})
}

// draftPages hold one draft for each conversation and account, beyond the log and out of the way of its pages.
func draftPages(w *world) {
	people := w.people(3)
	ada, ben, eve := people[0], people[1], people[2]
	id := w.group(ada, ben)
	keys, draft := w.page(id, 0, 1), w.page(id, wire.DraftBucket, 1)
	w.ok(w.store.PutPage(w.Context(), ada.account, keys))
	w.ok(w.store.PutPage(w.Context(), ada.account, draft))
	w.refused(w.store.PutPage(w.Context(), eve.account, draft), wire.CodeForbidden)
	w.refused(w.store.PutPage(w.Context(), ada.account, w.page(id, wire.DraftBucket+1, 1)), wire.CodeBadRequest)
	w.refused(w.store.PutPage(w.Context(), ada.account, w.page(id, wire.DraftBucket-1, 1)), wire.CodeBadRequest)
	w.equal(w.refused(w.store.PutPage(w.Context(), ada.account, w.page(id, wire.DraftBucket, 1)), wire.CodeConflict).Last, uint64(1))

	read := func(p person, before uint64, limit int) []wire.Page {
		list, err := w.store.Pages(w.Context(), p.account, id, before, limit)
		w.ok(err)
		return list
	}
	w.equal(read(ada, 0, 64), []wire.Page{{Bucket: 0, Revision: 1, Page: keys.Page}})
	w.equal(read(ada, wire.DraftBucket+1, 1), []wire.Page{{Bucket: wire.DraftBucket, Revision: 1, Page: draft.Page}})
	w.equal(len(read(ben, wire.DraftBucket+1, 64)), 0)
}

// pageSums stand for all pages of an account but its drafts, in whatever conversation, some at a time.
func pageSums(w *world) {
	people := w.people(2)
	ada, ben := people[0], people[1]
	type place struct {
		conversation wire.ID
		sum          wire.PageSum
	}
	var want []place
	for range wire.MaxPages + 5 {
		id := w.group(ada, ben)
		page, draft := w.page(id, 0, 1), w.page(id, wire.DraftBucket, 1)
		w.ok(w.store.PutPage(w.Context(), ada.account, page))
		w.ok(w.store.PutPage(w.Context(), ada.account, draft))
		w.ok(w.store.PutPage(w.Context(), ben.account, w.page(id, 0, 1)))
		want = append(want, place{id, wire.SumPage(page.Page)})
	}
	slices.SortFunc(want, func(a, b place) int { return bytes.Compare(a.conversation[:], b.conversation[:]) })
	var q wire.PageSums
	for _, n := range []int{wire.MaxPages, 5, 0} {
		list, err := w.store.PageSums(w.Context(), ada.account, &q)
		w.ok(err)
		w.equal(len(list.Sums), n)
		for i, sum := range list.Sums {
			w.equal(sum, want[i].sum)
		}
		want = want[n:]
		q = wire.PageSums{Conversation: list.Conversation, Bucket: list.Bucket}
	}
	id := w.group(ada, ben)
	for range wire.PageBucket {
		w.done(w.send(ben, id, 1))
	}
	later := w.page(id, 1, 1)
	w.ok(w.store.PutPage(w.Context(), ben.account, later))
	list, err := w.store.PageSums(w.Context(), ben.account, &wire.PageSums{Conversation: id})
	w.ok(err)
	w.equal(list.Sums[0], wire.SumPage(later.Page))
}

// strangePages are refused: of conversations one is not in, of buckets the log has not reached, too large.
func strangePages(w *world) {
	people := w.people(3)
	id := w.group(people[0], people[1])
	w.refused(w.store.PutPage(w.Context(), people[2].account, w.page(id, 0, 1)), wire.CodeForbidden)
	w.refused(w.store.PutPage(w.Context(), people[0].account, w.page(w.id(), 0, 1)), wire.CodeForbidden)
	w.refused(w.store.PutPage(w.Context(), people[0].account, w.page(id, 1, 1)), wire.CodeBadRequest)
	w.refused(w.store.PutPage(w.Context(), people[0].account, w.page(id, 0, 2)), wire.CodeConflict)
	large := w.page(id, 0, 1)
	large.Page = bytes.Repeat([]byte{1}, wire.MaxPage+1)
	w.refused(w.store.PutPage(w.Context(), people[0].account, large), wire.CodeTooLarge)
	large.Page = large.Page[1:]
	w.ok(w.store.PutPage(w.Context(), people[0].account, large))
}

// pageRace lets devices of one account write one page at the same moment: each revision is won once.
func pageRace(w *world) {
	people := w.people(2)
	id := w.group(people[0], people[1])
	for revision := range uint64(5) {
		drawn := make([]*wire.PutPage, 8)
		for i := range drawn {
			drawn[i] = w.page(id, 0, revision+1)
		}
		won := 0
		for _, err := range together(len(drawn), func(i int) error {
			return w.store.PutPage(background(), people[0].account, drawn[i])
		}) {
			if err == nil {
				won++
				continue
			}
			w.refused(err, wire.CodeConflict)
		}
		w.equal(won, 1)
	}
}
