package client

import "frond/wire"

// damage is a record of the store that can not be read.
type damage struct {
	table, key string
	id         wire.ID // of the conversation or contact
}

// sound reads records one by one and goes on after one that is damaged: that costs its conversation a
// repair and the others nothing.
func (c *Client) sound(name string, f func(id wire.ID, rest string, value []byte) error) error {
	prefix := c.self.keys.table(name)
	return c.each(Prefix(prefix), func(key string, value []byte) error {
		text := key[len(prefix):]
		id, err := wire.ParseID(text[:min(32, len(text))])
		if err == nil {
			err = f(id, text[32:], value)
		}
		if err != nil {
			c.cfg.Log.Error("a damaged record in the store", "table", name, "of", id, "error", err)
			c.damages = append(c.damages, damage{name, key, id})
		}
		return nil
	})
}

// mend repairs what load found damaged, or lets a rejoin do so.
func (c *Client) mend() error {
	if len(c.damages) == 0 {
		return nil
	}
	t := c.begin()
	for _, d := range c.damages {
		c.count(t, countBroken)
		t.delete(d.key)
		v := c.conversations[d.id]
		switch {
		case d.table == "conv" || d.table == "contact":
			c.self.Revision = 0 // the account's state has what is missing: it is read anew
			t.put(keyAccount(c.self.Account), c.self.selfRecord)
		case v == nil || d.table == "draft":
		case d.table == "history":
			v.history = historyRecord{Gaps: []gap{{0, v.rec.Joined}}}
			t.put(d.key, v.history)
		case d.table == "out":
			t.fault(CodeStorage, "A message that waited to be sent can not be read on this device any more.")
		case d.table == "pending":
			c.lose(t, v, lostBack, 0)
		default:
			c.lose(t, v, lostState, 0)
		}
	}
	c.damages = nil
	return t.commit()
}
