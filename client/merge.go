package client

import (
	"time"

	"frond/client/vault"
	"frond/wire"
)

// fetchState reads the account's state as another device left it, and takes what is new in it.
func (c *Client) fetchState() { c.fetch(2) }

// fetch asks again, so many times, when chain and state were read on two sides of a new root.
func (c *Client) fetch(again int) {
	me := c.self
	if me == nil || c.fetching || !c.online() {
		return
	}
	c.fetching = true
	asked := me.selfRecord
	c.request(wire.OpGetState, wire.Nothing{}, func(body []byte, err error) {
		c.fetching = false
		var s wire.State
		if err == nil {
			err = wire.Decode(body, &s)
		}
		if c.self != me {
			return
		}
		if err != nil {
			c.fetchLater()
			return
		}
		err = asked.notBefore(s.Revision, s.Epoch)
		if err == nil {
			err = c.takeState(s)
		}
		switch {
		case err == errRootPending && again > 0:
			c.askChain(func() { c.fetch(again - 1) })
		case err != nil:
			c.refusedState(err)
		case c.told > c.self.Revision: // the answer was overtaken by the news of the next one
			c.fetchLater()
		default:
			c.fetches = 0
		}
	})
}

// fetchLater reads the state again. Who speaks of a state that it never shows is asked ever more seldom.
func (c *Client) fetchLater() {
	if c.fetchDue || !c.online() {
		return
	}
	c.fetchDue = true
	c.fetches++
	c.after(c.jitter(c.cfg.Backoff.at(c.fetches)), func() {
		c.fetchDue = false
		c.fetchState()
	})
}

// takeState opens the state and merges it into what this device knows.
func (c *Client) takeState(s wire.State) error {
	if s.Revision <= c.self.Revision { // the answer was overtaken by what this device wrote itself
		c.tendLater()
		c.saveLater() // not at once: who says that another device was first, and shows none, says so again
		c.writeRest()
		return nil
	}
	if err := c.mergeState(s); err != nil {
		return err
	}
	c.tendVault()
	c.writeVault()
	return nil
}

// mergeState takes epoch and content of a state that another device left.
func (c *Client) mergeState(s wire.State) error {
	key, err := c.keyOf(s)
	if err != nil {
		return err
	}
	plain, err := vault.OpenState(key, c.self.Account, s.Epoch, s.Revision, s.State)
	if err != nil {
		return err
	}
	var theirs accountState
	if err := wire.Decode(plain, &theirs); err != nil {
		return err
	}
	if err := rootIs(theirs.Root, c.self.chain); err != nil {
		return err
	}
	rec := c.self.selfRecord
	if err := takeEpoch(&rec, key, s, &theirs); err != nil {
		return err
	}
	t := c.begin()
	c.takePassword(t, &rec)
	if err := c.sealAnew(t, &rec); err != nil {
		return err
	}
	for _, k := range theirs.Conversations {
		c.takeJoin(t, k)
	}
	for i := range theirs.Contacts {
		newer, err := c.takeFriend(t, &theirs.Contacts[i])
		if err != nil {
			return err
		}
		rec.Unsaved, c.outdated = rec.Unsaved || newer, c.outdated || newer
	}
	for _, r := range theirs.Reads {
		if err := c.takeRead(t, r); err != nil {
			return err
		}
	}
	c.forgetUnshown(t, &theirs)
	c.takeTexts(t, &theirs)
	if err := c.takeBlocks(t, theirs.Blocks); err != nil {
		return err
	}
	rec.Revision = max(rec.Revision, s.Revision)
	t.put(keyAccount(rec.Account), rec)
	t.then(func() { c.self.selfRecord = rec })
	if err := t.commit(); err != nil {
		return err
	}
	c.vaultOpeners()
	for _, v := range c.conversations {
		c.advance(v) // to join it, or because the person accepted somebody's keys on another device
	}
	return nil
}

// takeJoin takes a conversation that another device came into, and a newer join key of one that this
// device is still to join, or to join again.
func (c *Client) takeJoin(t *tx, k stateJoin) {
	v := c.conversations[k.Conversation]
	switch {
	case v == nil:
		v = newConversation(k.Conversation, conversationRecord{Kind: k.Kind, State: stateJoining, JoinKey: k.JoinKey, Begun: true})
		c.conversations[v.id] = v
	case (v.rec.State == stateJoining || v.outdated) && v.pending == nil && v.rec.JoinKey != k.JoinKey:
		v.rec.JoinKey, v.notUntil, v.outdated = k.JoinKey, time.Time{}, false
	default:
		return
	}
	t.mark(v, markRecord|markLook)
}

// takeFriend takes a contact: one that is new here, and another device's word on a known one unless this
// device has a newer word of its own. Such a word is to be saved, and so is that the two were shown two histories.
func (c *Client) takeFriend(t *tx, f *stateFriend) (newer bool, err error) {
	theirs, err := contactOf(f.record())
	if err != nil {
		return false, err
	}
	next, forked := theirs.together(c.contacts[f.Account])
	if forked {
		c.markShared(t, f.Account)
		t.twoHistories(f.Account, f.Name)
	}
	if old := c.contacts[f.Account]; old != nil && !next.standsAs(old) {
		c.markShared(t, f.Account)
		t.then(func() { c.after(c.jitter(2*tendDelay), c.readmit) }) // unless the device where the person accepted does
	}
	t.put(c.self.keys.of("contact", f.Account), next.record())
	t.then(func() { c.contacts[f.Account] = next })
	return forked || next.unsaved, nil
}

// takeRead moves a read position forward, never back.
func (c *Client) takeRead(t *tx, r stateRead) (err error) {
	v := c.conversations[r.Conversation]
	if v == nil || r.Position <= v.rec.Read {
		return nil
	}
	v.rec.Read = r.Position
	v.rec.Unread, err = c.countUnread(v)
	t.mark(v, markRecord|markLook)
	return err
}
