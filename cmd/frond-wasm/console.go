//go:build js && wasm

package main

import (
	"context"
	"log/slog"
	"strings"
	"syscall/js"
)

// console writes log lines to the browser's console.
type console struct {
	level slog.Level
	attrs string
}

func (c console) Enabled(_ context.Context, level slog.Level) bool { return level >= c.level }

func (c console) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message + c.attrs)
	r.Attrs(func(a slog.Attr) bool { b.WriteString(" " + a.String()); return true })
	method := "warn"
	if r.Level >= slog.LevelError {
		method = "error"
	}
	js.Global().Get("console").Call(method, b.String())
	return nil
}

func (c console) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		c.attrs += " " + a.String()
	}
	return c
}

func (c console) WithGroup(string) slog.Handler { return c }
