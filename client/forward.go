package client

import (
	"errors"
	"time"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// A server that was set back to an older copy gets again what a device of the account knows beyond it: the sigchain, by
// which devices that were removed are removed again, and the vault in its present epoch, so under no key that such a device
// knows. Every device of the account does so which knows more than it is shown. Nothing is forgotten by it, and nothing that
// the server shows is believed, so a server that only plays set back is told what it was told before.

// forwardLater brings the server forward after a while.
func (c *Client) forwardLater(pause time.Duration) {
	if c.forwarding {
		return
	}
	c.forwarding = true
	c.after(pause, func() {
		c.forwarding = false
		c.bringForward()
	})
}

// bringForward looks how far the server is, and gives it the rest.
func (c *Client) bringForward() {
	if c.self == nil || !c.online() || !c.rolledBack {
		return
	}
	if c.saving || c.fetching {
		c.forwardLater(c.jitter(tendDelay))
		return
	}
	c.saving = true
	me := c.self
	c.request(wire.OpLookup, wire.Lookup{Accounts: []wire.ID{me.Account}}, func(body []byte, err error) {
		var chains wire.Accounts
		if err == nil {
			err = wire.Decode(body, &chains)
		}
		if err == nil && len(chains.Accounts) != 1 {
			err = identity.ErrShortened
		}
		if err != nil {
			c.forwarded(me, err)
			return
		}
		c.request(wire.OpGetState, wire.Nothing{}, func(body []byte, err error) {
			var s wire.State
			if err == nil {
				err = wire.Decode(body, &s)
			}
			if err != nil || c.self != me {
				c.forwarded(me, err)
				return
			}
			c.forwardOver(chains.Accounts[0].Chain, s)
		})
	})
}

// forwardOver gives the server what lies beyond this chain and this state.
func (c *Client) forwardOver(stored [][]byte, s wire.State) {
	me := c.self
	n := len(stored)
	if err := c.beyond(stored); err != nil {
		c.forwarded(me, err)
		return
	}
	if n >= me.chain.Len() && me.notBefore(s.Revision, s.Epoch) == nil { // another device was first
		c.saving, c.rolledBack = false, false
		c.told = max(c.told, s.Revision)
		c.askChain(c.fetchState)
		return
	}
	if s.Epoch > me.VaultEpoch { // a device that knew less went on from the copy
		if err := c.mergeState(s); err != nil {
			c.saving = false
			c.refusedState(err) // and this device has no part in it
			return
		}
	}
	rec := me.selfRecord
	rec.Revision = max(rec.Revision, s.Revision) + 1
	c.outdated = false // what changes from here on asks again
	body, err := c.sealEpoch(&rec, vault.Key(me.VaultKey), c.state())
	if err != nil {
		c.forwarded(me, err)
		return
	}
	var events [][]byte
	if n < me.chain.Len() {
		events = me.chain.Events()[n:]
	}
	c.request(wire.OpBringForward, wire.BringForward{Index: uint64(n), Events: events, Over: s.Revision, Vault: body}, func(_ []byte, err error) {
		if err == nil && c.self == me {
			err = c.broughtForward(&rec)
		}
		c.forwarded(me, err)
	})
}

// beyond checks that this device's sigchain goes on from the one stored, or the other way round.
func (c *Client) beyond(stored [][]byte) error {
	chain, err := identity.ParseChain(stored)
	if err != nil {
		return err
	}
	if err := chain.Extends(c.self.chain); err == nil || !errors.Is(err, identity.ErrShortened) {
		return err
	}
	return nil
}

// broughtForward notes what the server has now. Pages of the vault may be lacking too.
func (c *Client) broughtForward(rec *selfRecord) error {
	t := c.begin()
	now := c.self.selfRecord
	now.Revision, now.Headed, now.Unsaved = rec.Revision, rec.Headed, c.outdated
	t.put(keyAccount(now.Account), now)
	t.then(func() {
		c.self.selfRecord = now
		c.rolledBack, c.told = false, max(c.told, now.Revision)
	})
	return t.commit()
}

// forwarded goes on, or tries again later. A sigchain that is another one is no older copy: that was said, and stands.
func (c *Client) forwarded(me *self, err error) {
	c.saving = false
	switch {
	case c.self != me:
	case err == nil:
		c.cfg.Log.Warn("the server was brought forward")
		c.pagesAnew()
		c.tendVault()
		c.writeVault()
	case wire.CodeOf(err) == CodeOffline:
	case wire.CodeOf(err) == wire.CodeConflict:
		c.forwardLater(c.jitter(tendDelay))
	case passes(err):
		c.forwardLater(c.jitter(c.cfg.Backoff.Most))
	default:
		c.cfg.Log.Warn("the server can not be brought forward", "error", err)
	}
}

// pagesAnew writes the pages again that the server has no more as this device knows them.
func (c *Client) pagesAnew() {
	me := c.self
	c.sumPages(func(sums []wire.PageSum, err error) {
		if c.self != me {
			return
		}
		if err != nil {
			if wire.CodeOf(err) != CodeOffline {
				c.after(c.jitter(c.cfg.Backoff.Most), c.pagesAnew)
			}
			return
		}
		there := map[wire.PageSum]bool{}
		for _, s := range sums {
			there[s] = true
		}
		t := c.begin()
		err = c.eachRow("page", func(conversation wire.ID, bucket uint64, value []byte) error {
			var rec pageRecord
			if err := wire.Decode(value, &rec); err != nil || there[rec.Sum] || bucket == wire.DraftBucket {
				return err
			}
			id := pageID{conversation, bucket}
			t.put(c.self.keys.row("due", conversation, bucket), dueRecord{})
			t.then(func() { c.pages.due[id]++ })
			return nil
		})
		if err == nil {
			err = t.commit()
		}
		if err != nil {
			c.cfg.Log.Error("look for pages that are gone", "error", err)
			return
		}
		c.writePages()
	})
}
