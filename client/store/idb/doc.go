// Package idb is a client's store in a browser's IndexedDB: one object store with string keys, one
// transaction with strict durability per batch, so that what was written survives the machine losing
// power. IndexedDB orders strings by their code units, which for ASCII is the order of bytes.
package idb
