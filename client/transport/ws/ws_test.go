package ws_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"frond/client/transport/ws"
	"frond/wire"
)

// echo is a server with the outside of Frond's: it gives a session, wants it back, and echoes.
func echo(cookie string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.PathSignIn, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: "secret", Secure: true, HttpOnly: true, Path: "/"})
		_, _ = w.Write([]byte{0xa0})
	})
	mux.HandleFunc("POST "+wire.PathSignOut, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: cookie, MaxAge: -1, Path: "/"})
		_, _ = w.Write([]byte{0xa0})
	})
	mux.HandleFunc("POST "+wire.PathKDF, func(w http.ResponseWriter, _ *http.Request) {
		http.Redirect(w, &http.Request{}, "https://evil.example/", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("GET "+wire.PathServer, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xf6}) })
	mux.HandleFunc("GET "+wire.PathSocket, func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(cookie); err != nil || c.Value != "secret" {
			raw, _ := wire.Encode(wire.Errorf(wire.CodeUnauthenticated, "sign in"))
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write(raw)
			return
		}
		u := websocket.Upgrader{}
		s, err := u.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer s.Close()
		for {
			kind, m, err := s.ReadMessage()
			if err != nil || s.WriteMessage(kind, m) != nil {
				return
			}
		}
	})
	return mux
}

func TestASessionTravelsFromSignInToTheSocket(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(echo("frond"))
	defer plain.Close()
	secure := httptest.NewTLSServer(echo("__Host-frond"))
	defer secure.Close()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	for _, url := range []string{plain.URL, secure.URL} {
		n, err := ws.New(url, ws.Options{TLS: &tls.Config{RootCAs: roots}})
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		if _, err := n.Dial(ctx); wire.CodeOf(err) != wire.CodeUnauthenticated {
			t.Fatalf("without a session: %v", err)
		}
		if _, err := n.Post(ctx, wire.PathServer, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Post(ctx, wire.PathSignIn, []byte{0xa0}); err != nil || n.Token() != "secret" {
			t.Fatalf("signing in: %v", err)
		}
		again, err := ws.New(url, ws.Options{Token: n.Token(), TLS: &tls.Config{RootCAs: roots}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := again.Dial(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Send(ctx, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if m, err := c.Receive(ctx); err != nil || string(m) != "hello" {
			t.Fatalf("got %q, %v", m, err)
		}
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		if _, err := c.Receive(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a wait that ended: %v", err)
		}
		cancel()
		if _, err := n.Post(ctx, wire.PathSignOut, []byte{0xa0}); err != nil || n.Token() != "" {
			t.Fatalf("signing out: %v, token %q", err, n.Token())
		}
		if _, err := n.Post(ctx, wire.PathKDF, []byte{0xa0}); err == nil {
			t.Fatal("a redirect was followed")
		}
	}
}

func TestCloseWakesAWaitingReceive(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(echo("frond"))
	defer server.Close()
	n, err := ws.New(server.URL, ws.Options{Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { c.Close() })
	if _, err := c.Receive(t.Context()); err == nil {
		t.Fatal("a closed connection received")
	}
}

func TestAnAddressIsAServersAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "chat.example", "ftp://chat.example", "https://", "https://chat.example/app"} {
		if _, err := ws.New(bad, ws.Options{}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	n, err := ws.New("http://127.0.0.1:1", ws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var refused *wire.Error
	if _, err := n.Post(t.Context(), wire.PathServer, nil); err == nil || errors.As(err, &refused) {
		t.Fatalf("a server that is not there: %v", err)
	}
	if _, err := n.Dial(t.Context()); err == nil || errors.As(err, &refused) {
		t.Fatalf("a server that is not there: %v", err)
	}
}
