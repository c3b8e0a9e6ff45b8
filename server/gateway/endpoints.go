package gateway

import (
	"context"
	"net/http"
	"time"

	"frond/server/store"
	"frond/wire"
)

func (g *Gateway) serverInfo(w http.ResponseWriter, _ *http.Request) {
	g.answer(w, http.StatusOK, g.info)
}

// health tells a supervisor whether this server can work, and nothing else.
func (g *Gateway) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if g.healthy != nil {
		if err := g.healthy(ctx); err != nil {
			g.logger.Warn("unhealthy", "error", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("the database does not answer\n"))
			return
		}
	}
	_, _ = w.Write([]byte("ok\n"))
}

func (g *Gateway) kdf(ctx context.Context, _ http.ResponseWriter, r *http.Request, q *wire.KDFRequest) (wire.KDF, error) {
	return g.accounts.KDF(ctx, g.address(r), q)
}

func (g *Gateway) signUp(ctx context.Context, w http.ResponseWriter, r *http.Request, q *wire.SignUp) (wire.Session, error) {
	token, s, err := g.accounts.SignUp(ctx, g.address(r), q)
	if err != nil {
		return wire.Session{}, err
	}
	g.setCookie(w, r, token)
	g.logger.Info("account created", "account", s.Account)
	return s, nil
}

func (g *Gateway) signIn(ctx context.Context, w http.ResponseWriter, r *http.Request, q *wire.SignIn) (wire.Session, error) {
	token, s, err := g.accounts.SignIn(ctx, g.address(r), q)
	if err != nil {
		return wire.Session{}, err
	}
	g.setCookie(w, r, token)
	return s, nil
}

func (g *Gateway) recover(ctx context.Context, w http.ResponseWriter, r *http.Request, q *wire.Recover) (wire.Session, error) {
	token, s, err := g.accounts.Recover(ctx, g.address(r), q)
	if err != nil {
		return wire.Session{}, err
	}
	g.setCookie(w, r, token)
	return s, nil
}

func (g *Gateway) resetBegin(ctx context.Context, _ http.ResponseWriter, r *http.Request, q *wire.ResetBegin) (wire.ResetBase, error) {
	return g.accounts.ResetBegin(ctx, g.address(r), q)
}

func (g *Gateway) reset(ctx context.Context, w http.ResponseWriter, r *http.Request, q *wire.Reset) (wire.Session, error) {
	token, s, err := g.accounts.Reset(ctx, g.address(r), q)
	if err != nil {
		return wire.Session{}, err
	}
	g.setCookie(w, r, token)
	g.logger.Warn("account reset", "account", s.Account)
	return s, nil
}

func (g *Gateway) resetCancel(ctx context.Context, _ http.ResponseWriter, r *http.Request, _ *wire.Nothing) (wire.Nothing, error) {
	session, err := g.accounts.Authenticate(ctx, g.token(r))
	if err != nil {
		return wire.Nothing{}, err
	}
	return wire.Nothing{}, g.accounts.CancelReset(ctx, session)
}

func (g *Gateway) resume(ctx context.Context, _ *http.Request, session store.Session, q *wire.Resume) (wire.Nothing, error) {
	return wire.Nothing{}, g.accounts.Resume(ctx, session, q)
}

func (g *Gateway) addDevice(ctx context.Context, r *http.Request, session store.Session, q *wire.AddDevice) (wire.Nothing, error) {
	return wire.Nothing{}, g.accounts.AddDevice(ctx, g.address(r), session, q)
}

func (g *Gateway) sums(ctx context.Context, _ *http.Request, session store.Session, q *wire.PageSums) (wire.PageSumList, error) {
	if err := g.accounts.MaySum(session); err != nil {
		return wire.PageSumList{}, err
	}
	return g.log.PageSums(ctx, session.Account, q)
}

func (g *Gateway) signOut(ctx context.Context, w http.ResponseWriter, r *http.Request, _ *wire.Nothing) (wire.Nothing, error) {
	err := g.accounts.SignOut(ctx, g.token(r))
	if err == nil {
		g.setCookie(w, r, "")
	}
	return wire.Nothing{}, err
}
