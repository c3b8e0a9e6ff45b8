//go:build js && wasm

package wsjs

import (
	"context"
	"fmt"
	"syscall/js"

	"frond/client"
	"frond/wire"
)

// Transport reaches the server that served the page.
type Transport struct{ origin string }

var _ client.Transport = (*Transport)(nil)

// New returns a transport to an origin, like https://chat.example.org.
func New(origin string) *Transport { return &Transport{origin: origin} }

// Post implements client.Transport. A nil body asks with GET.
func (t *Transport) Post(ctx context.Context, path string, body []byte) ([]byte, error) {
	abort := js.Global().Get("AbortController").New()
	options := map[string]any{
		"method": "GET", "credentials": "same-origin", "cache": "no-store", "redirect": "error",
		"signal": abort.Get("signal"),
	}
	if body != nil {
		options["method"] = "POST"
		options["headers"] = map[string]any{"Content-Type": wire.ContentType}
		options["body"] = toJS(body)
	}
	response, err := await(ctx, js.Global().Call("fetch", t.origin+path, options))
	if err != nil {
		abort.Call("abort")
		return nil, fmt.Errorf("wsjs: fetch: %w", err)
	}
	buffer, err := await(ctx, response.Call("arrayBuffer"))
	if err != nil {
		return nil, fmt.Errorf("wsjs: read the answer: %w", err)
	}
	answer := fromJS(buffer)
	if len(answer) > wire.MaxHTTPAnswer {
		return nil, fmt.Errorf("wsjs: an answer of %d bytes", len(answer))
	}
	if status := response.Get("status").Int(); status != 200 {
		refusal := new(wire.Error)
		if err := wire.Decode(answer, refusal); err != nil {
			return nil, fmt.Errorf("wsjs: the server answers with status %d", status)
		}
		return nil, refusal
	}
	return answer, nil
}

// await waits for a promise.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	done := make(chan outcome, 1)
	var resolved, rejected js.Func
	resolved = js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- outcome{value: args[0]}
		resolved.Release()
		rejected.Release()
		return nil
	})
	rejected = js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- outcome{err: fmt.Errorf("%s", describe(args[0]))}
		resolved.Release()
		rejected.Release()
		return nil
	})
	promise.Call("then", resolved, rejected)
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	}
}

func describe(reason js.Value) string {
	if reason.Type() == js.TypeObject {
		return reason.Get("name").String() + ": " + reason.Get("message").String()
	}
	return "rejected"
}

func toJS(b []byte) js.Value {
	array := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(array, b)
	return array
}

func fromJS(buffer js.Value) []byte {
	array := js.Global().Get("Uint8Array").New(buffer)
	b := make([]byte, array.Get("length").Int())
	js.CopyBytesToGo(b, array)
	return b
}
