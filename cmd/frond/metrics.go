package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// showStats answers GET /metrics on an address of its own until ctx ends.
func (h *house) showStats(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("--metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h.stats)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	h.logger.Info("counting", "url", "http://"+listener.Addr().String()+"/metrics")
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nil
}
