//go:build js && wasm

package idb

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"

	"frond/client"
)

// listen calls done once, for the first of the named events.
func listen(target js.Value, names []string, done func(name string)) {
	funcs := map[string]js.Func{}
	stop := func() {
		for name, f := range funcs {
			target.Call("removeEventListener", name, f)
			f.Release()
		}
	}
	for _, name := range names {
		funcs[name] = js.FuncOf(func(js.Value, []js.Value) any {
			stop()
			done(name)
			return nil
		})
		target.Call("addEventListener", name, funcs[name])
	}
}

// result waits for an IDBRequest.
func result(ctx context.Context, request js.Value) (js.Value, error) {
	done := make(chan string, 1)
	listen(request, []string{"success", "error", "blocked"}, func(name string) { done <- name })
	select {
	case name := <-done:
		if name != "success" {
			return js.Undefined(), reason(request)
		}
		return request.Get("result"), nil
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	}
}

// completed waits until a transaction is durable.
func completed(ctx context.Context, transaction js.Value) error {
	done := make(chan string, 1)
	listen(transaction, []string{"complete", "error", "abort"}, func(name string) { done <- name })
	select {
	case name := <-done:
		if name != "complete" {
			return reason(transaction)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reason is why a request or transaction failed, in the browser's words.
func reason(target js.Value) error {
	e := target.Get("error")
	if e.IsNull() || e.IsUndefined() {
		return errors.New("the browser gave no reason")
	}
	return fmt.Errorf("%s: %s", e.Get("name").String(), e.Get("message").String())
}

// scanBack walks a range from its end with a cursor, which is the only way to do so with a limit.
func (s *Store) scanBack(ctx context.Context, r client.Range) ([]client.Item, error) {
	request := s.begin("readonly").Call("objectStore", table).Call("openCursor", keyRange(r), "prev")
	var items []client.Item
	done := make(chan error, 1)
	var step, failed js.Func
	finish := func(err error) {
		request.Call("removeEventListener", "success", step)
		request.Call("removeEventListener", "error", failed)
		step.Release()
		failed.Release()
		done <- err
	}
	step = js.FuncOf(func(js.Value, []js.Value) any {
		cursor := request.Get("result")
		if cursor.IsNull() || r.Limit > 0 && len(items) == r.Limit {
			finish(nil)
			return nil
		}
		items = append(items, client.Item{Key: cursor.Get("key").String(), Value: bytesOf(cursor.Get("value"))})
		cursor.Call("continue")
		return nil
	})
	failed = js.FuncOf(func(js.Value, []js.Value) any { finish(reason(request)); return nil })
	request.Call("addEventListener", "success", step)
	request.Call("addEventListener", "error", failed)
	select {
	case err := <-done:
		return items, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
