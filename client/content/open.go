package content

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"frond/fernet"
	"frond/identity"
	"frond/wire"
)

// Received is a message as it arrived: the token and commitment from the log, secret and
// authenticated data from MLS.
type Received struct {
	Token      []byte
	Commitment wire.Hash
	Secret     []byte
	AAD        []byte
}

// Opened is a content that was verified.
type Opened struct {
	Content
	Key  fernet.Key
	Hash wire.Hash // SHA-256 of the content
}

// Open opens a received message and verifies it under the key of the device that MLS authenticated.
// It checks token hash, commitment, signature and form. That conversation, account, device and
// message are the right ones is for the caller to check: it knows what MLS and the log said.
func Open(r Received, deviceKey [32]byte) (Opened, error) {
	s, err := openSecret(r)
	if err != nil {
		return Opened{}, err
	}
	key := fernet.Key(s.Key)
	block, _, err := fernet.Open(key, r.Token)
	if err != nil {
		return Opened{}, ErrToken
	}
	opened, err := verify(block, deviceKey)
	if err != nil {
		return Opened{}, err
	}
	if opened.Message != s.Message {
		return Opened{}, fmt.Errorf("%w: content and key name different messages", ErrMalformed)
	}
	opened.Key = key
	return opened, nil
}

// openSecret reads what MLS delivered and checks that it speaks of this token.
func openSecret(r Received) (secret, error) {
	var s secret
	if err := decode(r.Secret, &s); err != nil {
		return s, ErrSecret
	}
	raw, err := fernet.Raw(r.Token)
	if err != nil {
		return s, ErrToken
	}
	tokenHash := wire.Hash(sha256.Sum256(raw))
	if tokenHash != s.Token {
		return s, ErrTokenHash
	}
	c := Commitment(fernet.Key(s.Key), tokenHash)
	if subtle.ConstantTimeCompare(c[:], r.AAD) != 1 || c != r.Commitment {
		return s, ErrCommitment
	}
	return s, nil
}

func verify(block []byte, deviceKey [32]byte) (Opened, error) {
	plain, ok := unpad(block)
	if !ok {
		return Opened{}, fmt.Errorf("%w: padding", ErrMalformed)
	}
	var s signed
	if err := decode(plain, &s); err != nil {
		return Opened{}, ErrMalformed
	}
	if err := identity.VerifyContent(deviceKey, s.Content, s.Signature); err != nil {
		return Opened{}, ErrSignature
	}
	var c Content
	if err := wire.Decode(s.Content, &c); err != nil {
		return Opened{}, contentError(err)
	}
	return Opened{Content: c, Hash: sha256.Sum256(s.Content)}, nil
}

// contentError passes on what Content.Check said and turns a decoder's refusal into ErrMalformed.
func contentError(err error) error {
	if wire.CodeOf(err) == wire.CodeBadRequest {
		return ErrMalformed
	}
	return err
}

// decode reads the one encoding of v: equal values are equal bytes.
func decode(b []byte, v any) error {
	if err := wire.Decode(b, v); err != nil {
		return err
	}
	again, err := wire.Encode(v)
	if err != nil || !bytes.Equal(again, b) {
		return ErrMalformed
	}
	return nil
}
