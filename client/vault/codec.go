package vault

import (
	"errors"
	"fmt"

	"frond/canon"
)

// encode writes one of this package's own structs, all of which can be encoded.
func encode(v any) []byte { return canon.Encode(v) }

// decode reads b into the struct that v points to. It accepts exactly the bytes that encode writes.
func decode(b []byte, limit int, v any) error {
	err := canon.Decode(b, limit, v)
	switch {
	case errors.Is(err, canon.ErrLimit):
		return fmt.Errorf("%w: %w", ErrLimit, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}
