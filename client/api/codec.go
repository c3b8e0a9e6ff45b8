//go:build !js

package api

import (
	"bytes"
	"encoding/json"
)

// raw is a part of a message that is read later; null is the one that says nothing.
type raw = json.RawMessage

const null = "null"

func encode(v any) ([]byte, error) { return json.Marshal(v) }

func decode(message []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(message))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
