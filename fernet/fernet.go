// Package fernet seals a message into a Fernet token and opens one again.
//
// A token is what Frond's log keeps for every message: any Fernet
// implementation opens it when given its key. The layout is that of the
// Fernet specification (version 0x80):
//
//	version 1 | time 8 | IV 16 | AES-128-CBC ciphertext, a multiple of 16 | HMAC-SHA-256 32
//
// A token has two forms: raw, the bytes above, which databases and hashes
// work on; and text, the same bytes in base64url with padding, which people
// and other implementations exchange. Each raw token has exactly one text.
//
// The happy path:
//
//	key, err := fernet.NewKey(rand.Reader)
//	token, err := fernet.Seal(rand.Reader, key, time.Now(), []byte("hello"))
//	plaintext, sealedAt, err := fernet.Open(key, token)
//
// What the package promises:
//
//   - No input makes it panic, not even a token whose author holds the key.
//   - Whatever is wrong with a token, the answer is ErrInvalid and nothing else,
//     so a caller can not become an oracle by passing on what it was told.
//   - The HMAC is compared in constant time, over the whole token, before
//     anything is decrypted; the padding is then checked in constant time too.
//   - Only the canonical form is read: no white space, no missing padding,
//     no stray trailing bits, nothing after the end.
//
// The strength to claim is 128 bits: a Fernet key is 32 bytes, but half of
// them sign and half of them encrypt with AES-128.
package fernet

import (
	"errors"
	"time"
)

const (
	// MaxPlaintext is the longest message that Seal takes, in bytes.
	MaxPlaintext = 1 << 20
	// MaxRaw is the length of the longest raw token that Open reads, in bytes.
	MaxRaw = overhead + MaxPlaintext/blockSize*blockSize + blockSize
	// MinRaw is the length of the shortest raw token: one block of ciphertext.
	MinRaw = overhead + blockSize
)

var (
	// ErrInvalid is the answer to every token or key that is not accepted:
	// malformed, too large, signed by another key, badly padded, or expired.
	ErrInvalid = errors.New("fernet: invalid token or key")
	// ErrTooLarge says that a message is longer than MaxPlaintext.
	ErrTooLarge = errors.New("fernet: message too large")
	// ErrTime says that a time can not be written into a token: it lies
	// before 1970 or after the year 9999.
	ErrTime = errors.New("fernet: time out of range")
)

// OpenWithin opens a token as Open does and also refuses one that was sealed
// more than ttl before now, or more than skew after it. Frond's messages have
// no time to live; this is for tokens that other programs exchange.
func OpenWithin(key Key, token []byte, now time.Time, ttl, skew time.Duration) ([]byte, time.Time, error) {
	plaintext, sealedAt, err := Open(key, token)
	if err != nil {
		return nil, time.Time{}, err
	}
	if now.After(sealedAt.Add(ttl)) || sealedAt.After(now.Add(skew)) {
		return nil, time.Time{}, ErrInvalid
	}
	return plaintext, sealedAt, nil
}
