package sim

import (
	"context"
	"testing"
	"time"

	"frond/wire"
)

// The server has lost a commit, for ben alone, and never shows it. He goes on without it one day, finds that the others are
// further, and comes back.
func TestWhoNeverGetsACommitFindsOutAndComesBack(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo, dan := p[0], p[1], p[2], p[3]
		id := ada.create(t, wire.Group, ben, cleo)
		ada.say(t, id, "before")
		ben.lane.lie(pushed(func(e wire.Entry) []wire.Entry {
			if e.Conversation == id && e.Seq == 3 {
				return nil
			}
			return []wire.Entry{e}
		}))
		must(t, ada.on().Add(context.Background(), id, []string{dan.name}))
		cleo.say(t, id, "after")
		time.Sleep(3 * time.Hour)
		cleo.say(t, id, "later")
		time.Sleep(20 * time.Minute)
		ben.has(t, id, "later")
		ben.say(t, id, "I am here")
		dan.reads(t, id, "I am here")
	})
}
