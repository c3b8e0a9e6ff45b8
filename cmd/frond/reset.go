package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"frond/server/account"
	"frond/server/store"
	"frond/wire"
)

// reset prints a link by which somebody who lost everything begins anew. It works beside a running server.
func reset(ctx context.Context, args []string, out, log io.Writer) error {
	var (
		d      database
		origin list
		revoke bool
	)
	f := newFlags("admin reset", log)
	d.register(f)
	f.Var(&origin, "origin", "public `address` of the server, as with serve; the link begins with it")
	f.BoolVar(&revoke, "revoke", false, "make the link that was given out for this name useless")
	if err := parse(f, args, "user name"); err != nil {
		return err
	}
	name, err := wire.CheckUserName(f.Arg(0))
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, d.options(slog.New(slog.NewTextHandler(log, nil)), true))
	if err != nil {
		return err
	}
	if revoke {
		return errors.Join(revokeReset(ctx, st, name, log), st.Close())
	}
	return errors.Join(allowReset(ctx, st, name, append(origin, "http://localhost:5000")[0], out, log), st.Close())
}

func allowReset(ctx context.Context, st *store.Store, name, origin string, out, log io.Writer) error {
	now := time.Now()
	token, usable, err := account.NewReset(ctx, st, rand.Reader, name, now)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s/#reset=%s:%s\n", strings.TrimRight(origin, "/"), name, token)
	fmt.Fprintf(log, "Give it to %s, and to nobody else: it opens the account, once. It is shown only this time.\n", name)
	if usable.After(now) {
		fmt.Fprintf(log, "The account was used in the last 30 days, so its devices are told and can say no: the link works from %s on, for a day.\n", usable.Format(minute))
		return nil
	}
	fmt.Fprintf(log, "The link works for a day.\n")
	return nil
}

func revokeReset(ctx context.Context, st *store.Store, name string, log io.Writer) error {
	found, err := account.RevokeReset(ctx, st, name)
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("there is no such link for %s: it was used, it expired, or somebody said no", name)
	}
	fmt.Fprintf(log, "The link for %s does not work any more.\n", name)
	return nil
}

const minute = "2006-01-02 15:04 MST"
