package mls

import (
	"encoding/binary"
	"fmt"
)

// reader decodes the presentation language of RFC 9420 §2.1. After the first malformed field every
// read yields zero values, so decoders read a whole structure and ask once, at its end, for the error.
// Byte strings alias the input and have no spare capacity.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() { r.b, r.bad = nil, true }

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail()
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) uint8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// length reads a variable-size vector header (§2.1.2): one, two or four bytes, the shortest that fits.
func (r *reader) length() int {
	first := r.uint8()
	if r.bad {
		return 0
	}
	extra := [4]int{0, 1, 3, -1}[first>>6]
	rest := r.take(extra)
	if r.bad {
		return 0
	}
	n := int(first & 0x3f)
	for _, b := range rest {
		n = n<<8 | int(b)
	}
	if lengthSize(n) != 1+extra {
		r.fail()
		return 0
	}
	return n
}

// opaque reads opaque<V>.
func (r *reader) opaque() []byte { return r.take(r.length()) }

// each reads a vector T<V>, calling element once for each T.
func (r *reader) each(element func(*reader)) {
	sub := reader{b: r.opaque()}
	for len(sub.b) > 0 {
		before := len(sub.b)
		element(&sub)
		if len(sub.b) == before {
			sub.fail()
		}
	}
	if sub.bad {
		r.fail()
	}
}

// optional reads the presence byte of optional<T>.
func (r *reader) optional() bool {
	switch r.uint8() {
	case 0:
		return false
	case 1:
		return !r.bad
	}
	r.fail()
	return false
}

// end reports whether the structure called what was well formed and used every byte.
func (r *reader) end(what string) error {
	if r.bad {
		return fmt.Errorf("%w: %s", ErrMalformed, what)
	}
	if len(r.b) > 0 {
		return fmt.Errorf("%w: %d bytes after the end of %s", ErrMalformed, len(r.b), what)
	}
	return nil
}

// since returns the bytes consumed from a reader whose remaining input was start when they began.
func (r *reader) since(start []byte) []byte {
	if r.bad {
		return nil
	}
	n := len(start) - len(r.b)
	return start[:n:n]
}

// lengthSize is the size in bytes of the header of a vector of n bytes; 0 when no header can say n.
func lengthSize(n int) int {
	switch {
	case n < 1<<6:
		return 1
	case n < 1<<14:
		return 2
	case n < 1<<30:
		return 4
	}
	return 0
}

// writer encodes the same language. Vectors of 2^30 bytes or more cannot be said and panic; the limits
// of this package are far below.
type writer struct{ b []byte }

func newWriter(size int) *writer { return &writer{b: make([]byte, 0, size)} }

func (w *writer) raw(b []byte)    { w.b = append(w.b, b...) }
func (w *writer) uint8(v uint8)   { w.b = append(w.b, v) }
func (w *writer) uint16(v uint16) { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *writer) uint32(v uint32) { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *writer) uint64(v uint64) { w.b = binary.BigEndian.AppendUint64(w.b, v) }

func (w *writer) length(n int) {
	switch lengthSize(n) {
	case 1:
		w.uint8(uint8(n))
	case 2:
		w.uint16(1<<14 | uint16(n))
	case 4:
		w.uint32(2<<30 | uint32(n))
	default:
		panic("mls: vector too long to encode")
	}
}

func (w *writer) opaque(b []byte) {
	w.length(len(b))
	w.raw(b)
}

func (w *writer) text(s string) {
	w.length(len(s))
	w.b = append(w.b, s...)
}

func (w *writer) optional(present bool) {
	if present {
		w.uint8(1)
	} else {
		w.uint8(0)
	}
}

// vector writes T<V>: body writes the elements, and the header is put before them afterwards.
func (w *writer) vector(body func()) {
	start := len(w.b)
	w.b = append(w.b, 0, 0, 0, 0)
	body()
	content := w.b[start+4:]
	n := len(content)
	w.b = w.b[:start]
	w.length(n)
	w.b = append(w.b, content...)
}
