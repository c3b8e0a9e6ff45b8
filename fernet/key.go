package fernet

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// redacted is what a key shows of itself when it is printed.
const redacted = "fernet.Key(secret)"

// base64url is the alphabet of tokens and keys. Strict refuses stray trailing
// bits; it still skips line breaks, which decode catches by the length.
var base64url = base64.URLEncoding.Strict()

// Key is a Fernet key: 16 bytes that sign, then 16 bytes that encrypt. It is
// meant to be used for one token. Printing a key by any verb of package fmt
// or handing it to a logger shows a placeholder; only String shows the key.
type Key [KeySize]byte

// NewKey reads a fresh key from rand.
func NewKey(rand io.Reader) (Key, error) {
	var key Key
	if _, err := io.ReadFull(rand, key[:]); err != nil {
		return Key{}, fmt.Errorf("fernet: read a key: %w", err)
	}
	return key, nil
}

// ParseKey reads the text of a key: 44 characters of base64url, padding
// included. Anything else gives ErrInvalid.
func ParseKey(text string) (Key, error) {
	if len(text) != base64url.EncodedLen(KeySize) {
		return Key{}, ErrInvalid
	}
	raw, err := decode([]byte(text))
	if err != nil || len(raw) != KeySize {
		return Key{}, ErrInvalid
	}
	return Key(raw), nil
}

// String returns the key as base64url, the form every Fernet implementation
// takes. It reveals the key.
func (k Key) String() string { return base64url.EncodeToString(k[:]) }

func (k Key) signing() []byte    { return k[:KeySize/2] }
func (k Key) encrypting() []byte { return k[KeySize/2:] }

// Format prints a placeholder whatever the verb, so that a key which strays
// into a log line or an error text is not revealed there.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText always fails: encoders that look for it, loggers among them,
// would otherwise write the key out byte by byte.
func (k Key) MarshalText() ([]byte, error) {
	return nil, errors.New("fernet: a key is not written as text; call String to reveal it")
}

// decode reads canonical base64url: the one text that Encode gives.
func decode(text []byte) ([]byte, error) {
	raw := make([]byte, base64url.DecodedLen(len(text)))
	n, err := base64url.Decode(raw, text)
	if err != nil || base64url.EncodedLen(n) != len(text) {
		return nil, ErrInvalid
	}
	return raw[:n], nil
}
