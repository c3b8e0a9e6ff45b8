package wire

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// ID names an account, a device, a conversation or a message: 16 bytes, chosen by the client.
// Its text form is 32 lower-case hexadecimal digits.
type ID [16]byte

// NewID draws a random ID.
func NewID(rand io.Reader) (ID, error) {
	var id ID
	_, err := io.ReadFull(rand, id[:])
	return id, err
}

// NewMessageID draws the ID of a message. It begins with the time, in sixteenths of a second, so that
// the ids of messages sent at about the same time are neighbours in the server's index, which is then
// written at its end and not all over; 88 random bits follow. Nothing relies on the time being right.
func NewMessageID(rand io.Reader, now time.Time) (ID, error) {
	id, err := NewID(rand)
	t := uint64(max(0, now.UnixMilli())) >> 6
	id[0] = byte(t >> 32)
	binary.BigEndian.PutUint32(id[1:], uint32(t))
	return id, err
}

// ParseID reads the text form and refuses any other spelling.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, Errorf(CodeBadRequest, "an id has %d hexadecimal digits", 2*len(id))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil || id.String() != s {
		return ID{}, Errorf(CodeBadRequest, "an id is written in lower-case hexadecimal digits")
	}
	return id, nil
}

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether id is the zero ID, which names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalCBOR writes the ID as a byte string of 16 bytes.
func (id ID) MarshalCBOR() ([]byte, error) {
	return append([]byte{0x50}, id[:]...), nil
}

// UnmarshalCBOR accepts exactly a byte string of 16 bytes.
func (id *ID) UnmarshalCBOR(b []byte) error {
	return fixedBytes(id[:], b, 0x50)
}

// Hash is a SHA-256 digest or another 32-byte value.
type Hash [32]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether h is all zero.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalCBOR writes the Hash as a byte string of 32 bytes.
func (h Hash) MarshalCBOR() ([]byte, error) {
	return append([]byte{0x58, 0x20}, h[:]...), nil
}

// UnmarshalCBOR accepts exactly a byte string of 32 bytes.
func (h *Hash) UnmarshalCBOR(b []byte) error {
	return fixedBytes(h[:], b, 0x58, 0x20)
}

// fixedBytes copies the content of a CBOR byte string whose header must be exactly head.
func fixedBytes(dst, b []byte, head ...byte) error {
	if len(b) != len(head)+len(dst) || string(b[:len(head)]) != string(head) {
		return fmt.Errorf("want a byte string of %d bytes", len(dst))
	}
	copy(dst, b[len(head):])
	return nil
}
