package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"frond/client"
	"frond/client/store/memory"
	"frond/client/vault"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// second is another device of a person, signed in at the same time.
func (w *World) second(t *testing.T, of *person) *person {
	t.Helper()
	ctx := context.Background()
	p := &person{
		name: of.name, keys: of.keys, kdf: of.kdf, suite: of.suite, rand: of.rand, log: of.log, store: memory.New(), signedUp: true,
		promised: map[wire.ID]string{}, given: map[wire.ID]bool{}, opened: map[wire.ID]int{},
	}
	p.lane = newLane(w.server, rand.New(rand.NewPCG(w.opts.Seed, uint64(2000+len(w.people)))))
	w.people = append(w.people, p)
	if err := errors.Join(p.start(ctx), p.signInAgain(ctx)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	return p
}

func (p *person) newest(t *testing.T, id wire.ID) client.Message {
	t.Helper()
	rows := p.rows(t, id)
	if len(rows) == 0 {
		t.Fatalf("%s sees nothing", p.name)
	}
	return rows[len(rows)-1]
}

func TestSeveralDevicesOfAnAccountAreInStep(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben, cleo := p[0], p[1], p[2]
		direct, group := phone.create(t, wire.Direct, ben), ben.create(t, wire.Group, phone, cleo)
		ben.say(t, direct, "before")
		time.Sleep(5 * time.Second) // state and message keys are saved

		laptop := w.second(t, phone)
		if s := phone.on().Session(); s.State != client.SignedIn {
			t.Fatalf("the first device is %s", s.State)
		}
		for _, id := range []wire.ID{direct, group} {
			ben.say(t, id, "to both")
			phone.reads(t, id, "to both")
			laptop.reads(t, id, "to both")
			laptop.say(t, id, "from the laptop")
			ben.reads(t, id, "from the laptop")
			phone.reads(t, id, "from the laptop")
			if m := phone.newest(t, id); !m.Own || m.State != client.Sent {
				t.Fatalf("an own message of the other device looks like %+v", m)
			}
			phone.say(t, id, "from the phone")
			laptop.reads(t, id, "from the phone")
			ben.sees(t, id, phone.name+" signed in on a new device")
		}
		if !slices.ContainsFunc(laptop.rows(t, direct), func(m client.Message) bool { return m.Text == "before" }) {
			t.Fatal("the history is gone")
		}
		if again := laptop.create(t, wire.Direct, ben); again != direct {
			t.Fatal("the new device does not know the pair's conversation")
		}

		// What either device begins, both are in; and so it is when others begin it.
		mine, theirs := laptop.create(t, wire.Direct, cleo), cleo.create(t, wire.Group, ben, laptop)
		time.Sleep(3 * time.Second)
		for _, id := range []wire.ID{mine, theirs} {
			cleo.say(t, id, "hello")
			phone.reads(t, id, "hello")
			laptop.reads(t, id, "hello")
			phone.say(t, id, "hello cleo")
			laptop.reads(t, id, "hello cleo")
			cleo.reads(t, id, "hello cleo")
		}

		// What was read on one is read on the other.
		cleo.say(t, mine, "read me")
		position := phone.newest(t, mine).Position
		if err := phone.on().Read(ctx, mine, position); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		for _, v := range laptop.conversations(ctx) {
			if v.ID == mine && v.Unread != 0 {
				t.Fatalf("%d messages are unread on the other device", v.Unread)
			}
		}
	})
}

// A removed device is out within seconds, and neither what it holds nor all that the server gets later
// opens anything that was sent afterwards.
func TestARemovedDeviceOpensNothingThatIsSentAfterwards(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct, group := phone.create(t, wire.Direct, ben), ben.create(t, wire.Group, phone)
		lost := w.second(t, phone)
		ben.say(t, direct, "to both")
		lost.reads(t, direct, "to both")

		device := lost.on().Session().Device
		if err := phone.on().RemoveDevice(ctx, device); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if s := lost.on().Session(); s.State != client.LockedOut {
			t.Fatalf("the removed device is %s after five seconds", s.State)
		}
		time.Sleep(30 * time.Second) // leaves and vault follow
		removedAt := uint64(time.Now().UnixMilli())
		for _, id := range []wire.ID{direct, group} {
			phone.say(t, id, "secret of the phone")
			ben.reads(t, id, "secret of the phone")
			ben.say(t, id, "secret of ben")
			phone.reads(t, id, "secret of ben")
		}
		devices, err := phone.on().Devices(ctx)
		if err != nil || len(devices) != 1 || !devices[0].Current {
			t.Fatalf("the devices are %+v, %v", devices, err)
		}
		time.Sleep(10 * time.Second) // message keys are vaulted

		// The thief has the device's whole state and reads the server's disk.
		server := w.server.store
		account := lost.on().Session().Account
		row, err := server.AccountByID(ctx, account)
		if err != nil {
			t.Fatal(err)
		}
		thief := loot(t, lost.store, account)
		if h, err := vault.ParseHeader(row.Header); err != nil || row.Epoch < 3 {
			t.Fatalf("the vault is of epoch %d, %v", row.Epoch, err)
		} else if _, err := h.Open(account, vault.SlotDevice, device, [32]byte(thief.field(t, 11))); err == nil {
			t.Fatal("the removed device opens the new vault epoch")
		}
		if _, err := vault.OpenState(vault.Key(thief.field(t, 6)), account, row.Epoch, row.Revision, row.State); err == nil {
			t.Fatal("the removed device opens the account's new state")
		}
		signer, err := identity.ParseDeviceKey(thief.field(t, 4))
		if err != nil {
			t.Fatal(err)
		}
		anybody := mls.Config{Now: time.Now, Authenticate: func(mls.Member) error { return nil }, Extensions: []mls.ExtensionType{client.RosterExtension}}
		for _, id := range []wire.ID{direct, group} {
			prefix := account.String() + "/"
			if old, now := record(t, lost.store, prefix+"conv/"+id.String()), record(t, phone.store, prefix+"conv/"+id.String()); string(old[6]) == string(now[6]) {
				t.Fatal("the join key is still the one that the removed device knows")
			}
			epoch, _ := lost.store.Get(ctx, prefix+"epoch/"+id.String())
			g, err := mls.ParseGroupRecords(epoch, lost.ratchets(t, id), signer.Signer())
			if err != nil {
				t.Fatal(err)
			}
			entries, err := server.Entries(ctx, id, 0, 0, 1000, 64<<20)
			if err != nil {
				t.Fatal(err)
			}
			tried := 0
			for _, e := range entries {
				if e.Kind == wire.HandshakeEntry {
					if s, err := g.Stage(anybody, e.Frame); err == nil && !s.Effects().SelfRemoved {
						g = s.Merge()
					}
					continue
				}
				if next, app, err := g.Open(anybody, e.Frame); err == nil {
					g = next
					if e.Received >= removedAt {
						t.Fatalf("the removed device opens a key: %x", app.AAD)
					}
				} else if e.Received >= removedAt {
					tried++
				}
			}
			if tried != 2 {
				t.Fatalf("the thief tried %d later messages", tried)
			}
		}
	})
}

// stolen is a record of a device's store, by the numbers of its fields.
type stolen map[uint64]cbor.RawMessage

func loot(t *testing.T, s *memory.Store, account wire.ID) stolen {
	return record(t, s, "account/"+account.String())
}

func record(t *testing.T, s *memory.Store, key string) (m stolen) {
	t.Helper()
	b, err := s.Get(context.Background(), key)
	if err == nil {
		err = cbor.Unmarshal(b, &m)
	}
	if err != nil {
		t.Fatal(key, err)
	}
	return m
}

func (m stolen) field(t *testing.T, n uint64) (b []byte) {
	t.Helper()
	if err := cbor.Unmarshal(m[n], &b); err != nil || len(b) == 0 {
		t.Fatalf("field %d: %v", n, err)
	}
	return b
}

func TestARecoveryCodeBringsEverythingBackAndAPasswordChangeSignsNobodyOut(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		ben.say(t, direct, "before")
		code, err := vault.NewRecoveryCode(phone.rand)
		if err != nil {
			t.Fatal(err)
		}
		if err := phone.on().SetRecovery(ctx, code); err != nil || !phone.on().HasRecovery() {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		laptop := w.second(t, phone) // the old password opens the new epoch too

		next := vault.Keys{Auth: [32]byte{1}, Wrap: [32]byte{2}}
		if err := phone.on().ChangePassword(ctx, &next, next, phone.kdf); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("a wrong present password: %v", err)
		}
		if err := phone.on().ChangePassword(ctx, &phone.keys, next, phone.kdf); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		phone.keys, laptop.keys = next, next
		if s := laptop.on().Session(); s.State != client.SignedIn {
			t.Fatalf("the other device is %s", s.State)
		}
		laptop.say(t, direct, "still here")
		ben.reads(t, direct, "still here")

		found := &person{name: phone.name, kdf: phone.kdf, suite: phone.suite, rand: phone.rand, log: phone.log, store: memory.New(),
			promised: map[wire.ID]string{}, given: map[wire.ID]bool{}, opened: map[wire.ID]int{}}
		found.lane = newLane(w.server, rand.New(rand.NewPCG(1, 3000)))
		w.people = append(w.people, found)
		if err := found.start(ctx); err != nil {
			t.Fatal(err)
		}
		third := vault.Keys{Auth: [32]byte{3}, Wrap: [32]byte{4}}
		if err := found.on().Recover(ctx, phone.name, vault.RecoveryCode{}, third, phone.kdf, wire.ID{}); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("a wrong code: %v", err)
		}
		if err := found.on().Recover(ctx, phone.name, code, third, phone.kdf, wire.ID{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		ben.say(t, direct, "welcome back")
		for _, d := range []*person{found, phone, laptop} {
			d.reads(t, direct, "welcome back")
		}
		if !slices.ContainsFunc(found.rows(t, direct), func(m client.Message) bool { return m.Text == "before" }) {
			t.Fatal("the history is gone")
		}
		phone.keys = third
		w.second(t, phone)
	})
}

// The join key of a new conversation is saved at once, also when everybody in it was known before.
func TestAConversationThatWasJustBegunIsOnANewDeviceToo(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		phone.create(t, wire.Direct, ben)
		time.Sleep(time.Minute)
		group := phone.create(t, wire.Group, ben)
		laptop := w.second(t, phone)
		ben.say(t, group, "to both")
		laptop.reads(t, group, "to both")
	})
}
