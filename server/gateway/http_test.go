package gateway_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"frond/server/gateway"
	"frond/wire"
)

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	static := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
		}
	})
	w := newWorld(t, func(r *rules) { r.gateway.Static = static })
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; " +
			"media-src blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; " +
			"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types frond",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
	}
	for _, path := range []string{
		"/", "/missing", "/healthz", "/api/", "/api/v2/x", wire.PathServer, wire.PathKDF, wire.PathSignUp, wire.PathSignIn,
		wire.PathDevice, wire.PathSignOut, wire.PathSocket,
	} {
		for _, method := range []string{"GET", "POST", "PUT", "OPTIONS"} {
			for _, origin := range []string{"", "https://evil.example"} {
				r, err := http.NewRequest(method, w.url+path, strings.NewReader("?"))
				must(t, err)
				if origin != "" {
					r.Header.Set("Origin", origin)
				}
				a, err := http.DefaultClient.Do(r)
				must(t, err)
				a.Body.Close()
				for name, value := range want {
					if got := a.Header.Get(name); got != value {
						t.Errorf("%s %s from %q: %s is %q", method, path, origin, name, got)
					}
				}
				if strings.HasPrefix(path, "/api/") && a.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s may be cached", method, path)
				}
			}
		}
	}
}

func TestTheCookieIsForThisServerOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.gateway.Origins = []string{"https://chat.example"} })
	for _, c := range []struct {
		base, name string
		secure     bool
	}{
		{"https://frond.example", "__Host-frond", true}, // our TLS
		{"http://chat.example", "__Host-frond", true},   // a proxy's TLS
		{"http://localhost:5000", "frond", true},
		{"http://127.0.0.1:5000", "frond", true},
		{"http://[::1]:5000", "frond", true},
		{"http://192.168.1.7:5000", "frond", false}, // browsers would drop a Secure one
	} {
		p := newPerson(t, w.url, "ana-"+strings.Trim(strings.NewReplacer(":", "", "/", "", "[", "", "]", "").Replace(c.base), "."))
		body, err := wire.Encode(p.signUpBody2())
		must(t, err)
		r := httptest.NewRequest("POST", c.base+wire.PathSignUp, bytes.NewReader(body))
		r.Header.Set("Content-Type", wire.ContentType)
		if strings.HasPrefix(c.base, "https") {
			r.TLS = &tls.ConnectionState{}
		}
		a := httptest.NewRecorder()
		w.gateway.Handler().ServeHTTP(a, r)
		cookies := a.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%s: %d with %d cookies", c.base, a.Code, len(cookies))
		}
		k := cookies[0]
		if k.Name != c.name || k.Secure != c.secure || !k.HttpOnly || k.SameSite != http.SameSiteStrictMode || k.Path != "/" || k.Domain != "" {
			t.Errorf("%s: cookie %+v", c.base, k)
		}
		if hsts := a.Header().Get("Strict-Transport-Security"); (hsts != "") != (c.name == "__Host-frond") {
			t.Errorf("%s: HSTS is %q", c.base, hsts)
		}
	}
}

// signUpBody2 has a name short enough for any base address.
func (p *person) signUpBody2() wire.SignUp {
	p.name = strings.TrimRight(p.name[:min(len(p.name), wire.MaxUserName)], ".-")
	return p.signUpBody()
}

func TestAForeignPageGetsNoWebSocketAndNoPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.gateway.Origins = []string{"https://chat.example"} })
	ana := w.join("ana")
	address := "ws" + strings.TrimPrefix(w.url, "http") + wire.PathSocket
	for origin, ok := range map[string]bool{
		w.url:                       true,
		"https://chat.example":      true,
		"":                          true, // no browser
		"https://evil.example":      false,
		"http://chat.example":       false,
		"https://chat.example.evil": false,
		"https://chat.example:444":  false,
		"null":                      false,
		"https" + strings.TrimPrefix(w.url, "http"): false,
	} {
		h := http.Header{"Cookie": {"frond=" + ana.net.Token()}}
		if origin != "" {
			h.Set("Origin", origin)
		}
		s, a, err := websocket.DefaultDialer.Dial(address, h)
		if (err == nil) != ok {
			t.Errorf("WebSocket from %q: %v", origin, err)
		}
		if err == nil {
			s.Close()
		} else if a.StatusCode != http.StatusForbidden {
			t.Errorf("WebSocket from %q: %s", origin, a.Status)
		}
		body, err := wire.Encode(wire.KDFRequest{Name: "ana"})
		must(t, err)
		r, err := http.NewRequest("POST", w.url+wire.PathKDF, bytes.NewReader(body))
		must(t, err)
		r.Header = h.Clone()
		r.Header.Set("Content-Type", wire.ContentType)
		p, err := http.DefaultClient.Do(r)
		must(t, err)
		p.Body.Close()
		if (p.StatusCode == http.StatusOK) != ok {
			t.Errorf("POST from %q: %s", origin, p.Status)
		}
	}
}

func TestABrowsersWordOnCrossSiteRequestsIsHeard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := http.NewRequest("POST", w.url+wire.PathSignOut, nil)
	must(t, err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	a, err := http.DefaultClient.Do(r)
	must(t, err)
	a.Body.Close()
	if a.StatusCode != http.StatusForbidden {
		t.Fatalf("got %s", a.Status)
	}
}

func TestWithoutAGoodSessionThereIsAnErrorAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address := "ws" + strings.TrimPrefix(w.url, "http") + wire.PathSocket
	for _, token := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 5000), "' OR 1=1 --"} {
		_, a, err := websocket.DefaultDialer.Dial(address, http.Header{"Cookie": {"frond=" + token}})
		if err == nil || a == nil {
			t.Fatalf("token %q: %v", token, err)
		}
		raw, _ := io.ReadAll(a.Body)
		var e wire.Error
		if a.StatusCode != http.StatusUnauthorized || wire.Decode(raw, &e) != nil || e.Code != wire.CodeUnauthenticated {
			t.Errorf("token %q: %s %q", token, a.Status, raw)
		}
	}
}

func TestBodiesAreBoundedAndTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(kind string, body io.Reader) int {
		a, err := http.Post(w.url+wire.PathSignUp, kind, body)
		must(t, err)
		defer a.Body.Close()
		return a.StatusCode
	}
	if got := post(wire.ContentType, bytes.NewReader(make([]byte, wire.MaxHTTPBody+1))); got != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over the limit: %d", got)
	}
	if got := post("application/x-www-form-urlencoded", strings.NewReader("name=ana")); got != http.StatusBadRequest {
		t.Errorf("a form: %d", got)
	}
	if got := post(wire.ContentType, strings.NewReader("\xff\xff")); got != http.StatusBadRequest {
		t.Errorf("not CBOR: %d", got)
	}
}

func TestAnOriginIsWrittenExactly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range []string{"chat.example", "https://chat.example/", "https://", "ftp://chat.example", "*"} {
		if _, err := gateway.New(gateway.Options{Accounts: w.accounts, Log: w.log, Origins: []string{bad}}); err == nil {
			t.Errorf("%q was taken for an origin", bad)
		}
	}
}
