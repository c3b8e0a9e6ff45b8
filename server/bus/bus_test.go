package bus_test

import (
	"testing"

	"frond/server/bus"
	"frond/server/bus/bustest"
	"frond/wire"
)

func TestLocalKeepsTheContract(t *testing.T) {
	t.Parallel()
	bustest.Run(t, func(*testing.T) bus.Bus { return bus.NewLocal() })
}

// A publisher is the writer of the log: a hint must not make it work for the garbage collector.
func TestPublishingAllocatesNothing(t *testing.T) {
	b := bus.NewLocal()
	heard := uint64(0)
	for range 10 {
		defer b.Subscribe(func(_ wire.ID, seq uint64) { heard += seq })()
	}
	if n := testing.AllocsPerRun(1000, func() { b.Publish(wire.ID{1}, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if heard == 0 {
		t.Error("nobody heard")
	}
}
