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

func (g *Gateway) approvalStart(ctx context.Context, _ http.ResponseWriter, r *http.Request, q *wire.ApprovalStart) (wire.Nothing, error) {
	return wire.Nothing{}, g.accounts.ApprovalStart(ctx, g.token(r), q)
}

func (g *Gateway) approvalPoll(ctx context.Context, _ http.ResponseWriter, r *http.Request, q *wire.ApprovalRef) (wire.ApprovalStatus, error) {
	return g.accounts.ApprovalPoll(ctx, g.token(r), q)
}

func (g *Gateway) approvalReveal(ctx context.Context, _ http.ResponseWriter, r *http.Request, q *wire.ApprovalReveal) (wire.Nothing, error) {
	return wire.Nothing{}, g.accounts.ApprovalReveal(ctx, g.token(r), q)
}

func (g *Gateway) approvalStop(ctx context.Context, _ http.ResponseWriter, r *http.Request, q *wire.ApprovalRef) (wire.Nothing, error) {
	return wire.Nothing{}, g.accounts.ApprovalStop(ctx, g.token(r), q)
}

func (c *conn) openApproval(q *wire.Approval) (wire.Nothing, error) {
	return wire.Nothing{}, c.g.accounts.OpenApproval(c.session, q)
}

func (c *conn) allow(q *wire.Allow) (wire.Nothing, error) {
	return wire.Nothing{}, c.g.accounts.Allow(c.g.ctx, c.session, q)
}

// pushApprovals tells a device that has just connected which requests wait for an answer.
func (c *conn) pushApprovals() {
	for _, news := range c.g.accounts.Approvals(c.session.Account) {
		frame, err := wire.EncodeFrame(wire.PushApproval, 0, news)
		if err != nil {
			c.g.logger.Error("a push cannot be encoded", "error", err)
			return
		}
		c.push(frame)
	}
}
