package api

import "github.com/fxamacker/cbor/v2"

// In a browser the messages are CBOR, which the core speaks with the server anyway: a second codec would
// be 50 kB more to load. The fields have the same names.

// raw is a part of a message that is read later; null is the one that says nothing.
type raw = cbor.RawMessage

const null = "\xf6"

var strict = must(cbor.DecOptions{
	DupMapKey:         cbor.DupMapKeyEnforcedAPF,
	IndefLength:       cbor.IndefLengthForbidden,
	TagsMd:            cbor.TagsForbidden,
	ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
}.DecMode())

func must(m cbor.DecMode, err error) cbor.DecMode {
	if err != nil {
		panic(err) // the options are constants
	}
	return m
}

func encode(v any) ([]byte, error) { return cbor.Marshal(v) }

func decode(message []byte, v any) error { return strict.Unmarshal(message, v) }
