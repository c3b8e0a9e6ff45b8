package web

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

const (
	cacheForever = "public, max-age=31536000, immutable"
	cacheCheck   = "no-cache"
)

// representation is one form of a file: as it is, or compressed.
type representation struct {
	encoding string // content coding, "" for none
	body     []byte
	etag     string
}

// file is what a path answers with.
type file struct {
	contentType string
	cache       string
	forms       []representation // best first; the last one has no coding
}

type handler map[string]*file // by URL path

// codings are the suffixes the build gives to compressed copies, best first.
var codings = []struct{ suffix, name string }{{".br", "br"}, {".gz", "gzip"}, {"", ""}}

func newHandler(files fs.FS) handler {
	h := handler{}
	_ = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || skipped(name) {
			return err
		}
		h["/"+name] = readFile(files, name)
		return nil
	})
	if index, ok := h["/index.html"]; ok {
		h["/"] = index
	} else {
		h["/"] = notBuilt
	}
	return h
}

// skipped tells the copies and the leftovers from the files that have a path of their own.
func skipped(name string) bool {
	ext := path.Ext(name)
	return ext == ".br" || ext == ".gz" || strings.HasPrefix(path.Base(name), ".")
}

func readFile(files fs.FS, name string) *file {
	f := &file{contentType: contentType(name), cache: cacheCheck}
	if strings.HasPrefix(name, "assets/") {
		f.cache = cacheForever
	}
	for _, c := range codings {
		body, err := fs.ReadFile(files, name+c.suffix)
		if err != nil {
			continue // this file does not shrink, so there is no such copy
		}
		f.forms = append(f.forms, representation{c.name, body, etag(body)})
	}
	return f
}

func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// The types are listed here because the machine's own table, which package mime reads, may differ.
var contentTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
}

func contentType(name string) string {
	if t, ok := contentTypes[path.Ext(name)]; ok {
		return t
	}
	return "application/octet-stream"
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This address is only read.", http.StatusMethodNotAllowed)
		return
	}
	f, ok := h[r.URL.Path]
	if !ok {
		w.Header().Set("Cache-Control", cacheCheck)
		http.Error(w, "There is nothing at this address.", http.StatusNotFound)
		return
	}
	f.serve(w, r)
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	form := f.choose(r.Header.Values("Accept-Encoding"))
	header := w.Header()
	header.Set("Cache-Control", f.cache)
	header.Set("ETag", form.etag)
	if len(f.forms) > 1 {
		header.Add("Vary", "Accept-Encoding")
	}
	if matches(r.Header.Values("If-None-Match"), form.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", f.contentType)
	header.Set("Content-Length", strconv.Itoa(len(form.body)))
	if form.encoding != "" {
		header.Set("Content-Encoding", form.encoding)
	}
	if f == notBuilt {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(form.body) // a reader that went away is no concern of ours
	}
}

// matches compares weakly (RFC 9110, section 13.1.2): a proxy may have marked the tag as weak.
func matches(ifNoneMatch []string, etag string) bool {
	for _, line := range ifNoneMatch {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}

var notBuilt = func() *file {
	body := []byte("<!doctype html><html lang=en><meta charset=utf-8><title>Frond</title>" +
		"<h1>The web app is missing</h1><p>This program was compiled without it. Run <code>make build</code> and start it again.</p></html>\n")
	return &file{contentTypes[".html"], cacheCheck, []representation{{"", body, etag(body)}}}
}()
