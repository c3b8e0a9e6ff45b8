package content

import (
	"encoding/binary"
	"math/bits"
)

// lengthSize is the size of the length before a padded payload, in bytes.
const lengthSize = 4

// minPadded is the smallest padded size. Below it lie only messages of a few
// words, whose lengths say the most about them.
const minPadded = 512

// padmeSize returns the PADMÉ size of n bytes: n rounded up so that its binary form has at most
// as many significant bits after the first as its exponent has bits.
func padmeSize(n int) int {
	if n < minPadded {
		return minPadded
	}
	exponent := bits.Len(uint(n)) - 1
	significant := bits.Len(uint(exponent))
	step := 1 << (exponent - significant)
	return (n + step - 1) &^ (step - 1)
}

// pad puts payload into a block of a PADMÉ size: length, payload, zeros.
func pad(payload []byte) []byte {
	block := make([]byte, padmeSize(lengthSize+len(payload)))
	binary.BigEndian.PutUint32(block, uint32(len(payload)))
	copy(block[lengthSize:], payload)
	return block
}

// unpad accepts exactly what pad makes.
func unpad(block []byte) ([]byte, bool) {
	if len(block) < minPadded {
		return nil, false
	}
	n := uint64(binary.BigEndian.Uint32(block))
	if n > uint64(len(block)-lengthSize) || padmeSize(lengthSize+int(n)) != len(block) {
		return nil, false
	}
	for _, b := range block[lengthSize+n:] {
		if b != 0 {
			return nil, false
		}
	}
	return block[lengthSize : lengthSize+n], true
}
