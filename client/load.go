package client

import (
	"strconv"
	"strings"

	"frond/identity"
	"frond/wire"
)

// self is this device with its keys ready for use.
type self struct {
	selfRecord
	keys  keyring
	key   identity.DeviceKey
	chain *identity.Chain
	cred  identity.Credential

	choice *vaultChange // that sets the chosen password
}

func newSelf(rec selfRecord) (*self, error) {
	key, err := identity.ParseDeviceKey(rec.DeviceKey)
	if err != nil {
		return nil, err
	}
	chain, err := identity.ParseChain(rec.Chain)
	if err != nil {
		return nil, err
	}
	cred, ok := chain.Credential(identity.ID(rec.Device))
	if !ok {
		return nil, wire.Errorf(CodeStorage, "the device is not in its account's chain")
	}
	return &self{selfRecord: rec, keys: keysOf(rec.Account), key: key, chain: chain, cred: cred}, nil
}

// load reads from the store who is signed in and all that belongs to it.
func (c *Client) load() error {
	c.forget()
	c.session = Session{State: SignedOut}
	var s sessionRecord
	found, err := c.get(keySession, &s)
	if err != nil || !found || s.State == signedOut {
		return err
	}
	if err := c.loadSelf(s.Account); err != nil {
		c.forget() // half a state is none: what it lacks would be taken for what there is not
		return err
	}
	c.setSession(s.State)
	return nil
}

// loadAgain reads the state that could not be read when the store had refused a batch.
func (c *Client) loadAgain() error {
	if c.self != nil {
		return nil
	}
	if err := c.load(); err != nil {
		return err
	}
	if c.self == nil {
		return errNotSignedIn
	}
	c.emit(c.session)
	c.emitAll()
	return nil
}

func (c *Client) setSession(state uint8) {
	c.session = Session{State: SignedIn, Account: c.self.Account, Name: c.self.Name, Device: c.self.Device}
	c.session.Recovery, c.session.High = c.hasRecovery(), c.highProtection()
	if state == lockedOut {
		c.session.State = LockedOut
	}
}

func (c *Client) loadSelf(account wire.ID) error {
	var rec selfRecord
	if found, err := c.get(keyAccount(account), &rec); err != nil || !found {
		if err == nil {
			err = wire.Errorf(CodeStorage, "the account's keys are missing on this device")
		}
		return err
	}
	me, err := newSelf(rec)
	if err != nil {
		return err
	}
	c.self = me
	for _, load := range []func() error{c.loadContacts, c.loadConversations, c.loadRosters, c.loadPending, c.loadOutboxes, c.loadHistory, c.loadDue, c.loadClock, c.loadTexts, c.loadBlocks, c.loadDrafts, c.loadFailures, c.loadAsks, c.mend} {
		if err := load(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) loadContacts() error {
	return c.sound("contact", func(id wire.ID, _ string, value []byte) error {
		var rec contactRecord
		if err := wire.Decode(value, &rec); err != nil {
			return err
		}
		k, err := contactOf(rec)
		if err == nil {
			c.contacts[id] = k
		}
		return err
	})
}

func (c *Client) loadConversations() error {
	return c.sound("conv", func(id wire.ID, _ string, value []byte) error {
		var rec conversationRecord
		err := wire.Decode(value, &rec)
		if err == nil {
			c.conversations[id] = newConversation(id, rec)
		}
		return err
	})
}

func (c *Client) loadRosters() error {
	return c.sound("roster", func(id wire.ID, _ string, value []byte) error {
		roster, err := ParseRoster(value)
		if v := c.conversations[id]; v != nil && err == nil {
			v.roster = roster
		}
		return err
	})
}

func (c *Client) loadPending() error {
	return c.sound("pending", func(id wire.ID, _ string, value []byte) error {
		rec := new(pendingRecord)
		err := wire.Decode(value, rec)
		if v := c.conversations[id]; v != nil && err == nil {
			v.pending = rec
		}
		return err
	})
}

func (c *Client) loadOutboxes() error {
	return c.sound("out", func(id wire.ID, rest string, value []byte) (err error) {
		row := &outboxRow{}
		if row.order, err = strconv.ParseUint(strings.TrimPrefix(rest, "/"), 16, 64); err != nil {
			return err
		}
		if err := wire.Decode(value, &row.rec); err != nil {
			return err
		}
		if v := c.conversations[id]; v != nil {
			v.outbox = append(v.outbox, row)
		}
		return nil
	})
}
