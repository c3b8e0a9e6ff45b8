package storetest

import (
	"sync"
	"time"

	"frond/server/store"
	"frond/wire"
)

// allow lets a person begin anew, from delay on and for a day.
func (w *world) allow(p person, delay time.Duration) wire.Hash {
	w.Helper()
	hash := w.hash()
	usable := w.clock.Add(delay)
	w.ok(w.store.CreateReset(w.Context(), store.PendingReset{Account: p.account, Hash: hash, Usable: usable, Expires: usable.Add(24 * time.Hour)}))
	return hash
}

// anew is what the person sends to begin anew.
func (w *world) anew(p person, hash wire.Hash) *store.Reset {
	return &store.Reset{
		Name: p.name, Hash: hash, Device: store.Device{ID: w.id(), Created: w.clock}, Index: uint64(len(p.chain)),
		Events: [][]byte{w.bytes(200), w.bytes(300)}, Auth: w.hash(),
		KDF:   wire.KDF{Memory: 131072, Time: 4, Threads: 2, Salt: []byte("fedcba9876543210")},
		Epoch: 2, Header: []byte("new header"), Revision: 2, State: []byte("new state"),
	}
}

func resets(w *world) {
	ada, ben, eve := w.person("ada"), w.person("ben"), w.person("eve")
	code := w.hash()
	w.ok(w.store.PutVault(w.Context(), store.Session{Account: eve.account}, store.Vault{Epoch: 2, Revision: 2, Header: []byte{1}, State: []byte{1}, Recovery: &code}))
	direct, group, other := w.id(), w.group(ben, ada), w.group(ben, eve)
	w.done(w.create(wire.Direct, ada, direct, ben))
	w.done(w.send(ben, direct, 1))
	old := w.session(ada, &ada.device)
	_, err := w.store.PublishKeys(w.Context(), ada.device, [][]byte{{1}}, []byte{2}, false)
	w.ok(err)
	w.ok(w.store.PutPage(w.Context(), ada.account, &wire.PutPage{Conversation: direct, Revision: 1, Page: []byte{1}}))

	hash := w.allow(ada, 0)
	if p, err := w.store.ResetOf(w.Context(), ada.account); err != nil || p == nil || p.Hash != hash || !p.Usable.Equal(w.clock) {
		w.Fatalf("pending: %+v, %v", p, err)
	}
	_, err = w.store.ResetAccount(w.Context(), w.anew(eve, hash))
	w.refused(err, wire.CodeForbidden)
	_, err = w.store.ResetAccount(w.Context(), w.anew(ada, w.hash()))
	w.refused(err, wire.CodeForbidden)
	for what, change := range map[string]func(*store.Reset){
		"chain": func(r *store.Reset) { r.Index = 1 }, "epoch": func(r *store.Reset) { r.Epoch = 3 }, "revision": func(r *store.Reset) { r.Revision = 5 },
	} {
		r := w.anew(ada, hash)
		change(r)
		if _, err := w.store.ResetAccount(w.Context(), r); wire.CodeOf(err) != wire.CodeConflict {
			w.Fatalf("another %s: %v", what, err)
		}
	}
	w.equal(w.windows(direct, ada), []store.Window{{}}) // what was refused left nothing behind

	r := w.anew(ada, hash)
	account, err := w.store.ResetAccount(w.Context(), r)
	w.ok(err)
	w.equal(account, ada.account)
	a, err := w.store.AccountByName(w.Context(), "ada")
	w.ok(err)
	w.equal(a, store.Account{ID: ada.account, Name: "ada", AuthHash: r.Auth, KDF: r.KDF, Header: r.Header, Epoch: 2, State: r.State, Revision: 2, Created: w.clock})
	chain, err := w.store.Chain(w.Context(), ada.account)
	w.ok(err)
	w.equal(chain, append(ada.chain[:2:2], r.Events...))
	devices, err := w.store.Devices(w.Context(), []wire.ID{ada.account})
	w.ok(err)
	for _, d := range devices {
		w.equal(d.Active, d.ID == r.Device.ID)
	}
	w.equal(len(devices), 2)
	_, err = w.store.SessionByToken(w.Context(), old)
	w.refused(err, wire.CodeUnauthenticated)
	keys, err := w.store.ClaimKeys(w.Context(), wire.ID{}, []wire.ID{ada.account})
	w.ok(err)
	w.equal(len(keys), 0)
	pages, err := w.store.Pages(w.Context(), ada.account, direct, 0, 10)
	w.ok(err)
	w.equal(len(pages), 0)
	inbox, err := w.store.Inbox(w.Context(), ada.device, 0, 10)
	w.ok(err)
	w.equal(len(inbox), 0)

	// Her windows end where the logs are; nobody else's do.
	w.equal(w.windows(direct, ada), []store.Window{{Until: 2}})
	w.equal(w.windows(group, ada), []store.Window{{From: 1, Until: 1}})
	w.equal(w.windows(other, eve), []store.Window{{From: 1}})
	w.refused(w.append(w.send(ada, direct, 1))[0].Err, wire.CodeUnauthenticated)
	w.done(w.send(ben, direct, 1))
	history, err := w.store.History(w.Context(), direct, ada.account, 0, 10)
	w.ok(err)
	w.equal(len(history), 2)

	// The new device waits to be let in, and is when ben removes the old one.
	ada.device = r.Device.ID
	w.refused(w.append(w.handshake(ada, direct, 1, external))[0].Err, wire.CodeForbidden)
	seq := w.done(w.handshake(ben, direct, 1, func(h *wire.Handshake) {
		w.add(ada)(h)
		h.Remove = []wire.MemberRef{{Account: ada.account, Device: devices[0].ID}}
	}))
	w.equal(w.windows(direct, ada), []store.Window{{From: seq}})
	w.done(w.send(ada, direct, seq))

	_, err = w.store.ResetAccount(w.Context(), w.anew(ada, hash))
	w.refused(err, wire.CodeForbidden) // once
	list, err := w.store.Neighbours(w.Context(), ada.account)
	w.ok(err)
	w.equal(list, []wire.ID{ben.account})
}

// When both of two people began anew, nobody is left who could let the other in: they may begin again.
func resetOfBoth(w *world) {
	ada, ben := w.person("ada"), w.person("ben")
	first, second := w.id(), w.id()
	w.done(w.create(wire.Direct, ada, first, ben))
	again := func(p person) person {
		r := w.anew(p, w.allow(p, 0))
		_, err := w.store.ResetAccount(w.Context(), r)
		w.ok(err)
		p.device = r.Device.ID
		return p
	}
	ada = again(ada)
	w.equal(*w.refused(w.append(w.create(wire.Direct, ada, second, ben))[0].Err, wire.CodeExists).Conversation, first)
	ben = again(ben)
	w.done(w.create(wire.Direct, ada, second, ben))
	w.equal(*w.refused(w.append(w.create(wire.Direct, ben, w.id(), ada))[0].Err, wire.CodeExists).Conversation, second)
	w.refused(w.append(w.send(ben, first, 1))[0].Err, wire.CodeForbidden)
}

func resetWaits(w *world) {
	ada := w.person("ada")
	first := w.allow(ada, time.Hour)
	_, err := w.store.ResetFor(w.Context(), "ada", first)
	w.equal(w.refused(err, wire.CodeHeld).RetryAfter, uint32(3600))
	_, err = w.store.ResetAccount(w.Context(), w.anew(ada, first))
	w.refused(err, wire.CodeHeld)
	second := w.allow(ada, time.Hour) // takes the place of the first
	_, err = w.store.ResetFor(w.Context(), "ada", first)
	w.refused(err, wire.CodeForbidden)
	list, err := w.store.Resets(w.Context())
	w.ok(err)
	w.equal(len(list), 1)
	w.clock = w.clock.Add(time.Hour)
	p, err := w.store.ResetFor(w.Context(), "ada", second)
	w.ok(err)
	w.equal(p.Account, ada.account)

	found, err := w.store.CancelReset(w.Context(), ada.account)
	w.ok(err)
	w.equal(found, true)
	found, err = w.store.CancelReset(w.Context(), ada.account)
	w.ok(err)
	w.equal(found, false)
	_, err = w.store.ResetFor(w.Context(), "ada", second)
	w.refused(err, wire.CodeForbidden)

	late := w.allow(ada, 0)
	w.clock = w.clock.Add(24 * time.Hour)
	_, err = w.store.ResetAccount(w.Context(), w.anew(ada, late))
	w.refused(err, wire.CodeForbidden)
	if p, err := w.store.ResetOf(w.Context(), ada.account); err != nil || p != nil {
		w.Fatalf("an expired one: %+v, %v", p, err)
	}
	w.ok(w.store.Prune(w.Context()))
}

// Who made a sigchain as long as it may be cannot keep its owner from beginning anew.
func resetOfFullChain(w *world) {
	p := w.person("ada")
	token := w.session(p, nil)
	add := func(index, n int) error {
		d := store.Device{ID: w.id(), Created: w.clock}
		return w.store.AddDevice(w.Context(), p.account, uint64(index), make([][]byte, n), d, token)
	}
	full := wire.MaxChainEvents - wire.ResetEvents
	w.ok(add(2, full-2))
	w.refused(add(full, 1), wire.CodeLimit)
	w.refused(w.store.RemoveDevice(w.Context(), store.Session{Token: token, Account: p.account}, uint64(full), [][]byte{{1}}, p.device, w.nextVault(p)), wire.CodeLimit)
	for i := 0; i < wire.ResetEvents; i += 2 {
		r := w.anew(p, w.allow(p, 0))
		v := w.nextVault(p)
		r.Index, r.Epoch, r.Revision = uint64(full+i), v.Epoch, v.Revision
		_, err := w.store.ResetAccount(w.Context(), r)
		w.ok(err)
	}
}

// Of many who use one token one begins anew, while others write into her conversations.
func resetRace(w *world) {
	ada, ben := w.person("ada"), w.person("ben")
	group := w.group(ben, ada)
	hash := w.allow(ada, 0)
	rivals := make([]*store.Reset, 6)
	for i := range rivals {
		rivals[i] = w.anew(ada, hash)
	}
	sends := make([]store.Append, 20)
	for i := range sends {
		sends[i] = w.send(ben, group, 1)
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range sends {
			if err := w.store.Append(background(), sends[i:i+1])[0].Err; err != nil {
				w.Errorf("ben is disturbed: %v", err)
			}
		}
	})
	won := 0
	for _, err := range together(len(rivals), func(i int) error { _, err := w.store.ResetAccount(background(), rivals[i]); return err }) {
		if err == nil {
			won++
			continue
		}
		w.refused(err, wire.CodeForbidden)
	}
	writing.Wait()
	w.equal(won, 1)
	w.equal(len(w.log(group)), 21)
	w.done(w.send(ben, group, 1))
}
