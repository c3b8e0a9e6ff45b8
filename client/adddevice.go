package client

import (
	"context"
	"errors"

	"frond/identity"
	"frond/wire"
)

// deviceTries is how often a new device begins again because the account changed at the same moment: each
// time, somebody else's change got through.
const deviceTries = 6

// sessionTries is how often somebody signs in anew because the session ended before it had a device.
const sessionTries = 3

// signAgain signs in anew when the session ended in the middle of it: those without a device do when a password
// changes or a device is removed at that moment.
func signAgain(signIn func() error) (err error) {
	for range sessionTries {
		if err = signIn(); wire.CodeOf(err) != wire.CodeUnauthenticated {
			break
		}
	}
	return err
}

// errTwoSides says that chain and vault do not go together. They may have been read before and after another
// device's change; when they never go together, the server lies.
var errTwoSides = wire.Errorf(CodeKeyChanged, "The server does not show the true keys of this account.")

// newcomer is a device about to be added.
type newcomer struct {
	rec   selfRecord
	state accountState
	body  wire.AddDevice
}

// entrance is how a device comes into an account.
type entrance struct {
	open    func(wire.Session) (selfRecord, accountState, error) // the vault that a session hands out
	replace wire.ID                                              // the device in whose place it comes; zero: none
}

// addDevice unlocks the vault and makes this one more of the account's devices.
func (c *Client) addDevice(ctx context.Context, by unlockRecord, s wire.Session, replace wire.ID) error {
	return c.becomeDevice(ctx, s, entrance{func(now wire.Session) (selfRecord, accountState, error) { return unlock(by, now) }, replace})
}

// becomeDevice makes this one more of the account's devices. Other devices may come and go, and the vault
// change, at the same moment; then it begins again with what the server shows now.
func (c *Client) becomeDevice(ctx context.Context, s wire.Session, by entrance) error {
	for try := 1; ; try++ {
		n, err := c.newcomer(ctx, s, by)
		if err == nil {
			err = c.postWire(ctx, wire.PathDevice, n.body, &wire.Nothing{})
		}
		if err == nil {
			return c.run(ctx, func() error { return c.enterNew(n.rec, n.state) })
		}
		lost := wire.CodeOf(err) == CodeOffline // the answer, perhaps
		if try == deviceTries || !lost && wire.CodeOf(err) != wire.CodeConflict && err != error(errTwoSides) {
			return c.refuseSession(ctx, err)
		}
		fresh, again := c.sessionNow(ctx, s)
		if lost && wire.CodeOf(again) == wire.CodeForbidden && !n.rec.Device.IsZero() { // the session has a device: this one
			return c.run(ctx, func() error { return c.enterNew(n.rec, n.state) })
		}
		if wire.CodeOf(again) == wire.CodeUnauthenticated {
			return again
		}
		if again != nil {
			return err
		}
		s = fresh
	}
}

// newcomer opens the vault and makes the device.
func (c *Client) newcomer(ctx context.Context, s wire.Session, by entrance) (n newcomer, err error) {
	var sums []wire.PageSum
	if !by.replace.IsZero() {
		if sums, err = c.postSums(ctx); err != nil {
			return n, err
		}
	}
	err = c.run(ctx, func() (err error) {
		c.replaceable = nil
		known, err := c.knownAccount(s.Name)
		if err != nil {
			return err
		}
		if known != nil && known.Account == s.Account {
			if err := known.shownBy(s); err != nil {
				if errors.Is(err, errRolledBack) {
					err = errNotKnownHere
				}
				return err
			}
		}
		if n.rec, n.state, err = by.open(s); err != nil {
			return err
		}
		root, err := identity.ParseRoot(n.rec.Root)
		if err != nil {
			return err
		}
		chain, err := ownChain(s, root)
		if err != nil {
			return err
		}
		if err := listsAll(chain, n.rec.Headed); err != nil {
			return err
		}
		return c.comeIn(&n, chain, by.replace, sums)
	})
	return n, err
}

// errNotKnownHere refuses a server that was set back to before this device came, and that lacks more than that.
var errNotKnownHere = wire.Errorf(CodeRolledBack, "The server shows an older state of your account than this device has seen, and does not know this device. Open Frond on another of your devices first. If there is none, forget what is stored here, and sign in as a new device.")

// refuseSession ends a session whose server shows less than this store knows.
func (c *Client) refuseSession(ctx context.Context, err error) error {
	if errors.Is(err, errNotKnownHere) {
		_ = c.postWire(ctx, wire.PathSignOut, wire.Nothing{}, &wire.Nothing{}) // and if not, it ends by itself
	}
	return err
}
