package client

import (
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"

	"frond/wire"
)

// sealInfo seals a GroupInfo under the join key, for the server to keep:
// nonce ‖ XChaCha20-Poly1305, with the conversation's id as additional data.
func sealInfo(rand io.Reader, joinKey wire.Hash, conversation wire.ID, info []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(joinKey[:])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(info)+chacha20poly1305.Overhead)
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, fmt.Errorf("client: read a nonce: %w", err)
	}
	return aead.Seal(nonce, nonce, info, conversation[:]), nil
}

var errJoinKey = wire.Errorf(CodeKeyChanged, "the group information does not open under the join key")

// openInfo opens what sealInfo sealed.
func openInfo(joinKey wire.Hash, conversation wire.ID, sealed []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(joinKey[:])
	if err != nil {
		return nil, err
	}
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, wire.Errorf(wire.CodeBadRequest, "malformed group information")
	}
	nonce, box := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	info, err := aead.Open(nil, nonce, box, conversation[:])
	if err != nil {
		return nil, errJoinKey
	}
	return info, nil
}

// newJoinKey draws a join key.
func newJoinKey(rand io.Reader) (wire.Hash, error) {
	var key wire.Hash
	_, err := io.ReadFull(rand, key[:])
	return key, err
}
