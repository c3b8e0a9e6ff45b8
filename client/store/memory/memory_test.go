package memory_test

import (
	"testing"

	"frond/client"
	"frond/client/store/memory"
	"frond/client/store/storetest"
)

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) (client.Store, func() client.Store) {
		s := memory.New()
		return s, func() client.Store { return s.Copy() }
	})
}
