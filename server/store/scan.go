package store

import (
	"fmt"
	"math"
	"time"

	"frond/wire"
)

// idColumn scans 16 bytes into a wire.ID, hashColumn 32 into a wire.Hash. A value of any other
// length means that the database was tampered with or is damaged.
type (
	idColumn   wire.ID
	hashColumn wire.Hash
)

func (c *idColumn) Scan(src any) error   { return fixed(c[:], src) }
func (c *hashColumn) Scan(src any) error { return fixed(c[:], src) }

func scanID(id *wire.ID) *idColumn      { return (*idColumn)(id) }
func scanHash(h *wire.Hash) *hashColumn { return (*hashColumn)(h) }

func fixed(dst []byte, src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(dst) {
		return fmt.Errorf("want %d bytes", len(dst))
	}
	copy(dst, b)
	return nil
}

// optionalID and optionalHash scan a column that may be NULL.
type (
	optionalID   struct{ to **wire.ID }
	optionalHash struct{ to **wire.Hash }
)

func (o optionalID) Scan(src any) error {
	*o.to = nil
	if src == nil {
		return nil
	}
	*o.to = new(wire.ID)
	return fixed((*o.to)[:], src)
}

func (o optionalHash) Scan(src any) error {
	*o.to = nil
	if src == nil {
		return nil
	}
	*o.to = new(wire.Hash)
	return fixed((*o.to)[:], src)
}

// timeColumn scans milliseconds since 1970.
type timeColumn struct{ to *time.Time }

func (c timeColumn) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("want milliseconds since 1970")
	}
	*c.to = time.UnixMilli(ms).UTC()
	return nil
}

func millis(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }

// number makes a parameter of an unsigned value. Values beyond what a column can hold come only
// from clients that made them up; they compare as the largest.
func number(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// nullable makes a parameter of an optional value.
func nullableID(id *wire.ID) any {
	if id == nil {
		return nil
	}
	return id[:]
}

func nullableHash(h *wire.Hash) any {
	if h == nil {
		return nil
	}
	return h[:]
}

// key makes a list key of one ID for a lookup.
func key(id wire.ID) []any { return []any{id[:]} }

func keys(ids []wire.ID) [][]any {
	list := make([][]any, len(ids))
	for i, id := range ids {
		list[i] = key(id)
	}
	return list
}

// flag is a truth value as both databases keep it.
func flag(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
