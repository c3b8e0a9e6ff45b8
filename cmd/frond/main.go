// Frond is the whole server in one program: the web app, the accounts, and the delivery of sealed
// messages.
//
//	frond serve           start the server
//	frond admin invite    make an invite for new accounts
//	frond admin reset     let somebody who lost everything begin anew
//	frond admin backup    copy the SQLite database into a file
//	frond admin restored  say that the database was put back to an older copy
//	frond version         say which release this is
//
// Every flag can also come from the environment: --listen is FROND_LISTEN, --log-level is
// FROND_LOG_LEVEL. A flag wins over the environment.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// release is set by the linker.
var release = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "frond:", err)
		os.Exit(1)
	}
}

const usage = `Frond is a messenger that a team runs for itself.

  frond serve           start the server (frond serve --help shows its flags)
  frond admin invite    make an invite for new accounts
  frond admin reset     let somebody who lost everything begin anew
  frond admin backup    copy the SQLite database into a file
  frond admin restored  say that the database was put back to an older copy
  frond version         say which release this is
`

func run(ctx context.Context, args []string, out, log io.Writer) error {
	switch name, rest := pick(args); name {
	case "serve":
		return serve(ctx, rest, out, log)
	case "admin":
		return admin(ctx, rest, out, log)
	case "version":
		fmt.Fprintln(out, "frond", versionText())
		return nil
	case "help", "-h", "--help":
		fmt.Fprint(out, usage)
		return nil
	case "":
		return fmt.Errorf("say what to do\n\n%s", usage)
	default:
		return fmt.Errorf("unknown command %q\n\n%s", name, usage)
	}
}

func pick(args []string) (name string, rest []string) {
	if len(args) == 0 {
		return "", nil
	}
	return args[0], args[1:]
}

// versionText is the release, or what the Go tool recorded when nobody set one.
func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok && release == "unknown" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return s.Value[:12]
			}
		}
	}
	return release
}
