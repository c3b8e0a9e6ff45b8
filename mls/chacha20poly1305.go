package mls

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"math/bits"
)

// ChaCha20-Poly1305 (RFC 8439) for cipher suite 3: the standard library has it inside TLS and HPKE only.
// There is no branch and no table that depends on a secret.

const (
	chachaKeySize = 32
	chachaBlock   = 64
	poly1305Tag   = 16
	chachaRounds  = 10 // double rounds
)

// chacha20poly1305 is the AEAD under one key.
type chacha20poly1305 struct{ key [8]uint32 }

var errOpen = errors.New("mls: message authentication failed")

func newChaCha20Poly1305(key []byte) (cipher.AEAD, error) {
	if len(key) != chachaKeySize {
		return nil, errors.New("mls: ChaCha20 key of another size")
	}
	c := &chacha20poly1305{}
	for i := range c.key {
		c.key[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	return c, nil
}

func (c *chacha20poly1305) NonceSize() int { return aeadNonceSize }
func (c *chacha20poly1305) Overhead() int  { return poly1305Tag }

// Seal appends ciphertext and tag to dst (§2.8). dst and plaintext must not overlap, but dst may be
// plaintext[:0].
func (c *chacha20poly1305) Seal(dst, nonce, plaintext, aad []byte) []byte {
	stream := c.stream(nonce)
	key := stream.polyKey()
	start := len(dst)
	dst = append(dst, plaintext...)
	stream.xor(dst[start:])
	tag := poly1305(&key, aad, dst[start:])
	return append(dst, tag[:]...)
}

// Open checks the tag before it decrypts anything.
func (c *chacha20poly1305) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	if len(ciphertext) < poly1305Tag {
		return nil, errOpen
	}
	body, tag := ciphertext[:len(ciphertext)-poly1305Tag], ciphertext[len(ciphertext)-poly1305Tag:]
	stream := c.stream(nonce)
	key := stream.polyKey()
	want := poly1305(&key, aad, body)
	if subtle.ConstantTimeCompare(want[:], tag) != 1 {
		return nil, errOpen
	}
	start := len(dst)
	dst = append(dst, body...)
	stream.xor(dst[start:])
	return dst, nil
}

// chachaStream is the state of §2.3: constants, key, counter, nonce.
type chachaStream [16]uint32

func (c *chacha20poly1305) stream(nonce []byte) *chachaStream {
	if len(nonce) != aeadNonceSize {
		panic("mls: ChaCha20 nonce of another size")
	}
	s := &chachaStream{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}
	copy(s[4:12], c.key[:])
	for i := range 3 {
		s[13+i] = binary.LittleEndian.Uint32(nonce[4*i:])
	}
	return s
}

// block gives 64 bytes of key stream and steps the counter.
func (s *chachaStream) block(out *[chachaBlock]byte) {
	x := *s
	for range chachaRounds {
		quarter(&x[0], &x[4], &x[8], &x[12])
		quarter(&x[1], &x[5], &x[9], &x[13])
		quarter(&x[2], &x[6], &x[10], &x[14])
		quarter(&x[3], &x[7], &x[11], &x[15])
		quarter(&x[0], &x[5], &x[10], &x[15])
		quarter(&x[1], &x[6], &x[11], &x[12])
		quarter(&x[2], &x[7], &x[8], &x[13])
		quarter(&x[3], &x[4], &x[9], &x[14])
	}
	for i := range x {
		binary.LittleEndian.PutUint32(out[4*i:], x[i]+s[i])
	}
	s[12]++
}

func quarter(a, b, c, d *uint32) {
	*a += *b
	*d = bits.RotateLeft32(*d^*a, 16)
	*c += *d
	*b = bits.RotateLeft32(*b^*c, 12)
	*a += *b
	*d = bits.RotateLeft32(*d^*a, 8)
	*c += *d
	*b = bits.RotateLeft32(*b^*c, 7)
}

// polyKey is the one-time key of §2.6, from the first block.
func (s *chachaStream) polyKey() (key [32]byte) {
	var block [chachaBlock]byte
	s.block(&block)
	copy(key[:], block[:])
	return key
}

func (s *chachaStream) xor(b []byte) {
	var block [chachaBlock]byte
	for len(b) > 0 {
		s.block(&block)
		n := subtle.XORBytes(b, b, block[:])
		b = b[n:]
	}
}
