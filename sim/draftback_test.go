package sim

import (
	"context"
	"fmt"
	"testing"
	"time"

	"frond/client"
	"frond/wire"
)

// draftPage is the page with a draft that the server has of somebody.
func (w *World) draftPage(t *testing.T, p *person, id wire.ID) (wire.Page, bool) {
	t.Helper()
	pages, err := w.server.store.Pages(context.Background(), p.account, id, wire.DraftBucket+1, 1)
	must(t, err)
	if len(pages) == 0 || pages[0].Bucket != wire.DraftBucket {
		return wire.Page{}, false
	}
	return pages[0], true
}

// A draft that is to stay on its device from now on is taken back from the server, also when that is busy at first.
func TestADraftIsTakenBackFromAServerThatWasBusy(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		must(t, ada.on().Draft(ctx, id, "a secret"))
		time.Sleep(10 * time.Second)
		before, there := w.draftPage(t, ada, id)
		if !there {
			t.Fatal("the draft is not stored")
		}
		x, n := counted(putsOff(t, time.Now().Add(30*time.Second), wire.OpPutPage), wire.OpPutPage)
		ada.lane.lie(x)
		must(t, ada.on().SetRetention(ctx, id, client.DeviceOnly, 0))
		time.Sleep(10 * time.Minute)
		if after, _ := w.draftPage(t, ada, id); after.Revision == before.Revision {
			t.Fatal("the server still has the draft")
		}
		if *n > 50 {
			t.Fatalf("%d requests", *n)
		}
	})
}

// However much is written while the server takes no pages, it is asked at the same pace.
func TestPagesThatArePutOffAreTriedAtOnePace(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		x, n := counted(putsOff(t, time.Now().Add(100*time.Hour), wire.OpPutPage), wire.OpPutPage)
		ada.lane.lie(x)
		for i := range 100 {
			ben.say(t, id, fmt.Sprint(i))
			must(t, ada.on().Draft(ctx, id, fmt.Sprint(i)))
			time.Sleep(10 * time.Second)
		}
		before := *n
		time.Sleep(10 * time.Minute)
		if many := *n - before; many > 200 || before > 2000 {
			t.Fatalf("%d requests in ten minutes, %d before", many, before)
		}
	})
}
