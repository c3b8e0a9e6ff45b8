package sim

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"frond/client"
	"frond/wire"
)

// showing makes a liar that shows another sigchain of somebody, and shows it whether it is new or not.
func showing(of *person, change func(chain [][]byte) [][]byte) liar {
	x := eachAccount(func(a *wire.Account) {
		if a.ID == of.account {
			a.Chain = change(a.Chain)
		}
	})
	x.hears = func(f wire.Frame) wire.Frame {
		if f.Kind == wire.OpLookup {
			f.Body = rewritten(f.Body, func(q *wire.Lookup) { q.Known = nil })
		}
		return f
	}
	return x
}

// branch shows a sigchain with another last event than the true one.
func branch(event []byte) func([][]byte) [][]byte {
	return func(chain [][]byte) [][]byte { return append(slices.Clone(chain), event) }
}

func withoutEnd(chain [][]byte) [][]byte { return chain[:len(chain)-1] }

// isShown lets a person connect anew to a liar, or to an honest server.
func (p *person) isShown(x liar) {
	p.lane.lie(x)
	p.lane.cut()
	time.Sleep(time.Minute)
}

// faultsAbout are the warnings that a person got about the keys of somebody.
func (p *person) faultsAbout(of *person) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		if f.Code == client.CodeKeyChanged && f.Account == of.account {
			texts = append(texts, f.Text)
		}
	}
	return texts
}

func (p *person) doubts(t *testing.T, id wire.ID, of *person, want bool) {
	t.Helper()
	if k := p.contact(t, of); k.Doubted != want {
		t.Fatalf("%s is shown %+v", p.name, k)
	}
	for _, v := range p.conversations(t.Context()) {
		if v.ID == id && (v.KeyChanged != want || (v.KeyReason == client.KeysDoubted) != want) {
			t.Fatalf("%s is shown the conversation as %+v", p.name, v)
		}
	}
	if want {
		p.mayNotSend(t, id)
	}
}

func TestADoubtAboutSomebodysKeysStaysUntilTheyAreShownWhole(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, carl := p[0], p[1], p[2]
		direct, other := ada.create(t, wire.Direct, ben), ada.create(t, wire.Direct, carl)
		group := carl.create(t, wire.Group, ada, ben)
		ada.verifies(t, ben)
		lies := showing(ben, withoutEnd)
		carls := showing(carl, withoutEnd).says
		both := lies
		both.says = func(asked wire.Kind, f wire.Frame) []wire.Frame { return carls(asked, lies.says(asked, f)[0]) }
		ada.isShown(both)
		if a, b := ada.faultsAbout(ben), ada.faultsAbout(carl); len(a) != 1 || len(b) != 1 || a[0] == b[0] {
			t.Fatalf("ada is told %q, %q", a, b)
		}
		for id, of := range map[wire.ID]*person{direct: ben, other: carl, group: ben} {
			ada.doubts(t, id, of, true)
		}
		ben.say(t, direct, "are you there?")
		ada.reads(t, direct, "are you there?")

		// It stays over a new start, and is not told again as long as the same is shown.
		must(t, errors.Join(ada.crash(ctx), ada.start(ctx)))
		time.Sleep(10 * time.Minute)
		ada.doubts(t, direct, ben, true)
		if n := len(ada.faultsAbout(ben)); n != 1 {
			t.Fatalf("ada is told %d times", n)
		}

		// The server shows everything again, and nobody has to do anything, not even connect anew.
		ada.lane.lie(liar{})
		time.Sleep(15 * time.Minute)
		for id, of := range map[wire.ID]*person{direct: ben, other: carl, group: ben} {
			ada.doubts(t, id, of, false)
			ada.say(t, id, "here I am")
			of.reads(t, id, "here I am")
		}
		if k := ada.contact(t, ben); !k.Verified {
			t.Fatalf("the mark is gone: %+v", k)
		}
	})
}

func TestWhoGoesOnInADoubtSendsByTheKeysThatAreKnown(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		direct := ada.create(t, wire.Direct, ben)
		ada.isShown(showing(ben, withoutEnd))
		ada.doubts(t, direct, ben, true)
		must(t, ada.accepts(ben))
		ada.isShown(showing(ben, withoutEnd))
		ada.doubts(t, direct, ben, false)
		ada.say(t, direct, "all the same")
		ben.reads(t, direct, "all the same")
		ada.isShown(showing(ben, func([][]byte) [][]byte { return nil }))
		ada.doubts(t, direct, ben, true)
	})
}

// Each of ada's devices is shown another history of ben's keys, either of which alone passes for the truth. They
// find it out by way of the vault.
func TestTwoDevicesThatWereShownTwoHistoriesOfAContactFindItOut(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		laptop := w.second(t, phone)
		time.Sleep(30 * time.Second)
		s := &plot{t: t, w: w, ada: phone, ben: ben}
		histories := map[*person]liar{}
		for _, d := range []*person{phone, laptop} {
			histories[d] = showing(ben, branch(s.made(ben, s.root(ben))))
			d.lane.lie(histories[d])
			d.lane.cut()
		}
		time.Sleep(time.Minute)
		for _, d := range []*person{phone, laptop} {
			if n := len(d.faultsAbout(ben)); n != 0 {
				t.Fatalf("one history alone can not be told from the truth: %q", d.faultsAbout(ben))
			}
		}
		must(t, phone.on().SetSetting(ctx, "theme", "dark")) // the phone saves what it knows
		time.Sleep(time.Minute)
		told := func(d *person) int {
			return len(slices.DeleteFunc(d.faultsAbout(ben), func(s string) bool { return !strings.Contains(s, "two different histories") }))
		}
		for _, d := range []*person{phone, laptop} {
			d.doubts(t, direct, ben, true)
			if told(d) != 1 {
				t.Fatalf("%q", d.faultsAbout(ben))
			}
			d.isShown(histories[d]) // what it is shown itself goes on as before
			d.doubts(t, direct, ben, true)
		}

		// The person decides, on each device, and is not asked again about the same.
		for _, d := range []*person{phone, laptop} {
			must(t, d.accepts(ben))
			time.Sleep(time.Minute)
			d.doubts(t, direct, ben, false)
		}
		must(t, laptop.on().SetSetting(ctx, "theme", "light"))
		time.Sleep(time.Minute)
		for _, d := range []*person{phone, laptop} {
			d.doubts(t, direct, ben, false)
			if told(d) != 1 {
				t.Fatalf("%q", d.faultsAbout(ben))
			}
		}
	})
}

// A device that comes anew into an account, on a store that remembers a contact, compares that with what the
// vault says.
func TestANewDeviceOnAnOldStoreFindsOutThatItWasShownAnotherHistory(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		laptop := w.second(t, phone)
		time.Sleep(30 * time.Second)
		s := &plot{t: t, w: w, ada: phone, ben: ben}
		ones, others := s.made(ben, s.root(ben)), s.made(ben, s.root(ben))
		if bytes.Equal(ones, others) {
			t.Fatal("one history")
		}
		// The laptop saves nothing of what it was shown.
		lies := showing(ben, branch(ones))
		lies.hears = func(f wire.Frame) wire.Frame {
			switch f.Kind {
			case wire.OpPutState:
				f.Kind = wire.OpPing
			case wire.OpLookup:
				f.Body = rewritten(f.Body, func(q *wire.Lookup) { q.Known = nil })
			}
			return f
		}
		laptop.isShown(lies)
		device := laptop.device()
		must(t, laptop.on().SignOut(ctx, false))
		laptop.lane.lie(liar{})
		phone.isShown(showing(ben, branch(others)))
		must(t, phone.on().SetSetting(ctx, "theme", "dark"))
		must(t, phone.on().RemoveDevice(ctx, device))
		time.Sleep(time.Minute)
		laptop.lane.lie(showing(ben, branch(ones)))
		must(t, laptop.signsIn())
		time.Sleep(2 * time.Minute)
		if laptop.device() == device {
			t.Fatal("it is the device it was")
		}
		for _, d := range []*person{laptop, phone} {
			d.doubts(t, direct, ben, true)
			if texts := d.faultsAbout(ben); !slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "two different histories") }) {
				t.Fatalf("%q", texts)
			}
		}
	})
}
