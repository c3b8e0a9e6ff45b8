package wire

import "crypto/sha256"

// PageSums asks for the sums of an account's pages of message keys, in order of conversation and bucket.
type PageSums struct {
	Conversation ID     `cbor:"1,keyasint"` // after this page;
	Bucket       uint64 `cbor:"2,keyasint"` // zeros: from the first
}

// PageSumList answers PageSums with at most MaxPages sums. An empty one means the end.
type PageSumList struct {
	Sums         []PageSum `cbor:"1,keyasint"`
	Conversation ID        `cbor:"2,keyasint"` // of the last of them,
	Bucket       uint64    `cbor:"3,keyasint"` // to go on after it
}

// PageSum stands for a sealed page: the first half of its SHA-256. Nobody finds another page for a sum that
// was noted before.
type PageSum [16]byte

// SumPage returns the sum of a sealed page.
func SumPage(page []byte) PageSum {
	h := sha256.Sum256(page)
	return PageSum(h[:len(PageSum{})])
}

// MarshalCBOR writes the sum as a byte string of 16 bytes.
func (s PageSum) MarshalCBOR() ([]byte, error) { return ID(s).MarshalCBOR() }

// UnmarshalCBOR accepts exactly a byte string of 16 bytes.
func (s *PageSum) UnmarshalCBOR(b []byte) error { return (*ID)(s).UnmarshalCBOR(b) }
