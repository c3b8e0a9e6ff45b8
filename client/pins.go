package client

import (
	"errors"

	"frond/wire"
)

// A roster pins each account to a root. This device compares the pins with the sigchains it verified. A
// pin that no chain known here has may be newer than the chain: the server is asked for the newest one
// before anybody is warned. Until then nothing is sent.

// pinsUnknown says that a roster pins accounts to roots that their chains do not have.
type pinsUnknown struct{ accounts []wire.ID }

func (*pinsUnknown) Error() string {
	return "the conversation names other keys for somebody than this device knows"
}

// checkPinned compares the roots of a roster with those this device knows, its own account's too.
func (c *Client) checkPinned(roster *Roster) error {
	var unknown []wire.ID
	for _, p := range roster.People {
		if c.strange(p) {
			unknown = append(unknown, p.Account)
		}
	}
	if len(unknown) > 0 {
		return &pinsUnknown{unknown}
	}
	return nil
}

// strange reports whether an account is pinned to a root that its known chain does not have.
func (c *Client) strange(p Person) bool {
	if p.Account == c.self.Account {
		return p.Root != wire.Hash(c.self.chain.Root()) && !(&contact{chain: c.self.chain}).hadRoot(p.Root)
	}
	k := c.contacts[p.Account]
	return k != nil && !k.hadRoot(p.Root) && !k.lostRoot(p.Root)
}

// lookAgain asks for the newest chains of accounts, and goes on with then, whatever they were.
func (c *Client) lookAgain(accounts []wire.ID, then func()) {
	if len(accounts) > wire.MaxLookup {
		accounts = accounts[:wire.MaxLookup]
	}
	for _, id := range accounts {
		if id == c.self.Account {
			c.askChain()
		}
	}
	c.untilAnswered(accounts, then)
}

// untilAnswered asks again as long as the server puts that off: no answer says nothing about anybody.
func (c *Client) untilAnswered(accounts []wire.ID, then func()) {
	me := c.self
	c.request(wire.OpLookup, wire.Lookup{Accounts: accounts}, func(body []byte, err error) {
		if c.self != me || wire.CodeOf(err) == CodeOffline {
			return
		}
		if passes(err) {
			c.after(c.jitter(c.cfg.Backoff.Most/4), func() {
				if c.self == me {
					c.untilAnswered(accounts, then)
				}
			})
			return
		}
		if err == nil {
			_, err = c.met(body, false)
		}
		if err != nil {
			c.cfg.Log.Warn("look-up of new roots", "error", err)
		}
		then()
	})
}

// doubtPins looks again when a conversation pins somebody to a root that is not known. The commit that
// did it stands, for all must agree; but nothing is sent to keys that pass for somebody's.
func (c *Client) doubtPins(v *conversation) {
	var unknown *pinsUnknown
	if !errors.As(c.checkPinned(&v.roster), &unknown) {
		return
	}
	if v.doubted {
		v.repinned = true // the answer may be from before
		return
	}
	v.doubted, v.repinned = true, false
	c.lookAgain(unknown.accounts, func() {
		v.doubted = false
		if c.conversations[v.id] != v {
			return
		}
		if v.repinned {
			if c.doubtPins(v); v.doubted {
				return
			}
		}
		if c.checkPinned(&v.roster) != nil {
			c.emit(about(v, CodeKeyChanged, "The conversation "+c.view(v).Title+" goes by keys that this device can not check. Nothing is sent there while this is so."))
		}
		c.emit(Changed{Conversation: c.view(v)})
		c.advance(v)
	})
}
