package gateway

import (
	"frond/server/account"
	"frond/wire"
)

func (c *conn) putState(q *wire.PutState) (wire.Nothing, error) {
	return wire.Nothing{}, c.g.accounts.PutState(c.g.ctx, c.session, q)
}

func (c *conn) getState(*wire.Nothing) (wire.State, error) {
	return c.g.accounts.State(c.g.ctx, c.session.Account)
}

func (c *conn) putVault(q *wire.PutVault) (wire.Nothing, error) {
	return wire.Nothing{}, c.g.accounts.PutVault(c.g.ctx, c.session, q)
}

func (c *conn) bringForward(q *wire.BringForward) (wire.Nothing, error) {
	return wire.Nothing{}, c.g.accounts.BringForward(c.g.ctx, c.session, q)
}

func (c *conn) devices(*wire.Nothing) (wire.Devices, error) {
	live := func(device wire.ID) bool { return c.g.conns.live(c.session.Account, device) }
	return c.g.accounts.Devices(c.g.ctx, c.session, live)
}

func (c *conn) removeDevice(q *wire.RemoveDevice) (wire.Nothing, error) {
	return wire.Nothing{}, c.g.accounts.RemoveDevice(c.g.ctx, c.session, q)
}

// saw notes in the database that the connection's device is active.
func (c *conn) saw() {
	if device := c.device(); !device.IsZero() {
		if err := c.g.accounts.Saw(c.g.ctx, device); err != nil {
			c.g.logger.Warn("a device's time was not noted", "error", err)
		}
	}
}

// accountChanged tells the account's other connections, or somebody else's.
func (g *Gateway) accountChanged(ch account.Changed) {
	kind, body, to := wire.PushChain, any(wire.ChainRef{Account: ch.Account, Chain: ch.Chain, Reset: ch.Reset}), ch.To
	if to.IsZero() {
		to = ch.Account
	}
	if ch.State != nil {
		kind, body = wire.PushState, *ch.State
	}
	if ch.Approval != nil {
		kind, body = wire.PushApproval, *ch.Approval
	}
	g.tell(to, ch.By, kind, body)
}

// tell pushes something to an account's connections, but for those of one session.
func (g *Gateway) tell(account wire.ID, but wire.Hash, kind wire.Kind, body any) {
	frame, err := wire.EncodeFrame(kind, 0, body)
	if err != nil {
		g.logger.Error("a push cannot be encoded", "error", err)
		return
	}
	g.conns.tell(account, but, frame)
}

// device returns the device that said hello here; zero before.
func (c *conn) device() wire.ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self
}

// push queues a frame that follows no request, once Hello was answered.
func (c *conn) push(frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live && !c.closing {
		c.replies = append(c.replies, frame...)
		c.start()
	}
}

// hit reports whether what was revoked is this connection's session, which is always a device's.
func (c *conn) hit(gone account.Revoked) bool {
	device := c.device()
	return gone.Hits(c.token, &device)
}
