package mls

import (
	"encoding/binary"
	"math/bits"
)

// poly1305 is the tag over aad and ciphertext as §2.8 of RFC 8439 lays them out.
func poly1305(key *[32]byte, aad, ciphertext []byte) [poly1305Tag]byte {
	p := newPolynomial(key)
	p.padded(aad)
	p.padded(ciphertext)
	p.block(uint64(len(aad)), uint64(len(ciphertext)))
	return p.sum()
}

// polynomial evaluates §2.5 modulo 2^130-5. h has 130 bits and a little more in three limbs.
type polynomial struct {
	h0, h1, h2 uint64
	r0, r1     uint64 // clamped: the top four bits of each half are zero
	s0, s1     uint64
}

func newPolynomial(key *[32]byte) *polynomial {
	return &polynomial{
		r0: binary.LittleEndian.Uint64(key[0:]) & 0x0ffffffc0fffffff,
		r1: binary.LittleEndian.Uint64(key[8:]) & 0x0ffffffc0ffffffc,
		s0: binary.LittleEndian.Uint64(key[16:]),
		s1: binary.LittleEndian.Uint64(key[24:]),
	}
}

// padded takes b, filled up with zeros to a multiple of 16 bytes.
func (p *polynomial) padded(b []byte) {
	for len(b) >= 16 {
		p.block(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]))
		b = b[16:]
	}
	if len(b) > 0 {
		var last [16]byte
		copy(last[:], b)
		p.block(binary.LittleEndian.Uint64(last[:]), binary.LittleEndian.Uint64(last[8:]))
	}
}

// block adds a block of 16 bytes, with a one above it, and multiplies by r.
func (p *polynomial) block(low, high uint64) {
	var c uint64
	p.h0, c = bits.Add64(p.h0, low, 0)
	p.h1, c = bits.Add64(p.h1, high, c)
	p.h2 += c + 1

	// The product in four limbs. No sum overflows: r0 and r1 are below 2^60, h2 is below 8.
	hi0, t0 := bits.Mul64(p.h0, p.r0)
	hi1, t1 := add128(p.h1, p.r0, p.h0, p.r1)
	hi2, t2 := bits.Mul64(p.h1, p.r1)
	t2, c = bits.Add64(t2, p.h2*p.r0, 0)
	hi2 += c
	t3 := p.h2 * p.r1
	t1, c = bits.Add64(t1, hi0, 0)
	t2, c = bits.Add64(t2, hi1, c)
	t3, _ = bits.Add64(t3, hi2, c)

	// What stands above bit 130 counts five times: once as it is times four, once shifted down.
	p.h0, p.h1, p.h2 = t0, t1, t2&3
	low, high = t2&^3, t3
	p.add(low, high)
	p.add(low>>2|high<<62, high>>2)
}

// add128 is a*b + c*d in two limbs.
func add128(a, b, c, d uint64) (hi, lo uint64) {
	hi1, lo1 := bits.Mul64(a, b)
	hi2, lo2 := bits.Mul64(c, d)
	lo, carry := bits.Add64(lo1, lo2, 0)
	return hi1 + hi2 + carry, lo
}

func (p *polynomial) add(low, high uint64) {
	var c uint64
	p.h0, c = bits.Add64(p.h0, low, 0)
	p.h1, c = bits.Add64(p.h1, high, c)
	p.h2 += c
}

// sum reduces fully, by subtracting the prime and keeping the result only when it was not too much, and
// adds s modulo 2^128.
func (p *polynomial) sum() (tag [poly1305Tag]byte) {
	t0, b := bits.Sub64(p.h0, 0xfffffffffffffffb, 0)
	t1, b := bits.Sub64(p.h1, 0xffffffffffffffff, b)
	_, b = bits.Sub64(p.h2, 3, b)
	keep := -b // all ones when h is below the prime
	h0, h1 := p.h0&keep|t0&^keep, p.h1&keep|t1&^keep
	var c uint64
	h0, c = bits.Add64(h0, p.s0, 0)
	h1, _ = bits.Add64(h1, p.s1, c)
	binary.LittleEndian.PutUint64(tag[:], h0)
	binary.LittleEndian.PutUint64(tag[8:], h1)
	return tag
}
