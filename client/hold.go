package client

import (
	"time"

	"frond/identity"
	"frond/wire"
)

// HoldTime is how long the new root of somebody who was verified and began anew can not be accepted
// without comparing safety numbers: the time for the person to hear of it if it was not them.
const HoldTime = 24 * time.Hour

// lostEverything notes that a contact began anew: nobody vouches for the new root but whoever runs the
// server. What was verified is so no longer, and is remembered.
func (c *Client) lostEverything(t *tx, a wire.Account, k, old *contact) {
	k.pinned, k.changed, k.unsaved, k.reset = true, true, true, max(1, c.nowMillis(), c.sureNow())
	k.held = old.isVerified() || old.changed && old.held
	text := " lost everything and began anew with other keys. Ask them whether that is so before you accept."
	if k.held {
		text = " began anew with other keys, without the ones you had verified. Compare the safety number again; without that you can accept only in a day."
	}
	t.emit(Fault{Code: CodeKeyChanged, Account: a.ID, Text: a.Name + text})
	c.markShared(t, a.ID)
}

// talksTo reports whether somebody is in a closed conversation with this account.
func (c *Client) talksTo(account wire.ID) bool {
	for _, v := range c.conversations {
		if _, in := v.roster.Person(account); in {
			return true
		}
	}
	return false
}

// lookAtContacts asks, on each connection, whose sigchain has gone on.
func (c *Client) lookAtContacts() {
	var q wire.Lookup
	ask := func() {
		if len(q.Accounts) > 0 {
			c.request(wire.OpLookup, q, c.tookLook)
			q = wire.Lookup{}
		}
	}
	for id, k := range c.contacts {
		if k.pinned || c.talksTo(id) {
			q.Accounts, q.Known = append(q.Accounts, id), append(q.Known, k.length())
		}
		if len(q.Accounts) == wire.MaxLookup {
			ask()
		}
	}
	ask()
	c.lookOut(0)
}

// length is how much of a contact's chain the server need not show again: nothing while it is in doubt.
func (k *contact) length() uint64 {
	if k.doubt.open() {
		return 0
	}
	return uint64(k.chain.Len())
}

func (c *Client) tookLook(body []byte, err error) {
	if err == nil && c.self != nil {
		_, err = c.met(body, false)
	}
	if err != nil {
		c.cfg.Log.Warn("look at contacts", "error", err)
	}
}

// sureNow is the time since the server's greeting, added to what it said then, in milliseconds since 1970: no
// turning of this device's clock changes it. 0 before the first greeting.
func (c *Client) sureNow() uint64 {
	if c.greetedAs == 0 {
		return 0
	}
	return c.greetedAs + uint64(max(0, time.Since(c.greeted).Milliseconds()))
}

// heldUntil returns when a contact's new root can be accepted, in milliseconds since 1970; 0: now. Both this
// device's clock and the server's must have come that far: a wrong clock makes the hold longer, never shorter.
func (c *Client) heldUntil(k *contact) uint64 {
	until := k.reset + uint64(HoldTime.Milliseconds())
	if !k.changed || !k.held || min(c.nowMillis(), c.sureNow()) >= until {
		return 0
	}
	return until
}

func (c *Client) errHeld(k *contact, until uint64) error {
	held := wire.Errorf(wire.CodeHeld, "You had verified %s, so the new keys can be accepted only after %s. Compare the safety number to accept them now.",
		k.name, time.UnixMilli(int64(until)).Format("2 January 15:04"))
	held.RetryAfter = uint32(max(1, (until-min(until, c.sureNow()))/1000))
	return held
}

// refuseChanged keeps everybody out of a group whose new keys this person did not accept: what is said there
// would be theirs to read.
func (c *Client) refuseChanged(people []wire.ID) error {
	for _, id := range people {
		k := c.contacts[id]
		if k == nil || !k.changed && !k.doubt.open() {
			continue
		}
		if until := c.heldUntil(k); until > 0 {
			return c.errHeld(k, until)
		}
		return wire.Errorf(CodeKeyChanged, "The keys of %s changed. Answer that first, in a conversation with %s.", k.name, k.name)
	}
	return nil
}

// acknowledged is a contact whose new root the person accepted, or with whom they go on in spite of doubts.
func (k contact) acknowledged() *contact {
	k.changed, k.reset, k.held, k.doubt = false, 0, false, k.doubt.settled()
	return &k
}

// AccountReset says that one's own account began anew and this device is out. At is as the sigchain says.
type AccountReset struct {
	At   time.Time
	Name string
}

// ResetBegun says that somebody was given leave to begin one's own account anew, and can do it from At on
// unless it is cancelled before.
type ResetBegun struct{ At time.Time }

func (AccountReset) event() {}
func (ResetBegun) event()   {}

// ownReset tells of resets of the own account that this device did not make.
func (c *Client) ownReset(next *identity.Chain) {
	if r := next.Resets(); len(r) > len(c.self.chain.Resets()) {
		c.emit(AccountReset{At: r[len(r)-1].At, Name: c.self.Name})
	}
}

// chainGrew hears that a sigchain grew: the own one, or that of somebody in a conversation.
func (c *Client) chainGrew(ref wire.ChainRef) {
	switch {
	case ref.Account != c.self.Account:
		if c.contacts[ref.Account] != nil {
			c.lookAgain([]wire.ID{ref.Account}, func() {})
		}
	case ref.Reset > 0:
		c.resetBegun(ref.Reset)
	case len(ref.Chain) > 0:
		if err := c.ownChainIs(ref.Chain, c.self.chain); err != nil {
			c.refusedChain(err)
		}
	default:
		c.askChain()
	}
}

// resetBegun says it once for each reset.
func (c *Client) resetBegun(at uint64) {
	if at == 0 || at == c.begun {
		return
	}
	c.begun = at
	when := time.UnixMilli(int64(at))
	c.emit(ResetBegun{At: when})
	c.emit(Fault{Code: CodeResetBegun, Text: "Whoever runs this server gave somebody a link that starts this account over. It can be used from " +
		when.Format("2 January 15:04") + " on, and nothing of what you have would be left. If it was not you who asked, say so to them now."})
}
