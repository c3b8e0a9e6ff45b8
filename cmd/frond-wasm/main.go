//go:build js && wasm

// Command frond-wasm runs the client core in a browser's worker. It is a bridge and nothing else:
// globalThis.frondCommand(text) hands a command to client/api, and everything client/api has to
// say goes to globalThis.frondEmit(text), which the worker defines before it starts this program.
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
	}, func(text string) { emit.Invoke(text) })
	if err != nil {
		panic(err)
	}
	js.Global().Set("frondCommand", js.FuncOf(func(_ js.Value, args []js.Value) any {
		a.Handle(args[0].String())
		return nil
	}))
	select {} // the worker ends with its page
}
