package client

import (
	"strings"
	"testing"

	"frond/wire"
)

func TestKeysOfAStrangerAreNotCalledOtherThanBefore(t *testing.T) {
	t.Parallel()
	ann := newActor("ann")
	c := &Client{contacts: map[wire.ID]*contact{ann.id(): {name: "ann"}}}
	if s := c.refusal(wire.Account{ID: wire.ID{9}, Name: "zoe"}); strings.Contains(s, "before") || !strings.Contains(s, "zoe") {
		t.Error(s)
	}
	for _, a := range []wire.Account{{ID: ann.id(), Name: "ann"}, {ID: wire.ID{9}, Name: "ann"}} {
		if s := c.refusal(a); !strings.Contains(s, "other keys") {
			t.Error(s)
		}
	}
}
