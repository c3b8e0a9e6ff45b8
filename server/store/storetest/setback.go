package storetest

import (
	"frond/wire"
)

// A database that is a copy goes on far behind where it ended, once, and then one who knows says who is in a group.
func setBack(w *world) {
	w.raw()
	people := w.people(5)
	ada, ben, cleo, dan, eve := people[0], people[1], people[2], people[3], people[4]
	id := w.group(ada, ben, cleo)
	w.done(w.send(ben, id, 1))
	pair := w.id()
	w.done(w.create(wire.Direct, ada, pair, ben))
	unbegun, err := w.store.OpenConversation(w.Context())
	w.ok(err)
	before := w.log(id)
	whole := func(people ...person) func(*wire.Handshake) {
		return func(h *wire.Handshake) {
			h.Whole = true
			for _, p := range people {
				h.Return = append(h.Return, wire.MemberRef{Account: p.account, Device: p.device})
			}
		}
	}
	w.refused(w.append(w.handshake(ada, id, 1, whole(ada, ben)))[0].Err, wire.CodeForbidden) // nothing was set back

	w.ok(w.store.MarkCopy(w.Context()))
	w.ok(w.store.MarkCopy(w.Context()))
	for range 2 { // and the second start adds nothing
		w.close()
		w.open()
	}
	last := uint64(len(before))
	at := last + wire.SetBackStride
	log, err := w.store.Entries(w.Context(), id, last, 0, 10, 1<<20)
	w.ok(err)
	w.equal(len(log), 1)
	w.equal([]any{log[0].Seq, log[0].Kind, log[0].Device}, []any{at, wire.SetBackEntry, wire.ID{}})
	var b wire.SetBack
	w.ok(wire.Decode(log[0].Frame, &b))
	w.equal(b, wire.SetBack{Last: last, Handshake: 1})
	info, err := w.store.GroupInfo(w.Context(), id)
	w.ok(err)
	w.equal(info.Seq, at) // by which one still joins
	list, err := w.store.ConversationsFor(w.Context(), ada.account, ada.device)
	w.ok(err)
	for _, c := range list {
		if c.ID == unbegun {
			w.equal(c.Last, uint64(0))
		} else {
			w.equal(c.Last, c.LastHandshake)
		}
	}
	w.equal(w.refused(w.append(w.send(ben, id, at+1))[0].Err, wire.CodeConflict).Last, at)
	w.done(w.send(ben, id, at))
	w.done(w.send(ben, id, 1)) // sealed before

	// Since the backup dan came and cleo went. Eve is in the group and was never added here.
	w.refused(w.append(w.handshake(dan, id, at, whole(ada, ben, dan)))[0].Err, wire.CodeForbidden) // not known to be in it
	w.refused(w.append(w.handshake(ada, id, at, whole(ben, dan)))[0].Err, wire.CodeForbidden)      // without its author
	w.refused(w.append(w.handshake(ada, id, at, func(h *wire.Handshake) {
		whole(ada, ben)(h)
		w.add(dan)(h)
	}))[0].Err, wire.CodeBadRequest)
	w.refused(w.append(w.handshake(ada, pair, 1+wire.SetBackStride, whole(ada, ben, dan)))[0].Err, wire.CodeBadRequest) // two people stay two
	stranger := w.stranger("nobody")
	seq := w.done(w.handshake(ada, id, at, whole(ada, ben, dan, eve, stranger)))
	members, err := w.store.MembersOf(w.Context(), id)
	w.ok(err)
	w.equal(len(members), 4)
	w.equal(w.windows(id, cleo)[0].Until, seq)
	w.equal(w.windows(id, dan)[0].From, at-1) // from where the log says that it was set back
	w.equal(len(w.windows(id, stranger)), 0)
	w.done(w.send(dan, id, seq))
	w.refused(w.append(w.send(cleo, id, seq))[0].Err, wire.CodeForbidden)

	seq = w.done(w.handshake(ada, id, seq, whole(ada, ben, eve))) // said again
	w.refused(w.append(w.send(dan, id, seq))[0].Err, wire.CodeForbidden)
	next := w.done(w.handshake(ada, id, seq, whole(ada, ben, dan, eve)))
	w.done(w.send(dan, id, next))
	w.equal(w.windows(id, dan)[1].From, next-1)
}
