package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"frond/server/store"
	"frond/wire"
)

func roundTrip(w *world) {
	p, q := w.person("ada"), w.person("grace")
	id := w.id()
	create := w.create(wire.Direct, p, id, q)
	message := w.send(q, id, 1)
	for i := range 256 {
		message.Send.Frame[i] = byte(i)
	}
	results := w.append(create, message)
	w.ok(results[0].Err)
	w.ok(results[1].Err)
	received := uint64(w.clock.UnixMilli())
	want := []wire.Entry{
		{Conversation: id, Seq: 1, Kind: wire.HandshakeEntry, Account: p.account, Device: p.device,
			Message: create.Create.Handshake.Message, Received: received, Frame: create.Create.Handshake.Frame},
		{Conversation: id, Seq: 2, Kind: wire.Application, Account: q.account, Device: q.device,
			Message: message.Send.Message, Received: received, Frame: message.Send.Frame,
			Token: message.Send.Token, Commitment: &message.Send.Commitment},
	}
	for i, r := range results {
		w.equal(*r.Entry, want[i])
		w.equal(r, store.AppendResult{Seq: uint64(i + 1), Received: received, Entry: r.Entry})
	}
	w.equal(w.log(id), want)

	g, err := w.store.GroupInfo(w.Context(), id)
	w.ok(err)
	w.equal(g, wire.GroupInfo{Sealed: create.Create.Handshake.GroupInfo, Seq: 1})
	list, err := w.store.ConversationsFor(w.Context(), p.account, p.device)
	w.ok(err)
	w.equal(len(list), 2)
	w.equal(list[slices.IndexFunc(list, func(c wire.Conversation) bool { return c.ID == id })],
		wire.Conversation{ID: id, Kind: wire.Direct, Last: 2, LastHandshake: 1, Member: true})
}

func mixedBatch(w *world) {
	people := w.people(3)
	id := w.group(people[0], people[1])
	var batch []store.Append
	for i := range 100 {
		p := people[0]
		if i%10 == 3 {
			p = people[2] // no member
		}
		a := w.send(p, id, 1)
		switch i % 10 {
		case 5:
			a.Send.Conversation = w.id()
		case 7:
			a.Send.Handshake = 9
		case 8:
			a.Send.Token = []byte("not a token")
		}
		batch = append(batch, a)
	}
	next := uint64(2)
	for i, r := range w.append(batch...) {
		switch i % 10 {
		case 3:
			w.refused(r.Err, wire.CodeForbidden)
		case 5:
			w.refused(r.Err, wire.CodeNotFound)
		case 7:
			w.equal(w.refused(r.Err, wire.CodeConflict).Last, uint64(1))
		case 8:
			w.refused(r.Err, wire.CodeBadRequest)
		default:
			w.ok(r.Err)
			w.equal(r.Seq, next)
			next++
		}
	}
	w.equal(len(w.log(id)), 61)
}

func retries(w *world) {
	people := w.people(2)
	id := w.id()
	create := w.create(wire.Group, people[0], id, people[1])
	message := w.send(people[0], id, 1)
	commit := w.handshake(people[1], id, 1, nil)
	first := w.append(create, message, message, commit)
	for i, want := range []uint64{1, 2, 2, 3} {
		w.ok(first[i].Err)
		w.equal(first[i].Seq, want)
		w.equal(first[i].Duplicate, i == 2)
	}
	w.clock = w.clock.Add(time.Minute)
	again := w.append(message, commit, create)
	for i, want := range []int{1, 3, 0} {
		w.equal(again[i], store.AppendResult{Seq: first[want].Seq, Received: first[want].Received, Duplicate: true})
	}
	w.equal(len(w.log(id)), 3)
	items, err := w.store.Inbox(w.Context(), people[1].device, 0, 10)
	w.ok(err)
	w.equal(len(items), 1)

	// the same message from many sides at once
	once := w.send(people[0], id, 3)
	for _, err := range together(8, func(int) error {
		r := w.store.Append(background(), []store.Append{once})[0]
		if r.Err == nil && r.Seq != 4 {
			return fmt.Errorf("seq %d", r.Seq)
		}
		return r.Err
	}) {
		w.ok(err)
	}
	w.equal(len(w.log(id)), 4)
}

func lateRetries(w *world) {
	people := w.people(3)
	id := w.group(people[0], people[1], people[2])
	gone := w.send(people[1], id, 1)
	first := w.append(gone)[0]
	w.ok(first.Err)
	w.replace(people[1])
	r := w.append(gone, w.send(people[1], id, 1))
	w.equal(r[0], store.AppendResult{Seq: first.Seq, Received: first.Received, Duplicate: true})
	w.refused(r[1].Err, wire.CodeUnauthenticated)

	message := w.send(people[0], id, 1)
	w.ok(w.append(message)[0].Err)
	r = w.append(w.send(people[2], id, 1), message, w.send(people[0], id, 1))
	for i, seq := range []uint64{4, 3, 5} {
		w.ok(r[i].Err)
		w.equal(r[i].Seq, seq)
		w.equal(r[i].Duplicate, i == 1)
	}
	w.equal(len(w.log(id)), 5)
}

func reusedMessageID(w *world) {
	people := w.people(2)
	first, second := w.group(people[0], people[1]), w.group(people[0], people[1])
	message := w.send(people[0], first, 1)
	w.done(message)

	elsewhere := w.send(people[0], second, 1)
	elsewhere.Send.Message = message.Send.Message
	w.refused(w.append(elsewhere)[0].Err, wire.CodeBadRequest)
	commit := w.handshake(people[0], first, 1, nil)
	commit.Handshake.Message = message.Send.Message
	w.refused(w.append(commit)[0].Err, wire.CodeBadRequest)

	theirs := w.send(people[1], first, 1) // ids are the device's own
	theirs.Send.Message = message.Send.Message
	w.equal(w.done(theirs), uint64(3))
}

func commitRace(w *world) {
	people := w.people(8)
	id := w.group(people[0], people[1:]...)
	commits := make([]store.Append, len(people))
	for i, p := range people {
		commits[i] = w.handshake(p, id, 1, nil)
	}
	won := 0
	for i, err := range together(len(people), func(i int) error { return w.store.Append(background(), commits[i:i+1])[0].Err }) {
		if err == nil {
			won++
			g, err := w.store.GroupInfo(w.Context(), id)
			w.ok(err)
			w.equal(g, wire.GroupInfo{Sealed: commits[i].Handshake.GroupInfo, Seq: 2})
			continue
		}
		w.equal(w.refused(err, wire.CodeConflict).Last, uint64(2))
	}
	w.equal(won, 1)
	w.equal(len(w.log(id)), 2)
}

func commitsInBatch(w *world) {
	people := w.people(4)
	id := w.group(people[0], people[1])
	results := w.append(
		w.handshake(people[0], id, 1, w.add(people[2])),
		w.handshake(people[1], id, 1, nil),              // lost
		w.send(people[2], id, 2),                        // a member since the first
		w.handshake(people[2], id, 2, w.add(people[3])), // guessed right
		w.handshake(people[0], id, 4, remove(people[2])),
		w.send(people[2], id, 4), // no member any more
		w.send(people[3], id, 5),
	)
	for i, want := range []uint64{2, 0, 3, 4, 5, 0, 6} {
		w.equal(results[i].Seq, want)
	}
	w.equal(w.refused(results[1].Err, wire.CodeConflict).Last, uint64(2))
	w.refused(results[5].Err, wire.CodeForbidden)
	w.equal(w.windows(id, people[2]), []store.Window{{From: 2, Until: 5}})
	w.equal(w.windows(id, people[3]), []store.Window{{From: 4}})
	w.equal(len(w.log(id)), 6)
}

func stale(w *world) {
	people := w.people(2)
	id := w.group(people[0], people[1])
	last := uint64(1)
	for i := range 6 {
		behind := last
		for range i {
			last = w.done(w.handshake(people[0], id, last, nil))
		}
		r := w.append(w.send(people[1], id, behind))[0]
		if i <= wire.MaxStaleHandshakes {
			w.ok(r.Err)
		} else {
			w.equal(w.refused(r.Err, wire.CodeStale).Last, last)
		}
	}
	for _, later := range []uint64{last + 1, 1<<63 + 5} { // of a log that this one is an older copy of
		w.equal(w.refused(w.append(w.send(people[1], id, later))[0].Err, wire.CodeConflict).Last, last)
	}
}

func reading(w *world) {
	people := w.people(2)
	id := w.group(people[0], people[1])
	var batch []store.Append
	for range 299 {
		batch = append(batch, w.send(people[0], id, 1))
	}
	batch[9].Send.Token = w.token(8000)
	for _, r := range w.append(batch...) {
		w.ok(r.Err)
	}
	all := w.log(id)
	w.equal(len(all), 300)
	size := func(e wire.Entry) int { return len(e.Frame) + len(e.Token) }
	for _, limits := range []struct {
		after, until uint64
		limit, bytes int
	}{{0, 0, 1000, 1 << 30}, {0, 0, 7, 1 << 30}, {100, 0, 1000, 20000}, {0, 0, 1000, 1}, {10, 0, 5, 1 << 17}, {50, 60, 1000, 1 << 30},
		{290, 295, 3, 1 << 30}, {300, 0, 10, 1000}, {1 << 63, 0, 10, 1000}, {0, 1<<64 - 1, 20, 1 << 30}} {
		got, err := w.store.Entries(w.Context(), id, limits.after, limits.until, limits.limit, limits.bytes)
		w.ok(err)
		var want []wire.Entry
		bytes := 0
		for _, e := range all {
			if e.Seq <= limits.after || limits.until > 0 && e.Seq > limits.until || len(want) == limits.limit {
				continue
			}
			if bytes += size(e); bytes > limits.bytes && len(want) > 0 {
				break
			}
			want = append(want, e)
		}
		w.equal(got, want)
	}
	none, err := w.store.Entries(w.Context(), w.id(), 0, 0, 10, 1000)
	w.ok(err)
	w.equal(len(none), 0)
}

func largest(w *world) {
	people := w.people(2)
	id := w.id()
	create := w.create(wire.Group, people[0], id, people[1])
	h := &create.Create.Handshake
	h.Frame, h.GroupInfo, h.Welcome = w.bytes(wire.MaxMLSFrame), w.bytes(wire.MaxGroupInfo), w.bytes(wire.MaxWelcome)
	message := w.send(people[0], id, 1)
	blocks := (wire.MaxToken/4*3 - 57) / 16
	message.Send.Frame, message.Send.Token = w.bytes(wire.MaxText), w.token(blocks)
	for _, r := range w.append(create, message, w.send(people[1], id, 1)) {
		w.ok(r.Err)
	}
	log := w.log(id)
	w.equal(log[0].Frame, h.Frame)
	w.equal(log[1].Token, message.Send.Token)
	g, err := w.store.GroupInfo(w.Context(), id)
	w.ok(err)
	w.equal(g.Sealed, h.GroupInfo)
	items, err := w.store.Inbox(w.Context(), people[1].device, 0, 10)
	w.ok(err)
	w.equal(items[0].Welcome, h.Welcome)

	var many []store.Append // far more than one packet
	for range 64 {
		a := w.send(people[0], id, 1)
		a.Send.Frame, a.Send.Token = w.bytes(wire.MaxText), w.token(blocks)
		many = append(many, a)
	}
	for _, r := range w.append(many...) {
		w.ok(r.Err)
	}
	w.equal(w.log(id)[66].Token, many[63].Send.Token)
}

func malformed(w *world) {
	people := w.people(3)
	id := w.group(people[0], people[1])
	p := people[0]
	tooLarge := w.send(p, id, 1)
	tooLarge.Send.Frame = w.bytes(wire.MaxText + 1)
	utf8 := w.send(p, id, 1)
	utf8.Send.Token[20] = 0xff
	both := w.send(p, id, 1)
	both.Handshake = w.handshake(p, id, 1, nil).Handshake
	alone := w.create(wire.Direct, p, w.id())
	withSelf := w.create(wire.Direct, p, w.id(), p)
	three := w.create(wire.Direct, p, w.id(), people[1], people[2])
	twice := w.create(wire.Group, p, w.id(), people[1], people[1])
	nobodysOpen := w.create(wire.Open, p, w.id())
	wrongOwner := w.create(wire.Group, p, w.id(), person{account: people[1].account, device: people[2].device})
	for i, r := range w.append(tooLarge, utf8, both, store.Append{Account: p.account, Device: p.device}, alone, withSelf, three, twice, nobodysOpen, wrongOwner,
		w.send(p, id, 1)) {
		want := []wire.Code{wire.CodeTooLarge, wire.CodeBadRequest, wire.CodeBadRequest, wire.CodeBadRequest, wire.CodeBadRequest,
			wire.CodeBadRequest, wire.CodeBadRequest, wire.CodeBadRequest, wire.CodeNotFound, wire.CodeNotFound, ""}[i]
		w.equal(wire.CodeOf(r.Err), want)
	}
	w.equal(len(w.log(id)), 2)
}

// manyWriters lets sixteen goroutines append to eight conversations at once, in batches.
func manyWriters(w *world) {
	people := w.people(4)
	groups := make([]wire.ID, 8)
	for i := range groups {
		groups[i] = w.group(people[0], people[1:]...)
	}
	batches := make([][]store.Append, 16)
	for i := range batches {
		for k := range 30 {
			batches[i] = append(batches[i], w.send(people[i%4], groups[(i*7+k*k)%8], 1))
		}
	}
	var mu sync.Mutex
	acknowledged := map[wire.ID][2]any{}
	for _, err := range together(len(batches), func(i int) error {
		for part := range slices.Chunk(batches[i], 6) {
			for k, r := range w.store.Append(background(), part) {
				if r.Err != nil {
					return r.Err
				}
				mu.Lock()
				acknowledged[part[k].Send.Message] = [2]any{part[k].Send.Conversation, r.Seq}
				mu.Unlock()
			}
		}
		return nil
	}) {
		w.ok(err)
	}
	found := 0
	for _, id := range groups {
		for _, e := range w.log(id)[1:] {
			w.equal(acknowledged[e.Message], [2]any{id, e.Seq})
			found++
		}
	}
	w.equal(found, 16*30)
}

// inboxBytes fills an inbox with the largest welcomes; when they are acknowledged there is room again.
func inboxBytes(w *world) {
	people := w.people(2)
	large := func() store.Append {
		a := w.create(wire.Group, people[0], w.id(), people[1])
		a.Create.Handshake.Welcome = w.bytes(wire.MaxWelcome)
		return a
	}
	n := store.MaxInboxBytes / wire.MaxWelcome
	for range n {
		w.done(large())
	}
	w.refused(w.append(large())[0].Err, wire.CodeLimit)
	w.done(w.create(wire.Group, people[0], w.id(), people[1])) // a small one fits yet
	items, err := w.store.Inbox(w.Context(), people[1].device, 0, 1)
	w.ok(err)
	w.ok(w.store.AckInbox(w.Context(), people[1].device, []uint64{items[0].Item}))
	w.done(large())
}
