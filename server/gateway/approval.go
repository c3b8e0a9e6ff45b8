package gateway

import (
	"context"
	"net/http"

	"frond/wire"
)

// lockedSession tells a session without a device anew what there is to unlock.
func (g *Gateway) lockedSession(ctx context.Context, _ http.ResponseWriter, r *http.Request, _ *wire.Nothing) (wire.Session, error) {
	session, err := g.accounts.Authenticate(ctx, g.token(r))
	if err != nil {
		return wire.Session{}, err
	}
	return g.accounts.Locked(ctx, session)
}
