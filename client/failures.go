package client

import (
	"context"

	"frond/wire"
)

// What is counted beside the reasons of messages.
const (
	countSkipped    = "skipped-commit" // a commit that did not verify or broke a rule
	countLostStep   = "lost-step"      // a group in which others may have gone on alone
	countLostSeat   = "lost-seat"      // a group that the server does not count this device in
	countRolledBack = "rolled-back"    // a store that was set back
	countLogBehind  = "log-behind"     // a log that lacks changes which this device went through
	countBroken     = "broken-state"   // a record of the store that can not be read
	countRejoined   = "rejoined"       // a repair that worked
	countKeyFound   = "key-found"      // a message that became readable after all
)

// count counts a failure or a repair by its name, in the same batch as what it did.
func (c *Client) count(t *tx, name string) {
	if name == "" {
		return
	}
	c.failures[name]++
	t.put(c.self.keys.table("count")+name, c.failures[name])
}

func (c *Client) loadFailures() error {
	prefix := c.self.keys.table("count")
	return c.each(Prefix(prefix), func(key string, value []byte) error {
		var n uint64
		err := wire.Decode(value, &n)
		c.failures[key[len(prefix):]] = n
		return err
	})
}

// Failures says how often what went wrong on this device, and what was repaired, by reason.
func (c *Client) Failures(ctx context.Context) (counts map[string]uint64, err error) {
	counts = map[string]uint64{}
	return counts, c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		for name, n := range c.failures {
			counts[name] = n
		}
		return nil
	})
}
