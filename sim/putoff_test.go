package sim

import (
	"context"
	"testing"
	"time"

	"frond/client/vault"
	"frond/wire"
)

// putsOff is a server that finds requests of a kind too many, until a time. They never reach the real one.
func putsOff(t *testing.T, until time.Time, kinds ...wire.Kind) liar {
	refusal := encoded(t, wire.Error{Code: wire.CodeRateLimited, Message: "Too many attempts.", RetryAfter: 60})
	early := func(kind wire.Kind) bool {
		for _, k := range kinds {
			if k == kind {
				return time.Now().Before(until)
			}
		}
		return false
	}
	return liar{
		hears: func(f wire.Frame) wire.Frame {
			if early(f.Kind) {
				f.Kind, f.Body = wire.OpPing, encoded(t, wire.Nothing{})
			}
			return f
		},
		says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if early(asked) {
				f.Kind, f.Body = wire.ReplyFail, refusal
			}
			return []wire.Frame{f}
		},
	}
}

func TestWhatTheServerPutsOffIsDoneLater(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		lost := w.second(t, phone)
		time.Sleep(20 * time.Second)
		begin := time.Now()
		phone.lane.lie(putsOff(t, begin.Add(10*time.Minute), wire.OpPutVault, wire.OpRemoveDevice))
		must(t, phone.on().RemoveDevice(ctx, lost.device()))
		if took := time.Since(begin); took < 10*time.Minute || took > 11*time.Minute {
			t.Fatalf("the device was removed after %v", took)
		}
		next := vault.Keys{Auth: [32]byte{1}, Wrap: [32]byte{2}}
		phone.lane.lie(putsOff(t, time.Now().Add(time.Minute), wire.OpPutVault))
		must(t, phone.on().ChangePassword(ctx, &phone.keys, next, phone.kdf))
		phone.keys = next

		fresh := w.blank(t, phone)
		phone.lane.lie(putsOff(t, time.Now().Add(time.Hour), wire.OpPutVault))
		fresh.lane.lie(putsOff(t, time.Now().Add(time.Hour), wire.OpPutVault))
		must(t, fresh.signsIn())
		time.Sleep(10 * time.Minute)
		w.allTalk(t, direct, phone, fresh, ben) // it has no slot in the vault's header yet
		time.Sleep(time.Hour)
		w.headed(t, phone, fresh)
		noFaultsBut(t, "", phone, fresh, ben)
	})
}
