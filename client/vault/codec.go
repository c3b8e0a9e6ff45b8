package vault

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"
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
		MaxNestedLevels:   4,
		MaxArrayElements:  16,
		MaxMapPairs:       16,
	}.DecMode()
	if err != nil {
		panic(err) // unreachable: the options are constant
	}
	return enc, dec
}

// encode writes one of this package's own structs, all of which can be encoded.
func encode(v any) []byte {
	b, err := encoder.Marshal(v)
	if err != nil {
		panic(err) // unreachable: no field has a type that can fail
	}
	return b
}

// decode reads b into the struct that v points to. It accepts exactly the
// bytes that encode writes for the result (RFC 8949, section 4.2.1).
func decode(b []byte, limit int, v any) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrLimit, len(b), limit)
	}
	if err := decoder.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if !bytes.Equal(encode(v), b) {
		return fmt.Errorf("%w: not in canonical form", ErrMalformed)
	}
	return nil
}
