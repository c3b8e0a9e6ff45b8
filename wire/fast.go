package wire

import "encoding/binary"

// The three items of which a server sees millions, an entry that it pushes, a message that it takes and
// the answer to it, are written and read by hand here. The general codec stays the truth: the writers'
// bytes are its bytes, and the readers know the canonical form only and leave everything else to it.

// CBOR major types (RFC 8949 §3.1), in the place they have in an item's first byte.
const (
	majorUint  = 0 << 5
	majorBytes = 2 << 5
	majorArray = 4 << 5
	majorMap   = 5 << 5
	cborNull   = 0xf6
)

// appendHead appends an item's head with its argument in the shortest form.
func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendBytes(b []byte, key byte, v []byte) []byte {
	if v == nil {
		return append(b, key, cborNull)
	}
	return append(appendHead(append(b, key), majorBytes, uint64(len(v))), v...)
}

func appendUint(b []byte, key byte, v uint64) []byte {
	return appendHead(append(b, key), majorUint, v)
}

func appendFrameHead(b []byte, kind Kind, id uint64) []byte {
	return appendHead(appendHead(append(b, majorArray|3), majorUint, uint64(kind)), majorUint, id)
}

// AppendPush appends the frame that pushes an entry.
func AppendPush(b []byte, e *Entry) []byte {
	fields := byte(8)
	if len(e.Token) > 0 {
		fields++
	}
	if e.Commitment != nil {
		fields++
	}
	if e.Expires != 0 {
		fields++
	}
	b = append(appendFrameHead(b, PushEntry, 0), majorMap|fields)
	b = appendBytes(b, 1, e.Conversation[:])
	b = appendUint(b, 2, e.Seq)
	b = appendUint(b, 3, uint64(e.Kind))
	b = appendBytes(b, 4, e.Account[:])
	b = appendBytes(b, 5, e.Device[:])
	b = appendBytes(b, 6, e.Message[:])
	b = appendUint(b, 7, e.Received)
	b = appendBytes(b, 8, e.Frame)
	if len(e.Token) > 0 {
		b = appendBytes(b, 9, e.Token)
	}
	if e.Commitment != nil {
		b = appendBytes(b, 10, e.Commitment[:])
	}
	if e.Expires != 0 {
		b = appendUint(b, 11, e.Expires)
	}
	return b
}

// AppendAppended appends the frame that answers a request with an Appended.
func AppendAppended(b []byte, id uint64, a Appended) []byte {
	b = append(appendFrameHead(b, ReplyOK, id), majorMap|2)
	return appendUint(appendUint(b, 1, a.Seq), 2, a.Received)
}

// reader reads canonical items one after another. After something else it is no longer ok, and
// whatever it returns has no meaning.
type reader struct {
	b  []byte // what is left
	ok bool
}

// head reads an item's head.
func (r *reader) head() (major byte, n uint64) {
	if !r.ok || len(r.b) == 0 {
		r.ok = false
		return 0, 0
	}
	major, n = r.b[0]&0xe0, uint64(r.b[0]&0x1f)
	r.b = r.b[1:]
	if n < 24 {
		return major, n
	}
	size := 1 << (n - 24) // 1, 2, 4 or 8 bytes
	if n > 27 || len(r.b) < size {
		r.ok = false
		return 0, 0
	}
	n = 0
	for _, c := range r.b[:size] {
		n = n<<8 | uint64(c)
	}
	shortest := [...]uint64{1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}[size]
	r.ok = n >= shortest
	r.b = r.b[size:]
	return major, n
}

// expect reads a head that must be this one.
func (r *reader) expect(major byte, n uint64) {
	m, got := r.head()
	r.ok = r.ok && m == major && got == n
}

func (r *reader) uint() uint64 {
	m, n := r.head()
	r.ok = r.ok && m == majorUint
	return n
}

// bytes reads a byte string, which aliases the input.
func (r *reader) bytes() []byte {
	m, n := r.head()
	if r.ok = r.ok && m == majorBytes && n <= uint64(len(r.b)); !r.ok {
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// fixed reads a byte string of exactly len(dst) bytes.
func (r *reader) fixed(dst []byte) {
	v := r.bytes()
	r.ok = r.ok && len(v) == len(dst)
	copy(dst, v)
}

// canonicalFrame splits off a frame whose body is a map of small keys to numbers and byte strings, as
// most requests are.
func canonicalFrame(b []byte) (f Frame, rest []byte, ok bool) {
	r := reader{b: b, ok: true}
	r.expect(majorArray, 3)
	kind := r.uint()
	f.ID = r.uint()
	body := r.b
	m, fields := r.head()
	if !r.ok || kind > 0xff || m != majorMap || fields > 23 {
		return Frame{}, nil, false
	}
	for range fields {
		if key := r.uint(); key > 23 {
			return Frame{}, nil, false
		}
		if m, n := r.head(); m == majorBytes && r.ok && n <= uint64(len(r.b)) {
			r.b = r.b[n:]
		} else if m != majorUint {
			return Frame{}, nil, false
		}
	}
	f.Kind, f.Body = Kind(kind), body[:len(body)-len(r.b)]
	return f, r.b, r.ok
}

// decodeCanonical reads a message without a wake list. Its byte strings alias b.
func (s *Send) decodeCanonical(b []byte) bool {
	var v Send
	r := reader{b: b, ok: true}
	major, fields := r.head()
	r.ok = r.ok && major == majorMap && (fields == 6 || fields == 7)
	r.expect(majorUint, 1)
	r.fixed(v.Conversation[:])
	r.expect(majorUint, 2)
	r.fixed(v.Message[:])
	r.expect(majorUint, 3)
	v.Handshake = r.uint()
	r.expect(majorUint, 4)
	v.Frame = r.bytes()
	r.expect(majorUint, 5)
	v.Token = r.bytes()
	r.expect(majorUint, 6)
	r.fixed(v.Commitment[:])
	if fields == 7 {
		r.expect(majorUint, 8)
		v.Expires = r.uint()
	}
	if !r.ok || len(r.b) > 0 {
		return false
	}
	*s = v
	return true
}
