package client

import "context"

// Store keeps this device's state: an ordered map from keys to values, changed by atomic, durable
// batches. Keys are printable ASCII, so every implementation orders them by their bytes. A Store
// is used by one Client at a time, from one goroutine.
type Store interface {
	// Get returns the value of a key, or nil, nil when there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Scan returns the items of a range, ordered by key.
	Scan(ctx context.Context, r Range) ([]Item, error)
	// Write applies a batch: all of it or nothing, and durably when it returns nil.
	Write(ctx context.Context, b Batch) error
	// Wipe forgets everything.
	Wipe(ctx context.Context) error
	// Close releases the store. What was written stays.
	Close() error
}

// Item is a key with its value. A value is never empty.
type Item struct {
	Key   string
	Value []byte
}

// Range is the keys from From up to, but without, To. Reverse goes from the last to the first.
// Limit is the most items wanted; 0 means all.
type Range struct {
	From, To string
	Limit    int
	Reverse  bool
}

// Batch is a change: deletions, then puts. DeleteRanges leave out Limit and Reverse.
type Batch struct {
	Delete       []string
	DeleteRanges []Range
	Put          []Item
}

// Empty reports whether the batch changes nothing.
func (b *Batch) Empty() bool {
	return len(b.Delete) == 0 && len(b.DeleteRanges) == 0 && len(b.Put) == 0
}

// Prefix returns the range of all keys that begin with prefix, which must not be empty.
func Prefix(prefix string) Range {
	last := len(prefix) - 1
	return Range{From: prefix, To: prefix[:last] + string(rune(prefix[last]+1))}
}
