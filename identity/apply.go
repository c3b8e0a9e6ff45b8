package identity

import (
	"fmt"
	"slices"
	"time"
)

// apply verifies one event against the chain so far and takes it in. After a
// failure the chain must be dropped: it may have been changed in part.
func (c *Chain) apply(raw []byte) error {
	if len(c.events) >= MaxEvents {
		return fmt.Errorf("%w: a chain has at most %d events", ErrLimit, MaxEvents)
	}
	event, body, at, err := parseEvent(raw)
	if err != nil {
		return err
	}
	if err := c.checkPlace(body); err != nil {
		return err
	}
	if len(c.events) == 0 {
		err = c.applyFirst(raw, event, body)
	} else {
		err = c.applyNext(event, body, at)
	}
	if err != nil {
		return err
	}
	c.events = append(c.events, slices.Clone(raw))
	c.hashes = append(c.hashes, hashEvent(raw))
	return nil
}

// checkPlace checks that the event was written for this place in this chain.
func (c *Chain) checkPlace(body eventBody) error {
	if body.Index != uint64(len(c.events)) {
		return fmt.Errorf("%w: its index is %d", ErrNotAllowed, body.Index)
	}
	if first := len(c.events) == 0; first != (body.Kind == kindAccountCreated) {
		return fmt.Errorf("%w: an account is created by the first event and no other", ErrNotAllowed)
	}
	var previous []byte
	if len(c.hashes) > 0 {
		head := c.Head()
		previous = head[:]
	}
	if !slices.Equal(body.Previous, previous) {
		return fmt.Errorf("%w: it does not follow the event before it", ErrNotAllowed)
	}
	return nil
}

func (c *Chain) applyFirst(raw []byte, event signedEvent, body eventBody) error {
	var p accountCreated
	if err := decode(body.Payload, MaxEventSize, &p); err != nil {
		return err
	}
	if err := verify(p.Root, labelEvent, event.Body, event.Signature); err != nil {
		return err
	}
	if err := checkUserName(p.UserName); err != nil {
		return err
	}
	c.account = accountID(raw)
	c.userName = p.UserName
	c.roots = []RootKey{p.Root}
	return nil
}

func (c *Chain) applyNext(event signedEvent, body eventBody, at time.Time) error {
	if body.Kind == kindAccountReset {
		return c.applyReset(event, body, at)
	}
	if err := verify(c.Root(), labelEvent, event.Body, event.Signature); err != nil {
		return err
	}
	switch body.Kind {
	case kindDeviceAdded:
		return c.applyDeviceAdded(body.Payload, at)
	case kindDeviceRemoved:
		return c.applyDeviceRemoved(body.Payload, at)
	case kindRootRotated:
		return c.applyRootRotated(body.Payload)
	}
	return fmt.Errorf("%w: unknown kind %d", ErrMalformed, body.Kind)
}

func (c *Chain) applyDeviceAdded(payload []byte, at time.Time) error {
	var p deviceAdded
	if err := decode(payload, MaxEventSize, &p); err != nil {
		return err
	}
	if err := checkDeviceName(p.Name); err != nil {
		return err
	}
	// An id or key that comes back would let old signatures speak for a new device.
	for _, d := range c.devices {
		if d.ID == p.Device || d.Key == p.Key {
			return fmt.Errorf("%w: the device's id or key was used before", ErrNotAllowed)
		}
	}
	if c.active() >= MaxDevices {
		return fmt.Errorf("%w: an account has at most %d devices", ErrLimit, MaxDevices)
	}
	if _, err := VerifyCertificate(c.Root(), c.account, p.Device, p.Key, p.Certificate); err != nil {
		return err
	}
	c.devices = append(c.devices, Device{
		ID: p.Device, Key: p.Key, Name: p.Name, Certificate: p.Certificate, AddedAt: at,
	})
	return nil
}

func (c *Chain) applyDeviceRemoved(payload []byte, at time.Time) error {
	var p deviceRemoved
	if err := decode(payload, MaxEventSize, &p); err != nil {
		return err
	}
	i := c.find(p.Device)
	if i < 0 || !c.devices[i].Active() {
		return fmt.Errorf("%w: no such active device", ErrNotAllowed)
	}
	c.devices[i].RemovedAt = at
	return nil
}

func (c *Chain) applyRootRotated(payload []byte) error {
	var p rootRotated
	if err := decode(payload, MaxEventSize, &p); err != nil {
		return err
	}
	if c.NamedRoot(p.Root) {
		return fmt.Errorf("%w: the root was used before", ErrNotAllowed)
	}
	if len(c.roots)-c.trusted > MaxRotations {
		return fmt.Errorf("%w: a root is rotated at most %d times", ErrLimit, MaxRotations)
	}
	statement := encode(newRoot{c.account, c.Head(), c.Root(), p.Root})
	if err := verify(p.Root, labelNewRoot, statement, p.Consent); err != nil {
		return fmt.Errorf("new root's consent: %w", err)
	}
	c.roots = append(c.roots, p.Root)
	return c.recertify(p.Certificates)
}

// recertify takes in the new root's certificates for all active devices.
func (c *Chain) recertify(certificates [][]byte) error {
	if len(certificates) != c.active() {
		return fmt.Errorf("%w: %d certificates for %d devices", ErrNotAllowed, len(certificates), c.active())
	}
	for i := range c.devices {
		d := &c.devices[i]
		if !d.Active() {
			continue
		}
		if _, err := VerifyCertificate(c.Root(), c.account, d.ID, d.Key, certificates[0]); err != nil {
			return err
		}
		d.Certificate, certificates = certificates[0], certificates[1:]
	}
	return nil
}

func (c *Chain) active() int {
	n := 0
	for _, d := range c.devices {
		if d.Active() {
			n++
		}
	}
	return n
}
