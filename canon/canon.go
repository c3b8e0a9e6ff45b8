// Package canon writes and reads CBOR of which there is one encoding only (RFC 8949, section 4.2.1), for
// what is signed or sealed: whoever reads a value and writes it again gets the same bytes.
//
//	b := canon.Encode(event)
//	err := canon.Decode(b, maxSize, &event) // ErrLimit or ErrMalformed
//
// Decode accepts exactly what Encode writes. Comparing the bytes refuses in one stroke long integer forms,
// unsorted maps, missing fields, null, and arrays of the wrong length.
package canon

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Limits on the shape of what is read, beside the size, which the caller names.
const (
	maxNested  = 4
	maxElement = 32 // of an array
	maxPairs   = 16 // of a map
)

var (
	// ErrLimit says that bytes are more than the caller allows.
	ErrLimit = errors.New("too long")
	// ErrMalformed says that bytes are not what Encode writes for the value.
	ErrMalformed = errors.New("not in canonical form")
)

var encoder, decoder = modes()

func modes() (cbor.EncMode, cbor.DecMode) {
	encOptions := cbor.CoreDetEncOptions()
	encOptions.NilContainers = cbor.NilContainerAsEmpty
	enc, err := encOptions.EncMode()
	if err != nil {
		panic(err) // unreachable: the options are constant
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   maxNested,
		MaxArrayElements:  maxElement,
		MaxMapPairs:       maxPairs,
	}.DecMode()
	if err != nil {
		panic(err) // unreachable: the options are constant
	}
	return enc, dec
}

// Encode writes a struct all of whose fields can be encoded; one that has others panics.
func Encode(v any) []byte {
	b, err := encoder.Marshal(v)
	if err != nil {
		panic(err) // unreachable: no field has a type that can fail
	}
	return b
}

// Decode reads b, of at most limit bytes, into the struct that v points to.
func Decode(b []byte, limit int, v any) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrLimit, len(b), limit)
	}
	if err := decoder.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if !bytes.Equal(Encode(v), b) {
		return ErrMalformed
	}
	return nil
}
