package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"frond/client"
)

// A session can end while nobody is connected. The client hears of it when it comes back.
func TestALockedOutSessionIsSaid(t *testing.T) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		if err := w.server.store.RevokeSessions(ctx, p[0].account); err != nil {
			t.Fatal(err)
		}
		p[0].lane.cut()
		time.Sleep(time.Minute)
		if s := p[0].on().Session(); s.State != client.LockedOut {
			t.Fatalf("%+v", s)
		}
		if err := p[0].signInAgain(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if s := p[0].on().Connection(); s.State != client.Online || !slices.Contains(p[0].devices, p[0].on().Session().Device) {
			t.Fatalf("%+v", s)
		}
	})
}
