package vault

import (
	"errors"
	"fmt"
	"io"
)

// Key is a vault key: it opens the vault's state. Each vault epoch has its own.
type Key [32]byte

// NewKey reads a vault key from rand.
func NewKey(rand io.Reader) (Key, error) {
	var key Key
	if _, err := io.ReadFull(rand, key[:]); err != nil {
		return Key{}, fmt.Errorf("vault: read a key: %w", err)
	}
	return key, nil
}

// Keys are the two keys that a password or recovery code turns into. Auth is
// shown to the server, which stores only its hash; Wrap seals a slot and never leaves.
type Keys struct {
	Auth [32]byte
	Wrap [32]byte
}

var errSecret = errors.New("vault: a secret is not written as text")

// Format prints a placeholder whatever the verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "vault.Key(secret)") }

// MarshalText always fails, so that no encoder writes the key out by itself.
func (Key) MarshalText() ([]byte, error) { return nil, errSecret }

// Format prints a placeholder whatever the verb.
func (Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "vault.Keys(secret)") }

// MarshalText always fails, so that no encoder writes the keys out by itself.
func (Keys) MarshalText() ([]byte, error) { return nil, errSecret }

// Format prints a placeholder whatever the verb; Text shows the code.
func (RecoveryCode) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "vault.RecoveryCode(secret)")
}

// MarshalText always fails, so that no encoder writes the code out by itself.
func (RecoveryCode) MarshalText() ([]byte, error) { return nil, errSecret }
