//go:build js && wasm

package idb_test

import (
	"context"
	"testing"

	"frond/client"
	"frond/client/store/idb"
	"frond/client/store/storetest"
)

// TestIndexedDBKeepsTheContractOfAStore runs in a browser; browser_test.go takes it there.
func TestIndexedDBKeepsTheContractOfAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (client.Store, func() client.Store) {
		open := func() client.Store {
			s, err := idb.Open(context.Background(), t.Name())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		return open(), open
	})
}
