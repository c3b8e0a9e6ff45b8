package wire

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

var (
	encMode = must(cbor.CoreDetEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		UTF8:              cbor.UTF8RejectInvalid,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		MaxNestedLevels:   8,
		MaxArrayElements:  16384,
		MaxMapPairs:       64,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // options are constants: this is a programming error found at start
	}
	return v
}

// Encode returns the canonical encoding of one of this package's types.
func Encode(v any) ([]byte, error) {
	b, err := encMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("wire: encode %T: %w", v, err)
	}
	return b, nil
}

// checker is a type that knows its own limits.
type checker interface{ Check() error }

// Decode reads exactly one CBOR item into v and, where v has limits of its own, checks them. The
// error is a *Error with CodeBadRequest or CodeTooLarge and names the type, never the content. Byte
// strings of v may alias b.
func Decode(b []byte, v any) error {
	if s, ok := v.(*Send); ok && s.decodeCanonical(b) {
		return s.Check()
	}
	if err := decMode.Unmarshal(b, v); err != nil {
		return Errorf(CodeBadRequest, "malformed %s", typeName(v))
	}
	if c, ok := v.(checker); ok {
		return c.Check()
	}
	return nil
}

func typeName(v any) string {
	s := fmt.Sprintf("%T", v)
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' || s[i] == '*' {
			return s[i+1:]
		}
	}
	return s
}

// tooLarge is the error of a limit that was passed.
func tooLarge(what string, limit int) error {
	return Errorf(CodeTooLarge, "%s: the limit is %d", what, limit)
}
