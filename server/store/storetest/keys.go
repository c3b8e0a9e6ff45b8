package storetest

import (
	"fmt"
	"sync"

	"frond/wire"
)

func packages(from, to int) (list [][]byte) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Appendf(nil, "package %d", i))
	}
	return list
}

// Sixteen people claim at once from two accounts with 40 packages each, in different orders.
func claimsOnce(w *world) {
	p, q := w.person("ada"), w.person("grace")
	for _, owner := range []person{p, q} {
		n, err := w.store.PublishKeys(w.Context(), owner.device, packages(0, 40), []byte("last resort of "+owner.name), false)
		w.ok(err)
		w.equal(n, uint32(40))
	}
	orders := [][]wire.ID{{p.account, q.account}, {q.account, p.account}, {p.account}, {q.account, w.id(), q.account}}
	var mu sync.Mutex
	got := map[string]int{}
	for _, err := range together(16, func(i int) error {
		for range 5 {
			keys, err := w.store.ClaimKeys(background(), wire.ID{}, orders[i%len(orders)])
			if err != nil {
				return err
			}
			mu.Lock()
			for _, k := range keys {
				got[k.Device.String()+string(k.Package)]++
			}
			mu.Unlock()
		}
		return nil
	}) {
		w.ok(err)
	}
	for _, owner := range []person{p, q} {
		for _, k := range packages(0, 40) {
			w.equal(got[owner.device.String()+string(k)], 1)
		}
		n, resort, err := w.store.CountKeys(w.Context(), owner.device)
		w.ok(err)
		w.equal(n, uint32(0))
		w.equal(resort, true)
		keys, err := w.store.ClaimKeys(w.Context(), wire.ID{}, []wire.ID{owner.account})
		w.ok(err)
		w.equal(keys, []wire.ClaimedKey{{Account: owner.account, Device: owner.device, Package: []byte("last resort of " + owner.name)}})
	}
	// 16 people, 5 rounds; three of four orders name each account once in effect
	total := 0
	for _, n := range got {
		total += n
	}
	w.equal(total, 4*5*(2+2+1+1))
}

func keyPool(w *world) {
	p := w.person("ada")
	n, resort, err := w.store.CountKeys(w.Context(), p.device)
	w.ok(err)
	w.equal(n, uint32(0))
	w.equal(resort, false)
	keys, err := w.store.ClaimKeys(w.Context(), wire.ID{}, []wire.ID{p.account})
	w.ok(err)
	w.equal(len(keys), 0)

	n, err = w.store.PublishKeys(w.Context(), p.device, packages(0, 90), []byte("first resort"), false)
	w.ok(err)
	w.equal(n, uint32(90))
	_, err = w.store.PublishKeys(w.Context(), p.device, packages(90, 101), nil, false)
	w.refused(err, wire.CodeLimit)
	n, err = w.store.PublishKeys(w.Context(), p.device, packages(80, 100), []byte("second resort"), false)
	w.ok(err)
	w.equal(n, uint32(100))

	keys, err = w.store.ClaimKeys(w.Context(), wire.ID{}, []wire.ID{p.account})
	w.ok(err)
	w.equal(keys[0].Package, []byte("package 0"))
	n, err = w.store.PublishKeys(w.Context(), p.device, packages(0, 90), nil, false) // the answer was lost
	w.ok(err)
	w.equal(n, uint32(99))

	_, err = w.store.PublishKeys(w.Context(), p.device, [][]byte{{}}, nil, false)
	w.refused(err, wire.CodeBadRequest)
	_, err = w.store.PublishKeys(w.Context(), w.id(), packages(0, 1), nil, false)
	w.refused(err, wire.CodeForbidden)
	keys, err = w.store.ClaimKeys(w.Context(), p.device, []wire.ID{p.account}) // one's own device is no news
	w.ok(err)
	w.equal(len(keys), 0)
	for range 99 {
		_, err = w.store.ClaimKeys(w.Context(), wire.ID{}, []wire.ID{p.account})
		w.ok(err)
	}
	keys, err = w.store.ClaimKeys(w.Context(), wire.ID{}, []wire.ID{p.account})
	w.ok(err)
	w.equal(keys[0].Package, []byte("second resort"))

	_, err = w.store.PublishKeys(w.Context(), p.device, packages(100, 110), nil, false)
	w.ok(err)
	n, err = w.store.PublishKeys(w.Context(), p.device, packages(200, 202), nil, true) // under another credential
	w.ok(err)
	w.equal(n, uint32(2))
	_, resort, err = w.store.CountKeys(w.Context(), p.device)
	w.ok(err)
	w.equal(resort, false)
	keys, err = w.store.ClaimKeys(w.Context(), wire.ID{}, []wire.ID{p.account})
	w.ok(err)
	w.equal(keys[0].Package, []byte("package 200"))
}
