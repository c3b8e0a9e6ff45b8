package identity

import (
	"encoding/hex"
	"fmt"
	"io"
)

// ID names an account or a device: 16 bytes. An account's id is derived from
// its first event; a device's id is random.
type ID [16]byte

// NewID reads a random id, as devices have, from rand.
func NewID(rand io.Reader) (ID, error) {
	var id ID
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return ID{}, fmt.Errorf("identity: read an id: %w", err)
	}
	return id, nil
}

// ParseID reads the 32 lower-case hexadecimal digits that String writes.
func ParseID(text string) (ID, error) {
	var id ID
	if len(text) != hex.EncodedLen(len(id)) {
		return ID{}, fmt.Errorf("%w: an id has 32 digits", ErrMalformed)
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil || id.String() != text {
		return ID{}, fmt.Errorf("%w: an id is lower-case hexadecimal", ErrMalformed)
	}
	return id, nil
}

// String returns the id as 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether the id is the zero value, which names nothing.
func (id ID) IsZero() bool { return id == ID{} }
