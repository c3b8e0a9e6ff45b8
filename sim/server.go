package sim

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
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
	gate   *gateway.Gateway
	cancel context.CancelFunc
	ctx    context.Context
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
	s.store, s.log, s.gate, s.ctx, s.cancel = db, log, gate, ctx, cancel
	return nil
}

// stop ends the server as an operator does: what was accepted is answered, the rest is refused.
func (s *server) stop() error {
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	err := s.gate.Shutdown(ctx)
	s.cancel()
	s.gate = nil
	if closed := s.store.Close(); err == nil {
		err = closed
	}
	return err
}

// ServeHTTP is the server's door for requests.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.gate == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	s.gate.Handler().ServeHTTP(w, r)
}

// serveSocket is the server's door for connections.
func (s *server) serveSocket(ctx context.Context, token string, socket *inproc.Socket) error {
	if s.gate == nil {
		return nil
	}
	return s.gate.ServeSocket(ctx, token, socket)
}
