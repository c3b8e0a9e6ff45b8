package gateway

import (
	"net"
	"net/http"
	"strings"

	"frond/server/account"
)

// Over TLS the session's cookie has the prefix __Host-, by which browsers promise that no other host
// and no plain connection set it. Browsers refuse that prefix on plain HTTP, so a server on the
// person's own machine uses the plain name.
const (
	cookieName      = "__Host-frond"
	cookieNamePlain = "frond"
)

// setCookie hands out a token; an empty one takes the cookie back. Browsers take a Secure cookie from
// loopback addresses over plain HTTP too; only a plain address elsewhere goes without.
func (g *Gateway) setCookie(w http.ResponseWriter, r *http.Request, token string) {
	c := &http.Cookie{
		Name: g.cookieName(r), Value: token, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: g.origins.secure(r) || isLoopback(r.Host),
		MaxAge: int(account.Lifetime.Seconds()),
	}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// token returns what the request's cookie says, or "".
func (g *Gateway) token(r *http.Request) string {
	c, err := r.Cookie(g.cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

func (g *Gateway) cookieName(r *http.Request) string {
	if g.origins.secure(r) {
		return cookieName
	}
	return cookieNamePlain
}

// isLoopback reports whether a Host header names the browser's own machine, as browsers see it.
func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if ip := net.ParseIP(strings.Trim(name, "[]")); ip != nil {
		return ip.IsLoopback()
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
