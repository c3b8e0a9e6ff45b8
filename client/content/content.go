package content

import (
	"fmt"
	"unicode/utf8"

	"frond/wire"
)

// Version is the version of the content format that this package writes.
const Version = 1

// MaxBody is the longest body in bytes.
const MaxBody = wire.MaxText

// Kind says what a body is.
type Kind uint8

// The kinds of content.
const (
	Text Kind = 1 // UTF-8, as the person wrote it
)

// Content is what one device says, once. Its encoding is what the device signs.
type Content struct {
	Version      uint64    `cbor:"1,keyasint"`
	Conversation wire.ID   `cbor:"2,keyasint"`
	Message      wire.ID   `cbor:"3,keyasint"`
	Account      wire.ID   `cbor:"4,keyasint"`
	Device       wire.ID   `cbor:"5,keyasint"`
	Counter      uint64    `cbor:"6,keyasint"` // grows with each content of the device in this conversation
	Previous     wire.Hash `cbor:"7,keyasint"` // Hash of the device's previous content here; zero in its first, and when it does not know that any more
	Sent         uint64    `cbor:"8,keyasint"` // milliseconds since 1970, the sender's clock
	Kind         Kind      `cbor:"9,keyasint"`
	Body         []byte    `cbor:"10,keyasint"`
	Lifetime     uint64    `cbor:"11,keyasint,omitempty"` // seconds from the server's reception until it is deleted everywhere; 0: no end
}

// Check checks the content for itself, as Seal and Open do. An unknown kind passes: it is
// authentic, and only this program is too old to show it.
func (c *Content) Check() error {
	switch {
	case c.Version > Version:
		return ErrVersion
	case c.Version == 0 || c.Kind == 0 || c.Counter == 0:
		return fmt.Errorf("%w: a version, kind or counter of 0", ErrMalformed)
	case c.Lifetime > wire.MaxLifetime:
		return fmt.Errorf("%w: a lifetime of %d seconds", ErrMalformed, c.Lifetime)
	case c.Conversation.IsZero() || c.Message.IsZero() || c.Account.IsZero() || c.Device.IsZero():
		return fmt.Errorf("%w: an id of 0", ErrMalformed)
	case len(c.Body) > MaxBody:
		return fmt.Errorf("%w: a body has at most %d bytes", ErrTooLarge, MaxBody)
	case c.Kind == Text && (len(c.Body) == 0 || !utf8.Valid(c.Body)):
		return fmt.Errorf("%w: a text is UTF-8 and not empty", ErrMalformed)
	}
	return nil
}

// signed is a content with its signature, both as bytes, so that what is verified is what was signed.
type signed struct {
	_         struct{} `cbor:",toarray"`
	Content   []byte
	Signature []byte
}
