package storetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"frond/server/store"
	"frond/wire"
)

func restart(w *world) {
	w.raw()
	people := w.people(2)
	token := w.session(people[0], &people[0].device)
	_, err := w.store.PublishKeys(w.Context(), people[1].device, packages(0, 3), nil, false)
	w.ok(err)
	id := w.group(people[0], people[1])
	w.done(w.send(people[1], id, 1))
	secret, err := w.store.ServerSecret(w.Context())
	w.ok(err)
	open, err := w.store.OpenConversation(w.Context())
	w.ok(err)
	before := w.log(id)

	w.close()
	w.open()
	w.equal(w.log(id), before)
	again, err := w.store.ServerSecret(w.Context())
	w.ok(err)
	w.equal(again, secret)
	if secret == [32]byte{} {
		w.Fatal("the server secret is zero")
	}
	openAgain, err := w.store.OpenConversation(w.Context())
	w.ok(err)
	w.equal(openAgain, open)
	_, err = w.store.SessionByToken(w.Context(), token)
	w.ok(err)
	n, _, err := w.store.CountKeys(w.Context(), people[1].device)
	w.ok(err)
	w.equal(n, uint32(3))
	w.equal(w.done(w.send(people[0], id, 1)), uint64(3))
}

// allOrNothing lets the last table that a batch writes refuse: what was written before must go.
func allOrNothing(w *world) {
	db := w.raw()
	people := w.people(3)
	id := w.group(people[0], people[1])
	_, err := db.Exec(w.db.Refuse)
	w.ok(err)
	tables := []string{"entry", "conversation", "member", "welcome", "inbox", "group_info"}
	before := map[string]int{}
	for _, table := range tables {
		before[table] = w.count(db, table)
	}
	batch := []store.Append{w.send(people[0], id, 1), w.create(wire.Direct, people[0], w.id(), people[1]),
		w.handshake(people[0], id, 1, w.add(people[2])), w.send(people[2], id, 3), w.send(people[2], w.id(), 1)}
	for _, r := range w.append(batch...) {
		w.refused(r.Err, wire.CodeUnavailable)
		w.equal(r.Seq, uint64(0))
		if r.Entry != nil {
			w.Fatal("an entry that was not stored")
		}
	}
	for _, table := range tables {
		w.equal(w.count(db, table), before[table])
	}
	w.equal(w.windows(id, people[2]), []store.Window(nil))

	_, err = db.Exec(w.db.Allow)
	w.ok(err)
	for i, r := range w.append(batch...) {
		w.equal(r.Err == nil, i < 4)
	}
}

func newerDatabase(w *world) {
	db := w.raw()
	_, err := db.Exec("INSERT INTO migration (version, name) VALUES (9999, 'future')")
	w.ok(err)
	o := w.db.Options
	o.Shared = true
	_, err = store.Open(w.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "newer program") {
		w.Fatalf("opened a database of version 9999: %v", err)
	}
	_, err = db.Exec("DELETE FROM migration WHERE version = 9999")
	w.ok(err)
	s, err := store.Open(w.Context(), o)
	w.ok(err)
	w.ok(s.Close())
}

func prune(w *world) {
	p := w.person("ada")
	old := w.session(p, nil)
	hash := w.hash()
	w.ok(w.store.CreateInvite(w.Context(), hash, 1, w.clock.Add(time.Minute)))
	_, err := w.store.PublishKeys(w.Context(), p.device, packages(0, 2), nil, false)
	w.ok(err)
	_, err = w.store.ClaimKeys(w.Context(), wire.ID{}, []wire.ID{p.account})
	w.ok(err)
	w.clock = w.clock.Add(100 * 24 * time.Hour)
	live := w.session(p, nil)
	w.ok(w.store.Prune(w.Context()))
	_, err = w.store.SessionByToken(w.Context(), live)
	w.ok(err)
	w.clock = w.clock.Add(-100 * 24 * time.Hour) // even for a clock set back they are gone
	_, err = w.store.SessionByToken(w.Context(), old)
	w.refused(err, wire.CodeUnauthenticated)
	w.refused(w.store.CheckInvite(w.Context(), hash), wire.CodeRegistration)
	n, err := w.store.PublishKeys(w.Context(), p.device, packages(0, 1), nil, false)
	w.ok(err)
	w.equal(n, uint32(2)) // the claimed one's hash was forgotten; the one left was not
}

func cancelled(w *world) {
	people := w.people(2)
	id := w.group(people[0], people[1])
	ctx, cancel := context.WithCancel(w.Context())
	cancel()
	r := w.store.Append(ctx, []store.Append{w.send(people[0], id, 1)})[0]
	w.refused(r.Err, wire.CodeUnavailable)
	if !errors.Is(r.Err, context.Canceled) {
		w.Fatalf("the cause is lost: %v", r.Err)
	}
	_, err := w.store.Entries(ctx, id, 0, 0, 10, 1000)
	w.refused(err, wire.CodeUnavailable)
	w.equal(len(w.log(id)), 1)
	w.equal(w.done(w.send(people[0], id, 1)), uint64(2))
}

func closed(w *world) {
	p := w.person("ada")
	w.ok(w.store.Ping(w.Context()))
	w.close()
	w.refused(w.store.Ping(w.Context()), wire.CodeUnavailable)
	w.refused(w.append(w.send(p, w.id(), 1))[0].Err, wire.CodeUnavailable)
	w.close() // again is harmless
	w.refused(w.signUp(w.stranger("late"), nil), wire.CodeUnavailable)
}
