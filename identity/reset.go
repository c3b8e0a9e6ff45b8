package identity

import (
	"fmt"
	"slices"
	"time"
)

// Reset is a break in an account's life: everything was lost, and whoever runs
// the server let somebody begin anew under the account. Whether that was the
// same person, no key says.
type Reset struct {
	Index    int       // of the event in the chain
	At       time.Time // claimed by the event's author
	Old, New RootKey
}

// Resets returns the chain's resets, the oldest first.
func (c *Chain) Resets() []Reset { return slices.Clone(c.resets) }

// Reset returns the chain in which next is the root, without the old root's
// word: all devices there were are removed, and HadRoot no longer knows the
// roots before. AddDevice comes next.
func (c *Chain) Reset(next Root, at time.Time) (*Chain, error) {
	return c.author(next, at, kindAccountReset, encode(accountReset{next.Public()}))
}

func (c *Chain) applyReset(event signedEvent, body eventBody, at time.Time) error {
	var p accountReset
	if err := decode(body.Payload, MaxEventSize, &p); err != nil {
		return err
	}
	if c.NamedRoot(p.Root) {
		return fmt.Errorf("%w: the root was used before", ErrNotAllowed)
	}
	if err := verify(p.Root, labelEvent, event.Body, event.Signature); err != nil {
		return err
	}
	c.resets = append(c.resets, Reset{Index: len(c.events), At: at, Old: c.Root(), New: p.Root})
	c.trusted = len(c.roots)
	c.roots = append(c.roots, p.Root)
	for i := range c.devices {
		if c.devices[i].Active() {
			c.devices[i].RemovedAt = at
		}
	}
	return nil
}
