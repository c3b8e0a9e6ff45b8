package client

import (
	"time"

	"frond/identity"
	"frond/wire"
)

// tendDelay is how long the devices of an account wait, each for a random time, before one of them opens
// the vault epoch that a change of devices asks for.
const tendDelay = 4 * time.Second

// catchUp asks, after the server's greeting, for what other devices of the account changed meanwhile.
func (c *Client) catchUp(w wire.Welcomed) {
	if c.self == nil {
		return
	}
	c.askChain()
	c.heardOfState(w.Revision)
	c.tendVault()
	c.sweep()
	c.resetBegun(w.Reset)
}

// askChain reads the account's own sigchain anew, and goes on with then.
func (c *Client) askChain(then ...func()) {
	me := c.self
	if me == nil || !c.online() {
		return // the next connection asks
	}
	asked := me.chain
	c.request(wire.OpLookup, wire.Lookup{Accounts: []wire.ID{me.Account}}, func(body []byte, err error) {
		var answer wire.Accounts
		if err == nil {
			err = wire.Decode(body, &answer)
		}
		if c.self != me {
			return
		}
		if err != nil {
			if passes(err) {
				c.after(c.jitter(c.cfg.Backoff.Most/4), func() { c.askChain(then...) })
			}
			return
		}
		if len(answer.Accounts) != 1 {
			c.refusedChain(identity.ErrShortened)
			return
		}
		if err := c.ownChainIs(answer.Accounts[0].Chain, asked); err != nil {
			c.refusedChain(err)
			return
		}
		for _, f := range then {
			f()
		}
	})
}

// ownChainIs takes the account's sigchain as the server shows it, if it continues the one known here. asked
// is the one that was known when the server was asked: an answer may be overtaken.
func (c *Client) ownChainIs(events [][]byte, asked *identity.Chain) error {
	if n := len(events); n >= asked.Len() && n <= c.self.chain.Len() && string(c.self.chain.Event(n-1)) == string(events[n-1]) {
		return nil // each event names the hash of the one before it
	}
	chain, err := identity.ParseChain(events)
	if err != nil {
		return err
	}
	if err := chain.Extends(c.self.chain); err != nil {
		return err
	}
	cred, active := chain.Credential(identity.ID(c.self.Device))
	if !active {
		c.ownReset(chain)
		c.lockOutFor("This device was removed from your account. What is here stays readable. To use it again, sign in as a new device.")
		return nil
	}
	rec := c.self.selfRecord
	rec.Chain = events
	before := c.self.chain
	t := c.begin()
	t.put(keyAccount(rec.Account), rec)
	t.then(func() {
		c.self.Chain, c.self.chain, c.self.cred = events, chain, cred
		c.after(c.jitter(tendDelay), c.tendVault)
		c.after(0, c.writeVault)
		c.after(c.jitter(2*tendDelay), c.sweep)
		if chain.Root() != before.Root() {
			c.refillKeys(0, false)
		}
	})
	c.noteDevices(t, before, chain)
	return t.commit()
}
