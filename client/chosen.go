package client

import (
	"bytes"

	"frond/client/vault"
	"frond/wire"
)

// Who signs in by recovery code has chosen a new password, and is signed in before it is set. Until it is,
// the device keeps it, as the server will keep it, and sets it whenever it is online: a reload in between
// must not leave somebody with a password that nobody knows.

// choosing reports whether there is a chosen password to set.
func (s *self) choosing() bool { return s.Chosen != nil && !s.Chosen.Lapsed }

// chosenChange is the change that sets it.
func (c *Client) chosenChange() *vaultChange {
	me := c.self
	if me.choice == nil {
		ch := newPassword(me.Chosen.Opener, wire.NewPassword{Auth: me.Chosen.Auth, KDF: me.Chosen.KDF})
		ch.done = c.chosenDone
		me.choice = &ch
	}
	return me.choice
}

// chosenDone hears that the password is set, with which the record of it went, or never will be: another one
// was set since, or the session may not any more.
func (c *Client) chosenDone(err error) {
	if err == nil || wire.CodeOf(err) == CodeStorage || c.self == nil || !c.self.choosing() {
		return
	}
	c.cfg.Log.Warn("the password chosen with the recovery code is not set", "error", err)
	rec := c.self.selfRecord
	rec.Chosen = &chosenRecord{Lapsed: true}
	t := c.begin()
	t.put(keyAccount(rec.Account), rec)
	t.then(func() {
		c.self.selfRecord = rec
		c.tellLapsed()
		c.after(0, c.tendVault) // the epoch may be due all the same
	})
	_ = t.commit()
}

var errLapsed = wire.Errorf(CodePasswordUnset, "The new password could not be set: another one is still in force. With the recovery code you can set it again.")

// tellLapsed says so, each time the app begins, until a password is set.
func (c *Client) tellLapsed() {
	if c.self != nil && c.session.State == SignedIn && c.self.Chosen != nil && c.self.Chosen.Lapsed {
		c.emit(Fault{Code: errLapsed.Code, Text: errLapsed.Message, Action: "new-password"})
	}
}

// takePassword compares a state that another device sealed: a password that was set since takes the place of
// the chosen one, and may be the chosen one, when the answer was lost.
func (c *Client) takePassword(t *tx, rec *selfRecord) {
	before, now := passwordOf(c.self.Openers), passwordOf(rec.Openers)
	if rec.Chosen == nil || before == nil || now == nil || bytes.Equal(before, now) {
		return
	}
	if c.self.choosing() && !bytes.Equal(now, rec.Chosen.Opener.Public) {
		t.fault(CodePasswordUnset, "Another device has set a password since you chose a new one here. That one counts.")
	}
	rec.Chosen = nil
}

// passwordOf is the public half of what the password opens; nil in high protection.
func passwordOf(all []vault.Opener) []byte {
	for _, o := range all {
		if o.Kind == vault.SlotPassword {
			return o.Public
		}
	}
	return nil
}
