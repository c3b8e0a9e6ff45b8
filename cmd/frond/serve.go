package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"frond/server/account"
	"frond/server/bus"
	"frond/server/delivery"
	"frond/server/gateway"
	"frond/server/stats"
	"frond/server/store"
	"frond/web"
	"frond/wire"
)

// shutdownPatience is how long clients have to take their last answers.
const shutdownPatience = 10 * time.Second

// watchResets is how soon an account's devices hear of a reset that frond admin allowed.
const watchResets = 15 * time.Second

func serve(ctx context.Context, args []string, out, log io.Writer) error {
	var s settings
	f := newFlags("serve", log)
	s.register(f)
	if err := parse(f, args); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: s.level}))
	house, err := build(ctx, &s, logger)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return errors.Join(err, house.close())
	}
	greet(out, &s, listener.Addr())
	return house.serve(ctx, &s, listener)
}

// house is the server's rooms, wired.
type house struct {
	store    *store.Store
	accounts *account.Service
	gateway  *gateway.Gateway
	logger   *slog.Logger
	stats    *stats.Stats // nil without --metrics
}

func build(ctx context.Context, s *settings, logger *slog.Logger) (*house, error) {
	st, err := store.Open(ctx, s.database.options(logger, false))
	if err != nil {
		return nil, err
	}
	h := &house{store: st, logger: logger}
	if err := h.wire(ctx, s); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *house) wire(ctx context.Context, s *settings) error {
	accountLimits, gatewayLimits := &account.DefaultLimits, &gateway.DefaultLimits
	if s.unlimited {
		accountLimits, gatewayLimits = &account.Limits{}, &gateway.Limits{}
	}
	accounts, err := account.New(ctx, account.Options{Store: h.store, Registration: s.registration, Limits: accountLimits})
	if err != nil {
		return err
	}
	h.accounts = accounts
	if s.metrics != "" {
		h.stats = stats.New()
	}
	log := delivery.New(h.store, bus.NewLocal(), h.logger)
	h.gateway, err = gateway.New(gateway.Options{
		Accounts: accounts, Log: log, Static: web.Handler(), Healthy: h.store.Ping, Release: versionText(),
		Origins: s.origins, Proxied: s.proxied, Limits: gatewayLimits, Logger: h.logger, Stats: h.stats,
	})
	return err
}

func (h *house) close() error { return h.store.Close() }

// serve answers until ctx ends, and then lets everybody finish.
func (h *house) serve(ctx context.Context, s *settings, listener net.Listener) error {
	if err := h.showStats(ctx, s.metrics); err != nil {
		return errors.Join(err, listener.Close(), h.close())
	}
	server := &http.Server{
		Handler:           h.gateway.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(h.logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() {
		if s.cert != "" {
			failed <- server.ServeTLS(listener, s.cert, s.key)
		} else {
			failed <- server.Serve(listener)
		}
	}()
	go h.prune(ctx)
	go h.accounts.WatchResets(ctx, watchResets)
	h.logger.Info("serving", "address", listener.Addr().String(), "release", versionText(), "registration", s.registration)
	select {
	case err := <-failed:
		return errors.Join(err, h.stop(server))
	case <-ctx.Done():
		return h.stop(server)
	}
}

// stop takes nothing new, answers what was accepted, and closes the database last.
func (h *house) stop(server *http.Server) error {
	h.logger.Info("stopping")
	ctx, cancel := context.WithTimeout(context.Background(), shutdownPatience)
	defer cancel()
	requests := make(chan error, 1)
	go func() { requests <- server.Shutdown(ctx) }()
	err := errors.Join(h.gateway.Shutdown(ctx), <-requests, h.close())
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	h.logger.Info("stopped")
	return nil
}

// prune drops what has expired, once an hour.
func (h *house) prune(ctx context.Context) {
	for {
		if err := h.store.Prune(ctx); err != nil && ctx.Err() == nil {
			h.logger.Warn("pruning failed", "error", err)
		}
		select {
		case <-time.After(time.Hour):
		case <-ctx.Done():
			return
		}
	}
}

// greet tells the person at the terminal what to do next.
func greet(out io.Writer, s *settings, at net.Addr) {
	scheme := "http"
	if s.cert != "" {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(at.String())
	address := scheme + "://" + net.JoinHostPort(host, port)
	switch {
	case len(s.origins) > 0:
		address = s.origins[0]
	case loopback(host):
		address = scheme + "://localhost:" + port
	}
	fmt.Fprintf(out, "Frond is running.\n\n  Open %s\n\n", address)
	switch s.registration {
	case wire.RegistrationOpen:
		fmt.Fprintln(out, "Anybody who reaches this address can create an account.")
	case wire.RegistrationInvite:
		fmt.Fprintf(out, "New accounts need an invite. Make one with the same --data and --database:\n\n  frond admin invite\n")
	default:
		fmt.Fprintln(out, "This server takes no new accounts.")
	}
	if scheme == "http" && len(s.origins) == 0 && !loopback(host) {
		fmt.Fprintln(out, "\nBrowsers need HTTPS here: give --tls-cert and --tls-key, or put a proxy with TLS in front and name it with --origin.")
	}
	fmt.Fprintln(out, "\nPress Ctrl+C to stop.")
}
