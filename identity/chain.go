package identity

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// Device is what a chain says about one device.
type Device struct {
	ID          ID
	Key         [32]byte  // public
	Name        string    // as its owner called it
	Certificate []byte    // by the root in force; the last one, when removed
	AddedAt     time.Time // claimed by the event's author
	RemovedAt   time.Time // zero while the device is active
}

// Active reports whether the device has not been removed.
func (d Device) Active() bool { return d.RemovedAt.IsZero() }

// Chain is an account's verified sigchain. It never changes: what adds an
// event returns the next chain. It is safe for use by several goroutines.
type Chain struct {
	events   [][]byte
	hashes   [][32]byte
	account  ID
	userName string
	roots    []RootKey // the last is in force
	trusted  int       // roots from this one on vouch for one another: those since the last reset
	resets   []Reset
	devices  []Device // in the order they were added
}

// ParseChain verifies a whole chain, from its first event. It fails with
// ErrMalformed, ErrSignature, ErrKey, ErrNotAllowed, ErrLimit or ErrTime.
func ParseChain(events [][]byte) (*Chain, error) {
	if len(events) == 0 {
		return nil, fmt.Errorf("%w: a chain has at least one event", ErrMalformed)
	}
	if len(events) > MaxEvents {
		return nil, fmt.Errorf("%w: %d events, at most %d", ErrLimit, len(events), MaxEvents)
	}
	chain := &Chain{}
	for i, event := range events {
		if err := chain.apply(event); err != nil {
			return nil, fmt.Errorf("event %d: %w", i, err)
		}
	}
	return chain, nil
}

// Append returns the chain with one more event, which is verified as ParseChain
// does. The chain itself stays as it is.
func (c *Chain) Append(event []byte) (*Chain, error) {
	next := c.clone()
	if err := next.apply(event); err != nil {
		return nil, fmt.Errorf("event %d: %w", len(c.events), err)
	}
	return next, nil
}

// Account returns the account's id.
func (c *Chain) Account() ID { return c.account }

// UserName returns the name the account was created with.
func (c *Chain) UserName() string { return c.userName }

// Root returns the root in force.
func (c *Chain) Root() RootKey { return c.roots[len(c.roots)-1] }

// HadRoot reports whether the key is or was the account's root, since its last
// reset. A root that was is followed, by its own signature, by the one in force.
func (c *Chain) HadRoot(key RootKey) bool { return slices.Contains(c.roots[c.trusted:], key) }

// NamedRoot reports whether the key is or was the account's root at any time.
// That a root was named before a reset says nothing about the one in force.
func (c *Chain) NamedRoot(key RootKey) bool { return slices.Contains(c.roots, key) }

// Len returns the number of events.
func (c *Chain) Len() int { return len(c.events) }

// Head returns the hash of the last event. Two chains with one head are the same.
func (c *Chain) Head() [32]byte { return c.hashes[len(c.hashes)-1] }

// Event returns the bytes of the event with this index, or nil.
func (c *Chain) Event(index int) []byte {
	if index < 0 || index >= len(c.events) {
		return nil
	}
	return slices.Clone(c.events[index])
}

// Events returns the bytes of all events, as ParseChain takes them.
func (c *Chain) Events() [][]byte {
	out := make([][]byte, len(c.events))
	for i, event := range c.events {
		out[i] = slices.Clone(event)
	}
	return out
}

// Devices returns the active devices in the order they were added.
func (c *Chain) Devices() []Device {
	return slices.DeleteFunc(c.AllDevices(), func(d Device) bool { return !d.Active() })
}

// AllDevices returns every device there ever was, in the order they were added.
func (c *Chain) AllDevices() []Device {
	out := slices.Clone(c.devices)
	for i := range out {
		out[i].Certificate = slices.Clone(out[i].Certificate)
	}
	return out
}

// Device returns the device with this id, active or removed.
func (c *Chain) Device(id ID) (Device, bool) {
	i := c.find(id)
	if i < 0 {
		return Device{}, false
	}
	device := c.devices[i]
	device.Certificate = slices.Clone(device.Certificate)
	return device, true
}

// Credential returns the MLS credential of an active device.
func (c *Chain) Credential(id ID) (Credential, bool) {
	device, ok := c.Device(id)
	if !ok || !device.Active() {
		return Credential{}, false
	}
	return Credential{c.account, c.Root(), id, device.Key, device.Certificate}, true
}

// Extends checks that this chain is the older one or continues it. It fails
// with ErrOtherAccount, with ErrShortened when events seen before are missing,
// and with ErrForked when the two tell different histories; the last two
// mean that somebody shows different chains to different people. A nil older
// chain stands for an account never seen before, which any chain extends.
func (c *Chain) Extends(older *Chain) error {
	if older == nil {
		return nil
	}
	if c.account != older.account {
		return ErrOtherAccount
	}
	common := min(len(c.hashes), len(older.hashes))
	for i := range common {
		if c.hashes[i] != older.hashes[i] {
			return fmt.Errorf("%w: at event %d", ErrForked, i)
		}
	}
	if len(c.hashes) < len(older.hashes) {
		return fmt.Errorf("%w: to %d of %d events", ErrShortened, len(c.hashes), len(older.hashes))
	}
	return nil
}

// ReplacedByRemovals reports whether each root that came after the first n events replaced the one before
// it because a device was removed, which is the event directly before. It is the reason a client has.
func (c *Chain) ReplacedByRemovals(n int) bool {
	before := uint64(0)
	for i := max(n, 1) - 1; i < len(c.events); i++ {
		_, body, _, err := parseEvent(c.events[i])
		switch {
		case err != nil:
			return false // unreachable: the chain is verified
		case i < n || body.Kind == kindDeviceAdded || body.Kind == kindDeviceRemoved:
		case body.Kind != kindRootRotated || before != kindDeviceRemoved:
			return false
		}
		before = body.Kind
	}
	return true
}

// Equal reports whether both chains hold the same events.
func (c *Chain) Equal(other *Chain) bool {
	return slices.EqualFunc(c.events, other.events, bytes.Equal)
}

func (c *Chain) find(id ID) int {
	return slices.IndexFunc(c.devices, func(d Device) bool { return d.ID == id })
}

// clone copies what apply changes. Events and hashes are only ever appended
// to, and Clip makes the append of two next chains land in different arrays.
func (c *Chain) clone() *Chain {
	next := *c
	next.events = slices.Clip(c.events)
	next.hashes = slices.Clip(c.hashes)
	next.roots = slices.Clip(c.roots)
	next.resets = slices.Clip(c.resets)
	next.devices = slices.Clone(c.devices)
	return &next
}
