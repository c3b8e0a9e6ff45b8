package sim

import (
	"context"
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
		x := putsOff(t, until, wire.OpPutState, wire.OpPutVault)
		n, hears := 0, x.hears
		x.hears = func(f wire.Frame) wire.Frame {
			if f.Kind == wire.OpPutVault || f.Kind == wire.OpPutState {
				n++
			}
			if n > 20000 {
				return f // enough is seen
			}
			return hears(f)
		}
		says := x.says
		x.says = func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if n > 20000 {
				return []wire.Frame{f}
			}
			return says(asked, f)
		}
		fresh.lane.lie(x)
		must(t, fresh.signsIn())
		must(t, fresh.on().SetSetting(ctx, "theme", "dark"))
		time.Sleep(10 * time.Minute)
		first := n
		time.Sleep(2*time.Hour - 10*time.Minute)
		n = 0
		time.Sleep(10 * time.Minute)
		if n > 2*first || first > 500 {
			t.Fatalf("%d requests in the first ten minutes, %d in the last", first, n)
		}
		time.Sleep(2 * time.Hour)
		phone.isSet(t, "theme", "dark")
	})
}
