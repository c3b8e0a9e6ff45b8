package fernet

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// The places of a raw token's fields, as the specification's "Token Format".
const (
	version   = 0x80
	blockSize = aes.BlockSize

	timeOffset    = 1
	ivOffset      = timeOffset + 8
	payloadOffset = ivOffset + blockSize
	overhead      = payloadOffset + sha256.Size
)

// maxTime is the last second of the year 9999, in seconds since 1970. Beyond
// it a time can not be written in the usual forms, and arithmetic overflows.
const maxTime = 253402300799

// Seal seals plaintext under key and returns the token's text. The token
// carries now, in whole seconds and unencrypted. Randomness for the IV is read
// from rand. It fails with ErrTooLarge, ErrTime, or rand's error.
func Seal(rand io.Reader, key Key, now time.Time, plaintext []byte) ([]byte, error) {
	raw, err := SealRaw(rand, key, now, plaintext)
	if err != nil {
		return nil, err
	}
	return Encode(raw), nil
}

// SealRaw seals plaintext as Seal does and returns the raw token.
func SealRaw(rand io.Reader, key Key, now time.Time, plaintext []byte) ([]byte, error) {
	if len(plaintext) > MaxPlaintext {
		return nil, ErrTooLarge
	}
	if now.Unix() < 0 || now.Unix() > maxTime {
		return nil, ErrTime
	}
	signed := payloadOffset + paddedLen(len(plaintext))
	raw := make([]byte, signed, signed+sha256.Size)
	raw[0] = version
	binary.BigEndian.PutUint64(raw[timeOffset:], uint64(now.Unix()))
	iv, payload := raw[ivOffset:payloadOffset], raw[payloadOffset:]
	if _, err := io.ReadFull(rand, iv); err != nil {
		return nil, fmt.Errorf("fernet: read an IV: %w", err)
	}
	pad(payload, plaintext)
	cipher.NewCBCEncrypter(block(key), iv).CryptBlocks(payload, payload)
	return append(raw, sign(key, raw)...), nil
}

// Open opens the text of a token and returns its message and the time its
// author wrote into it. Every refusal is ErrInvalid.
func Open(key Key, token []byte) (plaintext []byte, sealedAt time.Time, err error) {
	raw, err := Raw(token)
	if err != nil {
		return nil, time.Time{}, err
	}
	return OpenRaw(key, raw)
}

// OpenRaw opens a raw token as Open does its text. It leaves raw unchanged.
func OpenRaw(key Key, raw []byte) (plaintext []byte, sealedAt time.Time, err error) {
	if !wellFormed(raw) {
		return nil, time.Time{}, ErrInvalid
	}
	signed, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if !hmac.Equal(mac, sign(key, signed)) {
		return nil, time.Time{}, ErrInvalid
	}
	seconds := binary.BigEndian.Uint64(signed[timeOffset:])
	if seconds > maxTime {
		return nil, time.Time{}, ErrInvalid
	}
	padded := make([]byte, len(signed)-payloadOffset)
	iv := signed[ivOffset:payloadOffset]
	cipher.NewCBCDecrypter(block(key), iv).CryptBlocks(padded, signed[payloadOffset:])
	plaintext, ok := unpad(padded)
	if !ok {
		clear(padded)
		return nil, time.Time{}, ErrInvalid
	}
	return plaintext, time.Unix(int64(seconds), 0).UTC(), nil
}

// Raw returns the raw form of a token's text after checking all that can be
// checked without the key: the canonical base64url, the version, the length.
// Anything else gives ErrInvalid.
func Raw(token []byte) ([]byte, error) {
	if len(token) > base64url.EncodedLen(MaxRaw) {
		return nil, ErrInvalid
	}
	raw, err := decode(token)
	if err != nil || !wellFormed(raw) {
		return nil, ErrInvalid
	}
	return raw, nil
}

// Encode returns the one text of a raw token.
func Encode(raw []byte) []byte {
	return base64url.AppendEncode(make([]byte, 0, base64url.EncodedLen(len(raw))), raw)
}

// wellFormed reports whether raw has the shape of a token. It looks at nothing
// secret, so it may answer early.
func wellFormed(raw []byte) bool {
	return len(raw) >= MinRaw && len(raw) <= MaxRaw &&
		(len(raw)-overhead)%blockSize == 0 && raw[0] == version
}

func sign(key Key, signed []byte) []byte {
	mac := hmac.New(sha256.New, key.signing())
	mac.Write(signed)
	return mac.Sum(nil)
}

func block(key Key) cipher.Block {
	b, err := aes.NewCipher(key.encrypting())
	if err != nil {
		panic(err) // unreachable: the only failure is a wrong key length
	}
	return b
}
