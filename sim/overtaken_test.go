package sim

import (
	"context"
	"testing"
	"time"

	"frond/wire"
)

// overtakes is a server whose answers to a device that reads the account's state arrive after the news of the next one.
func overtakes() liar {
	var held []wire.Frame
	return liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
		switch {
		case asked == wire.OpGetState && held == nil:
			held = []wire.Frame{f}
			return nil
		case f.Kind == wire.PushState && len(held) > 0:
			both := append([]wire.Frame{f}, held...)
			held = []wire.Frame{}
			return both
		}
		return []wire.Frame{f}
	}}
}

// stored demands that a device has nothing left to write to the vault.
func (p *person) stored(t *testing.T) {
	t.Helper()
	s, err := p.on().Stored(context.Background())
	must(t, err)
	if s.Waiting > 0 {
		t.Fatalf("%s still has to store %d keys", p.name, s.Waiting)
	}
}

func TestAStateThatIsOldWhenItArrivesIsReadAgain(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		tablet := w.second(t, phone)
		time.Sleep(time.Minute)
		tablet.lane.lie(overtakes())
		phone.create(t, wire.Group, ben)
		time.Sleep(20 * time.Second)
		phone.create(t, wire.Group, ben)
		time.Sleep(20 * time.Second)
		tablet.say(t, id, "from the tablet")
		time.Sleep(time.Minute)
		tablet.stored(t)
	})
}

func TestAStateThatCanNotBeReadNowIsReadLater(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		tablet := w.second(t, phone)
		time.Sleep(time.Minute)
		tablet.lane.lie(putsOff(t, time.Now().Add(time.Minute), wire.OpGetState))
		phone.create(t, wire.Group, ben)
		time.Sleep(20 * time.Second)
		tablet.say(t, id, "from the tablet")
		time.Sleep(5 * time.Minute)
		tablet.stored(t)
	})
}
