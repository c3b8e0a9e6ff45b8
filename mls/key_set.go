package mls

import (
	"bytes"
	"hash/maphash"
)

// keySet tells whether public keys repeat. It holds the keys themselves, not copies, under a hash that
// whoever chose the keys cannot foresee.
type keySet struct {
	seed maphash.Seed
	keys map[uint64][]byte
}

func newKeySet(size int) *keySet {
	return &keySet{seed: maphash.MakeSeed(), keys: make(map[uint64][]byte, size)}
}

// add puts a key in; it returns false when the key is there already.
func (s *keySet) add(key []byte) bool {
	for h := maphash.Bytes(s.seed, key); ; h++ {
		old, taken := s.keys[h]
		if !taken {
			s.keys[h] = key
			return true
		}
		if bytes.Equal(old, key) {
			return false
		}
	}
}
