package mls

import (
	"encoding/binary"
	"math/big"
	"slices"
)

// slowPoly1305 is RFC 8439 §2.5 word for word, over the layout of §2.8 without authenticated data.
func slowPoly1305(key, message []byte) []byte {
	number := func(b []byte) *big.Int {
		b = slices.Clone(b)
		slices.Reverse(b)
		return new(big.Int).SetBytes(b)
	}
	prime := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 130), big.NewInt(5))
	r := number(key[:16])
	clamp, _ := new(big.Int).SetString("0ffffffc0ffffffc0ffffffc0fffffff", 16)
	r.And(r, clamp)
	padded := slices.Clone(message)
	for len(padded)%16 != 0 {
		padded = append(padded, 0)
	}
	padded = binary.LittleEndian.AppendUint64(padded, 0)
	padded = binary.LittleEndian.AppendUint64(padded, uint64(len(message)))
	h := new(big.Int)
	for block := range slices.Chunk(padded, 16) {
		h.Add(h, number(append(slices.Clone(block), 1)))
		h.Mul(h, r).Mod(h, prime)
	}
	h.Add(h, number(key[16:]))
	tag := make([]byte, 16)
	for i := range tag {
		tag[i] = byte(new(big.Int).Rsh(h, uint(8*i)).Uint64())
	}
	return tag
}
