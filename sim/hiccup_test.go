package sim

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"frond/client"
	"frond/wire"
)

// A server that could not take key packages at first has them a little later, without another connection.
func TestKeyPackagesThatTheServerCouldNotTakeAreOfferedAgain(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		tablet := w.blank(t, phone)
		tablet.lane.lie(putsOff(t, time.Now().Add(time.Minute), wire.OpPublishKeys))
		must(t, tablet.signsIn())
		time.Sleep(5 * time.Minute)
		n, last, err := w.server.store.CountKeys(context.Background(), tablet.device())
		must(t, err)
		if n == 0 || !last {
			t.Fatalf("the server has %d key packages of the tablet, and a last resort: %v", n, last)
		}
		noFaultsBut(t, "", ben, tablet)
	})
}

// Ben removes two devices, one after the other. Ada's question about the first root is answered when the second is in
// force already: she asks again, and nobody is accused.
func TestASecondNewRootWhileTheFirstIsAskedForIsAskedForToo(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		one, two := w.second(t, ben), w.second(t, ben)
		time.Sleep(time.Minute)
		var held []wire.Frame
		var second atomic.Bool
		over := false
		ada.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			var e wire.Entry
			if f.Kind == wire.PushEntry && wire.Decode(f.Body, &e) == nil && e.Kind == wire.HandshakeEntry {
				over = second.Load()
			}
			if asked == wire.OpLookup && !over {
				held = append(held, f)
				return nil
			}
			if !over {
				return []wire.Frame{f}
			}
			all := append([]wire.Frame{f}, held...)
			held = nil
			return all
		}})
		must(t, ben.on().RemoveDevice(ctx, one.device()))
		time.Sleep(10 * time.Second)
		second.Store(true)
		must(t, ben.on().RemoveDevice(ctx, two.device()))
		time.Sleep(30 * time.Second)
		ada.lane.lie(liar{})
		time.Sleep(2 * time.Minute)
		ada.say(t, id, "still you")
		ben.reads(t, id, "still you")
		noFaultsBut(t, "", ada)
	})
}

// A look-up that the server puts off is no answer.
func TestALookUpThatIsPutOffAccusesNobodyAndIsMadeLater(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		one := w.second(t, ben)
		time.Sleep(time.Minute)
		ada.lane.lie(putsOff(t, time.Now().Add(2*time.Minute), wire.OpLookup))
		must(t, ben.on().RemoveDevice(ctx, one.device()))
		time.Sleep(5 * time.Minute)
		ada.say(t, id, "still you")
		ben.reads(t, id, "still you")
		noFaultsBut(t, "", ada)
	})
}

func TestANewDeviceComesInThoughLookUpsArePutOff(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		one := w.second(t, ben)
		time.Sleep(time.Minute)
		must(t, ada.crash(ctx))
		must(t, ben.on().RemoveDevice(ctx, one.device()))
		time.Sleep(time.Minute)
		tablet := w.blank(t, ada)
		tablet.lane.lie(putsOff(t, time.Now().Add(2*time.Minute), wire.OpLookup))
		must(t, tablet.signsIn())
		time.Sleep(9 * time.Minute)
		tablet.isInside(t, id, true)
		noFaultsBut(t, "", tablet)
	})
}

// Two people of a group began anew, and the owner accepts both at once, while the server is slow with changes. Both
// are let in.
func TestTwoWhoBeganAnewAreBothLetIn(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		ben.losesAndBeginsAnew(t, w)
		cleo.losesAndBeginsAnew(t, w)
		ada.lane.lie(putsOff(t, time.Now().Add(time.Minute), wire.OpHandshake))
		must(t, ada.accepts(ben))
		must(t, ada.accepts(cleo))
		time.Sleep(10 * time.Minute)
		ada.say(t, id, "both of you")
		ben.reads(t, id, "both of you")
		cleo.reads(t, id, "both of you")
	})
}

// What waits on one device because somebody's keys changed goes out when the person accepts them on another.
func TestWhatWaitsForChangedKeysGoesOutWhenAnotherDeviceAccepts(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben, cleo, dan := p[0], p[1], p[2], p[3]
		id := cleo.create(t, wire.Group, phone, ben, dan)
		tablet := w.second(t, phone)
		time.Sleep(time.Minute)
		must(t, cleo.crash(ctx)) // nobody is there to let ben in again
		phone.lane.lie(putsOff(t, time.Now().Add(10*time.Second), wire.OpSend))
		if _, err := phone.on().Send(ctx, id, "hello all"); err != nil {
			t.Fatal(err)
		}
		ben.losesAndBeginsAnew(t, w)
		time.Sleep(3 * time.Minute)
		dan.lacks(t, id, "hello all")
		must(t, tablet.accepts(ben))
		time.Sleep(time.Minute)
		dan.reads(t, id, "hello all")
	})
}

// Who waits for a change hears that it will not come when somebody signs out.
func TestNobodyWaitsForAChangeAfterSigningOut(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Group, ben)
		ada.lane.lie(putsOff(t, time.Now().Add(time.Hour), wire.OpHandshake))
		renamed := make(chan error, 1)
		go func() { renamed <- ada.on().Rename(ctx, id, "another") }()
		time.Sleep(time.Minute)
		must(t, ada.on().SignOut(ctx, false))
		select {
		case err := <-renamed:
			if wire.CodeOf(err) != client.CodeNotSignedIn {
				t.Fatal(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("somebody still waits")
		}
	})
}
