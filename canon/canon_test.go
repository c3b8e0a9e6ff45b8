package canon_test

import (
	"bytes"
	"errors"
	"testing"

	"frond/canon"
)

type pair struct {
	Name  string `cbor:"1,keyasint"`
	Count uint64 `cbor:"2,keyasint"`
}

func TestThereIsOneEncodingOfAValue(t *testing.T) {
	b := canon.Encode(pair{"a", 7})
	var got pair
	if err := canon.Decode(b, len(b), &got); err != nil || got != (pair{"a", 7}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := canon.Decode(b, len(b)-1, &got); !errors.Is(err, canon.ErrLimit) {
		t.Errorf("one byte too long: %v", err)
	}
	for what, other := range map[string][]byte{
		"a long integer":      {0xa2, 1, 0x61, 'a', 2, 0x18, 7},
		"another order":       {0xa2, 2, 7, 1, 0x61, 'a'},
		"a field is missing":  {0xa1, 1, 0x61, 'a'},
		"a field is unknown":  {0xa3, 1, 0x61, 'a', 2, 7, 3, 0},
		"a field comes twice": {0xa3, 1, 0x61, 'a', 2, 7, 2, 7},
		"an open end":         {0xbf, 1, 0x61, 'a', 2, 7, 0xff},
		"null":                {0xa2, 1, 0xf6, 2, 7},
		"a tag":               append([]byte{0xc1}, b...),
		"a byte more":         append(bytes.Clone(b), 0),
		"a byte less":         b[:len(b)-1],
		"nothing":             {},
	} {
		if err := canon.Decode(other, 100, new(pair)); !errors.Is(err, canon.ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
