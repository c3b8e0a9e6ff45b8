package client

import (
	"bytes"
	"context"
	"slices"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// vaultChange is what a new epoch changes beside its key.
type vaultChange struct {
	may      func([]vault.Opener) error // nil: always
	openers  func([]vault.Opener) []vault.Opener
	password *wire.NewPassword
	recovery *wire.Hash
	off      bool
	remove   *wire.ID       // a device that goes, and with it the root that it knew
	sums     []wire.PageSum // then: of the pages that there are; nil: not asked for yet
	tried    bool           // it was sent, and when it is made the openers show it
	missed   bool           // an answer was lost, of a change of password that they may not show
	done     func(error)
}

// made reports whether the change is in the vault already.
func (c *Client) made(ch *vaultChange) bool {
	if ch.remove != nil {
		_, active := c.self.chain.Credential(identity.ID(*ch.remove))
		return !active
	}
	if ch.openers == nil {
		return false
	}
	next := ch.openers(slices.Clone(c.self.Openers))
	for _, o := range next {
		if !slices.ContainsFunc(c.self.Openers, func(p vault.Opener) bool { return bytes.Equal(p.Public, o.Public) }) {
			return false
		}
	}
	return len(next) == len(c.self.Openers)
}

// mayBeSet reports whether a password that the server finds wrong may be wrong because the new one is in force: an
// answer was missed, here or before a restart.
func (ch *vaultChange) mayBeSet() bool {
	p := ch.password
	return p != nil && (p.Current == nil || ch.missed && *p.Current != p.Auth)
}

// dueChange is what the next epoch is for; nil: none is due.
func (c *Client) dueChange() *vaultChange {
	switch {
	case len(c.vaultChanges) > 0:
		return c.vaultChanges[0]
	case c.self.choosing():
		return c.chosenChange()
	case c.vaultStale():
		return &vaultChange{}
	}
	return nil
}

// tendVault opens a new epoch if one is due.
func (c *Client) tendVault() {
	if c.self == nil || !c.online() || c.saving || c.fetching || c.rolledBack {
		return
	}
	ch := c.dueChange()
	if ch == nil {
		return
	}
	if ch.tried && c.made(ch) {
		c.vaultChanged(ch, nil)
		return
	}
	ch.tried = !c.made(ch)
	if _, err := c.root(); err != nil {
		c.fetchState() // another device replaced the root
		return
	}
	if ch.remove != nil && ch.sums == nil {
		c.sumsFirst(ch)
		return
	}
	me := c.self
	next, err := c.nextEpoch(ch)
	if err != nil {
		c.cfg.Log.Error("open a vault epoch", "error", err)
		c.vaultChanged(ch, err)
		return
	}
	c.saving = true
	c.request(next.op, next.body, func(_ []byte, err error) {
		c.saving = false
		if c.self != me {
			return
		}
		switch code := wire.CodeOf(err); {
		case err == nil:
			c.vaultChanged(ch, c.adoptEpoch(next))
		case code == wire.CodeConflict:
			if ch.remove != nil {
				ch.sums = nil
			}
			c.askChain(c.fetchState) // and then again
		case code == wire.CodeWrongPassword && ch.mayBeSet():
			ch.password.Current = &ch.password.Auth
			c.after(0, c.tendVault)
		case code == CodeOffline || passes(err):
			ch.missed = true
			c.tendLater()
			c.saveLater()
		default:
			c.vaultChanged(ch, err)
		}
	})
}

// tendLater tries again to open an epoch. However many ask for that, it is tried once.
func (c *Client) tendLater() {
	if !c.tendDue {
		c.tendDue = true
		c.after(c.jitter(c.cfg.Backoff.Most/4), func() {
			c.tendDue = false
			c.tendVault()
		})
	}
}

// sumsFirst asks what there is in the vault before a removal closes it, and goes on.
func (c *Client) sumsFirst(ch *vaultChange) {
	me := c.self
	c.saving = true
	c.sumPages(func(sums []wire.PageSum, err error) {
		c.saving = false
		switch {
		case c.self != me:
		case err == nil:
			ch.sums = sums
			c.tendVault()
		case wire.CodeOf(err) == CodeOffline || passes(err):
			c.tendLater()
			c.saveLater()
		default:
			c.vaultChanged(ch, err)
		}
	})
}

// vaultChanged answers who asked for the change. What changed of the state meanwhile waited for it, made or not.
func (c *Client) vaultChanged(ch *vaultChange, err error) {
	if len(c.vaultChanges) > 0 && c.vaultChanges[0] == ch {
		c.vaultChanges = c.vaultChanges[1:]
	}
	if ch.done != nil {
		ch.done(err)
	}
	if len(c.vaultChanges) > 0 {
		c.after(0, c.tendVault)
	} else if err != nil {
		c.saveLater()
	} else {
		c.saveState()
	}
}

// changeVault asks for a new epoch and waits for it.
func (c *Client) changeVault(ctx context.Context, ch vaultChange) error {
	done := make(chan error, 1)
	ch.done = func(err error) { done <- err }
	err := c.run(ctx, func() error {
		if c.self == nil || c.session.State != SignedIn {
			return errNotSignedIn
		}
		if !c.online() {
			return errOffline
		}
		c.vaultChanges = append(c.vaultChanges, &ch)
		c.tendVault()
		return nil
	})
	if err != nil {
		return err
	}
	return c.wait(ctx, done)
}

// dropChanges gives up what waits: whoever asked for it is no longer signed in.
func (c *Client) dropChanges() {
	for _, ch := range c.vaultChanges {
		ch.done(errNotSignedIn)
	}
	c.vaultChanges = nil
	c.disappoint(errNotSignedIn)
}
