package sim

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"frond/client/transport/inproc"
	"frond/server/account"
	"frond/server/bus"
	"frond/server/delivery"
	"frond/server/gateway"
	"frond/server/store"
	"frond/wire"
)

// server is the real server, that can be stopped and begun again on its database.
type server struct {
	dir    string
	store  *store.Store
	log    *delivery.Log
	people *account.Service
	gate   atomic.Pointer[gateway.Gateway] // nil while stopped
	cancel context.CancelFunc
}

// start opens the database and serves.
func (s *server) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	db, err := store.Open(ctx, store.Options{
		URL: "sqlite:" + filepath.Join(s.dir, "frond.db"), Unsafe: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		cancel()
		return fmt.Errorf("sim: open the database: %w", err)
	}
	accounts, err := account.New(ctx, account.Options{Store: db, Registration: wire.RegistrationOpen, Limits: &account.Limits{}})
	if err != nil {
		cancel()
		return fmt.Errorf("sim: accounts: %w", err)
	}
	log := delivery.New(db, bus.NewLocal(), slog.New(slog.DiscardHandler))
	gate, err := gateway.New(gateway.Options{
		Accounts: accounts, Log: log, Release: "sim", Limits: &gateway.Limits{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		cancel()
		return fmt.Errorf("sim: gateway: %w", err)
	}
	s.store, s.log, s.people, s.cancel = db, log, accounts, cancel
	s.gate.Store(gate)
	return nil
}

// stop ends the server as an operator does: what was accepted is answered, the rest is refused.
func (s *server) stop() error {
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	err := s.gate.Swap(nil).Shutdown(ctx)
	s.cancel()
	if closed := s.store.Close(); err == nil {
		err = closed
	}
	return err
}

// ServeHTTP is the server's door for requests.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g := s.gate.Load(); g != nil {
		g.Handler().ServeHTTP(w, r)
		return
	}
	w.WriteHeader(http.StatusBadGateway)
}

// serveSocket is the server's door for connections.
func (s *server) serveSocket(ctx context.Context, token string, socket *inproc.Socket) error {
	if g := s.gate.Load(); g != nil {
		return g.ServeSocket(ctx, token, socket)
	}
	return nil
}
