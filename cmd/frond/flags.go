package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"

	"frond/server/store"
	"frond/wire"
)

// newFlags returns a flag set that reports its mistakes as errors.
func newFlags(name string, log io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("frond "+name, flag.ContinueOnError)
	f.SetOutput(log)
	return f
}

// parse reads the flags, and the environment for those that were not given. After the flags come
// exactly the named arguments.
func parse(f *flag.FlagSet, args []string, named ...string) error {
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > len(named) {
		return fmt.Errorf("unexpected argument %q", f.Arg(len(named)))
	}
	if f.NArg() < len(named) {
		return fmt.Errorf("say the %s after the flags", named[f.NArg()])
	}
	given := map[string]bool{}
	f.Visit(func(one *flag.Flag) { given[one.Name] = true })
	var failed error
	f.VisitAll(func(one *flag.Flag) {
		name := "FROND_" + strings.ToUpper(strings.ReplaceAll(one.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || given[one.Name] || failed != nil {
			return
		}
		if err := f.Set(one.Name, value); err != nil {
			failed = fmt.Errorf("%s: %w", name, err)
		}
	})
	return failed
}

// database is what every command that opens the store needs to know.
type database struct{ dir, url string }

func (d *database) register(f *flag.FlagSet) {
	f.StringVar(&d.dir, "data", "./data", "`folder` for everything that must be kept")
	f.StringVar(&d.url, "database", "sqlite", "`URL` of the database: sqlite, or mysql://user@host:port/name with the password in MYSQL_PWD")
}

func (d *database) options(logger *slog.Logger, shared bool) store.Options {
	return store.Options{URL: d.url, Dir: d.dir, Logger: logger, Shared: shared}
}

// settings are the flags of serve.
type settings struct {
	database
	listen       string
	registration string
	origins      list
	cert, key    string
	level        slog.Level
	proxied      bool
	unlimited    bool
	metrics      string
}

func (s *settings) register(f *flag.FlagSet) {
	s.database.register(f)
	f.StringVar(&s.listen, "listen", "127.0.0.1:5000", "`address` to listen on")
	f.StringVar(&s.registration, "registration", "", "who may create an account: open, invite or closed (default: open on a loopback address, else invite)")
	f.Var(&s.origins, "origin", "public `address` of this server as browsers show it, like https://chat.example.org; needed behind a proxy; several with commas")
	f.StringVar(&s.cert, "tls-cert", "", "`file` with the certificate chain; serves HTTPS")
	f.StringVar(&s.key, "tls-key", "", "`file` with the certificate's private key")
	f.TextVar(&s.level, "log-level", slog.LevelInfo, "`level` from which on to log: debug, info, warn or error")
	f.BoolVar(&s.proxied, "behind-proxy", false, "a proxy of yours is in front: take client addresses from X-Forwarded-For")
	f.StringVar(&s.metrics, "metrics", "", "`address` on which to show counters to Prometheus, like 127.0.0.1:9100; keep it private (default: nowhere)")
	f.BoolVar(&s.unlimited, "unlimited", false, "no limits on rates and connections; only for load tests")
}

// settle fills in what depends on other flags and checks the combination.
func (s *settings) settle() error {
	host, _, err := net.SplitHostPort(s.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	switch s.registration {
	case "":
		s.registration = wire.RegistrationInvite
		if loopback(host) {
			s.registration = wire.RegistrationOpen
		}
	case wire.RegistrationOpen, wire.RegistrationInvite, wire.RegistrationClosed:
	default:
		return fmt.Errorf("--registration is open, invite or closed")
	}
	if (s.cert == "") != (s.key == "") {
		return fmt.Errorf("--tls-cert and --tls-key go together")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// list is a flag of several values, given with commas or by repeating it.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(v string) error {
	for _, one := range strings.Split(v, ",") {
		if one = strings.TrimSpace(one); one != "" {
			*l = append(*l, one)
		}
	}
	return nil
}
