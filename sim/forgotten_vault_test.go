package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/wire"
)

// A stolen device that is still signed in opens one vault epoch after the other. Its owner begins anew all the same,
// and what the account does from then on with its vault goes as in any other.
func TestAVaultOfThousandsOfEpochsIsBegunAnew(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.say(t, id, "before")
		must(t, ada.crash(ctx))
		conn, err := ada.lane.inner.Dial(ctx)
		must(t, err)
		thief := &rogue{person: ada, conn: conn}
		_, err = thief.ask(wire.OpHello, wire.Hello{Version: wire.Version, Device: ada.device()})
		must(t, err)
		row, err := w.server.store.AccountByID(ctx, ada.account)
		must(t, err)
		for i := range uint64(4200) {
			_, err = thief.ask(wire.OpPutVault, wire.PutVault{Epoch: row.Epoch + i + 1, Header: []byte{0}, Revision: row.Revision + i + 1, State: []byte{0}})
			must(t, err)
		}

		phone := w.again(ada)
		must(t, phone.start(ctx))
		must(t, phone.beginsAnew(w.mayBeginAnew(t, ada, time.Now())))
		time.Sleep(20 * time.Second)
		if row, err = w.server.store.AccountByID(ctx, ada.account); err != nil || len(row.State) > 4<<10 {
			t.Fatalf("a new account's state has %d bytes; %v", len(row.State), err)
		}
		must(t, ben.accepts(ada))
		time.Sleep(time.Minute)
		ben.say(t, id, "after")
		phone.reads(t, id, "after")
		tablet := w.second(t, phone) // and the vault goes on
		time.Sleep(20 * time.Second)
		tablet.finds(t, id, "after")
		must(t, phone.on().RemoveDevice(ctx, tablet.device()))
		time.Sleep(20 * time.Second)
		ben.say(t, id, "without the tablet")
		phone.reads(t, id, "without the tablet")
		laptop := w.second(t, phone)
		time.Sleep(20 * time.Second)
		laptop.finds(t, id, "after") // sealed in an epoch after the reset and before the removal
	})
}

// finds demands that some message says something.
func (p *person) finds(t *testing.T, id wire.ID, text string) {
	t.Helper()
	if !slices.ContainsFunc(p.rows(t, id), func(m client.Message) bool { return m.Text == text && m.Reason == nil }) {
		t.Fatalf("%s should find %q among %+v", p.name, text, p.rows(t, id))
	}
}
