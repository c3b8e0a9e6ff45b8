// Package memory is a client's store in memory, for tests, simulations and programs that should
// forget. It also plays the crash: a copy taken between two batches is what a device would find
// after losing power there.
package memory

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"frond/client"
)

var errClosed = errors.New("memory: store is closed")

// Store keeps everything in a map. It is safe for use by several goroutines.
type Store struct {
	mu     sync.Mutex
	values map[string][]byte
	closed bool
	writes int
	fail   func(write int, b client.Batch) error
}

var _ client.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return &Store{values: map[string][]byte{}} }

// Copy returns a store that holds what this one holds now.
func (s *Store) Copy() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Store{values: maps.Clone(s.values)}
}

// FailWrites makes every later Write ask f first; an error refuses the batch and is returned. The
// batches are counted from 1 over the life of the store. Nil takes f away.
func (s *Store) FailWrites(f func(write int, b client.Batch) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// Get implements client.Store.
func (s *Store) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	return slices.Clone(s.values[key]), nil
}

// Scan implements client.Store.
func (s *Store) Scan(_ context.Context, r client.Range) ([]client.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	keys := s.keys(r)
	if r.Reverse {
		slices.Reverse(keys)
	}
	if r.Limit > 0 && len(keys) > r.Limit {
		keys = keys[:r.Limit]
	}
	items := make([]client.Item, len(keys))
	for i, key := range keys {
		items[i] = client.Item{Key: key, Value: slices.Clone(s.values[key])}
	}
	return items, nil
}

// Write implements client.Store.
func (s *Store) Write(_ context.Context, b client.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.writes++
	if s.fail != nil {
		if err := s.fail(s.writes, b); err != nil {
			return err
		}
	}
	for _, key := range b.Delete {
		delete(s.values, key)
	}
	for _, r := range b.DeleteRanges {
		for _, key := range s.keys(r) {
			delete(s.values, key)
		}
	}
	for _, item := range b.Put {
		s.values[item.Key] = slices.Clone(item.Value)
	}
	return nil
}

// Wipe implements client.Store.
func (s *Store) Wipe(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	clear(s.values)
	return nil
}

// Close implements client.Store. A closed store refuses everything; Copy still works.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// keys returns the keys of a range in order.
func (s *Store) keys(r client.Range) []string {
	var keys []string
	for key := range s.values {
		if r.From <= key && key < r.To {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
