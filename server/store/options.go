package store

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Options say which database to open and how.
type Options struct {
	// URL names the database:
	//
	//	sqlite                                     the file frond.db in Dir
	//	sqlite:<file>                              that file
	//	sqlite::memory:                            private to this Store, gone at Close
	//	mysql://user:password@host:port/name       MySQL or MariaDB
	//
	// A mysql URL may say tls=true (certificate checked), tls=skip-verify, tls=preferred (the
	// default: encrypted when the server can) or tls=false, ca=<file with PEM certificates>, and
	// socket=<path> instead of host and port. Without a password in the URL, MYSQL_PWD is used. The
	// password is never logged and never part of an error.
	URL string
	// Dir is the data folder of "sqlite"; it is made when missing.
	Dir string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger receives warnings about the database's settings; nil means slog.Default().
	Logger *slog.Logger
	// Unsafe lets SQLite acknowledge before data is durable, for simulations. Other databases
	// ignore it.
	Unsafe bool
	// Shared opens a SQLite file beside the server that holds it, for administration.
	Shared bool
}

// dialect picks what differs between the databases by the URL's scheme.
func (o *Options) dialect() (dialect, error) {
	scheme, _, _ := strings.Cut(o.URL, ":")
	switch scheme {
	case "sqlite":
		return newSQLite(o)
	case "mysql":
		return newMySQL(o)
	}
	return nil, fmt.Errorf("store: the database must be sqlite, sqlite:<file> or mysql://…")
}

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}
