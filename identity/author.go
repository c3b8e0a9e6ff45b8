package identity

import (
	"fmt"
	"io"
	"time"
)

// NewChain creates an account: a chain of one event, signed by root. The user
// name is taken as the caller checked it; it must be printable ASCII of at
// most MaxUserName bytes. A nonce is read from rand.
func NewChain(rand io.Reader, root Root, userName string, at time.Time) (*Chain, error) {
	p := accountCreated{UserName: userName, Root: root.Public()}
	if _, err := io.ReadFull(rand, p.Nonce[:]); err != nil {
		return nil, fmt.Errorf("identity: read a nonce: %w", err)
	}
	return (&Chain{}).author(root, at, kindAccountCreated, encode(p))
}

// AddDevice certifies a device and returns the chain that lists it. The id
// and key must be new to the chain; the name is one printable line of at most
// MaxDeviceName bytes.
func (c *Chain) AddDevice(root Root, device ID, key [32]byte, name string, at time.Time) (*Chain, error) {
	cert, err := root.Certify(c.account, device, key, at)
	if err != nil {
		return nil, err
	}
	return c.author(root, at, kindDeviceAdded, encode(deviceAdded{device, key, name, cert}))
}

// RemoveDevice returns the chain in which the device is no longer active. Its
// id and key can not be added again.
func (c *Chain) RemoveDevice(root Root, device ID, at time.Time) (*Chain, error) {
	return c.author(root, at, kindDeviceRemoved, encode(deviceRemoved{device}))
}

// RotateRoot returns the chain in which next is the root, with new
// certificates for every active device. Both roots sign.
func (c *Chain) RotateRoot(current, next Root, at time.Time) (*Chain, error) {
	p := rootRotated{Root: next.Public(), Certificates: [][]byte{}}
	statement := encode(newRoot{c.account, c.Head(), current.Public(), p.Root})
	var err error
	if p.Consent, err = next.key.sign(labelNewRoot, statement); err != nil {
		return nil, fmt.Errorf("new root: %w", err)
	}
	for _, d := range c.Devices() {
		cert, err := next.Certify(c.account, d.ID, d.Key, at)
		if err != nil {
			return nil, err
		}
		p.Certificates = append(p.Certificates, cert)
	}
	return c.author(current, at, kindRootRotated, encode(p))
}

// author signs the next event and appends it as if it had come from outside,
// so nothing can be written that would not be read.
func (c *Chain) author(root Root, at time.Time, kind uint64, payload []byte) (*Chain, error) {
	seconds, err := toSeconds(at)
	if err != nil {
		return nil, err
	}
	body := eventBody{
		Version: eventVersion, Index: uint64(len(c.events)), Time: seconds, Kind: kind, Payload: payload,
	}
	if len(c.hashes) > 0 {
		head := c.Head()
		body.Previous = head[:]
	}
	raw := encode(body)
	signature, err := root.key.sign(labelEvent, raw)
	if err != nil {
		return nil, err
	}
	return c.Append(encode(signedEvent{Body: raw, Signature: signature}))
}
