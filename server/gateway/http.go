package gateway

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"frond/server/store"
	"frond/wire"
)

const requestTimeout = 20 * time.Second

// handler puts the routes together. The order of the layers: headers on everything, then who may ask,
// then what is asked.
func (g *Gateway) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.PathServer, g.serverInfo)
	mux.Handle("POST "+wire.PathKDF, endpoint(g, g.kdf))
	mux.Handle("POST "+wire.PathSignUp, endpoint(g, g.signUp))
	mux.Handle("POST "+wire.PathSignIn, endpoint(g, g.signIn))
	mux.Handle("POST "+wire.PathRecover, endpoint(g, g.recover))
	mux.Handle("POST "+wire.PathReset, endpoint(g, g.reset))
	mux.Handle("POST "+wire.PathResetBegin, endpoint(g, g.resetBegin))
	mux.Handle("POST "+wire.PathResetCancel, endpoint(g, g.resetCancel))
	mux.Handle("POST "+wire.PathResume, signedIn(g, wire.MaxHTTPBody, g.resume))
	mux.Handle("POST "+wire.PathDevice, signedIn(g, wire.MaxDeviceBody, g.addDevice))
	mux.Handle("POST "+wire.PathSums, signedIn(g, wire.MaxHTTPBody, g.sums))
	mux.Handle("POST "+wire.PathApprovalSession, endpoint(g, g.lockedSession))
	mux.Handle("POST "+wire.PathApprovalStart, endpoint(g, g.approvalStart))
	mux.Handle("POST "+wire.PathApprovalPoll, endpoint(g, g.approvalPoll))
	mux.Handle("POST "+wire.PathApprovalReveal, endpoint(g, g.approvalReveal))
	mux.Handle("POST "+wire.PathApprovalStop, endpoint(g, g.approvalStop))
	mux.Handle("POST "+wire.PathSignOut, endpoint(g, g.signOut))
	mux.HandleFunc("GET "+wire.PathSocket, g.upgrade)
	mux.HandleFunc("GET /healthz", g.health)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		g.refuse(w, r, wire.Errorf(wire.CodeNotFound, "no such address or method"))
	})
	if g.static != nil {
		mux.Handle("/", g.static)
	}
	return g.protect(g.sameOrigin(mux))
}

// sameOrigin refuses what another site's page asks for in the person's name: by the exact Origin, and
// by the browser's own word on where a request comes from.
func (g *Gateway) sameOrigin(next http.Handler) http.Handler {
	foreign := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.refuse(w, r, wire.Errorf(wire.CodeForbidden, "This page may not use this server. "+
			"Behind a proxy, the server must be told its public address with --origin."))
	})
	crossOrigin := http.NewCrossOriginProtection()
	for _, o := range g.origins {
		_ = crossOrigin.AddTrustedOrigin(o) // parseOrigins checked the form
	}
	crossOrigin.SetDenyHandler(foreign)
	inner := crossOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") && !g.origins.allow(r) {
			foreign.ServeHTTP(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// endpoint is a POST that takes one CBOR item and answers one.
func endpoint[Q, A any](g *Gateway, f func(ctx context.Context, w http.ResponseWriter, r *http.Request, q *Q) (A, error)) http.Handler {
	return answering(g, func(ctx context.Context, w http.ResponseWriter, r *http.Request) (a A, err error) {
		var q Q
		if err := readBody(w, r, wire.MaxHTTPBody, &q); err != nil {
			return a, err
		}
		return f(ctx, w, r, &q)
	})
}

// signedIn is an endpoint that reads what it is sent only once it knows whose session asks.
func signedIn[Q, A any](g *Gateway, limit int64, f func(ctx context.Context, r *http.Request, of store.Session, q *Q) (A, error)) http.Handler {
	return answering(g, func(ctx context.Context, w http.ResponseWriter, r *http.Request) (a A, err error) {
		of, err := g.accounts.Authenticate(ctx, g.token(r))
		if err != nil {
			return a, err
		}
		var q Q
		if err := readBody(w, r, limit, &q); err != nil {
			return a, err
		}
		return f(ctx, r, of, &q)
	})
}

func answering[A any](g *Gateway, f func(context.Context, http.ResponseWriter, *http.Request) (A, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		a, err := f(ctx, w, r)
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		g.answer(w, http.StatusOK, a)
	})
}

func readBody(w http.ResponseWriter, r *http.Request, limit int64, q any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != wire.ContentType {
		return wire.Errorf(wire.CodeBadRequest, "the content type is not %s", wire.ContentType)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return wire.Errorf(wire.CodeTooLarge, "request body: the limit is %d", limit)
	}
	if err != nil {
		return wire.Errorf(wire.CodeBadRequest, "the request body ended early")
	}
	return wire.Decode(body, q)
}

func (g *Gateway) answer(w http.ResponseWriter, status int, body any) {
	raw, err := wire.Encode(body)
	if err != nil {
		g.logger.Error("an answer cannot be encoded", "error", err)
		status, raw = http.StatusInternalServerError, nil
	}
	h := w.Header()
	h.Set("Content-Type", wire.ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the client went away: nobody is left to tell
}

// refuse answers an error.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := g.public(err, "path", r.URL.Path)
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter)))
	}
	g.answer(w, status(e.Code), e)
}

// public is an error as clients may see it. What is not meant for them goes to the server's log.
func (g *Gateway) public(err error, where ...any) *wire.Error {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		if error(e) != err { // a refusal with a cause: a database that failed
			g.logger.Error("request failed", append(where, "error", err)...)
		}
		return e
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return wire.Errorf(wire.CodeUnavailable, "The server took too long. Try again.")
	}
	g.logger.Error("request failed", append(where, "error", err)...)
	return wire.Errorf(wire.CodeInternal, "The server made a mistake. It is in its log.")
}

var statuses = map[wire.Code]int{
	wire.CodeBadRequest:      http.StatusBadRequest,
	wire.CodeVersion:         http.StatusBadRequest,
	wire.CodeNameInvalid:     http.StatusBadRequest,
	wire.CodeTooLarge:        http.StatusRequestEntityTooLarge,
	wire.CodeUnauthenticated: http.StatusUnauthorized,
	wire.CodeWrongPassword:   http.StatusForbidden,
	wire.CodeForbidden:       http.StatusForbidden,
	wire.CodeRegistration:    http.StatusForbidden,
	wire.CodeLimit:           http.StatusForbidden,
	wire.CodeHeld:            http.StatusForbidden,
	wire.CodeNotFound:        http.StatusNotFound,
	wire.CodeNameTaken:       http.StatusConflict,
	wire.CodeExists:          http.StatusConflict,
	wire.CodeConflict:        http.StatusConflict,
	wire.CodeStale:           http.StatusConflict,
	wire.CodeRateLimited:     http.StatusTooManyRequests,
	wire.CodeUnavailable:     http.StatusServiceUnavailable,
}

func status(c wire.Code) int {
	if s, ok := statuses[c]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// address is where a request comes from, for the limits.
func (g *Gateway) address(r *http.Request) string {
	if g.proxied {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if last := strings.TrimSpace(hops[len(hops)-1]); last != "" {
			return last
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
