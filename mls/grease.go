package mls

import (
	"io"
	"slices"
)

// Values that are reserved so that they never mean anything (RFC 9420 §13.5). They are sent, when the
// application wants it, and treated like all values nobody knows when they are received.

func isGREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>12 == v>>4&0xf && v != 0xfafa }

// greaseValue draws one of the fifteen values, 0x0A0A to 0xEAEA.
func greaseValue(random io.Reader) (uint16, error) {
	b, err := randomBytes(random, 4)
	if err != nil {
		return 0, err
	}
	n := (uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])) % 15
	return uint16(n)*0x1010 + 0x0a0a, nil
}

// greaseExtension has one of the values as its type and up to 15 random bytes.
func greaseExtension(random io.Reader) (Extension, error) {
	t, err := greaseValue(random)
	if err != nil {
		return Extension{}, err
	}
	b, err := randomBytes(random, 16)
	if err != nil {
		return Extension{}, err
	}
	return Extension{Type: ExtensionType(t), Data: b[1 : 1+b[0]%16]}, nil
}

// grease adds a value to each list of the leaf that may have one, unless it has one already.
func (l *leafNode) grease(random io.Reader) error {
	var values [3]uint16
	for i := range values {
		v, err := greaseValue(random)
		if err != nil {
			return err
		}
		values[i] = v
	}
	c := &l.capabilities
	c.cipherSuites = withGREASE(c.cipherSuites, values[0])
	c.proposals = withGREASE(c.proposals, values[1])
	c.credentials = withGREASE(c.credentials, values[2])
	if slices.ContainsFunc(l.extensions, func(e Extension) bool { return isGREASE(uint16(e.Type)) }) {
		return nil
	}
	e, err := greaseExtension(random)
	if err != nil {
		return err
	}
	c.extensions = addMissing(slices.Clone(c.extensions), e.Type)
	l.extensions = append(slices.Clone(l.extensions), e)
	return nil
}

// greaseKeyPackage is grease for the leaf of a key package, and gives an extension for the package itself.
func (l *leafNode) greaseKeyPackage(random io.Reader) (Extension, error) {
	if err := l.grease(random); err != nil {
		return Extension{}, err
	}
	e, err := greaseExtension(random)
	l.capabilities.extensions = addMissing(l.capabilities.extensions, e.Type)
	return e, err
}

func withGREASE[T ~uint16](list []T, v uint16) []T {
	if slices.ContainsFunc(list, func(t T) bool { return isGREASE(uint16(t)) }) {
		return list
	}
	return append(slices.Clone(list), T(v))
}
