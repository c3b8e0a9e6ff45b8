package client

import "context"

// Transport reaches the server. It keeps the session cookie, as a browser does: the client never
// sees it.
type Transport interface {
	// Post sends one CBOR item and returns the answer's. A refusal is a *wire.Error; any other
	// error means that the server could not be reached, or that nobody knows.
	Post(ctx context.Context, path string, body []byte) ([]byte, error)
	// Dial opens a WebSocket at wire.PathSocket. A *wire.Error is a refusal.
	Dial(ctx context.Context) (Conn, error)
}

// Conn is a connection that carries whole messages. Send and Receive may run at the same time.
type Conn interface {
	Send(ctx context.Context, message []byte) error
	Receive(ctx context.Context) ([]byte, error)
	// Close ends the connection at once and wakes a waiting Receive.
	Close() error
}
