package delivery

import (
	"frond/server/store"
	"frond/wire"
)

// checkFrames looks at what can be seen of an item from outside: that it is what it claims to be.
func checkFrames(item *store.Append) error {
	h := handshake(item)
	if (h == nil) == (item.Send == nil) {
		return wire.Errorf(wire.CodeBadRequest, "an append is a message or a handshake")
	}
	return nil
}

func checkKeyPackage(k []byte) error {
	if len(k) == 0 {
		return wire.Errorf(wire.CodeBadRequest, "an empty key package")
	}
	return nil
}
