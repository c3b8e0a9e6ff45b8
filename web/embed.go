// Package web is the web app of Frond, ready to be served.
//
// The page is plain ES modules under static/. The build (build.mjs) copies them, Bootstrap's style
// sheet and the client core, compiled to WebAssembly, into dist/, compresses each file once, and
// this package embeds the result. Everything below /assets/ carries a hash of its content in its
// path and never changes; the few other files are checked for a newer version at each visit.
//
// A program compiled before the web app was built still works as a server: it answers / with a page
// that says what is missing.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

// TrustedTypesPolicy is the one Trusted Types policy the page creates. The content security policy
// must name it in its trusted-types directive, and no other.
const TrustedTypesPolicy = "frond"

// dist always holds at least its .gitignore, so that the package compiles before the first build.
//
//go:embed all:dist
var dist embed.FS

// Handler serves the web app: GET and HEAD only, 404 for unknown paths. It sets no security headers;
// the gateway sets those on every response alike.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant that embed checked
	}
	return newHandler(files)
}
