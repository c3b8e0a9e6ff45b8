package fernet

import "crypto/subtle"

// paddedLen is the length of n bytes after PKCS #7 padding, which always adds
// between 1 and 16 bytes (RFC 5652, section 6.3).
func paddedLen(n int) int { return n/blockSize*blockSize + blockSize }

// pad writes plaintext and its padding into dst, which has the padded length.
func pad(dst, plaintext []byte) {
	n := copy(dst, plaintext)
	for i := n; i < len(dst); i++ {
		dst[i] = byte(len(dst) - n)
	}
}

// unpad takes the padding off whole blocks. The time it takes does not depend
// on the last block's bytes: an author who holds the key can sign a badly padded
// token, and must not learn more from the refusal than that it was refused.
func unpad(padded []byte) ([]byte, bool) {
	last := padded[len(padded)-blockSize:]
	count := last[blockSize-1]
	ok := subtle.ConstantTimeLessOrEq(1, int(count)) & subtle.ConstantTimeLessOrEq(int(count), blockSize)
	for i := range blockSize {
		fromEnd := blockSize - i
		isPadding := subtle.ConstantTimeLessOrEq(fromEnd, int(count))
		ok &= subtle.ConstantTimeSelect(isPadding, subtle.ConstantTimeByteEq(last[i], count), 1)
	}
	if ok != 1 {
		return nil, false
	}
	return padded[:len(padded)-int(count)], true
}
