package vault

import (
	"crypto/cipher"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// MaxState is the longest state that SealState takes, in bytes.
const MaxState = 4 << 20

// stateVersion is the version of the sealed state that this package writes.
const stateVersion = 1

// maxSealedState bounds a sealed state: the state, the tag, and its frame.
const maxSealedState = MaxState + 128

// sealedState is a state as the server stores it.
type sealedState struct {
	Version  uint64                            `cbor:"1,keyasint"`
	Epoch    uint64                            `cbor:"2,keyasint"`
	Revision uint64                            `cbor:"3,keyasint"`
	Nonce    [chacha20poly1305.NonceSizeX]byte `cbor:"4,keyasint"`
	Box      []byte                            `cbor:"5,keyasint"`
}

// statePlace is what a state's box is bound to.
type statePlace struct {
	Label    string   `cbor:"1,keyasint"`
	Account  [16]byte `cbor:"2,keyasint"`
	Epoch    uint64   `cbor:"3,keyasint"`
	Revision uint64   `cbor:"4,keyasint"`
}

// SealState seals what the vault holds. The revision grows with each change,
// so that an older state can not pass for the present one. It fails with
// ErrLimit for more than MaxState bytes, or with rand's error.
func SealState(rand io.Reader, vaultKey Key, account [16]byte, epoch, revision uint64, plaintext []byte) ([]byte, error) {
	if len(plaintext) > MaxState {
		return nil, fmt.Errorf("%w: a state of %d bytes", ErrLimit, len(plaintext))
	}
	s := sealedState{Version: stateVersion, Epoch: epoch, Revision: revision}
	if _, err := io.ReadFull(rand, s.Nonce[:]); err != nil {
		return nil, fmt.Errorf("vault: read a nonce: %w", err)
	}
	place := encode(statePlace{labelState, account, epoch, revision})
	s.Box = seal(vaultKey[:], s.Nonce, nil, plaintext, place)
	return encode(s), nil
}

// OpenState returns what SealState sealed for this account, epoch and
// revision. It fails with ErrOpen, ErrMalformed or ErrLimit.
func OpenState(vaultKey Key, account [16]byte, epoch, revision uint64, sealed []byte) ([]byte, error) {
	s, err := parseState(sealed)
	if err != nil {
		return nil, err
	}
	if s.Epoch != epoch || s.Revision != revision {
		return nil, fmt.Errorf("%w: it is of epoch %d, revision %d", ErrOpen, s.Epoch, s.Revision)
	}
	return open(vaultKey[:], s.Nonce, s.Box, encode(statePlace{labelState, account, epoch, revision}))
}

// StateRevision reads the epoch and revision a sealed state claims. The claim
// is proved only by opening it; that none newer exists is not proved at all.
func StateRevision(sealed []byte) (epoch, revision uint64, err error) {
	s, err := parseState(sealed)
	return s.Epoch, s.Revision, err
}

func parseState(sealed []byte) (sealedState, error) {
	var s sealedState
	if err := decode(sealed, maxSealedState, &s); err != nil {
		return sealedState{}, fmt.Errorf("state: %w", err)
	}
	if s.Version != stateVersion {
		return sealedState{}, fmt.Errorf("state: %w: version %d", ErrMalformed, s.Version)
	}
	return s, nil
}

// seal appends the sealed plaintext to prefix.
func seal(key []byte, nonce [chacha20poly1305.NonceSizeX]byte, prefix, plaintext, place []byte) []byte {
	return aead(key).Seal(prefix, nonce[:], plaintext, place)
}

func open(key []byte, nonce [chacha20poly1305.NonceSizeX]byte, box, place []byte) ([]byte, error) {
	plaintext, err := aead(key).Open(nil, nonce[:], box, place)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

func aead(key []byte) cipher.AEAD {
	a, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic(err) // unreachable: the only failure is a wrong key length
	}
	return a
}
