//go:build js && wasm

// Command frond-wasm runs the client core in a browser's worker. It is a bridge and nothing else:
// globalThis.frondCommand(message) hands a command to client/api, and everything client/api has to
// say goes to globalThis.frondEmit(message), which the worker defines before it starts this program.
package main

import (
	"context"
	"syscall/js"

	"frond/client"
	"frond/client/api"
	"frond/client/store/idb"
	"frond/client/transport/wsjs"
)

// database is the name of the IndexedDB database; a browser keeps one for each origin.
const database = "frond"

func main() {
	emit := js.Global().Get("frondEmit")
	store, err := idb.Open(context.Background(), database)
	if err != nil {
		panic(err) // the worker reports what ends this program
	}
	a, err := api.New(client.Config{
		Store:     store,
		Transport: wsjs.New(js.Global().Get("location").Get("origin").String()),
		Device:    deviceName(),
		Log:       console{},
	}, func(message []byte) {
		b := js.Global().Get("Uint8Array").New(len(message))
		js.CopyBytesToJS(b, message)
		emit.Invoke(b)
	})
	if err != nil {
		panic(err)
	}
	js.Global().Set("frondCommand", js.FuncOf(func(_ js.Value, args []js.Value) any {
		message := make([]byte, args[0].Length())
		js.CopyBytesToGo(message, args[0])
		a.Handle(message)
		return nil
	}))
	select {} // the worker ends with its page
}
