//go:build js && wasm

package main

import (
	"fmt"
	"strings"
	"syscall/js"
)

// console writes log lines to the browser's console.
type console struct{}

func (console) Warn(message string, args ...any)  { write("warn", message, args) }
func (console) Error(message string, args ...any) { write("error", message, args) }

func write(method, message string, args []any) {
	var b strings.Builder
	b.WriteString(message)
	for i := 0; i+1 < len(args); i += 2 {
		fmt.Fprintf(&b, " %v=%v", args[i], args[i+1])
	}
	js.Global().Get("console").Call(method, b.String())
}
