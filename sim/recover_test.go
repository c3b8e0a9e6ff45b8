package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"frond/client"
	"frond/client/vault"
	"frond/wire"
)

// failsWhenIn fails the network when a device has been added: the app is signed in, and nothing more gets through.
func (l *lane) failsWhenIn() {
	l.lie(liar{posts: func(path string, answer []byte) []byte {
		if path == wire.PathDevice {
			l.set(true, false)
		}
		return answer
	}})
}

// mended takes the faults of the network away.
func (l *lane) mended() {
	l.lie(liar{})
	l.set(false, false)
}

// begunRecovery recovers on a new device, whose network fails in the middle and whose app then ends.
func (w *World) begunRecovery(t *testing.T, of *person, code vault.RecoveryCode, next vault.Keys) *person {
	t.Helper()
	ctx := context.Background()
	found := w.blank(t, of)
	found.lane.failsWhenIn()
	done := make(chan error, 1)
	c := found.on()
	go func() { done <- c.Recover(ctx, of.name, code, next, of.kdf, wire.ID{}) }()
	time.Sleep(3 * time.Second)
	if s := c.Session().State; s != client.SignedIn {
		t.Fatalf("it is %s", s)
	}
	must(t, found.crash(ctx))
	if err := <-done; err == nil {
		t.Fatal("the password is said to be set")
	}
	return found
}

func (p *person) newCode(t *testing.T) vault.RecoveryCode {
	t.Helper()
	code, err := vault.NewRecoveryCode(p.rand)
	must(t, err)
	must(t, p.on().SetRecovery(context.Background(), code))
	time.Sleep(5 * time.Second)
	return code
}

// chosen reports whether a password that was chosen and is not set yet waits in a device's store.
func (p *person) chosen(t *testing.T) bool {
	t.Helper()
	_, waits := loot(t, p.store, p.account)[18]
	return waits
}

func TestARecoveryThatIsInterruptedStillSetsTheNewPassword(t *testing.T) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone := p[0]
		code := phone.newCode(t)
		next := vault.Keys{Auth: [32]byte{3}, Wrap: [32]byte{4}}
		found := w.begunRecovery(t, phone, code, next)
		if !found.chosen(t) {
			t.Fatal("the device forgot the new password")
		}
		found.lane.mended()
		must(t, found.start(ctx))
		time.Sleep(time.Minute)
		if found.chosen(t) {
			t.Fatal("the device keeps what it needs no more")
		}
		stranger := w.blank(t, phone)
		if err := stranger.signsIn(); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("by the forgotten password: %v", err)
		}
		stranger.keys = next
		must(t, stranger.signsIn())
	})
}

// The server sets the password, and its answer is lost; then the app ends.
func TestALostAnswerToARecoveryIsNoWrongPassword(t *testing.T) {
	for _, high := range []bool{false, true} {
		for _, ends := range []bool{false, true} {
			t.Run(fmt.Sprintf("high %v, the app ends %v", high, ends), func(t *testing.T) { loseAnswerToRecovery(t, high, ends) })
		}
	}
}

func loseAnswerToRecovery(t *testing.T, high, ends bool) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone := p[0]
		code := phone.newCode(t)
		if high {
			must(t, phone.on().SetProtection(ctx, true, phone.keys, phone.kdf))
		}
		found := w.blank(t, phone)
		found.lane.loses(wire.OpPutVault, 1)
		next := vault.Keys{Auth: [32]byte{3}, Wrap: [32]byte{4}}
		done := make(chan error, 1)
		go func(c *client.Client) { done <- c.Recover(ctx, phone.name, code, next, phone.kdf, wire.ID{}) }(found.on())
		if ends {
			time.Sleep(200 * time.Millisecond) // the change is made, and the device has not heard
			must(t, errors.Join(found.crash(ctx), found.start(ctx)))
			<-done
		} else {
			must(t, <-done)
		}
		time.Sleep(time.Minute)
		if found.chosen(t) || found.told(client.CodePasswordUnset) {
			t.Fatalf("the password is set, and the device does not know: %+v", found.faults)
		}
		found.keys = next
		must(t, errors.Join(found.on().SignOut(ctx, false), found.signInAgain(ctx)))
	})
}

// Two devices recover at once. The one whose password was set last knows; the other one is told.
func TestAPasswordThatCameLaterIsNotOverwrittenByARecovery(t *testing.T) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone := p[0]
		code := phone.newCode(t)
		found := w.begunRecovery(t, phone, code, vault.Keys{Auth: [32]byte{3}, Wrap: [32]byte{4}})
		later := vault.Keys{Auth: [32]byte{5}, Wrap: [32]byte{6}}
		laptop := w.blank(t, phone)
		must(t, laptop.on().Recover(ctx, phone.name, code, later, phone.kdf, wire.ID{}))
		found.lane.mended()
		must(t, found.start(ctx))
		time.Sleep(time.Minute)
		if !found.told(client.CodePasswordUnset) || found.chosen(t) {
			t.Fatalf("not told that another password is in force: %+v", found.faults)
		}
		stranger := w.blank(t, phone)
		stranger.keys = later
		must(t, stranger.signsIn())
	})
}

// In high protection no slot of the vault tells that the password changed: the server refuses the older
// one. It is said until a password is set, after a reload too.
func TestARecoveryThatCannotSetThePasswordSaysSoUntilOneIsSet(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		code := phone.code()
		phone.ok("protection", `{"high": true, "password": "correct horse"}`)
		time.Sleep(5 * time.Second)
		recover := func(password string) string {
			return fmt.Sprintf(`{"name": "ada", "code": %q, "password": %q}`, code, password)
		}
		found, laptop := s.page(), s.page()
		found.lane.failsWhenIn()
		found.api.Handle(fmt.Appendf(nil, `{"id": 1000, "command": "recover", "data": %s}`, recover("the first one")))
		time.Sleep(5 * time.Second)
		laptop.ok("recover", recover("the second one"))
		found.lane.mended()
		time.Sleep(time.Minute)
		told := func() bool {
			f := found.newest("fault")
			return f != nil && f["code"] == "password-unset" && f["action"] == "new-password" && strings.Contains(f["text"].(string), "not")
		}
		if !told() {
			t.Fatalf("fault: %v", found.newest("fault"))
		}
		found.events = nil
		found.reload()
		if !told() {
			t.Fatalf("after a reload: %v", found.newest("fault"))
		}
		other := phone.ok("recovery-new", `{}`)["code"].(string)
		found.refused("recovery-code", "password", fmt.Sprintf(`{"code": %q, "password": "the third one"}`, other))
		found.refused("recovery-code", "password", `{"code": "nonsense", "password": "the third one"}`)
		found.ok("password", fmt.Sprintf(`{"code": %q, "password": "the third one"}`, code))
		found.events = nil
		found.reload()
		time.Sleep(5 * time.Second)
		if f := found.newest("fault"); f != nil {
			t.Fatalf("a password is set, and still: %v", f)
		}
		again := s.page()
		again.refused("wrong-password", "sign-in", `{"name": "ada", "password": "the second one"}`)
		again.ok("sign-in", `{"name": "ada", "password": "the third one"}`)
	})
}

// What somebody asked for before signing out is not done to whoever signs in next.
func TestAChangeThatWaitsIsNotMadeInAnotherAccount(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		code, err := vault.NewRecoveryCode(ada.rand)
		must(t, err)
		ada.lane.lie(liar{hears: func(f wire.Frame) wire.Frame {
			if f.Kind == wire.OpPutVault {
				f.Kind = wire.OpPing
				go ada.lane.cut()
			}
			return f
		}})
		done := make(chan error, 1)
		waiting, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		go func() { done <- ada.on().SetRecovery(waiting, code) }()
		time.Sleep(100 * time.Millisecond)
		must(t, ada.on().SignOut(ctx, false))
		if err := <-done; wire.CodeOf(err) != client.CodeNotSignedIn {
			t.Fatalf("a change that waits at the sign-out: %v", err)
		}
		ada.lane.mended()
		must(t, ada.on().SignIn(ctx, ben.credentials()))
		time.Sleep(time.Minute)
		if ada.on().HasRecovery() || slices.ContainsFunc(p, func(p *person) bool { return p.told(wire.CodeUnauthenticated) }) {
			t.Fatal("ben has ada's recovery code")
		}
	})
}
