package delivery

import (
	"testing"

	"frond/server/store"
	"frond/wire"
)

// What waits for the writer counts by its bytes, of whatever kind it is.
func TestWhatWaitsCountsByItsBytes(t *testing.T) {
	t.Parallel()
	b := make([]byte, 10_000)
	h := wire.Handshake{Frame: b, GroupInfo: b, Welcome: b}
	for want, item := range map[int64]store.Append{
		20_000: {Send: &wire.Send{Frame: b, Token: b}},
		30_000: {Handshake: &h},
		50_000: {Leave: &wire.Leave{Frames: [][]byte{b, b, b, b, b}}},
	} {
		if got := size(&item); got != want {
			t.Errorf("%d bytes count as %d", want, got)
		}
	}
}
