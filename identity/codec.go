package identity

import (
	"errors"
	"fmt"
	"time"

	"frond/canon"
)

// maxTime is the last second of the year 9999, in seconds since 1970.
const maxTime = 253402300799

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

// toSeconds turns a time into what is written: whole seconds since 1970, UTC.
func toSeconds(t time.Time) (uint64, error) {
	if s := t.Unix(); s >= 0 && s <= maxTime {
		return uint64(s), nil
	}
	return 0, ErrTime
}

func fromSeconds(s uint64) (time.Time, error) {
	if s > maxTime {
		return time.Time{}, ErrTime
	}
	return time.Unix(int64(s), 0).UTC(), nil
}
