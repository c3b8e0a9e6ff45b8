package sim

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"frond/client/vault"
	"frond/wire"
)

// guarded is an account in high protection, with a conversation and something said in it.
func (s *stage) guarded() (phone *page, code, id string) {
	s.t.Helper()
	phone = s.signedUp("ada")
	s.signedUp("ben")
	id = phone.ok("create", `{"kind": "direct", "people": ["ben"]}`)["conversation"].(string)
	phone.says(id, "keep this")
	code = phone.code()
	phone.ok("protection", `{"high": true, "password": "correct horse"}`)
	time.Sleep(5 * time.Second)
	return phone, code, id
}

// outside signs in on another browser, which stays locked.
func (s *stage) outside() *page {
	s.t.Helper()
	p := s.page()
	if got := p.ok("sign-in", `{"name": "ada", "password": "correct horse"}`); got["state"] != "locked" {
		s.t.Fatalf("session: %v", got)
	}
	return p
}

// asks begins a request and returns its id, as the other device is told of it, and the code to scan.
func (p *page) asks(other *page) (id, qr string) {
	p.t.Helper()
	qr = p.ok("approval-start", `{}`)["qr"].(string)
	time.Sleep(time.Second)
	if got := p.newest("approval"); got["state"] != "waiting" {
		p.t.Fatalf("approval: %v", got)
	}
	request := other.newest("approval-request")
	if request == nil || request["over"] != nil {
		p.t.Fatalf("the other device is told %v", request)
	}
	wantFields(p.t, "approval-request", request, "at device id")
	return request["id"].(string), qr
}

func about(id string) string { return fmt.Sprintf(`{"id": %q}`, id) }

func scanned(id, qr string) string { return fmt.Sprintf(`{"id": %q, "code": %q}`, id, qr) }

func says(id string, allow bool) string { return fmt.Sprintf(`{"id": %q, "allow": %v}`, id, allow) }

// is demands that a device's request has come so far.
func (p *page) is(state string) map[string]any {
	p.t.Helper()
	got := p.newest("approval")
	if got["state"] != state {
		p.t.Fatalf("the request is %v, want %s", got, state)
	}
	return got
}

func TestADeviceLetsAnotherInWhenBothShowTheSameDigits(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, _, id := s.guarded()
		laptop := s.outside()
		request, _ := laptop.asks(phone)
		phone.refused("bad-request", "approval-answer", says(request, true)) // nothing was compared yet
		opened := phone.ok("approval-open", about(request))
		time.Sleep(2 * time.Second)
		if got := laptop.is("compare"); got["digits"] != opened["digits"] || len(opened["digits"].(string)) != 6 {
			t.Fatalf("one screen shows %v, the other %v", opened, got)
		}
		phone.ok("approval-answer", says(request, true))
		time.Sleep(10 * time.Second)
		laptop.is("allowed")
		if got := laptop.newest("session"); got["state"] != "signed-in" || got["name"] != "ada" {
			t.Fatalf("session: %v", got)
		}
		laptop.finds(id, "keep this")
		if ids, _ := phone.devices(); len(ids) != 2 || phone.newest("device-news")["added"] != true {
			t.Fatalf("the devices are %v", ids)
		}
		if got := phone.newest("approval-request"); got["over"] != true {
			t.Fatalf("the request is still shown: %v", got)
		}

		// It is a device like others: it has a slot of its own, survives a change of the vault, and lets others in.
		if !s.header("ada").Has(vault.SlotDevice) || s.header("ada").Has(vault.SlotApproval) {
			t.Fatal("the header is not what it should be")
		}
		phone.ok("password", `{"current": "correct horse", "password": "battery staple"}`)
		phone.ok("setting", `{"key": "theme", "value": "dark"}`)
		time.Sleep(10 * time.Second)
		laptop.reload()
		time.Sleep(5 * time.Second)
		if got := laptop.setting("theme"); got != "dark" {
			t.Fatalf("the theme is %v", got)
		}
		tablet := s.page()
		tablet.ok("sign-in", `{"name": "ada", "password": "battery staple"}`)
		request, _ = tablet.asks(laptop)
		laptop.ok("approval-open", about(request))
		time.Sleep(2 * time.Second)
		laptop.ok("approval-answer", says(request, true))
		tablet.finds(id, "keep this")
	})
}

// A server that is busy for a moment spoils no request.
func TestARequestThatTheServerPutsOffIsTakenUpLater(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, _, id := s.guarded()
		laptop := s.outside()
		request, _ := laptop.asks(phone)
		phone.lane.lie(putsOff(t, time.Now().Add(10*time.Second), wire.OpApproval))
		phone.refused("rate-limited", "approval-open", about(request))
		time.Sleep(20 * time.Second)
		phone.ok("approval-open", about(request))
		time.Sleep(2 * time.Second)
		laptop.is("compare")
		phone.ok("approval-answer", says(request, true))
		laptop.finds(id, "keep this")
	})
}

func TestADeviceLetsAnotherInWhoseCodeItScans(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, _, id := s.guarded()
		laptop := s.outside()
		request, qr := laptop.asks(phone)
		if got := phone.ok("approval-scan", scanned(request, qr)); got["match"] != true {
			t.Fatalf("scan: %v", got)
		}
		phone.ok("approval-answer", says(request, true))
		laptop.finds(id, "keep this")

		// The code of another request does not fit, and then that request can only be denied.
		tablet := s.outside()
		request, _ = tablet.asks(phone)
		if got := phone.ok("approval-scan", scanned(request, qr)); got["match"] != false {
			t.Fatalf("scan: %v", got)
		}
		phone.refused("approval", "approval-open", about(request))
		phone.refused("approval", "approval-answer", says(request, true))
		phone.ok("approval-answer", says(request, false))
	})
}

func TestWhoIsDeniedIsSignedOutAndTheOwnerIsWarned(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, code, _ := s.guarded()
		laptop := s.signedInByCode(code)
		thief := s.outside()
		request, _ := thief.asks(phone)
		time.Sleep(time.Second)
		if got := laptop.newest("approval-request"); got["id"] != request {
			t.Fatalf("the other device is told %v", got)
		}
		phone.ok("approval-open", about(request))
		laptop.refused("conflict", "approval-open", about(request)) // two devices answer at once
		laptop.refused("conflict", "approval-answer", says(request, true))
		laptop.ok("approval-answer", says(request, false)) // though any may say no
		time.Sleep(5 * time.Second)
		thief.is("denied")
		if got := thief.newest("session"); got["state"] != "signed-out" {
			t.Fatalf("session: %v", got)
		}
		if got := laptop.newest("fault"); got["code"] != "approval" || got["action"] != "password" {
			t.Fatalf("fault: %v", got)
		}
		phone.refused("not-found", "approval-answer", says(request, true))
		thief.refused("not-signed-in", "approval-start", `{}`)
		if ids, _ := phone.devices(); len(ids) != 2 {
			t.Fatalf("the devices are %v", ids)
		}
	})
}

// A password that is another now keeps out who signed in by the one before, however far they came.
func TestWhoAsksToBeLetInIsSignedOutWhenThePasswordChanges(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, code, _ := s.guarded()
		asks, waits, reads := s.outside(), s.outside(), s.outside()
		request, _ := asks.asks(phone)
		phone.ok("password", `{"current": "correct horse", "password": "battery staple"}`)
		time.Sleep(5 * time.Second)
		asks.is("expired")
		if got := phone.newest("approval-request"); got["over"] != true {
			t.Fatalf("the request is still shown: %v", got)
		}
		phone.refused("not-found", "approval-open", about(request))
		waits.refused("unauthenticated", "approval-start", `{}`)
		reads.refused("unauthenticated", "unlock", fmt.Sprintf(`{"code": %q}`, code))
		for _, p := range []*page{asks, waits, reads} {
			if got := p.newest("session"); got["state"] != "signed-out" {
				t.Fatalf("session: %v", got)
			}
		}
		waits.ok("sign-in", `{"name": "ada", "password": "battery staple"}`)
		waits.ok("unlock", fmt.Sprintf(`{"code": %q}`, code))
	})
}

// signedInByCode is another device that the recovery code let in.
func (s *stage) signedInByCode(code string) *page {
	s.t.Helper()
	p := s.outside()
	p.ok("unlock", fmt.Sprintf(`{"code": %q}`, code))
	time.Sleep(8 * time.Second)
	return p
}

func TestARequestEndsWhenNobodyAnswersOrOneSideGoesAway(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, _, id := s.guarded()
		laptop := s.outside()

		// Nobody looks.
		request, _ := laptop.asks(phone)
		time.Sleep(wire.ApprovalLife + time.Minute)
		laptop.is("expired")
		if got := phone.newest("approval-request"); got["over"] != true {
			t.Fatalf("approval-request: %v", got)
		}
		phone.refused("not-found", "approval-open", about(request))

		// The new device gives up, and asks again, which replaces what it asked before.
		request, _ = laptop.asks(phone)
		laptop.ok("approval-stop", `{}`)
		time.Sleep(time.Second)
		if got := phone.newest("approval-request"); got["over"] != true {
			t.Fatalf("approval-request: %v", got)
		}
		phone.refused("not-found", "approval-answer", says(request, true))
		first, _ := laptop.asks(phone)
		second, _ := laptop.asks(phone)
		phone.refused("not-found", "approval-open", about(first))

		// The new device is gone when it should show its key.
		laptop.lane.set(true, false)
		phone.refused("approval", "approval-open", about(second))
		laptop.lane.set(false, false)
		time.Sleep(5 * time.Second)
		if got := phone.ok("approval-open", about(second)); got["digits"] != laptop.is("compare")["digits"] {
			t.Fatalf("%v", got)
		}

		// The device that answers loses its connection and comes back; one that comes later is told as well.
		phone.lane.set(true, false)
		phone.refused("offline", "approval-answer", says(second, true))
		phone.lane.set(false, false)
		phone.ok("reconnect", `{}`)
		time.Sleep(5 * time.Second)
		phone.ok("approval-answer", says(second, true))
		laptop.finds(id, "keep this")
		phone.lane.set(true, false)
		tablet := s.outside()
		tablet.ok("approval-start", `{}`)
		time.Sleep(time.Minute)
		phone.lane.set(false, false)
		phone.ok("reconnect", `{}`)
		time.Sleep(time.Minute)
		if got := phone.newest("approval-request"); got["over"] != nil {
			t.Fatalf("approval-request: %v", got)
		}
	})
}

// Between being let in and its own first epoch a new device can be overtaken. It says so, and can come again.
func TestANewDeviceThatIsOvertakenByAChangeOfTheVaultSaysSo(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, _, id := s.guarded()
		laptop := s.outside()
		request, qr := laptop.asks(phone)
		phone.ok("approval-scan", scanned(request, qr))
		laptop.lane.cheat(func(f wire.Frame) []wire.Frame { return nil }) // it comes no further than to add itself
		phone.ok("approval-answer", says(request, true))
		time.Sleep(5 * time.Second)
		phone.ok("password", `{"current": "correct horse", "password": "battery staple"}`)
		time.Sleep(5 * time.Second)
		laptop.lane.cheat(nil)
		laptop.lane.cut()
		time.Sleep(time.Minute)
		if got := laptop.newest("fault"); got == nil || got["code"] != "approval" {
			t.Fatalf("fault: %v", got)
		}
		laptop.ok("sign-out", `{"clear": true}`)
		laptop.ok("sign-in", `{"name": "ada", "password": "battery staple"}`)
		request, qr = laptop.asks(phone)
		phone.ok("approval-scan", scanned(request, qr))
		phone.ok("approval-answer", says(request, true))
		laptop.finds(id, "keep this")
	})
}

// A server that stands between the devices has one chance in a million for each request that a person looks at,
// so a device looks at three in an hour, also when its page is loaded anew.
func TestADeviceLooksAtThreeRequestsInAnHour(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, _, _ := s.guarded()
		laptop := s.outside()
		for range 3 {
			request, _ := laptop.asks(phone)
			phone.ok("approval-open", about(request))
			phone.ok("approval-open", about(request)) // again the same
		}
		phone.reload()
		time.Sleep(10 * time.Second)
		request, _ := laptop.asks(phone)
		phone.refused("rate-limited", "approval-open", about(request))
		time.Sleep(time.Hour)
		request, _ = laptop.asks(phone)
		phone.ok("approval-open", about(request))
	})
}

// between is a cheating server: it gives the device that is asked a request of its own instead of the one that was
// made, and knows everything that both sides say.
type between struct {
	asking  *vault.Asking
	account wire.ID
	reveal  bool // it shows its own key as well
	old     *wire.ApprovalNews
}

func (b *between) news(f wire.Frame) []wire.Frame {
	var n wire.ApprovalNews
	if f.Kind != wire.PushApproval || wire.Decode(f.Body, &n) != nil {
		return []wire.Frame{f}
	}
	if b.old != nil { // it says again what another device once said
		n.Commit, n.Random, n.Public = b.old.Commit, b.old.Random, b.old.Public
	} else {
		n.Commit = b.asking.Commit
	}
	if n.State == wire.ApprovalRevealed && b.reveal {
		random := wire.Hash(b.asking.Random)
		n.Public, n.Random = b.asking.Public, &random
	}
	f.Body, _ = wire.Encode(n)
	return []wire.Frame{f}
}

func TestAServerBetweenTheDevicesIsFoundOut(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, _, _ := s.guarded()
		account, _ := wire.ParseID(phone.newest("session")["account"].(string))
		asking, err := vault.NewAsking(rand.NewChaCha8([32]byte{7}), account)
		if err != nil {
			t.Fatal(err)
		}

		// It puts its own key in place of the new device's, with everything that belongs to it: the digits differ.
		laptop := s.outside()
		phone.lane.cheat((&between{asking: asking, account: account, reveal: true}).news)
		request, qr := laptop.asks(phone)
		shown := phone.ok("approval-open", about(request))["digits"]
		time.Sleep(3 * time.Second)
		if got := laptop.is("compare"); got["digits"] == shown {
			t.Fatalf("both screens show %v, with a server in between", shown)
		}
		if got := phone.ok("approval-scan", scanned(request, qr)); got["match"] != false {
			t.Fatal("the scanned code fits the server's request")
		}
		phone.refused("approval", "approval-answer", says(request, true))

		// It says again what another device said once, whose request was true then: the digits differ.
		phone.lane.cheat(nil)
		var seen wire.ApprovalNews
		phone.lane.cheat(func(f wire.Frame) []wire.Frame {
			if f.Kind == wire.PushApproval {
				_ = wire.Decode(f.Body, &seen)
			}
			return []wire.Frame{f}
		})
		request, _ = laptop.asks(phone)
		phone.ok("approval-open", about(request))
		if seen.State != wire.ApprovalRevealed {
			t.Fatalf("%+v", seen)
		}
		time.Sleep(2 * time.Hour)
		tablet := s.outside()
		phone.lane.cheat((&between{old: &seen}).news)
		request, _ = tablet.asks(phone)
		shown = phone.ok("approval-open", about(request))["digits"]
		time.Sleep(3 * time.Second)
		if got := tablet.is("compare"); got["digits"] == shown {
			t.Fatalf("both screens show %v, with an old request in between", shown)
		}

		// It exchanges the key after the commitment was told: the device that is asked notices by itself.
		phone.lane.cheat(func(f wire.Frame) []wire.Frame {
			var n wire.ApprovalNews
			if f.Kind == wire.PushApproval && wire.Decode(f.Body, &n) == nil && n.State == wire.ApprovalRevealed {
				n.Public = asking.Public
				f.Body, _ = wire.Encode(n)
			}
			return []wire.Frame{f}
		})
		request, _ = tablet.asks(phone)
		phone.refused("approval", "approval-open", about(request))
		phone.refused("approval", "approval-answer", says(request, true))
		phone.lane.cheat(nil)

		// And what is on the QR code is the commitment and nothing secret.
		if raw, err := base64.StdEncoding.DecodeString(qr); err != nil || len(raw) != len("frond-approval-1")+32 {
			t.Fatalf("%d bytes, %v", len(raw), err)
		}
	})
}

// Removing a device replaces the root and the vault's key. What opens the vault stays what it was, and who was
// removed is let in again like a stranger.
func TestHighProtectionOutlivesTheRemovalOfADevice(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone, code, id := s.guarded()
		laptop := s.signedInByCode(code)
		ids, _ := phone.devices()
		phone.ok("device-remove", fmt.Sprintf(`{"id": %q}`, ids[1]))
		time.Sleep(20 * time.Second)
		if h := s.header("ada"); h.Has(vault.SlotPassword) || !h.Has(vault.SlotRecovery) {
			t.Fatal("something else opens the vault after the removal")
		}
		phone.says(id, "after the removal")
		tablet := s.signedInByCode(code)
		tablet.finds(id, "after the removal")

		laptop.ok("sign-out", `{"clear": true}`)
		if got := laptop.ok("sign-in", `{"name": "ada", "password": "correct horse"}`); got["state"] != "locked" {
			t.Fatalf("session: %v", got)
		}
		request, qr := laptop.asks(phone)
		phone.ok("approval-scan", scanned(request, qr))
		phone.ok("approval-answer", says(request, true))
		laptop.finds(id, "keep this")
	})
}
