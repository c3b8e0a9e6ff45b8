package gateway_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"frond/wire"
)

// notebook is a log that a test reads.
type notebook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notebook) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}

// A client is told that the database does not answer. Why, whoever runs the server reads in the log.
func TestTheCauseOfADatabaseFailureIsInTheLog(t *testing.T) {
	t.Parallel()
	var log notebook
	w := newWorld(t, func(r *rules) { r.gateway.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	ana := w.join("ana")
	must(t, w.store.Close())
	err := ana.ask(wire.OpGetState, wire.Nothing{}, &wire.State{})
	wantCode(t, err, wire.CodeUnavailable)
	if strings.Contains(err.Error(), "closed") {
		t.Fatalf("the client is told the cause: %v", err)
	}
	if !strings.Contains(log.String(), "the store is closed") {
		t.Fatalf("the log says %q", log.String())
	}
}
