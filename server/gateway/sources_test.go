package gateway

import (
	"encoding/binary"
	"testing"
	"time"

	"frond/wire"
)

// However many devices signal, each has its limit, and as many are remembered as there is room for.
func TestOneMoreDeviceThanIsRememberedHasALimitToo(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	g := &Gateway{now: func() time.Time { return now }, sources: map[wire.ID]*source{}}
	device := func(n int) (id wire.ID) {
		binary.BigEndian.PutUint64(id[:], uint64(n))
		return id
	}
	for n := range maxSources {
		g.maySignal(device(n), 1, 1)
	}
	passed := 0
	for range 100 {
		if g.maySignal(device(maxSources), toAllCounts, 1) {
			passed++
		}
	}
	if passed > signalBurst/toAllCounts {
		t.Fatalf("%d signals to everybody passed at once", passed)
	}
	if len(g.sources) > maxSources {
		t.Fatalf("%d devices are remembered", len(g.sources))
	}
}
