package storetest

import (
	"frond/server/store"
	"frond/wire"
)

func bringForward(w *world) {
	p, eve := w.person("ada"), w.person("eve")
	phone := store.Device{ID: w.id(), Account: p.account, Created: w.clock}
	session, loose := w.session(p, nil), w.session(p, nil)
	w.ok(w.store.AddDevice(w.Context(), p.account, 2, [][]byte{{1}}, phone, session))
	of := store.Session{Token: session, Account: p.account, Device: &phone.ID}
	old := w.session(p, &p.device)
	next := store.Device{ID: w.id(), Account: p.account, Created: w.clock}
	f := store.Forward{
		Index: 3, Events: [][]byte{{2}, {3}, {4}}, Over: 1, Gone: []wire.ID{p.device}, Come: []store.Device{next},
		Vault: store.Vault{Epoch: 5, Header: []byte("fifth"), Revision: 30, State: []byte("thirtieth")},
	}
	with := func(change func(*store.Forward)) error {
		g := f
		change(&g)
		return w.store.BringForward(w.Context(), of, g)
	}
	w.refused(with(func(g *store.Forward) { g.Index = 2 }), wire.CodeConflict)
	w.refused(with(func(g *store.Forward) { g.Over = 2 }), wire.CodeConflict)
	w.refused(with(func(g *store.Forward) { g.Vault.Revision = 1 }), wire.CodeConflict)
	w.refused(with(func(g *store.Forward) { g.Vault.Epoch = 0 }), wire.CodeConflict)
	w.refused(with(func(g *store.Forward) { g.Come = []store.Device{{ID: eve.device}} }), wire.CodeExists)
	w.isBefore(p, 3)
	for _, token := range []wire.Hash{session, loose, old} {
		_, err := w.store.SessionByToken(w.Context(), token)
		w.ok(err)
	}

	w.ok(w.store.BringForward(w.Context(), of, f))
	a, err := w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	w.equal([]any{a.Epoch, a.Revision, string(a.Header), string(a.State)}, []any{uint64(5), uint64(30), "fifth", "thirtieth"})
	chain, err := w.store.Chain(w.Context(), p.account)
	w.ok(err)
	w.equal(len(chain), 6)
	devices, err := w.store.Devices(w.Context(), []wire.ID{p.account})
	w.ok(err)
	active := map[wire.ID]bool{}
	for _, d := range devices {
		active[d.ID] = d.Active
	}
	w.equal(active, map[wire.ID]bool{p.device: false, phone.ID: true, next.ID: true})
	for _, token := range []wire.Hash{loose, old} {
		_, err := w.store.SessionByToken(w.Context(), token)
		w.refused(err, wire.CodeUnauthenticated)
	}
	_, err = w.store.SessionByToken(w.Context(), session)
	w.ok(err)
	w.ok(w.store.PutState(w.Context(), p.account, 5, 31, []byte("and on")))
	w.refused(w.store.BringForward(w.Context(), of, f), wire.CodeConflict)
}
