// Package ws reaches a Frond server from a native program, over HTTP and a WebSocket.
//
// A Transport holds the session token that signing up or in gave it, as a browser holds the cookie. A
// program that wants to stay signed in keeps Token beside its other secrets and gives it back to New.
package ws

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"frond/client"
	"frond/wire"
)

// The server's session cookie: over TLS it carries a prefix that browsers enforce.
const (
	cookieName      = "__Host-frond"
	cookieNamePlain = "frond"
)

// Options say how a Transport reaches its server.
type Options struct {
	// Token is the session of an earlier run; empty when signed out.
	Token string
	// TLS is for servers whose certificate the system does not know; nil means the system's choice.
	TLS *tls.Config
}

var _ client.Transport = (*Transport)(nil)

// Transport reaches one server. It is safe for concurrent use.
type Transport struct {
	base   *url.URL
	client *http.Client
	dialer *websocket.Dialer

	mu    sync.Mutex
	token string
}

// New returns a transport to the server at base, like https://chat.example.org.
func New(base string, o Options) (*Transport, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("ws: a server's address is written like https://chat.example.org: %q", base)
	}
	u.Path = ""
	return &Transport{
		base:  u,
		token: o.Token,
		client: &http.Client{
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS, ForceAttemptHTTP2: true},
			Timeout:   time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse // a server of ours never redirects
			},
		},
		dialer: &websocket.Dialer{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS, HandshakeTimeout: 20 * time.Second,
		},
	}, nil
}

// Token is the present session, or "" when signed out. It is a secret.
func (t *Transport) Token() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token
}

// Post sends one CBOR item and returns the answer's. The error is a *wire.Error when the server
// refused; any other error means that it was not reached. A nil body asks with GET.
func (t *Transport) Post(ctx context.Context, path string, body []byte) ([]byte, error) {
	method := http.MethodPost
	if body == nil {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(ctx, method, t.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ws: %w", err)
	}
	r.Header = t.header()
	r.Header.Set("Content-Type", wire.ContentType)
	answer, err := t.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ws: %w", err)
	}
	defer answer.Body.Close()
	t.keep(answer.Cookies())
	return read(answer)
}

// read returns the body of an answer, or the error that it carries.
func read(answer *http.Response) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(answer.Body, wire.MaxHTTPAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("ws: read the answer: %w", err)
	}
	if len(raw) > wire.MaxHTTPAnswer {
		return nil, fmt.Errorf("ws: the answer is over %d bytes", wire.MaxHTTPAnswer)
	}
	if answer.StatusCode == http.StatusOK {
		return raw, nil
	}
	var refused wire.Error
	if err := wire.Decode(raw, &refused); err != nil || refused.Code == "" {
		return nil, fmt.Errorf("ws: the server answered %s", answer.Status)
	}
	return nil, &refused
}

// header carries the session to the server.
func (t *Transport) header() http.Header {
	h := http.Header{}
	if token := t.Token(); token != "" {
		h.Set("Cookie", t.cookie()+"="+token)
	}
	return h
}

// cookie is the name under which this server knows the session.
func (t *Transport) cookie() string {
	if t.base.Scheme == "https" {
		return cookieName
	}
	return cookieNamePlain
}

// keep takes over the session that the server gave or took.
func (t *Transport) keep(cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.Name != t.cookie() {
			continue
		}
		t.mu.Lock()
		t.token = c.Value
		if c.MaxAge < 0 {
			t.token = ""
		}
		t.mu.Unlock()
	}
}

// Dial opens a WebSocket. The error is a *wire.Error when the server refused the session.
func (t *Transport) Dial(ctx context.Context) (client.Conn, error) {
	u := *t.base
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	socket, answer, err := t.dialer.DialContext(ctx, u.JoinPath(wire.PathSocket).String(), t.header())
	if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
		defer answer.Body.Close()
		_, err := read(answer)
		return nil, cmpErr(err, fmt.Errorf("ws: the server did not open a WebSocket"))
	}
	if err != nil {
		return nil, fmt.Errorf("ws: %w", err)
	}
	socket.SetReadLimit(2 * wire.MaxFrame)
	return &Conn{socket: socket}, nil
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Conn is an open WebSocket. One goroutine receives; any may send and close.
type Conn struct {
	socket  *websocket.Conn
	sending sync.Mutex
}

// Send sends one message. When ctx ends first the connection is unusable.
func (c *Conn) Send(ctx context.Context, message []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	return c.within(ctx, func() error {
		return c.socket.WriteMessage(websocket.BinaryMessage, message)
	})
}

// Receive returns the next message. When ctx ends first the connection is unusable.
func (c *Conn) Receive(ctx context.Context) (message []byte, err error) {
	err = c.within(ctx, func() error {
		_, message, err = c.socket.ReadMessage()
		return err
	})
	return message, err
}

// within closes the connection when ctx ends before f does.
func (c *Conn) within(ctx context.Context, f func() error) error {
	stop := context.AfterFunc(ctx, func() { c.socket.Close() })
	defer stop()
	if err := f(); err != nil {
		return fmt.Errorf("ws: %w", errors.Join(ctx.Err(), err))
	}
	return nil
}

// Close says goodbye, if the server still listens, and ends the connection.
func (c *Conn) Close() error {
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = c.socket.WriteControl(websocket.CloseMessage, bye, time.Now().Add(100*time.Millisecond))
	return c.socket.Close()
}
