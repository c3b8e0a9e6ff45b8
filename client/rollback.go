package client

import (
	"bytes"
	"context"
	"errors"

	"frond/identity"
	"frond/wire"
)

// A server that was set back, or cheats, shows less of the account than this device saw before. That is
// never taken: this device keeps what it knows, and says so. It gives the server what it lacks (forward.go) before it
// writes anything else there.

const textRolledBack = "The server shows an older state of your account than this device has seen: it was restored from a backup, or does not tell the truth. This device keeps all it knows, and gives the server what it lacks."

var errRolledBack = wire.Errorf(CodeRolledBack, textRolledBack)

// notBefore checks that a vault is not older than the record knows.
func (r *selfRecord) notBefore(revision, epoch uint64) error {
	if revision < r.Revision || epoch < r.VaultEpoch {
		return errRolledBack
	}
	return nil
}

// shownBy checks that a session shows at least what the record knows, of the vault and of the sigchain.
func (r *selfRecord) shownBy(s wire.Session) error {
	if err := r.notBefore(s.Revision, s.Epoch); err != nil {
		return err
	}
	n := len(r.Chain)
	switch {
	case len(s.Chain) < n:
		return errRolledBack
	case n > 0 && !bytes.Equal(s.Chain[n-1], r.Chain[n-1]): // each event names the hash of the one before it
		return wire.Errorf(CodeKeyChanged, "The server shows another history of this account's keys than before.")
	}
	return nil
}

// followsBy reports whether a server that was set back lacks one thing of the sigchain: that this device came.
func (r *selfRecord) followsBy(s wire.Session) bool {
	n := len(s.Chain)
	if s.Account != r.Account || s.Device != nil || n == 0 || n+1 != len(r.Chain) || !bytes.Equal(s.Chain[n-1], r.Chain[n-1]) {
		return false
	}
	before, err := identity.ParseChain(r.Chain[:n])
	if err != nil {
		return false
	}
	after, err := before.Append(r.Chain[n])
	if err != nil {
		return false
	}
	_, was := before.Device(identity.ID(r.Device))
	_, is := after.Device(identity.ID(r.Device))
	return is && !was
}

// listAgain gives the server the event by which this device came, and goes on from what the device knows.
func (c *Client) listAgain(ctx context.Context, known *selfRecord, s wire.Session) error {
	n := len(s.Chain)
	body := wire.AddDevice{Device: known.Device, Index: uint64(n), Events: known.Chain[n:]}
	if err := c.postWire(ctx, wire.PathDevice, body, &wire.Nothing{}); err != nil {
		return err
	}
	return c.run(ctx, func() error { return c.enter(*known) })
}

// rollback says, once on a connection, that the server shows less than this device knows.
func (c *Client) rollback() {
	if !c.rolledBack {
		c.rolledBack = true
		c.noteSetBack()
		c.emit(Fault{Code: CodeRolledBack, Text: textRolledBack})
	}
	c.forwardLater(c.jitter(tendDelay))
}

func (c *Client) refusedState(err error) {
	c.cfg.Log.Warn("refused the account's state", "error", err)
	if errors.Is(err, errRolledBack) {
		c.rollback()
		return
	}
	if err == error(errMissedEpoch) {
		c.lockOutFor(errMissedEpoch.Message)
		return
	}
	told := wire.Errorf(CodeKeyChanged, "The server does not show the true vault of this account.")
	if err == error(errNoSlot) {
		told = errNoSlot
	}
	c.emit(Fault{Code: told.Code, Text: told.Message})
}

// refusedChain tells that the server shows another sigchain of the account. A store that could not take a longer one
// has told so itself, and the state may be gone with it.
func (c *Client) refusedChain(err error) {
	if c.self == nil || c.ctx.Err() != nil || wire.CodeOf(err) == CodeStorage {
		return
	}
	c.cfg.Log.Warn("refused the account's own sigchain", "error", err)
	if errors.Is(err, identity.ErrShortened) {
		c.rollback()
		return
	}
	c.emit(Fault{Code: CodeKeyChanged, Account: c.self.Account, Text: "The server shows another history of your account's keys than the true one. This device keeps what it knows. Ask whoever runs the server what happened."})
}
