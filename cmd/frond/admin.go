package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"frond/server/account"
	"frond/server/store"
)

func admin(ctx context.Context, args []string, out, log io.Writer) error {
	switch name, rest := pick(args); name {
	case "invite":
		return invite(ctx, rest, out, log)
	case "reset":
		return reset(ctx, rest, out, log)
	case "backup":
		return backup(ctx, rest, out, log)
	case "restored":
		return restored(ctx, rest, out, log)
	}
	return fmt.Errorf("frond admin can do: invite, reset, backup, restored")
}

// restored notes that a database was put back to an older copy by other means than a file that "admin backup" made. No
// server may be running: it would not notice.
func restored(ctx context.Context, args []string, out, log io.Writer) error {
	var d database
	f := newFlags("admin restored", log)
	d.register(f)
	if err := parse(f, args); err != nil {
		return err
	}
	st, err := store.Open(ctx, d.options(slog.New(slog.NewTextHandler(log, nil)), false))
	if err != nil {
		return err
	}
	if err := errors.Join(st.MarkCopy(ctx), st.Close()); err != nil {
		return err
	}
	fmt.Fprintln(out, "The next start tells people's devices, and they bring what they know beyond the copy.")
	return nil
}

// backup writes a copy of a SQLite database into a new file. It works beside a running server.
func backup(ctx context.Context, args []string, out, log io.Writer) error {
	var d database
	f := newFlags("admin backup", log)
	d.register(f)
	if err := parse(f, args, "file"); err != nil {
		return err
	}
	file := f.Arg(0)
	st, err := store.Open(ctx, d.options(slog.New(slog.NewTextHandler(log, nil)), true))
	if err != nil {
		return err
	}
	if err := errors.Join(st.Backup(ctx, file), st.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out, "The backup is in %s. It holds sealed messages and user names, no keys.\n", file)
	return nil
}

// invite prints the code of a new invite. It works beside a running server.
func invite(ctx context.Context, args []string, out, log io.Writer) error {
	var (
		d       database
		uses    int
		expires = lifetime(7 * 24 * time.Hour)
	)
	f := newFlags("admin invite", log)
	d.register(f)
	f.IntVar(&uses, "uses", 1, "`number` of accounts it can make")
	f.Var(&expires, "expires", "`time` until it expires, like 36h or 7d")
	if err := parse(f, args); err != nil {
		return err
	}
	st, err := store.Open(ctx, d.options(slog.New(slog.NewTextHandler(log, nil)), true))
	if err != nil {
		return err
	}
	until := time.Now().Add(time.Duration(expires))
	code, err := account.NewInvite(ctx, st, rand.Reader, uses, until)
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n", code)
	fmt.Fprintf(log, "Good for %d new account(s) until %s. It is shown only this once.\n", uses, until.Format(minute))
	return nil
}

// lifetime is a duration flag that knows days.
type lifetime time.Duration

func (l *lifetime) String() string { return time.Duration(*l).String() }

func (l *lifetime) Set(v string) error {
	if days, ok := strings.CutSuffix(v, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 3650 {
			return fmt.Errorf("1d to 3650d")
		}
		*l = lifetime(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return fmt.Errorf("a time like 36h or 7d")
	}
	*l = lifetime(d)
	return nil
}
