package sim

import (
	"context"
	"testing"
	"time"

	"frond/wire"
)

// Ben is added to one group after the other while he is connected all the time. There is always a key package of his own
// for the next one, and never only the last resort.
func TestWhoIsAddedOftenOnOneConnectionKeepsKeyPackages(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		for range 20 {
			ada.create(t, wire.Group, ben)
			time.Sleep(5 * time.Second)
			n, _, err := w.server.store.CountKeys(context.Background(), ben.device())
			must(t, err)
			if n == 0 {
				t.Fatal("the pool is empty")
			}
		}
	})
}
