package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"frond/client/vault"
	"frond/wire"
)

// slow is a server whose answers to requests of a kind come together with whatever it says next.
func slow(kind wire.Kind) liar {
	var held []wire.Frame
	return liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
		if asked == kind {
			held = append(held, f)
			return nil
		}
		all := append([]wire.Frame{f}, held...)
		held = nil
		return all
	}}
}

// counted counts requests of some kinds. After so many that no client means well, a liar lets everything pass.
func counted(x liar, kinds ...wire.Kind) (liar, *int) {
	const many = 20000
	n := new(int)
	hears, says := x.hears, x.says
	x.hears = func(f wire.Frame) wire.Frame {
		if slices.Contains(kinds, f.Kind) {
			*n++
		}
		if hears == nil || *n > many {
			return f
		}
		return hears(f)
	}
	x.says = func(asked wire.Kind, f wire.Frame) []wire.Frame {
		if says == nil || *n > many {
			return []wire.Frame{f}
		}
		return says(asked, f)
	}
	return x, n
}

// isSet demands that a device knows a setting of the account.
func (p *person) isSet(t *testing.T, name, value string) {
	t.Helper()
	s, err := p.on().Settings(context.Background())
	must(t, err)
	if s.All[name] != value {
		t.Fatalf("%s has the settings %+v", p.name, s.All)
	}
}

// A setting is changed while the server looks at a password, which is wrong. The setting is saved then.
func TestWhatChangesWhileAWrongPasswordIsTriedIsSaved(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		tablet := w.second(t, phone)
		time.Sleep(time.Minute)
		phone.lane.lie(slow(wire.OpPutVault))
		changed := make(chan error, 1)
		go func() {
			changed <- phone.on().ChangePassword(ctx, &vault.Keys{Auth: [32]byte{9}}, vault.Keys{Auth: [32]byte{1}, Wrap: [32]byte{2}}, phone.kdf)
		}()
		must(t, phone.on().SetSetting(ctx, "theme", "dark"))
		time.Sleep(5 * time.Second)
		ben.say(t, id, "hello")
		if err := <-changed; wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		tablet.isSet(t, "theme", "dark")
	})
}

// Nobody knows whether the server took a state when the device loses its power: it is saved again, whatever was
// written meanwhile.
func TestAStateWhoseFateIsNotKnownIsSavedAfterAPowerCut(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone := p[0]
		phone.lane.lie(liar{
			hears: func(f wire.Frame) wire.Frame {
				if f.Kind == wire.OpPutState {
					f.Kind, f.Body = wire.OpPing, encoded(t, wire.Nothing{})
				}
				return f
			},
			says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
				if asked == wire.OpPutState {
					return nil
				}
				return []wire.Frame{f}
			},
		})
		must(t, phone.on().SetSetting(ctx, "theme", "dark"))
		time.Sleep(5 * time.Second)
		tablet := w.second(t, phone)
		must(t, phone.crash(ctx))
		phone.lane.lie(liar{})
		time.Sleep(time.Minute)
		must(t, phone.start(ctx))
		time.Sleep(time.Minute)
		tablet.isSet(t, "theme", "dark")
	})
}

// Neither state nor vault can be saved for hours. Each is tried again at its pace, and not once more for each try of
// the other.
func TestTwoThingsThatArePutOffDoNotMultiply(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone := p[0]
		fresh := w.blank(t, phone)
		until := time.Now().Add(3 * time.Hour)
		phone.lane.lie(putsOff(t, until, wire.OpPutVault))
		x, n := counted(putsOff(t, until, wire.OpPutState, wire.OpPutVault), wire.OpPutState, wire.OpPutVault)
		fresh.lane.lie(x)
		must(t, fresh.signsIn())
		must(t, fresh.on().SetSetting(ctx, "theme", "dark"))
		time.Sleep(10 * time.Minute)
		first := *n
		time.Sleep(2*time.Hour - 10*time.Minute)
		before := *n
		time.Sleep(10 * time.Minute)
		if last := *n - before; last > 2*first || first > 500 {
			t.Fatalf("%d requests in the first ten minutes, %d in the last", first, last)
		}
		time.Sleep(2 * time.Hour)
		phone.isSet(t, "theme", "dark")
	})
}

// A server that says again and again that another device was first, and shows none that was, is asked at a pace.
func TestAServerThatAlwaysSaysSomebodyElseWasFirstIsAskedAtAPace(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada := p[0]
		time.Sleep(time.Minute)
		refusal := encoded(t, wire.Error{Code: wire.CodeConflict, Message: "Somebody else was first.", Last: 99})
		x, n := counted(liar{
			hears: func(f wire.Frame) wire.Frame {
				if f.Kind == wire.OpPutState {
					f.Kind, f.Body = wire.OpPing, encoded(t, wire.Nothing{})
				}
				return f
			},
			says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
				if asked == wire.OpPutState {
					f.Kind, f.Body = wire.ReplyFail, refusal
				}
				return []wire.Frame{f}
			},
		}, wire.OpPutState)
		ada.lane.lie(x)
		must(t, ada.on().SetSetting(ctx, "theme", "dark"))
		time.Sleep(10 * time.Minute)
		if *n > 500 {
			t.Fatalf("%d requests in ten minutes", *n)
		}
	})
}
