package client

import (
	"errors"
	"time"

	"frond/mls"
	"frond/wire"
)

// welcomed goes to work after the server's greeting: it knows what is in the log and in the pool.
func (c *Client) welcomed(w wire.Welcomed) {
	if w.Account != c.self.Account {
		c.lockOut()
		return
	}
	if c.setClock(w.Now); !c.online() {
		return // the store failed, and the state was read anew
	}
	c.greeted, c.greetedAs = time.Now(), w.Now
	c.connected(Connection{State: Online})
	c.rolledBack, c.told, c.fetches = false, w.Revision, 0
	if c.self.notBefore(w.Revision, c.self.VaultEpoch) != nil {
		c.rollback()
	}
	t := c.begin()
	for _, v := range c.conversations {
		v.reach, v.outside = 0, v.rec.State == stateActive
	}
	for _, info := range w.Conversations {
		c.heardOf(t, info)
	}
	if t.commit() != nil {
		return
	}
	c.doubtGreeting(w.Conversations)
	c.packages = int(w.KeyPackages)
	c.refillKeys(c.packages, w.LastResort)
	for _, v := range c.conversations {
		v.joinAsk, v.awaiting, v.gap, v.gaps, v.attempts, v.doubted, v.looking, v.looked, v.readmitting = joinAsk{}, 0, false, 0, 0, false, false, false, false
		c.doubtPins(v)
		c.renewLater(v)
		c.advance(v)
	}
	c.askSeats()
	c.askOnConnect()
	c.reportLater()
	c.saveState()
	c.writePages()
	c.draftsAgain()
	c.restoreOnConnect()
	clear(c.unknown)
	c.lookAtContacts()
	c.inquireAnew()
	c.readmit()
	for _, v := range c.conversations {
		for _, id := range c.peopleOf(v) {
			c.nameOf(id) // asks for those who are not known
		}
	}
}

// heardOf takes what the server says of a conversation.
func (c *Client) heardOf(t *tx, info wire.Conversation) {
	v := c.conversations[info.ID]
	if v == nil {
		if info.Kind != wire.Open {
			c.unknownConversation(info) // a welcome brings it, or the account's state
			return
		}
		v = newConversation(info.ID, conversationRecord{Kind: wire.Open, State: stateJoining, Begun: info.Last > 0})
		c.conversations[info.ID] = v
		t.mark(v, markRecord|markLook)
	}
	v.greeted(info)
	if info.Renew {
		t.then(func() { c.renewAsked(info.ID) })
	}
	if info.Member && info.Last > v.rec.Cursor {
		v.known = max(v.known, info.Last)
		c.after(awaitTimeout, func() { c.missing(v) })
	}
	if !v.rec.Begun && info.Last > 0 && v.pending == nil {
		v.rec.Begun = true
		t.mark(v, markRecord|markLook)
	}
}

// inboxItem takes a welcome: this device was added to a conversation.
func (c *Client) inboxItem(item wire.InboxItem) {
	if c.self == nil {
		return
	}
	v := c.conversations[item.Conversation]
	switch {
	case v == nil || v.rec.State != stateActive:
		c.acceptWelcome(item)
	case v.rec.Cursor >= item.Seq:
		c.ackInbox(item) // processed before, and the acknowledgement was lost
	default:
		v.welcome = &item // removed and added again: the log comes to the removal first
	}
}

// acceptWelcome joins the conversation and acknowledges the welcome.
func (c *Client) acceptWelcome(item wire.InboxItem) { c.acceptWelcomeOnce(item, false) }

// acceptWelcomeOnce looks for newer roots of those it does not know before it gives up.
func (c *Client) acceptWelcomeOnce(item wire.InboxItem, looked bool) {
	t := c.begin()
	v, err := c.joinByWelcome(t, item)
	var unknown *pinsUnknown
	if !looked && errors.As(err, &unknown) {
		c.lookAgain(unknown.accounts, func() { c.acceptWelcomeOnce(item, true) })
		return
	}
	if wire.CodeOf(err) == CodeStorage {
		_ = c.storageFailed(err) // it comes again with the next connection
		return
	}
	if err != nil {
		c.cfg.Log.Warn("refused a welcome", "conversation", item.Conversation, "error", err)
		c.emit(Fault{Code: wire.CodeOf(err), Text: "Somebody added you to a conversation whose members or keys this device can not confirm, so it stays out. Ask them to add you again."})
		c.ackInbox(item)
		return
	}
	if t.commit() != nil {
		return
	}
	c.ackInbox(item)
	c.subscribe(v)
	c.advance(v)
	c.tidyLater(v)
}

func (c *Client) ackInbox(item wire.InboxItem) {
	c.request(wire.OpInboxAck, wire.InboxAck{Items: []uint64{item.Item}}, func([]byte, error) {})
}

// joinByWelcome builds the group a welcome describes and checks it before anything is kept.
func (c *Client) joinByWelcome(t *tx, item wire.InboxItem) (*conversation, error) {
	key, rec, err := c.keyFor(item.Welcome)
	if err != nil {
		return nil, err
	}
	secrets, err := mls.ParseKeyPackageSecrets(rec.Secrets)
	if err != nil {
		return nil, err
	}
	g, err := mls.Join(c.mls(), item.Welcome, secrets, c.self.key.Signer())
	if err != nil {
		return nil, err
	}
	roster, err := rosterOf(g.Extensions())
	if err != nil {
		return nil, err
	}
	if string(g.GroupID()) != string(item.Conversation[:]) || roster.Kind != item.Kind || roster.Kind == wire.Open {
		return nil, wire.Errorf(wire.CodeForbidden, "the welcome is for another conversation")
	}
	if err := c.verifier.checkTree(g.Members(), &roster); err != nil {
		return nil, wire.Errorf(wire.CodeForbidden, "%v", err)
	}
	if err := c.checkPinned(&roster); err != nil {
		return nil, err
	}
	v := c.conversations[item.Conversation]
	if v == nil {
		v = newConversation(item.Conversation, conversationRecord{})
		c.conversations[item.Conversation] = v
	}
	if err := c.adopt(v, g); err != nil {
		return nil, err
	}
	c.lacking(t, v, v.rec.Cursor, item.Seq)
	v.rec.Kind, v.rec.State, v.rec.Begun, v.rec.Confirmed, v.rec.Skipped = roster.Kind, stateActive, true, true, false
	v.rec.Lost, v.rec.Split, v.rec.Cut, v.rec.Leaving, v.rec.Unshown = 0, 0, nil, nil, false
	v.rec.Cursor, v.rec.Handshake, v.rec.Joined = item.Seq, item.Seq, item.Seq
	v.rec.Epoch, v.rec.Since = g.Epoch(), g.Epoch()
	v.pending, v.welcome, v.outside, v.gap, v.gaps, v.awaiting, v.known = nil, nil, false, false, 0, 0, item.Seq
	v.notUntil, v.attempts, v.joinAsk = time.Time{}, 0, joinAsk{}
	v.peers = map[wire.MemberRef]peerRecord{}
	t.deleteRange(Prefix(c.self.keys.rows("peer", v.id)))
	t.delete(c.self.keys.of("since", v.id))
	t.delete(c.self.keys.of("pending", v.id))
	if !rec.LastResort {
		t.delete(key)
		t.then(func() {
			c.packages = max(0, c.packages-1)
			c.after(0, func() { c.refillKeys(c.packages, true) }) // whoever is added often on one connection
		})
	}
	t.mark(v, markRecord|markGroup)
	c.stateChanged(t)
	n := noticeRecord{What: noticeAdded, By: c.adder(&roster, item.Account), Accounts: []wire.ID{c.self.Account}, Fresh: true}
	if roster.Kind == wire.Direct && item.Seq > 1 {
		n.What = noticeReadmitted // what two people began goes on
	}
	c.putNotice(t, v, item.Seq, c.nowMillis(), n)
	c.brought(t, v.id, n.By)
	t.then(func() { c.notify(v.id) })
	return v, nil
}

// adder is who added this device, as the server says: somebody of the conversation, or nobody known.
func (c *Client) adder(roster *Roster, account wire.ID) wire.ID {
	if roster.role(account) == 0 {
		return wire.ID{}
	}
	return account
}

// waiter waits for a conversation to be there.
type waiter struct {
	id   wire.ID
	done func()
}

// notify tells those who wait that a conversation is there.
func (c *Client) notify(id wire.ID) {
	rest := c.waiters[:0]
	for _, w := range c.waiters {
		if w.id == id {
			w.done()
		} else {
			rest = append(rest, w)
		}
	}
	c.waiters = rest
}
