package content

import (
	"crypto/sha256"

	"frond/fernet"
	"frond/wire"
)

const labelCommit = "frond/commit/v1"

// Commitment returns C = SHA-256("frond/commit/v1" ‖ key ‖ tokenHash), where tokenHash is the
// SHA-256 of the raw token.
func Commitment(key fernet.Key, tokenHash wire.Hash) wire.Hash {
	h := sha256.New()
	h.Write([]byte(labelCommit))
	h.Write(key[:])
	h.Write(tokenHash[:])
	return wire.Hash(h.Sum(nil))
}

// secret is what travels inside MLS: the key of one token, and which token it is for.
type secret struct {
	Key     wire.Hash `cbor:"1,keyasint"`
	Message wire.ID   `cbor:"2,keyasint"`
	Token   wire.Hash `cbor:"3,keyasint"`
}
