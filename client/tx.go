package client

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"frond/wire"
)

// tx collects what one step changes. Nothing of it happened until commit returns nil; what should
// be told afterwards is told afterwards.
type tx struct {
	c      *Client
	puts   map[string][]byte // nil: delete
	ranges []Range
	after  []func()
	marks  map[*conversation]mark
}

// mark says which records of a conversation a step changes. They are encoded once, at the end.
type mark uint8

const (
	markLook    mark = 1 << iota // only looks different
	markRecord                   // the small record
	markRatchet                  // the half of the MLS state that changes with a message
	markGroup                    // all of the MLS state, and who is in the conversation
)

func (c *Client) begin() *tx {
	return &tx{c: c, puts: map[string][]byte{}, marks: map[*conversation]mark{}}
}

func (t *tx) put(key string, v any)          { t.puts[key] = encode(v) }
func (t *tx) delete(key string)              { t.puts[key] = nil }
func (t *tx) deleteRange(r Range)            { t.ranges = append(t.ranges, r) }
func (t *tx) then(f func())                  { t.after = append(t.after, f) }
func (t *tx) mark(v *conversation, m mark)   { t.marks[v] |= m }
func (t *tx) emit(e Event)                   { t.then(func() { t.c.emit(e) }) }
func (t *tx) fault(code wire.Code, s string) { t.emit(Fault{Code: code, Text: s}) }

// putMarked encodes what was marked of a conversation.
func (t *tx) putMarked(v *conversation, m mark) {
	k := t.c.self.keys
	if m&markRecord != 0 {
		t.put(k.of("conv", v.id), v.rec)
	}
	if v.group == nil {
		return
	}
	if m&markGroup != 0 {
		t.puts[k.of("epoch", v.id)] = v.group.MarshalEpoch()
		t.put(k.of("roster", v.id), v.roster)
	}
	if m&(markGroup|markRatchet) != 0 {
		t.putRatchets(v)
	}
}

// putRatchets writes what changed of the message keys since they were written last: a message changes
// one record, however many people have spoken.
func (t *tx) putRatchets(v *conversation) {
	rows := t.c.self.keys.rows("ratchet", v.id)
	if v.stored == nil {
		t.deleteRange(Prefix(rows))
	}
	for _, r := range v.group.Changes(v.stored) {
		t.puts[rows+r.Key] = r.Value
	}
}

// written remembers which message keys the store holds now.
func (t *tx) written() {
	for v, m := range t.marks {
		if m&(markGroup|markRatchet) != 0 && v.group != nil {
			v.stored = v.group
		}
	}
}

func (t *tx) batch() Batch {
	for v, m := range t.marks {
		t.putMarked(v, m)
	}
	b := Batch{DeleteRanges: t.ranges}
	for _, key := range slices.Sorted(maps.Keys(t.puts)) {
		if v := t.puts[key]; v == nil {
			b.Delete = append(b.Delete, key)
		} else {
			b.Put = append(b.Put, Item{Key: key, Value: v})
		}
	}
	return b
}

// commit makes the step durable and then lets its events out. When it fails the step did not
// happen: the state is read from the store again and the connection is begun anew.
func (t *tx) commit() error {
	if b := t.batch(); !b.Empty() {
		if err := t.c.cfg.Store.Write(t.c.ctx, b); err != nil {
			return t.c.storageFailed(err)
		}
	}
	t.written()
	for _, f := range t.after {
		f()
	}
	t.c.emitConversations(t.marks)
	return nil
}

// storageFailed forgets what was not written.
func (c *Client) storageFailed(err error) error {
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	c.cfg.Log.Error("store refused a batch", "error", err)
	refusal := wire.Errorf(CodeStorage, "This device can not store any more: %v", err)
	c.emit(Fault{Code: CodeStorage, Text: refusal.Message, Action: "free-space"})
	c.disappoint(refusal)
	c.dropLink()
	if again := c.load(); again != nil {
		return fmt.Errorf("%w, and reading it again: %w", refusal, again)
	}
	return refusal
}

// disappoint tells those who wait for a change or a new conversation that it will not come.
func (c *Client) disappoint(err error) {
	for _, v := range c.conversations {
		for _, w := range v.wants {
			w.done(err)
		}
		for _, f := range v.born {
			f(wire.ID{}, err)
		}
		v.wants, v.born = nil, nil
	}
}

// get reads a record. It returns false when there is none.
func (c *Client) get(key string, v any) (bool, error) {
	b, err := c.cfg.Store.Get(c.ctx, key)
	if err != nil {
		return false, wire.Errorf(CodeStorage, "This device can not read its store: %v", err)
	}
	if b == nil {
		return false, nil
	}
	if err := wire.Decode(b, v); err != nil {
		return false, wire.Errorf(CodeStorage, "a damaged record in the store: %v", err)
	}
	return true, nil
}

// each calls f for every item of a range, in order.
func (c *Client) each(r Range, f func(key string, value []byte) error) error {
	items, err := c.cfg.Store.Scan(c.ctx, r)
	if err != nil {
		return wire.Errorf(CodeStorage, "This device can not read its store: %v", err)
	}
	for _, item := range items {
		if err := f(item.Key, item.Value); err != nil {
			return err
		}
	}
	return nil
}

func sha256Sum(b []byte) wire.Hash { return sha256.Sum256(b) }
