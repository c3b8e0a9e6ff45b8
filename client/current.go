package client

import "frond/identity"

// vaultIsCurrent reports whether the vault key that this device has is the one in force, as far as anything says here. A
// device that was removed knows the one before, so nothing is sealed to a key that somebody says was replaced: the
// server by a newer state, the sigchain by a new root, or a conversation by pinning one.
func (c *Client) vaultIsCurrent() bool {
	if c.self == nil || c.rolledBack || c.told > c.self.Revision || rootIs(c.self.Root, c.self.chain) != nil {
		return false
	}
	for _, v := range c.conversations {
		if p, in := v.roster.Person(c.self.Account); in && v.rec.State == stateActive && !c.self.chain.NamedRoot(identity.RootKey(p.Root)) {
			return false
		}
	}
	return true
}

// heardOfState notes how new a state the server says there is.
func (c *Client) heardOfState(revision uint64) {
	c.told = max(c.told, revision)
	if revision > c.self.Revision {
		c.fetchState()
	}
}

// writeVault writes what waited until this device knew the vault as it is.
func (c *Client) writeVault() {
	c.saveState()
	c.writeRest()
}

// writeRest writes what is not of the account's state.
func (c *Client) writeRest() {
	c.writePages()
	for _, v := range c.conversations {
		c.saveDraft(v)
	}
}
