package storetest

import (
	"fmt"
	"time"

	"frond/server/store"
	"frond/wire"
)

func accountRoundTrip(w *world) {
	p := w.person("ada")
	want := w.record(p)
	got, err := w.store.AccountByName(w.Context(), "ada")
	w.ok(err)
	w.equal(got, want)
	got, err = w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	w.equal(got, want)
	chain, err := w.store.Chain(w.Context(), p.account)
	w.ok(err)
	w.equal(chain, p.chain)
	devices, err := w.store.Devices(w.Context(), []wire.ID{p.account})
	w.ok(err)
	w.equal(devices, []store.Device{{ID: p.device, Account: p.account, Active: true, Created: w.clock, Seen: w.clock}})

	for _, name := range []string{"ad", "Ada", "ada ", "ada\x00", "ADA", "ăda"} {
		_, err = w.store.AccountByName(w.Context(), name)
		w.refused(err, wire.CodeNotFound)
	}
	_, err = w.store.AccountByID(w.Context(), w.id())
	w.refused(err, wire.CodeNotFound)
	_, err = w.store.Chain(w.Context(), w.id())
	w.refused(err, wire.CodeNotFound)
}

// credentials are found by exactly their name, whatever other names there are before and after it.
func credentials(w *world) {
	_, known, err := w.store.CredentialsByName(w.Context(), "ada")
	w.ok(err)
	w.equal(known, false) // there is no account at all
	for _, name := range []string{"ada", "ben", "äda"} {
		p := w.person(name)
		want := w.record(p)
		got, known, err := w.store.CredentialsByName(w.Context(), name)
		w.ok(err)
		w.equal(known, true)
		w.equal(got, store.Credentials{Account: p.account, Auth: want.AuthHash, KDF: want.KDF, Recovery: want.Recovery})
	}
	for _, name := range []string{"", "a", "Ada", "ada ", "adb", "ADA", "ăda", "b", "zoe", "\x00", "' OR 1=1 --", "\U0010ffff"} {
		got, known, err := w.store.CredentialsByName(w.Context(), name)
		w.ok(err)
		w.equal(known, false)
		w.equal(got, store.Credentials{})
	}
}

func nameRace(w *world) {
	const n = 12
	rivals := make([]person, n)
	for i := range rivals {
		rivals[i] = w.stranger("grace")
	}
	winner := -1
	for i, err := range together(n, func(i int) error { return w.signUp(rivals[i], nil) }) {
		if err == nil && winner < 0 {
			winner = i
			continue
		}
		w.refused(err, wire.CodeNameTaken)
	}
	a, err := w.store.AccountByName(w.Context(), "grace")
	w.ok(err)
	w.equal(a.ID, rivals[winner].account)
}

func refusedSignUp(w *world) {
	p := w.person("ada")
	w.refused(w.signUp(p, nil), wire.CodeExists) // a retry of the same sign-up

	thief := w.stranger("ada")
	w.refused(w.signUp(thief, nil), wire.CodeNameTaken)
	twin := w.stranger("twin")
	twin.device = p.device
	w.refused(w.signUp(twin, nil), wire.CodeExists)
	for _, id := range []wire.ID{thief.account, twin.account} {
		_, err := w.store.AccountByID(w.Context(), id)
		w.refused(err, wire.CodeNotFound)
		_, err = w.store.Chain(w.Context(), id)
		w.refused(err, wire.CodeNotFound)
	}
}

func invites(w *world) {
	hash := w.hash()
	w.ok(w.store.CreateInvite(w.Context(), hash, 3, w.clock.Add(time.Hour)))
	w.ok(w.store.CheckInvite(w.Context(), hash))
	guests := make([]person, 10)
	for i := range guests {
		guests[i] = w.stranger(fmt.Sprint("guest", i))
	}
	in := 0
	for _, err := range together(len(guests), func(i int) error { return w.signUp(guests[i], &hash) }) {
		if err == nil {
			in++
			continue
		}
		w.refused(err, wire.CodeRegistration)
	}
	w.equal(in, 3)
	w.refused(w.store.CheckInvite(w.Context(), hash), wire.CodeRegistration)

	late, unknown, revoked := w.hash(), w.hash(), w.hash()
	w.ok(w.store.CreateInvite(w.Context(), late, 1, w.clock.Add(time.Minute)))
	w.ok(w.store.CreateInvite(w.Context(), revoked, 1, w.clock.Add(time.Hour)))
	w.ok(w.store.RevokeInvite(w.Context(), revoked))
	w.clock = w.clock.Add(time.Minute)
	for _, h := range []wire.Hash{late, unknown, revoked} {
		w.refused(w.signUp(w.stranger("late"), &h), wire.CodeRegistration)
		w.refused(w.store.CheckInvite(w.Context(), h), wire.CodeRegistration)
	}
}

// A refused name does not use up the invite: that is part of the same transaction.
func sqlNames(w *world) {
	hash := w.hash()
	w.ok(w.store.CreateInvite(w.Context(), hash, 1, w.clock.Add(time.Hour)))
	names := []string{"' OR 1=1 --", "'; DROP TABLE account; --", `"`, "`", `\`, `\'`, "%", "_", "?", "{}", "<script>",
		"😀", "a\u202eb", "\x00", "admin'/*"}
	for _, name := range names {
		_, err := w.store.AccountByName(w.Context(), name)
		w.refused(err, wire.CodeNotFound)
		p := w.person(name)
		a, err := w.store.AccountByName(w.Context(), name)
		w.ok(err)
		w.equal(a.ID, p.account)
		w.equal(a.Name, name)
		w.refused(w.signUp(w.stranger(name), &hash), wire.CodeNameTaken)
	}
	list, err := w.store.Chains(w.Context(), names, nil)
	w.ok(err)
	w.equal(len(list), len(names))
	w.ok(w.signUp(w.stranger("ada"), &hash))
}

func lookups(w *world) {
	people := w.people(20)
	names, ids := []string{"nobody"}, []wire.ID{w.id()}
	for i, p := range people {
		if i%2 == 0 {
			names = append(names, p.name, p.name)
		}
		if i%3 == 0 {
			ids = append(ids, p.account)
		}
	}
	lengths, err := w.store.ChainLengths(w.Context(), ids)
	w.ok(err)
	w.equal(len(lengths), 7) // nobody has the first id
	w.equal(lengths[people[3].account], uint64(len(people[3].chain)))
	list, err := w.store.Chains(w.Context(), names, ids)
	w.ok(err)
	found := map[wire.ID]wire.Account{}
	for _, a := range list {
		found[a.ID] = a
	}
	w.equal(len(found), len(list))
	for i, p := range people {
		a, ok := found[p.account]
		w.equal(ok, i%2 == 0 || i%3 == 0)
		if ok {
			w.equal(a, wire.Account{ID: p.account, Name: p.name, Chain: p.chain})
		}
	}
}

func chainRace(w *world) {
	p := w.person("ada")
	const n = 6
	tokens, devices := make([]wire.Hash, n), make([]wire.ID, n)
	for i := range n {
		tokens[i], devices[i] = w.session(p, nil), w.id()
	}
	won := 0
	for _, err := range together(n, func(i int) error {
		return w.store.AddDevice(background(), p.account, 2, [][]byte{{byte(i)}}, store.Device{ID: devices[i], Created: w.clock}, tokens[i])
	}) {
		if err == nil {
			won++
			continue
		}
		w.equal(w.refused(err, wire.CodeConflict).Last, uint64(3))
	}
	w.equal(won, 1)
	chain, err := w.store.Chain(w.Context(), p.account)
	w.ok(err)
	w.equal(len(chain), 3)
	w.equal(chain[:2], p.chain)
}

func removeDevice(w *world) {
	p := w.person("ada")
	old := w.session(p, &p.device)
	fresh := w.session(p, nil)
	_, err := w.store.PublishKeys(w.Context(), p.device, [][]byte{{1}}, []byte{2}, false)
	w.ok(err)

	next := store.Device{ID: w.id(), Created: w.clock.Add(time.Second)}
	events := [][]byte{[]byte("added")}
	w.refused(w.store.AddDevice(w.Context(), p.account, 2, events, store.Device{ID: p.device}, fresh), wire.CodeExists)
	w.refused(w.store.AddDevice(w.Context(), p.account, 2, events, next, w.hash()), wire.CodeUnauthenticated)
	w.refused(w.store.AddDevice(w.Context(), w.id(), 2, events, next, fresh), wire.CodeNotFound)
	w.ok(w.store.AddDevice(w.Context(), p.account, 2, events, next, fresh))
	_, err = w.store.SessionByToken(w.Context(), old)
	w.ok(err) // beside the other
	session, err := w.store.SessionByToken(w.Context(), fresh)
	w.ok(err)
	w.equal(*session.Device, next.ID)
	w.refused(w.store.AddDevice(w.Context(), p.account, 3, events, store.Device{ID: w.id(), Created: w.clock}, fresh), wire.CodeForbidden) // it is a device
	w.isBefore(p, 3)
	w.ok(w.store.SawDevice(w.Context(), next.ID, next.Created.Add(time.Minute)))
	w.ok(w.store.SawDevice(w.Context(), next.ID, next.Created)) // never back

	events = [][]byte{[]byte("removed")}
	remove := func(index uint64, device wire.ID, v store.Vault) error {
		return w.store.RemoveDevice(w.Context(), session, index, events, device, v)
	}
	second := store.Vault{Epoch: 2, Header: []byte("second header"), Revision: 2, State: []byte("second state")}
	early := second
	early.Epoch = 3
	w.refused(remove(2, p.device, second), wire.CodeConflict)
	w.refused(remove(3, p.device, early), wire.CodeConflict)
	w.refused(remove(3, w.id(), second), wire.CodeNotFound)
	w.refused(remove(3, w.person("eve").device, second), wire.CodeNotFound)
	w.isBefore(p, 3) // what was refused left neither chain nor vault behind
	w.ok(remove(3, p.device, second))
	a, err := w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	w.equal([]any{a.Epoch, a.Revision, a.Header, a.State}, []any{second.Epoch, second.Revision, second.Header, second.State})
	w.refused(remove(4, p.device, store.Vault{Epoch: 3, Header: []byte{1}, Revision: 3, State: []byte{1}}), wire.CodeNotFound)
	_, err = w.store.SessionByToken(w.Context(), old)
	w.refused(err, wire.CodeUnauthenticated)
	devices, err := w.store.Devices(w.Context(), []wire.ID{p.account})
	w.ok(err)
	w.equal(devices, []store.Device{{ID: p.device, Account: p.account, Created: w.clock, Seen: w.clock},
		{ID: next.ID, Account: p.account, Active: true, Created: next.Created, Seen: next.Created.Add(time.Minute)}})
	keys, err := w.store.ClaimKeys(w.Context(), wire.ID{}, []wire.ID{p.account})
	w.ok(err)
	w.equal(len(keys), 0)
	_, err = w.store.PublishKeys(w.Context(), p.device, [][]byte{{3}}, nil, false)
	w.refused(err, wire.CodeForbidden)
	err = w.store.CreateSession(w.Context(), store.Session{Token: w.hash(), Account: p.account, Device: &p.device, Expires: w.clock.Add(time.Hour)})
	w.refused(err, wire.CodeForbidden)
	for i := range wire.MaxDevices {
		err = w.store.AddDevice(w.Context(), p.account, uint64(4+i), [][]byte{{1}}, store.Device{ID: w.id(), Created: w.clock}, w.session(p, nil))
		if i < wire.MaxDevices-1 {
			w.ok(err)
		}
	}
	w.refused(err, wire.CodeLimit)
}

// isBefore demands that a removal has not touched chain and vault.
func replaceDevice(w *world) {
	p := w.person("ada")
	old, loose, fresh := w.session(p, &p.device), w.session(p, nil), w.session(p, nil)
	for i := 1; i < wire.MaxDevices; i++ {
		w.ok(w.store.AddDevice(w.Context(), p.account, uint64(1+i), [][]byte{{1}}, store.Device{ID: w.id(), Created: w.clock}, w.session(p, nil)))
	}
	n := uint64(1 + wire.MaxDevices)
	second := store.Vault{Epoch: 2, Header: []byte("second header"), Revision: 2, State: []byte("second state")}
	next := store.Device{ID: w.id(), Created: w.clock}
	replace := func(index uint64, gone wire.ID, v store.Vault, d store.Device, token wire.Hash) error {
		of := store.Session{Token: token, Account: p.account}
		return w.store.ReplaceDevice(w.Context(), of, index, [][]byte{{1}, {2}, {3}}, gone, v, d)
	}
	early := second
	early.Epoch = 3
	w.refused(replace(n-1, p.device, second, next, fresh), wire.CodeConflict)
	w.refused(replace(n, p.device, early, next, fresh), wire.CodeConflict)
	w.refused(replace(n, w.id(), second, next, fresh), wire.CodeNotFound)
	w.refused(replace(n, w.person("eve").device, second, next, fresh), wire.CodeNotFound)
	w.refused(replace(n, p.device, second, store.Device{ID: p.device}, fresh), wire.CodeExists)
	w.refused(replace(n, p.device, second, next, w.hash()), wire.CodeUnauthenticated)
	w.refused(replace(n, p.device, second, next, old), wire.CodeUnauthenticated) // it ends in the same step
	w.isBefore(p, int(n))
	for _, token := range []wire.Hash{old, loose, fresh} {
		_, err := w.store.SessionByToken(w.Context(), token)
		w.ok(err)
	}

	w.ok(replace(n, p.device, second, next, fresh))
	chain, err := w.store.Chain(w.Context(), p.account)
	w.ok(err)
	w.equal(len(chain), int(n)+3)
	a, err := w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	w.equal([]any{a.Epoch, a.Revision, a.Header, a.State}, []any{second.Epoch, second.Revision, second.Header, second.State})
	session, err := w.store.SessionByToken(w.Context(), fresh)
	w.ok(err)
	w.equal(*session.Device, next.ID)
	for _, token := range []wire.Hash{old, loose} {
		_, err := w.store.SessionByToken(w.Context(), token)
		w.refused(err, wire.CodeUnauthenticated)
	}
	devices, err := w.store.Devices(w.Context(), []wire.ID{p.account})
	w.ok(err)
	in := map[wire.ID]bool{}
	for _, d := range devices {
		if d.Active {
			in[d.ID] = true
		}
	}
	w.equal([]any{len(in), in[p.device], in[next.ID]}, []any{wire.MaxDevices, false, true})
}

func (w *world) isBefore(p person, events int) {
	w.Helper()
	chain, err := w.store.Chain(w.Context(), p.account)
	w.ok(err)
	w.equal(len(chain), events)
	a, err := w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	w.equal(a.Epoch, uint64(1))
}

func stateRace(w *world) {
	p := w.person("ada")
	won := -1
	for i, err := range together(6, func(i int) error { return w.store.PutState(background(), p.account, 1, 2, []byte{byte(i)}) }) {
		if err == nil {
			won = i
			continue
		}
		w.equal(w.refused(err, wire.CodeConflict).Last, uint64(2))
	}
	a, err := w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	w.equal(a.Revision, uint64(2))
	w.equal(a.State, []byte{byte(won)})

	w.ok(w.store.PutState(w.Context(), p.account, 1, 2, []byte{byte(won)})) // a retry
	w.refused(w.store.PutState(w.Context(), p.account, 1, 1, []byte("old")), wire.CodeConflict)
	w.refused(w.store.PutState(w.Context(), p.account, 1, 4, []byte("early")), wire.CodeConflict)
	w.refused(w.store.PutState(w.Context(), w.id(), 1, 2, []byte("whose")), wire.CodeNotFound)
	large := w.bytes(wire.MaxState)
	w.ok(w.store.PutState(w.Context(), p.account, 1, 3, large))
	a, err = w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	w.equal(a.State, large)
}

func sessions(w *world) {
	p, q := w.person("ada"), w.person("grace")
	first, second := w.session(p, &p.device), w.session(p, nil)
	got, err := w.store.SessionByToken(w.Context(), first)
	w.ok(err)
	w.equal(got, store.Session{Token: first, Account: p.account, Device: &p.device, Created: w.clock, Seen: w.clock, Expires: w.clock.Add(time.Hour)})

	seen := w.clock.Add(50 * time.Minute)
	w.ok(w.store.TouchSession(w.Context(), second, seen, seen.Add(time.Hour)))
	w.clock = w.clock.Add(time.Hour)
	_, err = w.store.SessionByToken(w.Context(), first)
	w.refused(err, wire.CodeUnauthenticated)
	w.refused(w.store.TouchSession(w.Context(), first, w.clock, w.clock.Add(time.Hour)), wire.CodeUnauthenticated)
	got, err = w.store.SessionByToken(w.Context(), second)
	w.ok(err)
	w.equal(got.Seen, seen)

	third, fourth, other := w.session(p, nil), w.session(p, &p.device), w.session(q, nil)
	w.ok(w.store.RevokeSession(w.Context(), third))
	w.ok(w.store.RevokeSession(w.Context(), third))
	_, err = w.store.SessionByToken(w.Context(), third)
	w.refused(err, wire.CodeUnauthenticated)
	w.ok(w.store.RevokeSessions(w.Context(), p.account))
	for _, token := range []wire.Hash{second, fourth} {
		_, err = w.store.SessionByToken(w.Context(), token)
		w.refused(err, wire.CodeUnauthenticated)
	}
	_, err = w.store.SessionByToken(w.Context(), other)
	w.ok(err)
}
