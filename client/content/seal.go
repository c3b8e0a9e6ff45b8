package content

import (
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"frond/fernet"
	"frond/identity"
	"frond/wire"
)

// Sealed is a content ready to leave.
type Sealed struct {
	Token      []byte     // Fernet token, as text
	Commitment wire.Hash  // MLS authenticated data, and beside the token in the log
	Secret     []byte     // MLS plaintext
	Key        fernet.Key // opens Token
	Hash       wire.Hash  // SHA-256 of the content, for the device's next one
}

// Seal signs c with the device's key and seals it under a fresh key. It fails with ErrMalformed or
// ErrTooLarge when c is not acceptable, with identity.ErrKey, or with rand's error.
func Seal(rand io.Reader, now time.Time, device identity.DeviceKey, c Content) (Sealed, error) {
	plain, hash, err := sign(device, c)
	if err != nil {
		return Sealed{}, err
	}
	key, err := fernet.NewKey(rand)
	if err != nil {
		return Sealed{}, err
	}
	raw, err := fernet.SealRaw(rand, key, now, pad(plain))
	if err != nil {
		return Sealed{}, err
	}
	tokenHash := wire.Hash(sha256.Sum256(raw))
	inner, err := wire.Encode(secret{Key: wire.Hash(key), Message: c.Message, Token: tokenHash})
	if err != nil {
		return Sealed{}, err
	}
	return Sealed{
		Token: fernet.Encode(raw), Commitment: Commitment(key, tokenHash), Secret: inner, Key: key, Hash: hash,
	}, nil
}

func sign(device identity.DeviceKey, c Content) ([]byte, wire.Hash, error) {
	c.Version = Version
	if err := c.Check(); err != nil {
		return nil, wire.Hash{}, err
	}
	body, err := wire.Encode(c)
	if err != nil {
		return nil, wire.Hash{}, err
	}
	signature, err := identity.SignContent(device, body)
	if err != nil {
		return nil, wire.Hash{}, fmt.Errorf("content: sign: %w", err)
	}
	plain, err := wire.Encode(signed{Content: body, Signature: signature})
	return plain, sha256.Sum256(body), err
}
