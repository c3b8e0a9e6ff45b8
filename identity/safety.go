package identity

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"strings"
)

// The safety number follows Signal's numeric fingerprint: slow enough that a
// look-alike key can not be searched for at ease, quick enough to show at once.
const (
	safetyVersion    = 1
	safetyIterations = 5200
	safetyPartSize   = 30 // bytes per party, six groups of five
)

// Party is one side of a safety number: an account and its root.
type Party struct {
	Account ID
	Root    RootKey
}

// SafetyNumber returns what two people compare to know that they hold each
// other's true roots: 60 digits in 12 groups of 5, separated by spaces. Both
// sides see the same number.
func SafetyNumber(a, b Party) string {
	first, second := sortedFingerprints(a, b)
	groups := make([]string, 0, 2*safetyPartSize/5)
	for _, part := range [][]byte{first[:safetyPartSize], second[:safetyPartSize]} {
		for ; len(part) > 0; part = part[5:] {
			n := binary.BigEndian.Uint64(append(make([]byte, 3), part[:5]...))
			groups = append(groups, fmt.Sprintf("%05d", n%100000))
		}
	}
	return strings.Join(groups, " ")
}

// SafetyCode returns the same comparison as bytes for a QR code: a version
// byte, then 32 bytes for each party. Both sides have the same code, so a
// scanned one is checked by comparing it with one's own.
func SafetyCode(a, b Party) []byte {
	first, second := sortedFingerprints(a, b)
	code := append([]byte{safetyVersion}, first[:32]...)
	return append(code, second[:32]...)
}

func sortedFingerprints(a, b Party) (first, second [sha512.Size]byte) {
	first, second = fingerprint(a), fingerprint(b)
	if bytes.Compare(first[:], second[:]) > 0 {
		first, second = second, first
	}
	return first, second
}

func fingerprint(p Party) [sha512.Size]byte {
	start := append([]byte{safetyVersion}, p.Root[:]...)
	sum := sha512.Sum512(labelled(labelSafety, append(start, p.Account[:]...)))
	for range safetyIterations {
		sum = sha512.Sum512(append(sum[:], p.Root[:]...))
	}
	return sum
}
