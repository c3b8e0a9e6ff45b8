package storetest

import (
	"fmt"

	"frond/server/store"
	"frond/wire"
)

func directRace(w *world) {
	p, q := w.person("ada"), w.person("grace")
	const n = 10
	creates := make([]store.Append, n)
	for i := range creates {
		if i%2 == 0 {
			creates[i] = w.create(wire.Direct, p, w.id(), q)
		} else {
			creates[i] = w.create(wire.Direct, q, w.id(), p)
		}
	}
	var winner wire.ID
	var lost []error
	for i, err := range together(n, func(i int) error { return w.store.Append(background(), creates[i:i+1])[0].Err }) {
		if err == nil {
			winner = creates[i].Create.Handshake.Conversation
		} else {
			lost = append(lost, err)
		}
	}
	w.equal(len(lost), n-1)
	for _, err := range lost {
		w.equal(*w.refused(err, wire.CodeExists).Conversation, winner)
	}

	// and within one batch
	r := w.person("mary")
	first := w.create(wire.Direct, r, w.id(), p)
	results := w.append(first, w.create(wire.Direct, p, w.id(), r))
	w.ok(results[0].Err)
	w.equal(*w.refused(results[1].Err, wire.CodeExists).Conversation, first.Create.Handshake.Conversation)

	other := w.create(wire.Group, p, winner, q) // the id is taken
	w.equal(*w.refused(w.append(other)[0].Err, wire.CodeExists).Conversation, winner)
	w.done(w.create(wire.Group, p, w.id(), q)) // groups of two are no pairs
}

func directOnlyTwo(w *world) {
	people := w.people(3)
	id := w.id()
	w.done(w.create(wire.Direct, people[0], id, people[1]))
	w.refused(w.append(w.handshake(people[0], id, 1, w.add(people[2])))[0].Err, wire.CodeBadRequest)
	w.refused(w.append(w.handshake(people[2], id, 1, external))[0].Err, wire.CodeForbidden)
	people[1] = w.replace(people[1])
	w.done(w.handshake(people[0], id, 1, w.add(people[1])))
	w.done(w.send(people[1], id, 2))
}

func windows(w *world) {
	people := w.people(3)
	a, b, c := people[0], people[1], people[2]
	id := w.group(a, b)
	w.done(w.send(a, id, 1))
	w.refused(w.append(w.send(c, id, 1))[0].Err, wire.CodeForbidden)
	w.equal(w.done(w.handshake(a, id, 1, w.add(c))), uint64(3))
	w.equal(w.done(w.send(c, id, 3)), uint64(4))
	w.equal(w.done(w.handshake(b, id, 3, remove(c))), uint64(5))
	w.refused(w.append(w.send(c, id, 5))[0].Err, wire.CodeForbidden)
	w.refused(w.append(w.handshake(c, id, 5, nil))[0].Err, wire.CodeForbidden)
	w.refused(w.append(w.handshake(c, id, 5, external))[0].Err, wire.CodeForbidden)
	w.equal(w.done(w.handshake(b, id, 5, remove(c))), uint64(6)) // no member: changes nothing
	w.equal(w.done(w.handshake(b, id, 6, w.add(c))), uint64(7))
	w.equal(w.done(w.handshake(a, id, 7, w.add(c))), uint64(8)) // a member already: keeps its window

	members, err := w.store.MembersOf(w.Context(), id)
	w.ok(err)
	w.equal(wire.SortedRefs(members), wire.SortedRefs(refs(a, b, c)))
	w.equal(w.windows(id, a), []store.Window{{From: 0}})
	w.equal(w.windows(id, b), []store.Window{{From: 1}})
	w.equal(w.windows(id, c), []store.Window{{From: 3, Until: 5}, {From: 7}})
	from, until, ok, err := w.store.Entitlement(w.Context(), id, c.device)
	w.ok(err)
	w.equal([]any{from, until, ok}, []any{uint64(7), uint64(0), true})
	_, _, ok, err = w.store.Entitlement(w.Context(), id, w.id())
	w.ok(err)
	w.equal(ok, false)
}

func removeAndAdd(w *world) {
	people := w.people(2)
	id := w.group(people[0], people[1])
	w.done(w.handshake(people[0], id, 1, func(h *wire.Handshake) {
		h.Remove = refs(people[1])
		w.add(people[1])(h)
	}))
	w.equal(w.windows(id, people[1]), []store.Window{{From: 1, Until: 2}, {From: 2}})
	w.refused(w.append(w.handshake(people[0], id, 2, remove(people[0])))[0].Err, wire.CodeBadRequest)
}

// A device that somebody else's handshake cut off returns without a hole; one that its own account took
// out does not, nor one that was removed from its account.
func returning(w *world) {
	people := w.people(4)
	a, b, c, d := people[0], people[1], people[2], people[3]
	id := w.group(a, b, c, d)
	back := func(people ...person) func(*wire.Handshake) {
		return func(h *wire.Handshake) { h.Return = refs(people...) }
	}
	w.done(w.handshake(d, id, 1, remove(b, c)))
	w.refused(w.append(w.send(b, id, 2))[0].Err, wire.CodeForbidden)
	w.done(w.send(a, id, 2))
	w.done(w.handshake(a, id, 2, back(b, d, b)))
	w.equal(w.windows(id, b), []store.Window{{From: 1}})
	w.equal(w.windows(id, c), []store.Window{{From: 1, Until: 2}})
	w.equal(w.windows(id, d), []store.Window{{From: 1}})
	w.done(w.send(b, id, 4))

	gone := c
	c = w.replace(c)
	w.done(w.handshake(a, id, 4, back(gone)))
	w.equal(w.windows(id, gone), []store.Window{{From: 1, Until: 2}})
	w.done(w.handshake(b, id, 6, back(c, w.stranger("nobody"))))
	w.equal(len(w.windows(id, c)), 0)

	both := w.handshake(d, id, 7, func(h *wire.Handshake) { h.Remove, h.Return = refs(b), refs(b) })
	w.done(both)
	w.equal(w.windows(id, b), []store.Window{{From: 1, Until: 8}})
	joins := w.handshake(c, id, 8, func(h *wire.Handshake) { h.External, h.Return = true, refs(b) })
	w.refused(w.append(joins)[0].Err, wire.CodeForbidden)
	w.done(w.handshake(a, id, 8, back(b)))
	w.done(w.handshake(a, id, 9, func(h *wire.Handshake) { h.Remove, h.Add, h.Welcome = refs(b), refs(b), w.bytes(9) }))
	w.equal(w.windows(id, b), []store.Window{{From: 1, Until: 10}, {From: 10}})
}

// Who names a device with an account that is not its own, as a leaf of the group can, neither ends its window
// nor brings it back.
func misnamed(w *world) {
	people := w.people(3)
	a, b, c := people[0], people[1], people[2]
	id := w.group(a, b, c)
	claimed := []wire.MemberRef{{Account: c.account, Device: b.device}}
	w.done(w.handshake(c, id, 1, func(h *wire.Handshake) { h.Remove = claimed }))
	w.equal(w.windows(id, b), []store.Window{{From: 1}})
	w.done(w.send(b, id, 2))
	w.done(w.handshake(a, id, 2, remove(b)))
	w.done(w.handshake(c, id, 4, func(h *wire.Handshake) { h.Return = claimed }))
	w.equal(w.windows(id, b), []store.Window{{From: 1, Until: 4}})
	w.done(w.handshake(c, id, 5, func(h *wire.Handshake) { h.Return = refs(b) }))
	w.equal(w.windows(id, b), []store.Window{{From: 1}})
}

// Who leaves is out with all devices, with the entry as the last one, and is not brought back by others.
func leaving(w *world) {
	people := w.people(3)
	a, b, c := people[0], people[1], people[2]
	id := w.group(a, b, c)
	phone := b
	token := w.session(b, nil)
	index := uint64(len(b.chain))
	b.device = w.id()
	w.ok(w.store.AddDevice(w.Context(), b.account, index, [][]byte{w.bytes(100)}, store.Device{ID: b.device, Created: w.clock}, token))
	w.done(w.handshake(b, id, 1, external))
	leave := func(p person, previous uint64) store.Append {
		return store.Append{Account: p.account, Device: p.device, Leave: &wire.Leave{Conversation: id, Message: w.id(), Previous: previous, Frames: [][]byte{{1}, {2}}}}
	}
	w.equal(w.refused(w.append(leave(b, 1))[0].Err, wire.CodeConflict).Last, uint64(2))
	w.refused(w.append(leave(w.person("stranger"), 2))[0].Err, wire.CodeForbidden)
	before, err := w.store.GroupInfo(w.Context(), id)
	w.ok(err)
	out := leave(b, 2)
	r := w.append(out)[0]
	w.ok(r.Err)
	w.equal([]any{r.Seq, len(r.Left)}, []any{uint64(3), 2})
	again := w.append(out)[0]
	w.equal([]any{again.Seq, again.Duplicate}, []any{uint64(3), true})
	w.equal(w.windows(id, phone), []store.Window{{From: 1, Until: 3}})
	w.equal(w.windows(id, b), []store.Window{{From: 1, Until: 3}})
	after, err := w.store.GroupInfo(w.Context(), id)
	w.ok(err)
	w.equal([]any{string(after.Sealed), after.Seq}, []any{string(before.Sealed), uint64(3)})
	frames, ok := wire.ParseLeave(w.log(id)[2].Frame)
	w.equal([]any{len(frames), ok}, []any{2, true})

	w.refused(w.append(w.send(phone, id, 3))[0].Err, wire.CodeForbidden)
	w.refused(w.append(w.handshake(b, id, 3, external))[0].Err, wire.CodeForbidden)
	w.refused(w.append(w.handshake(a, id, 2, remove(b)))[0].Err, wire.CodeConflict)
	w.done(w.handshake(a, id, 3, func(h *wire.Handshake) { h.Return = refs(b, phone) }))
	w.equal(w.windows(id, b), []store.Window{{From: 1, Until: 3}})
	w.done(leave(c, 4))
	w.done(leave(a, 5)) // the last one

	direct := w.id()
	w.done(w.create(wire.Direct, a, direct, c))
	stay := leave(a, 1)
	stay.Leave.Conversation = direct
	w.refused(w.append(stay)[0].Err, wire.CodeForbidden)
}

func externalJoin(w *world) {
	people := w.people(3)
	id := w.group(people[0], people[1])
	old := people[1]
	fresh := w.replace(old)
	list, err := w.store.ConversationsFor(w.Context(), fresh.account, fresh.device)
	w.ok(err)
	for _, c := range list {
		w.equal(c.Member, false)
	}
	w.equal(len(list), 2)
	w.refused(w.append(w.send(fresh, id, 1))[0].Err, wire.CodeForbidden)
	w.refused(w.append(w.handshake(people[2], id, 1, external))[0].Err, wire.CodeForbidden)
	w.equal(w.refused(w.append(w.handshake(fresh, id, 0, external))[0].Err, wire.CodeConflict).Last, uint64(1))

	other := w.handshake(fresh, id, 1, func(h *wire.Handshake) { h.External, h.Remove = true, refs(people[0]) })
	w.refused(w.append(other)[0].Err, wire.CodeForbidden)
	adding := w.handshake(fresh, id, 1, func(h *wire.Handshake) { h.External = true; w.add(people[2])(h) })
	w.refused(w.append(adding)[0].Err, wire.CodeBadRequest)

	w.equal(w.done(w.handshake(fresh, id, 1, func(h *wire.Handshake) { h.External, h.Remove = true, refs(old) })), uint64(2))
	w.done(w.send(fresh, id, 2))
	w.equal(w.windows(id, old), []store.Window{{From: 1, Until: 2}})
	w.equal(w.windows(id, fresh), []store.Window{{From: 1}}) // its own commit is the first entry it gets

	resync := w.handshake(fresh, id, 2, func(h *wire.Handshake) { h.External, h.Remove = true, refs(fresh) })
	w.done(resync)
	w.equal(w.windows(id, fresh), []store.Window{{From: 1}})
}

func openConversation(w *world) {
	people := w.people(3)
	a, b, c := people[0], people[1], people[2]
	id, err := w.store.OpenConversation(w.Context())
	w.ok(err)
	_, err = w.store.GroupInfo(w.Context(), id)
	w.refused(err, wire.CodeNotFound)
	list, err := w.store.ConversationsFor(w.Context(), a.account, a.device)
	w.ok(err)
	w.equal(list, []wire.Conversation{{ID: id, Kind: wire.Open}})
	w.refused(w.append(w.handshake(a, id, 0, external))[0].Err, wire.CodeNotFound)
	w.refused(w.append(w.create(wire.Group, a, id, b))[0].Err, wire.CodeExists)
	w.refused(w.append(w.create(wire.Open, a, id, b))[0].Err, wire.CodeForbidden)

	creates := []store.Append{w.create(wire.Open, a, id), w.create(wire.Open, b, id)}
	results := w.append(creates...)
	w.ok(results[0].Err)
	w.equal(*w.refused(results[1].Err, wire.CodeExists).Conversation, id)
	g, err := w.store.GroupInfo(w.Context(), id)
	w.ok(err)
	w.equal(g, wire.GroupInfo{Sealed: creates[0].Create.Handshake.GroupInfo, Seq: 1, JoinKey: creates[0].Create.JoinKey})

	w.refused(w.append(w.handshake(a, id, 1, w.add(b)))[0].Err, wire.CodeForbidden)
	w.equal(w.done(w.handshake(b, id, 1, external)), uint64(2))
	w.equal(w.done(w.handshake(c, id, 2, external)), uint64(3))
	w.done(w.send(c, id, 3))
	w.refused(w.append(w.handshake(a, id, 3, remove(b)))[0].Err, wire.CodeForbidden)
	fresh := w.replace(b)
	w.done(w.handshake(a, id, 3, remove(b))) // it was replaced
	w.done(w.handshake(fresh, id, 5, external))
	g, err = w.store.GroupInfo(w.Context(), id)
	w.ok(err)
	w.equal(*g.JoinKey, *creates[0].Create.JoinKey)
	list, err = w.store.ConversationsFor(w.Context(), fresh.account, fresh.device)
	w.ok(err)
	w.equal(list, []wire.Conversation{{ID: id, Kind: wire.Open, Last: 6, LastHandshake: 6, Member: true}})
}

func deviceLimit(w *world) {
	p := w.person("ada")
	crowd := make([]person, wire.MaxPrivate)
	for i := range crowd {
		crowd[i] = w.person(fmt.Sprint("member", i))
	}
	full := crowd[:wire.MaxPrivate-1]
	w.refused(w.append(w.create(wire.Group, p, w.id(), crowd...))[0].Err, wire.CodeLimit)
	id := w.group(p, full...)
	last := crowd[wire.MaxPrivate-1]
	w.refused(w.append(w.handshake(p, id, 1, w.add(last)))[0].Err, wire.CodeLimit)
	w.done(w.handshake(p, id, 1, remove(crowd[0])))
	w.done(w.handshake(p, id, 2, w.add(last)))
	w.equal(w.windows(id, last), []store.Window{{From: 3}})
}

// strangers and members of other conversations learn and change nothing.
func strangers(w *world) {
	people := w.people(3)
	id := w.group(people[0], people[1])
	mine := w.group(people[2])
	x := people[2]
	for _, a := range []store.Append{w.send(x, id, 1), w.handshake(x, id, 1, nil), w.handshake(x, id, 1, external), w.handshake(x, id, 7, nil),
		w.handshake(x, id, 1, remove(people[0])), w.handshake(x, id, 1, w.add(x))} {
		w.equal(w.refused(w.append(a)[0].Err, wire.CodeForbidden).Last, uint64(0))
	}
	impostor := person{account: people[0].account, device: x.device}
	w.refused(w.append(w.send(impostor, id, 1))[0].Err, wire.CodeUnauthenticated)
	w.refused(w.append(w.send(w.stranger("nobody"), id, 1))[0].Err, wire.CodeUnauthenticated)
	w.equal(len(w.log(id)), 1)
	w.done(w.send(x, mine, 1))
	list, err := w.store.ConversationsFor(w.Context(), x.account, x.device)
	w.ok(err)
	w.equal(len(list), 2)
}

func replacedDevice(w *world) {
	people := w.people(3)
	id := w.group(people[0], people[1])
	old := people[1]
	w.replace(old)
	w.refused(w.append(w.send(old, id, 1))[0].Err, wire.CodeUnauthenticated)
	w.refused(w.append(w.handshake(old, id, 1, nil))[0].Err, wire.CodeUnauthenticated)
	w.refused(w.append(w.create(wire.Group, old, w.id()))[0].Err, wire.CodeUnauthenticated)
	w.refused(w.append(w.create(wire.Group, people[2], w.id(), old))[0].Err, wire.CodeNotFound)
}

func inbox(w *world) {
	people := w.people(3)
	a, b, c := people[0], people[1], people[2]
	id := w.id()
	create := w.create(wire.Group, a, id, b, c)
	w.done(create)
	second := w.group(a, b)
	read := func(p person, after uint64, limit int) []wire.InboxItem {
		w.Helper()
		list, err := w.store.Inbox(w.Context(), p.device, after, limit)
		w.ok(err)
		return list
	}
	items := read(b, 0, 10)
	w.equal(len(items), 2)
	w.equal(items[0], wire.InboxItem{Item: items[0].Item, Conversation: id, Kind: wire.Group, Seq: 1, Account: a.account,
		Welcome: create.Create.Handshake.Welcome})
	w.equal(items[1].Conversation, second)
	w.equal(read(b, items[0].Item, 10), items[1:])
	w.equal(read(b, 0, 1), items[:1])

	theirs := read(c, 0, 10)
	w.ok(w.store.AckInbox(w.Context(), b.device, []uint64{items[0].Item, theirs[0].Item, 12345, 1 << 63})) // not all are b's
	w.equal(read(b, 0, 10), items[1:])
	w.equal(read(c, 0, 10), theirs)
	w.ok(w.store.AckInbox(w.Context(), b.device, nil))
	if w.db.Raw != nil {
		db := w.raw()
		w.equal(w.count(db, "welcome"), 2)
		w.ok(w.store.AckInbox(w.Context(), c.device, []uint64{theirs[0].Item}))
		w.equal(w.count(db, "welcome"), 1)
		w.equal(w.count(db, "inbox"), 1)
		w.replace(b) // the old device's inbox goes with it
		w.equal(w.count(db, "welcome"), 0)
		w.equal(w.count(db, "inbox"), 0)
	}
}
