package content

import (
	"crypto/sha256"
	"crypto/subtle"

	"frond/fernet"
	"frond/wire"
)

// Kept is a message as history keeps it: the token from the log, key and commitment from the account's
// vault, where a device put them that had checked them live.
type Kept struct {
	Token      []byte
	Key        wire.Hash
	Commitment wire.Hash
}

// Restore opens a kept message and verifies it as Open does: the commitment, by which the vault vouches
// for this very token, the signature under the sender's device key, and the form. That conversation,
// account, device and message are the right ones is for the caller to check.
func Restore(k Kept, deviceKey [32]byte) (Opened, error) {
	raw, err := fernet.Raw(k.Token)
	if err != nil {
		return Opened{}, ErrToken
	}
	key := fernet.Key(k.Key)
	c := Commitment(key, sha256.Sum256(raw))
	if subtle.ConstantTimeCompare(c[:], k.Commitment[:]) != 1 {
		return Opened{}, ErrCommitment
	}
	block, _, err := fernet.Open(key, k.Token)
	if err != nil {
		return Opened{}, ErrToken
	}
	opened, err := verify(block, deviceKey)
	opened.Key = key
	return opened, err
}
