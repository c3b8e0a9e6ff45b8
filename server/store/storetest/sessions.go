package storetest

import (
	"time"

	"frond/server/store"
	"frond/wire"
)

// nextVault is the account's next vault epoch.
func (w *world) nextVault(p person) store.Vault {
	w.Helper()
	a, err := w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	return store.Vault{Epoch: a.Epoch + 1, Header: []byte{1}, Revision: a.Revision + 1, State: []byte{1}}
}

// opened is a session without a device, by a secret.
func (w *world) opened(p person, by wire.Hash, recovered bool) (token wire.Hash, err error) {
	token = w.hash()
	return token, w.store.CreateSession(w.Context(), store.Session{Token: token, Account: p.account, By: &by, Recovered: recovered,
		Created: w.clock, Seen: w.clock, Expires: w.clock.Add(24 * time.Hour)})
}

func (w *world) lives(token wire.Hash, want bool) {
	w.Helper()
	_, err := w.store.SessionByToken(w.Context(), token)
	w.equal(err == nil, want)
}

func looseSessions(w *world) {
	p, q := w.person("ada"), w.person("grace")
	a, err := w.store.AccountByID(w.Context(), p.account)
	w.ok(err)
	old, first, second, next := a.AuthHash, w.hash(), w.hash(), w.hash()
	own, mine, hers := w.session(p, &p.device), w.session(p, nil), w.session(q, nil)
	_, err = w.opened(p, w.hash(), false)
	w.refused(err, wire.CodeWrongPassword)

	put := func(v store.Vault) {
		w.Helper()
		w.ok(w.store.PutVault(w.Context(), store.Session{Token: mine, Account: p.account}, v))
	}
	v := w.nextVault(p)
	v.Recovery = &first
	put(v)
	byCode, err := w.opened(p, first, true)
	w.ok(err)
	byPassword, err := w.opened(p, old, false)
	w.ok(err)
	put(w.nextVault(p)) // for a device that came, perhaps
	w.lives(byCode, true)
	v = w.nextVault(p)
	v.Recovery = &second
	put(v)
	w.lives(byCode, false)
	w.lives(byPassword, true)
	_, err = w.opened(p, first, true)
	w.refused(err, wire.CodeWrongPassword)

	v = w.nextVault(p)
	v.Password = &store.Password{Current: &old, Auth: next, KDF: a.KDF}
	put(v)
	w.lives(byPassword, false)
	for _, token := range []wire.Hash{own, mine, hers} {
		w.lives(token, true)
	}
	_, err = w.opened(p, old, false)
	w.refused(err, wire.CodeWrongPassword)
	byPassword, err = w.opened(p, next, false)
	w.ok(err)
	w.replace(p)
	w.lives(byPassword, false)
	w.lives(hers, true)
}

func recoveredSessions(w *world) {
	p := w.person("ada")
	code := w.hash()
	v := w.nextVault(p)
	v.Recovery = &code
	w.ok(w.store.PutVault(w.Context(), store.Session{Account: p.account}, v))
	early, err := w.opened(p, code, true)
	w.ok(err)
	late, err := w.opened(p, code, true)
	w.ok(err)
	set := func(token wire.Hash, current *wire.Hash) error {
		v := w.nextVault(p)
		v.Password = &store.Password{Current: current, Auth: w.hash()}
		return w.store.PutVault(w.Context(), store.Session{Token: token, Account: p.account}, v)
	}
	device := func(token wire.Hash, index uint64) {
		w.ok(w.store.AddDevice(w.Context(), p.account, index, [][]byte{{1}}, store.Device{ID: w.id(), Created: w.clock}, token))
	}
	device(early, 2)
	device(late, 3)
	w.clock = w.clock.Add(time.Hour - time.Second)
	w.ok(set(early, nil))
	w.refused(set(early, nil), wire.CodeWrongPassword) // once
	w.clock = w.clock.Add(time.Second)
	w.refused(set(late, nil), wire.CodeWrongPassword)
	w.ok(set(late, &code)) // who has the code has not lost anything
}
