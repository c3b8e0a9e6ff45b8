package client

import (
	"context"
	"crypto/subtle"
	"time"

	"frond/identity"
	"frond/wire"
)

// Contact is how sure this account can be of who somebody is.
type Contact struct {
	Account  wire.ID
	Name     string
	Number   string // safety number: 12 groups of 5 digits; both people see the same
	Code     []byte // the same, for a QR code
	Verified bool   // the number was compared, and the keys have not changed since
	Changed  bool   // the keys changed and nobody has said yet that this is all right
	Doubted  bool   // other keys, or less of them, were shown than this device knows

	Blocked   bool      // what they write is hidden
	Reset     bool      // they changed because the contact lost everything and began anew
	HeldUntil time.Time // they can not be accepted before, but by comparing; zero: now
}

// Contact returns the safety number with somebody and how it stands.
func (c *Client) Contact(ctx context.Context, account wire.ID) (out Contact, err error) {
	var us, them identity.Party
	err = c.withContact(ctx, account, func(k *contact) error {
		us, them = c.parties(account, k)
		out = Contact{Account: account, Name: k.name, Verified: k.sure(), Changed: k.changed, Doubted: k.doubt.open(), Blocked: c.isBlocked(account), Reset: k.beganAnew(), HeldUntil: c.heldTime(k)}
		return nil
	})
	if err == nil { // not in the loop: it takes long on purpose
		out.Number, out.Code = identity.SafetyNumber(us, them), identity.SafetyCode(us, them)
	}
	return out, err
}

func (c *Client) parties(account wire.ID, k *contact) (us, them identity.Party) {
	return identity.Party{Account: identity.ID(c.self.Account), Root: c.self.chain.Root()},
		identity.Party{Account: identity.ID(account), Root: k.chain.Root()}
}

// Verify notes that the person compared the safety number with somebody's, or takes that back.
func (c *Client) Verify(ctx context.Context, account wire.ID, verified bool) error {
	return c.withContact(ctx, account, func(k *contact) error {
		next := *k
		next.verified = wire.Hash{}
		if verified {
			next = *k.acknowledged()
			next.verified, next.pinned = k.root(), true
		}
		return c.trust(account, &next)
	})
}

// Compare checks a scanned code against the safety code with somebody. It changes nothing.
func (c *Client) Compare(ctx context.Context, account wire.ID, scanned []byte) (match bool, err error) {
	var us, them identity.Party
	err = c.withContact(ctx, account, func(k *contact) error {
		us, them = c.parties(account, k)
		return nil
	})
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(identity.SafetyCode(us, them), scanned) == 1, nil
}

// AcceptKey acknowledges that somebody's keys changed, or are in doubt. Sending goes on, by the keys that this
// device knows; changed ones are not verified. When they had been, and began anew, it fails with wire.CodeHeld
// for a day.
func (c *Client) AcceptKey(ctx context.Context, account wire.ID) error {
	return c.withContact(ctx, account, func(k *contact) error {
		if until := c.heldUntil(k); until > 0 {
			return c.errHeld(k, until)
		}
		return c.trust(account, k.acknowledged())
	})
}

// withContact lets the loop look at a contact.
func (c *Client) withContact(ctx context.Context, account wire.ID, f func(*contact) error) error {
	return c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		k := c.contacts[account]
		if k == nil || account == c.self.Account {
			return wire.Errorf(CodeUnknownPerson, "This device does not know this person's keys.")
		}
		return f(k)
	})
}

// trust keeps what a person decided about a contact, shows it, and lets go on what waited for it.
func (c *Client) trust(account wire.ID, next *contact) error {
	next.unsaved = true
	t := c.begin()
	c.putContact(t, account, next)
	c.stateChanged(t)
	c.markShared(t, account)
	if err := t.commit(); err != nil {
		return err
	}
	c.readmit()
	for _, v := range c.conversations {
		c.advance(v)
	}
	return nil
}

// putContact makes next what is known of an account.
func (c *Client) putContact(t *tx, account wire.ID, next *contact) {
	t.put(c.self.keys.of("contact", account), next.record())
	t.then(func() { c.contacts[account] = next; delete(c.unknown, account) })
}

// markShared shows the conversations with an account anew.
func (c *Client) markShared(t *tx, account wire.ID) {
	for _, v := range c.conversations {
		if _, in := v.roster.Person(account); in {
			t.mark(v, markLook)
		}
	}
}

// verifiedPeer reports whether the other person of a direct conversation is verified.
func (c *Client) verifiedPeer(v *conversation) bool {
	if v.rec.Kind != wire.Direct {
		return false
	}
	for _, p := range v.roster.People {
		if k := c.contacts[p.Account]; k != nil && k.sure() {
			return true
		}
	}
	return false
}
