package client

import (
	"slices"
	"time"

	"frond/wire"
)

// Conversations that are not shown: this account may be in them or not. The account's state names one, and the server
// lets nobody of the account in; or the server names one that neither the state nor a welcome did. This device goes on
// trying, seldom, and shows it once it is in.

const (
	// unknownPatience is how long a welcome or the account's state may take to bring a conversation.
	unknownPatience = 30 * time.Second
	// maxUnknown is how many conversations are tried that nobody but the server names.
	maxUnknown = 32
)

// notLetIn gives up showing a conversation that this device was to join: as the server says, the account was taken out or
// left since its state was written.
func (c *Client) notLetIn(v *conversation) {
	if !v.rec.Unshown {
		t := c.begin()
		v.rec.Unshown = true
		t.mark(v, markRecord)
		t.emit(Fault{Code: wire.CodeForbidden, Text: "As the server says, this account was taken out of a conversation, or left it, just before this device came. It is not shown here."})
		t.then(c.emitAll)
		if t.commit() != nil {
			return
		}
	}
	c.later(v, longRetry)
}

// unknownConversation tries to come into a conversation in which the server counts the account, if nothing else brings it:
// the store was set back to before it, or another device has not said so yet. Those who are in it give the join key.
func (c *Client) unknownConversation(info wire.Conversation) {
	c.after(unknownPatience, func() {
		if c.self == nil || !c.online() || c.conversations[info.ID] != nil {
			return
		}
		n := 0
		for _, v := range c.conversations {
			if v.rec.Unshown {
				n++
			}
		}
		if n >= maxUnknown {
			return
		}
		v := newConversation(info.ID, conversationRecord{Kind: info.Kind, State: stateJoining, Unshown: true}) // kept when it is joined
		c.conversations[v.id] = v
		c.advance(v)
	})
}

// forgetUnshown forgets conversations which the state of another device no longer names, so that it knows why.
func (c *Client) forgetUnshown(t *tx, theirs *accountState) {
	for id, v := range c.conversations {
		named := slices.ContainsFunc(theirs.Conversations, func(k stateJoin) bool { return k.Conversation == id })
		if v.rec.Unshown && !v.rec.JoinKey.IsZero() && v.pending == nil && !named {
			delete(c.conversations, id)
			t.delete(c.self.keys.of("conv", id))
		}
	}
}
