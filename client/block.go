package client

import (
	"context"
	"sort"

	"frond/wire"
)

// Whom somebody blocked is kept in the account's sealed state: neither the server nor the blocked person
// learns of it. Blocking hides; everything still arrives and is there again after unblocking.

const (
	maxBlocks = 1000 // accounts ever blocked
	maxSilent = 1000 // conversations begun by somebody who was blocked then
)

// blockState is the last word on an account, whichever device it was said on.
type blockState struct {
	Account wire.ID `cbor:"1,keyasint"`
	Blocked bool    `cbor:"2,keyasint"`
	At      uint64  `cbor:"3,keyasint"` // milliseconds since 1970: the later word counts
}

// silentState is a group into which a blocked person brought this account.
type silentState struct {
	Conversation wire.ID `cbor:"1,keyasint"`
	By           wire.ID `cbor:"2,keyasint"`
}

// blocksRecord is what the store holds of it.
type blocksRecord struct {
	Blocks []blockState  `cbor:"1,keyasint"`
	Silent []silentState `cbor:"2,keyasint"`
}

// Block hides what somebody writes, or shows it again, on all of the account's devices.
func (c *Client) Block(ctx context.Context, account wire.ID, blocked bool) error {
	return c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		old := c.blocks[account]
		switch {
		case account == c.self.Account || account.IsZero():
			return wire.Errorf(wire.CodeBadRequest, "Nobody can block themselves.")
		case old.Blocked == blocked:
			return nil
		case old.At == 0 && len(c.blocks) >= maxBlocks:
			return wire.Errorf(wire.CodeLimit, "At most %d people can be blocked.", maxBlocks)
		}
		t := c.begin()
		err := c.takeBlocks(t, []blockState{{account, blocked, max(c.nowMillis(), old.At+1)}})
		c.stateChanged(t)
		if err == nil {
			err = t.commit()
		}
		if err != nil {
			return err
		}
		for _, v := range c.conversations {
			c.advance(v)
		}
		return nil
	})
}

// takeBlocks takes those words that are newer than what is known.
func (c *Client) takeBlocks(t *tx, list []blockState) error {
	changed, newer := false, false
	for _, b := range list {
		old := c.blocks[b.Account]
		if old.At >= b.At || old.At == 0 && len(c.blocks) >= maxBlocks {
			continue
		}
		c.blocks[b.Account], newer = b, true
		changed = changed || old.Blocked != b.Blocked
	}
	if newer {
		c.putBlocks(t)
	}
	if !changed {
		return nil
	}
	for _, v := range c.conversations {
		if err := c.reviewed(t, v); err != nil {
			return err
		}
	}
	t.then(c.namesChanged)
	return nil
}

func (c *Client) putBlocks(t *tx) {
	t.put(c.self.keys.single("blocks"), blocksRecord{c.blockList(), c.silent})
}

// blockList is what the account's state keeps, in order.
func (c *Client) blockList() []blockState {
	list := make([]blockState, 0, len(c.blocks))
	for _, b := range c.blocks {
		list = append(list, b)
	}
	sort.Slice(list, func(i, j int) bool { return less(list[i].Account, list[j].Account) })
	return list
}

func (c *Client) loadBlocks() error {
	var rec blocksRecord
	_, err := c.get(c.self.keys.single("blocks"), &rec)
	for _, b := range rec.Blocks {
		c.blocks[b.Account] = b
	}
	c.silent = rec.Silent
	return err
}

// isBlocked reports whether an account's messages are hidden.
func (c *Client) isBlocked(account wire.ID) bool { return c.blocks[account].Blocked }

// muted reports whether a conversation is out of sight: a direct one with somebody who is blocked, or a
// group into which such a person brought this account.
func (c *Client) muted(v *conversation) bool {
	if v.rec.Kind == wire.Direct {
		for _, p := range v.roster.People {
			if c.isBlocked(p.Account) {
				return true
			}
		}
	}
	for _, s := range c.silent {
		if s.Conversation == v.id {
			return c.isBlocked(s.By)
		}
	}
	return false
}

// brought notes by whom this account was brought into a group, if that person is blocked.
func (c *Client) brought(t *tx, conversation, by wire.ID) {
	if c.isBlocked(by) && len(c.silent) < maxSilent {
		c.silent = append(c.silent, silentState{conversation, by})
		c.putBlocks(t)
	}
}

// reviewed counts unread messages and chooses the preview anew, without what is hidden.
func (c *Client) reviewed(t *tx, v *conversation) (err error) {
	t.mark(v, markRecord|markLook)
	if v.rec.Unread, err = c.countUnread(v); err != nil {
		return err
	}
	return c.newestPreview(v, c.serverNow())
}

var errBlocked = wire.Errorf(wire.CodeForbidden, "You blocked this person. Unblock them first.")

func (c *Client) refuseBlocked(account wire.ID) error {
	if c.isBlocked(account) {
		return errBlocked
	}
	return nil
}
