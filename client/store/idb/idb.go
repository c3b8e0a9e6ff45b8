//go:build js && wasm

package idb

import (
	"context"
	"fmt"
	"syscall/js"

	"frond/client"
)

const table = "state"

// Store is an open database.
type Store struct{ db js.Value }

var _ client.Store = (*Store)(nil)

// Open opens the database of this name, making it when it is not there.
func Open(ctx context.Context, name string) (*Store, error) {
	factory := js.Global().Get("indexedDB")
	if factory.IsUndefined() || factory.IsNull() {
		return nil, fmt.Errorf("idb: this browser offers no IndexedDB")
	}
	request := factory.Call("open", name, 1)
	upgrade := js.FuncOf(func(js.Value, []js.Value) any {
		request.Get("result").Call("createObjectStore", table)
		return nil
	})
	defer upgrade.Release()
	request.Set("onupgradeneeded", upgrade)
	db, err := result(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("idb: open: %w", err)
	}
	return &Store{db: db}, nil
}

func (s *Store) begin(mode string) js.Value {
	return s.db.Call("transaction", []any{table}, mode, map[string]any{"durability": "strict"})
}

// Get implements client.Store.
func (s *Store) Get(ctx context.Context, key string) (_ []byte, err error) {
	defer caught(&err)
	value, err := result(ctx, s.begin("readonly").Call("objectStore", table).Call("get", key))
	if err != nil {
		return nil, fmt.Errorf("idb: get: %w", err)
	}
	if value.IsUndefined() {
		return nil, nil
	}
	return bytesOf(value), nil
}

// Scan implements client.Store.
func (s *Store) Scan(ctx context.Context, r client.Range) (_ []client.Item, err error) {
	defer caught(&err)
	if r.Reverse {
		return s.scanBack(ctx, r)
	}
	objects := s.begin("readonly").Call("objectStore", table)
	args := []any{keyRange(r)}
	if r.Limit > 0 {
		args = append(args, r.Limit)
	}
	keys := objects.Call("getAllKeys", args...)
	values := objects.Call("getAll", args...)
	all, err := result(ctx, values) // requests of one transaction are answered in order
	if err != nil {
		return nil, fmt.Errorf("idb: scan: %w", err)
	}
	names := keys.Get("result")
	items := make([]client.Item, names.Length())
	for i := range items {
		items[i] = client.Item{Key: names.Index(i).String(), Value: bytesOf(all.Index(i))}
	}
	return items, nil
}

// Write implements client.Store.
func (s *Store) Write(ctx context.Context, b client.Batch) (err error) {
	if b.Empty() {
		return nil
	}
	defer caught(&err)
	t := s.begin("readwrite")
	objects := t.Call("objectStore", table)
	for _, key := range b.Delete {
		objects.Call("delete", key)
	}
	for _, r := range b.DeleteRanges {
		objects.Call("delete", keyRange(r))
	}
	for _, item := range b.Put {
		objects.Call("put", arrayOf(item.Value), item.Key)
	}
	if err := completed(ctx, t); err != nil {
		return fmt.Errorf("idb: write: %w", err)
	}
	return nil
}

// Wipe implements client.Store.
func (s *Store) Wipe(ctx context.Context) (err error) {
	defer caught(&err)
	t := s.begin("readwrite")
	t.Call("objectStore", table).Call("clear")
	if err := completed(ctx, t); err != nil {
		return fmt.Errorf("idb: wipe: %w", err)
	}
	return nil
}

// Close implements client.Store.
func (s *Store) Close() error {
	s.db.Call("close")
	return nil
}

// keyRange is the IDBKeyRange from From up to, but without, To.
func keyRange(r client.Range) js.Value {
	return js.Global().Get("IDBKeyRange").Call("bound", r.From, r.To, false, true)
}

func bytesOf(array js.Value) []byte {
	b := make([]byte, array.Get("length").Int())
	js.CopyBytesToGo(b, array)
	return b
}

func arrayOf(b []byte) js.Value {
	array := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(array, b)
	return array
}

// caught turns what IndexedDB throws, as when the database was closed by the browser, into an error.
func caught(err *error) {
	if r := recover(); r != nil {
		thrown, ok := r.(js.Error)
		if !ok {
			panic(r)
		}
		*err = fmt.Errorf("idb: %w", thrown)
	}
}
