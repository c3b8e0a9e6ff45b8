package sim

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"frond/client/vault"
	"frond/wire"
)

// code makes a recovery code the account's.
func (p *page) code() string {
	p.t.Helper()
	code := p.ok("recovery-new", `{}`)["code"].(string)
	p.ok("recovery-confirm", fmt.Sprintf(`{"code": %q}`, code))
	return code
}

// header reads the account's vault header from the server's database.
func (s *stage) header(name string) vault.Header {
	s.t.Helper()
	a, err := s.server.store.AccountByName(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	h, err := vault.ParseHeader(a.Header)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

func (p *page) says(id, text string) {
	p.t.Helper()
	p.ok("send", fmt.Sprintf(`{"conversation": %q, "text": %q}`, id, text))
	time.Sleep(5 * time.Second)
}

// finds waits until the history of a new device has a text.
func (p *page) finds(id, text string) {
	p.t.Helper()
	for range 60 {
		time.Sleep(time.Second)
		if answer := p.do("open", fmt.Sprintf(`{"conversation": %q}`, id)); answer["ok"] != nil {
			for _, m := range answer["ok"].(map[string]any)["messages"].([]any) {
				if parts := m.(map[string]any)["parts"].([]any); len(parts) > 0 && parts[0].(map[string]any)["text"] == text {
					return
				}
			}
		}
	}
	p.t.Fatalf("%q is not in the history", text)
}

func TestInHighProtectionThePasswordSignsInAndOpensNothing(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		s.signedUp("ben")
		id := phone.ok("create", `{"kind": "direct", "people": ["ben"]}`)["conversation"].(string)
		phone.says(id, "keep this")
		laptop := s.signedIn("ada")

		phone.refused("recovery-code", "protection", `{"high": true, "password": "correct horse"}`) // no code: too dangerous
		code := phone.code()
		phone.refused("wrong-password", "protection", `{"high": true, "password": "correct hors"}`)
		if phone.ok("security", `{}`)["high"] != false || !s.header("ada").Has(vault.SlotPassword) {
			t.Fatal("a refused change changed something")
		}
		phone.ok("protection", `{"high": true, "password": "correct horse"}`)
		time.Sleep(5 * time.Second)
		for _, p := range []*page{phone, laptop} {
			if got := p.ok("security", `{}`); got["high"] != true || got["recovery"] != true {
				t.Fatalf("security: %v", got)
			}
		}
		if s.header("ada").Has(vault.SlotPassword) {
			t.Fatal("the header still has a slot for the password")
		}
		laptop.refused("recovery-code", "recovery-off", `{}`) // nothing would open it then
		phone.reload()
		if got := phone.ok("security", `{}`); got["high"] != true {
			t.Fatalf("after a reload: %v", got)
		}

		// A new device is let in by the server and finds the vault closed.
		tablet := s.page()
		tablet.refused("wrong-password", "sign-in", `{"name": "ada", "password": "correct hors"}`)
		tablet.refused("not-signed-in", "unlock", fmt.Sprintf(`{"code": %q}`, code))
		if got := tablet.ok("sign-in", `{"name": "ada", "password": "correct horse"}`); fmt.Sprint(got) != "map[name:ada recovery:true state:locked]" {
			t.Fatalf("session: %v", got)
		}
		tablet.refused("recovery-code", "unlock", `{"code": "nonsense"}`)
		other, _ := vault.NewRecoveryCode(rand.NewChaCha8([32]byte{9}))
		tablet.refused("recovery-code", "unlock", fmt.Sprintf(`{"code": %q}`, other.Text()))
		tablet.refused("not-signed-in", "create", `{"kind": "direct", "people": ["ben"]}`)
		laptop.ok("setting", `{"key": "theme", "value": "dark"}`) // the vault moves on while the code is looked for
		laptop.ok("recovery-confirm", fmt.Sprintf(`{"code": %q}`, code))
		time.Sleep(5 * time.Second)
		if got := tablet.ok("unlock", fmt.Sprintf(`{"code": %q}`, code)); got["state"] != "signed-in" {
			t.Fatalf("session: %v", got)
		}
		tablet.finds(id, "keep this")

		// Another password opens no more than the one before; the forgotten one is replaced by the code.
		tablet.ok("password", `{"current": "correct horse", "password": "battery staple"}`)
		time.Sleep(5 * time.Second)
		if s.header("ada").Has(vault.SlotPassword) {
			t.Fatal("the new password brought its slot back")
		}
		found := s.page()
		found.ok("recover", fmt.Sprintf(`{"name": "ada", "code": %q, "password": "third password"}`, code))
		found.finds(id, "keep this")
		if s.header("ada").Has(vault.SlotPassword) {
			t.Fatal("recovering brought the password's slot back")
		}
		again := s.page()
		if got := again.ok("sign-in", `{"name": "ada", "password": "third password"}`); got["state"] != "locked" {
			t.Fatalf("session: %v", got)
		}
		again.ok("sign-out", `{"clear": false}`)
		again.refused("not-signed-in", "unlock", fmt.Sprintf(`{"code": %q}`, code))

		// And back: the password is typed, and opens the vault again.
		laptop.refused("wrong-password", "protection", `{"high": false, "password": "battery staple"}`)
		laptop.ok("protection", `{"high": false, "password": "third password"}`)
		time.Sleep(5 * time.Second)
		for _, p := range []*page{phone, laptop, tablet, found} {
			if got := p.ok("security", `{}`); got["high"] != false {
				t.Fatalf("security: %v", got)
			}
		}
		if got := again.ok("sign-in", `{"name": "ada", "password": "third password"}`); got["state"] != "signed-in" {
			t.Fatalf("session: %v", got)
		}
		again.finds(id, "keep this")
	})
}

// The answer to the change is lost, and the app ends in the middle of it: the account is in one state or the
// other, all devices agree which, and it can be changed again.
func TestAChangeOfProtectionThatIsInterruptedIsDoneOrNot(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		laptop := s.signedIn("ada")
		code := phone.code()
		time.Sleep(5 * time.Second)
		for i := range 4 {
			high := i%2 == 0
			phone.lane.cheat(func(f wire.Frame) []wire.Frame {
				if f.Kind == wire.ReplyOK { // whatever was asked, the answer never comes
					return nil
				}
				return []wire.Frame{f}
			})
			phone.api.Handle(fmt.Appendf(nil, `{"id": 1, "command": "protection", "data": {"high": %v, "password": "correct horse"}}`, high))
			time.Sleep(3 * time.Second)
			phone.lane.cheat(nil)
			phone.lane.cut()
			if i > 1 {
				phone.reload()
			}
			time.Sleep(time.Minute)
			want := s.header("ada").Has(vault.SlotPassword)
			for _, p := range s.pages {
				if got := p.ok("security", `{}`); got["high"] != !want {
					t.Fatalf("%v: the header has a password slot: %v, security: %v", high, want, got)
				}
			}
			if want == high {
				t.Fatalf("the server took the change, and it is gone: high %v", high)
			}
		}
		laptop.ok("protection", `{"high": true, "password": "correct horse"}`)
		time.Sleep(5 * time.Second)
		tablet := s.page()
		tablet.ok("sign-in", `{"name": "ada", "password": "correct horse"}`)
		tablet.ok("unlock", fmt.Sprintf(`{"code": %q}`, code))
	})
}
