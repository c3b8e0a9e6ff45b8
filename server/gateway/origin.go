package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// origins are the configured ones, in the form browsers send.
type origins []string

func parseOrigins(given []string) (origins, error) {
	var all origins
	for _, s := range given {
		u, err := url.Parse(s)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || s != u.Scheme+"://"+u.Host {
			return nil, fmt.Errorf("gateway: an origin is written like https://chat.example.org, without a path: %q", s)
		}
		all = append(all, s)
	}
	return all, nil
}

// allow reports whether a browser's page of this request's origin may speak to us: exactly the
// request's own scheme and host, or a configured origin. No Origin at all means that no page asks:
// browsers send one with every POST and every WebSocket.
func (o origins) allow(r *http.Request) bool {
	sent := r.Header["Origin"]
	if len(sent) == 0 {
		return true
	}
	return len(sent) == 1 && (sent[0] == ownOrigin(r) || slices.Contains(o, sent[0]))
}

func ownOrigin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// secure reports whether the browser reached us over TLS, ours or a proxy's.
func (o origins) secure(r *http.Request) bool {
	return r.TLS != nil || slices.Contains(o, "https://"+r.Host)
}
