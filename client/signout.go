package client

import (
	"context"

	"frond/wire"
)

// SignOut ends the session. With clear, this device also forgets everything of the account; then
// signing in again makes a new device.
func (c *Client) SignOut(ctx context.Context, clear bool) error {
	var in bool
	err := c.run(ctx, func() error {
		in = c.self != nil && c.session.State == SignedIn || c.locked != nil
		c.goOffline()
		return nil
	})
	if err != nil {
		return err
	}
	if in {
		if err := c.postWire(ctx, wire.PathSignOut, wire.Nothing{}, &wire.Nothing{}); err != nil && !clear {
			c.cfg.Log.Warn("the server did not hear of the sign-out", "error", err)
		}
	}
	return c.run(ctx, func() error { return c.leave(clear) })
}

func (c *Client) leave(clear bool) error {
	c.dropChanges()
	if !clear && c.self != nil {
		// Nobody would be there to delete them when their time has come.
		if err := c.expireAll(); err != nil {
			return err
		}
	}
	t := c.begin()
	t.delete(keySession)
	if clear && c.self != nil {
		t.delete(keyAccount(c.self.Account))
		t.deleteRange(c.self.keys.all())
	}
	if err := t.commit(); err != nil {
		return err
	}
	if err := c.load(); err != nil {
		return err
	}
	c.emit(c.session)
	c.emitAll()
	return nil
}

// lockOut hears that the server no longer accepts this device: its session was revoked, or another
// device took its place. What is here stays readable.
func (c *Client) lockOut() {
	c.lockOutFor("The server no longer lets this device in: it was removed from your account, or signed out from another one. What is here stays readable. To go on, sign in again.")
}

// lockOutFor is lockOut for a reason, said once.
func (c *Client) lockOutFor(text string) {
	c.goOffline()
	if c.self == nil || c.session.State == LockedOut {
		return
	}
	t := c.begin()
	t.fault(wire.CodeUnauthenticated, text)
	t.put(keySession, sessionRecord{Account: c.self.Account, State: lockedOut})
	t.then(func() {
		c.setSession(lockedOut)
		c.emit(c.session)
		c.emitAll()
	})
	_ = t.commit()
}
