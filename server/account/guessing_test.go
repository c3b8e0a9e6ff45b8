package account

import (
	"fmt"
	"testing"
	"time"

	"frond/wire"
)

// guessing is a service whose clock the test holds, with an account that signed up from 192.0.2.1.
func guessing(t *testing.T) (*Service, *clock) {
	c := &clock{time.Unix(1.7e9, 0)}
	s, _ := newService(t, c.now)
	signUp(t, s, "ana")
	return s, c
}

func try(t *testing.T, s *Service, from, name string, auth byte) error {
	t.Helper()
	_, _, err := s.SignIn(t.Context(), from, &wire.SignIn{Name: name, Auth: wire.Hash{auth}})
	return err
}

// everywhere guesses from ever new networks until none is let through.
func everywhere(t *testing.T, s *Service, name string) (guesses int) {
	t.Helper()
	for guesses < 1000 {
		err := try(t, s, fmt.Sprintf("2001:db8:0:%x::1", guesses), name, 9)
		if wire.CodeOf(err) == wire.CodeRateLimited {
			break
		}
		if wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatal(err)
		}
		guesses++
	}
	return guesses
}

func TestGuessingAPasswordFromManyNetworksIsSlow(t *testing.T) {
	t.Parallel()
	s, c := guessing(t)
	burst := DefaultLimits.SignInName.Burst
	for _, name := range []string{"ana", "nobody"} { // and tells nothing of whether the name exists
		if n := everywhere(t, s, name); n != burst {
			t.Fatalf("%s: %d guesses went through at once", name, n)
		}
	}
	known, unknown := try(t, s, "198.51.100.1", "ana", 9), try(t, s, "198.51.100.1", "nobody", 9)
	if known.Error() != unknown.Error() || known.(*wire.Error).RetryAfter != unknown.(*wire.Error).RetryAfter {
		t.Fatalf("%v, but %v", known, unknown)
	}
	through := 0
	for range 24 * 60 {
		c.t = c.t.Add(time.Minute)
		through += everywhere(t, s, "ana")
	}
	if want := int(24 * time.Hour / DefaultLimits.SignInName.Every); through > want+1 {
		t.Fatalf("%d guesses went through in a day", through)
	}
}

func TestWhoSignedInFromANetworkBeforeIsNotKeptOutByGuesses(t *testing.T) {
	t.Parallel()
	s, _ := guessing(t)
	if err := try(t, s, "198.51.100.1", "ana", 1); err != nil {
		t.Fatal(err)
	}
	everywhere(t, s, "ana")
	for _, from := range []string{"192.0.2.1", "198.51.100.1"} {
		if err := try(t, s, from, "ana", 9); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("mistyped at home: %v", err)
		}
		if err := try(t, s, from, "ana", 1); err != nil {
			t.Fatalf("at home: %v", err)
		}
	}
	if err := try(t, s, "198.51.100.2", "ana", 1); wire.CodeOf(err) != wire.CodeRateLimited {
		t.Fatalf("elsewhere: %v", err)
	}
	recovery := wire.Recover{Name: "ana", Auth: wire.Hash{7}} // nobody guesses 128 bits
	if _, _, err := s.Recover(t.Context(), "198.51.100.2", &recovery); wire.CodeOf(err) != wire.CodeWrongPassword {
		t.Fatalf("elsewhere, by recovery code: %v", err)
	}
}

// What is known of networks is in memory only. A device that is signed in brings it back.
func TestAfterARestartTheNetworksOfDevicesAreKnownAgain(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1.7e9, 0)}
	s, st := newService(t, c.now)
	token, _ := signUp(t, s, "ana")
	s, err := New(t.Context(), Options{Store: st, Registration: wire.RegistrationOpen, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	everywhere(t, s, "ana")
	if err := try(t, s, "192.0.2.1", "ana", 1); wire.CodeOf(err) != wire.CodeRateLimited {
		t.Fatal(err)
	}
	of, err := s.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	s.Here(of, "192.0.2.1")
	if err := try(t, s, "192.0.2.1", "ana", 1); err != nil {
		t.Fatal(err)
	}
}

// Neither accounts nor their networks without end are remembered, and none of them makes another account's be forgotten.
func TestTheNetworksOfAccountsAreBounded(t *testing.T) {
	t.Parallel()
	n := networks{}
	ana, eve := wire.ID{1}, wire.ID{2}
	n.note(ana, "192.0.2.1")
	for i := range 10 * tableSize {
		n.note(eve, fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff))
	}
	if !n.knows(ana, "192.0.2.1") || n.knows(ana, "192.0.2.2") || n.knows(eve, "2001:db8:0:1::1") || len(n.young[eve]) > maxNetworks {
		t.Fatalf("eve's are %d", len(n.young[eve]))
	}
	n.note(ana, "")
	if n.knows(ana, "") {
		t.Fatal("no address is nobody's")
	}
	for i := range 5 * tableSize {
		n.note(wire.ID{3, byte(i), byte(i >> 8), byte(i >> 16)}, "198.51.100.1")
		if i%1000 == 0 {
			n.note(ana, "192.0.2.1")
		}
	}
	if !n.knows(ana, "192.0.2.1") || len(n.young)+len(n.old) > 2*tableSize+2 {
		t.Fatalf("%d accounts are remembered, ana: %v", len(n.young)+len(n.old), n.knows(ana, "192.0.2.1"))
	}
}
