package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func testFiles() fstest.MapFS {
	return fstest.MapFS{
		".gitignore":                        {Data: []byte("*")},
		"index.html":                        {Data: []byte("<!doctype html>page")},
		"index.html.br":                     {Data: []byte("page-br")},
		"index.html.gz":                     {Data: []byte("page-gzip")},
		"icon.svg":                          {Data: []byte("<svg/>")},
		"assets/0123abcd/main.js":           {Data: []byte("export {}")},
		"assets/4567cdef/frond.wasm":        {Data: []byte("\x00asm plain")},
		"assets/4567cdef/frond.wasm.br":     {Data: []byte("wasm-br")},
		"assets/4567cdef/frond.wasm.gz":     {Data: []byte("wasm-gz")},
		"assets/4567cdef/views/sign.js":     {Data: []byte("export {1}")},
		"assets/4567cdef/views/sign.js.br":  {Data: []byte("sign-br")},
		"manifest.webmanifest":              {Data: []byte("{}")},
		"assets/4567cdef/unknown.extension": {Data: []byte("?")},
	}
}

func ask(t *testing.T, method, path string, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	newHandler(testFiles()).ServeHTTP(w, r)
	return w
}

func TestHandlerGivesTheSmallestFormTheClientAccepts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ accept, want, body string }{
		{"gzip, deflate, br, zstd", "br", "page-br"},
		{"gzip", "gzip", "page-gzip"},
		{"GZIP", "gzip", "page-gzip"},
		{"br;q=0.5, gzip;q=0.8", "gzip", "page-gzip"},
		{"br;q=0, gzip;q=0.1", "gzip", "page-gzip"},
		{"*", "br", "page-br"},
		{"*;q=0.3, br;q=0", "gzip", "page-gzip"},
		{"identity, br;q=0.9", "", "<!doctype html>page"},
		{"identity;q=0, *;q=0", "", "<!doctype html>page"}, // refuses everything, gets the plain form
		{"br;q=2", "", "<!doctype html>page"},              // no weight at all
		{"br;level=11", "", "<!doctype html>page"},
		{"deflate", "", "<!doctype html>page"},
		{"", "", "<!doctype html>page"},
	} {
		w := ask(t, "GET", "/", map[string]string{"Accept-Encoding": c.accept})
		if got := w.Header().Get("Content-Encoding"); got != c.want || w.Body.String() != c.body {
			t.Errorf("Accept-Encoding %q: coding %q, body %q; want %q, %q", c.accept, got, w.Body, c.want, c.body)
		}
		if w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: no Vary, so a cache would mix the forms up", c.accept)
		}
	}
}

func TestHandlerNamesTypesAndLifetimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, contentType, cache string }{
		{"/", "text/html; charset=utf-8", cacheCheck},
		{"/index.html", "text/html; charset=utf-8", cacheCheck},
		{"/icon.svg", "image/svg+xml", cacheCheck},
		{"/manifest.webmanifest", "application/manifest+json", cacheCheck},
		{"/assets/0123abcd/main.js", "text/javascript; charset=utf-8", cacheForever},
		{"/assets/4567cdef/frond.wasm", "application/wasm", cacheForever},
		{"/assets/4567cdef/unknown.extension", "application/octet-stream", cacheForever},
	} {
		w := ask(t, "GET", c.path, map[string]string{"Accept-Encoding": "br"})
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d", c.path, w.Code)
		}
		if got := w.Header().Get("Content-Type"); got != c.contentType {
			t.Errorf("%s: type %q, want %q", c.path, got, c.contentType)
		}
		if got := w.Header().Get("Cache-Control"); got != c.cache {
			t.Errorf("%s: cache %q, want %q", c.path, got, c.cache)
		}
	}
}

func TestHandlerHidesWhatHasNoPathOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/index.html.br", "/.gitignore", "/assets/", "/assets/0123abcd", "/assets/ffff/main.js", "/main.js",
		"/../index.html", "//", "/assets/0123abcd/../0123abcd/main.js",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = path
		w := httptest.NewRecorder()
		newHandler(testFiles()).ServeHTTP(w, r)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, w.Code)
		}
		if strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: a missing file would stay missing in caches", path)
		}
	}
}

func TestHandlerAnswersHeadLikeGetWithoutABody(t *testing.T) {
	t.Parallel()
	w := ask(t, "HEAD", "/assets/4567cdef/frond.wasm", map[string]string{"Accept-Encoding": "br"})
	if w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "7" {
		t.Errorf("HEAD: status %d, %d bytes of body, length %q", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
	}
}

func TestHandlerIsOnlyRead(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		w := ask(t, method, "/", nil)
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestHandlerTellsWhatIsUnchanged(t *testing.T) {
	t.Parallel()
	first := ask(t, "GET", "/", map[string]string{"Accept-Encoding": "br"})
	tag := first.Header().Get("ETag")
	plain := ask(t, "GET", "/", nil).Header().Get("ETag")
	if tag == "" || tag == plain {
		t.Fatalf("each form needs a tag of its own: %q and %q", tag, plain)
	}
	for _, c := range []struct {
		ifNoneMatch string
		want        int
	}{
		{tag, 304}, {"W/" + tag, 304}, {`"other", ` + tag, 304}, {"*", 304}, {plain, 200}, {`"other"`, 200},
	} {
		w := ask(t, "GET", "/", map[string]string{"Accept-Encoding": "br", "If-None-Match": c.ifNoneMatch})
		if w.Code != c.want {
			t.Errorf("If-None-Match %s: status %d, want %d", c.ifNoneMatch, w.Code, c.want)
		}
		if w.Code == 304 && (w.Body.Len() > 0 || w.Header().Get("ETag") != tag) {
			t.Errorf("If-None-Match %s: a 304 has a body or lost its tag", c.ifNoneMatch)
		}
	}
}

func TestAProgramWithoutTheWebAppSaysHowToGetIt(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	newHandler(fstest.MapFS{".gitignore": {Data: []byte("*")}}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("status %d, body %q", w.Code, w.Body)
	}
}
