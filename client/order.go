package client

import (
	"bytes"

	"frond/wire"
)

// Lists are sorted by sort.Slice, of which there is one for all types: the generic functions are
// compiled anew for each, and a browser has to load them all.

// less orders ids by their bytes.
func less(a, b wire.ID) bool { return bytes.Compare(a[:], b[:]) < 0 }
