package identity

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// SeedSize is the length of the secret seed of a root or device key, in bytes.
const SeedSize = ed25519.SeedSize

// RootKey is the public half of a root.
type RootKey [ed25519.PublicKeySize]byte

// String returns the key as 64 lower-case hexadecimal digits.
func (k RootKey) String() string { return hex.EncodeToString(k[:]) }

// Root is the secret key of an account. Printing it shows a placeholder. The
// zero value is no root; what is asked of it fails with ErrKey.
type Root struct{ key *secretKey }

// NewRoot makes a root from 32 bytes of rand.
func NewRoot(rand io.Reader) (Root, error) {
	key, err := newSecretKey(rand)
	return Root{key}, err
}

// ParseRoot reads the seed that Marshal returns.
func ParseRoot(seed []byte) (Root, error) {
	key, err := parseSecretKey(seed)
	return Root{key}, err
}

// Marshal returns the root's seed. It is the account: keep it in the vault.
func (r Root) Marshal() []byte { return r.key.seed() }

// Public returns the public half, or the zero key for the zero Root.
func (r Root) Public() RootKey { return RootKey(r.key.public()) }

// IsZero reports whether this is the zero value, which holds no key.
func (r Root) IsZero() bool { return r.key == nil }

// Format prints a placeholder whatever the verb.
func (r Root) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "identity.Root(secret)") }

// MarshalText always fails, so that no encoder writes the root out by itself.
func (r Root) MarshalText() ([]byte, error) { return nil, errSecret }

// DeviceKey is the secret key of a device: it signs the device's content and is
// the signature key of its MLS leaves. Printing it shows a placeholder. The
// zero value is no key; what is asked of it fails with ErrKey.
type DeviceKey struct{ key *secretKey }

// NewDeviceKey makes a device key from 32 bytes of rand.
func NewDeviceKey(rand io.Reader) (DeviceKey, error) {
	key, err := newSecretKey(rand)
	return DeviceKey{key}, err
}

// ParseDeviceKey reads the seed that Marshal returns.
func ParseDeviceKey(seed []byte) (DeviceKey, error) {
	key, err := parseSecretKey(seed)
	return DeviceKey{key}, err
}

// Marshal returns the key's seed, for the device's own store.
func (d DeviceKey) Marshal() []byte { return d.key.seed() }

// Public returns the public half, or the zero key for the zero DeviceKey.
func (d DeviceKey) Public() [32]byte { return d.key.public() }

// Signer returns the key in the form MLS signs with; nil for the zero DeviceKey.
func (d DeviceKey) Signer() ed25519.PrivateKey {
	if d.key == nil {
		return nil
	}
	return d.key.private()
}

// IsZero reports whether this is the zero value, which holds no key.
func (d DeviceKey) IsZero() bool { return d.key == nil }

// Format prints a placeholder whatever the verb.
func (d DeviceKey) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "identity.DeviceKey(secret)")
}

// MarshalText always fails, so that no encoder writes the key out by itself.
func (d DeviceKey) MarshalText() ([]byte, error) { return nil, errSecret }

var errSecret = errors.New("identity: a secret key is not written as text")

// secretKey hides its key behind a function. Package fmt does not call the
// redacting methods on what lies in another struct's unexported field, but it
// can not look through a function.
type secretKey struct{ private func() ed25519.PrivateKey }

func newSecretKey(rand io.Reader) (*secretKey, error) {
	seed := make([]byte, SeedSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, fmt.Errorf("identity: read a key: %w", err)
	}
	return parseSecretKey(seed)
}

func parseSecretKey(seed []byte) (*secretKey, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("%w: a seed has %d bytes", ErrMalformed, SeedSize)
	}
	private := ed25519.NewKeyFromSeed(seed)
	return &secretKey{func() ed25519.PrivateKey { return private }}, nil
}

func (k *secretKey) seed() []byte {
	if k == nil {
		return nil
	}
	return append([]byte(nil), k.private().Seed()...)
}

func (k *secretKey) public() (public [32]byte) {
	if k != nil {
		copy(public[:], k.private()[SeedSize:])
	}
	return public
}

// sign signs a message under a label.
func (k *secretKey) sign(label string, message []byte) ([]byte, error) {
	if k == nil {
		return nil, fmt.Errorf("%w: no secret key", ErrKey)
	}
	return ed25519.Sign(k.private(), labelled(label, message)), nil
}

// verify checks a signature under a label by a key that must be usable.
func verify(key [32]byte, label string, message, signature []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if len(signature) != ed25519.SignatureSize ||
		!ed25519.Verify(key[:], labelled(label, message), signature) {
		return ErrSignature
	}
	return nil
}
