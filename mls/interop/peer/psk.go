package peer

import (
	"crypto/sha256"
	"errors"
)

// PreSharedKeys are the names of external pre-shared keys (RFC 9420 §8.4) that all members of all
// implementations know beforehand. tsmls/member.mjs derives them alike.
var PreSharedKeys = [][]byte{[]byte("over the phone"), []byte("on paper")}

// preSharedKey is the key of a name.
func preSharedKey(id []byte) ([]byte, error) {
	for _, known := range PreSharedKeys {
		if string(known) == string(id) {
			key := sha256.Sum256(id)
			return key[:], nil
		}
	}
	return nil, errors.New("no such pre-shared key")
}
