package account

import (
	"context"
	"crypto/rand"
	"regexp"
	"strings"
	"testing"
	"time"

	"frond/server/account/chaintest"
	"frond/server/store"
	"frond/wire"
)

func newService(t *testing.T, now func() time.Time) (*Service, *store.Store) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite", Dir: t.TempDir(), Now: now, Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	a, err := New(t.Context(), Options{Store: s, Registration: wire.RegistrationOpen, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return a, s
}

func newID(t *testing.T) wire.ID {
	t.Helper()
	id, err := wire.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// signUpOf is what the owner of a new account sends.
func signUpOf(owner *chaintest.Owner, name string, device wire.ID) *wire.SignUp {
	return &wire.SignUp{
		Name: name, Account: owner.ID(), Device: device, Auth: wire.Hash{1},
		KDF: wire.KDF{Memory: 65536, Time: 3, Threads: 1, Salt: make([]byte, wire.SaltSize)}, Chain: owner.Chain.Events(),
		Header: []byte("slot"), State: []byte("state"),
	}
}

func signUp(t *testing.T, s *Service, name string) (token string, account wire.ID) {
	t.Helper()
	device := newID(t)
	token, session, err := s.SignUp(t.Context(), "192.0.2.1", signUpOf(chaintest.New(t, name, device), name, device))
	if err != nil {
		t.Fatal(err)
	}
	return token, session.Account
}

func TestASessionLivesAsLongAsItIsUsed(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1.7e9, 0)}
	s, _ := newService(t, c.now)
	token, account := signUp(t, s, "ana")
	for range 5 { // a visit every three weeks keeps it
		c.t = c.t.Add(21 * 24 * time.Hour)
		got, err := s.Authenticate(t.Context(), token)
		if err != nil || got.Account != account {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	c.t = c.t.Add(Lifetime)
	if _, err := s.Authenticate(t.Context(), token); wire.CodeOf(err) != wire.CodeUnauthenticated {
		t.Fatalf("an expired session: %v", err)
	}
}

func TestSigningOutRevokesOneSession(t *testing.T) {
	t.Parallel()
	s, _ := newService(t, time.Now)
	first, account := signUp(t, s, "ana")
	second, _, err := s.SignIn(t.Context(), "192.0.2.1", &wire.SignIn{Name: "ana", Auth: wire.Hash{1}})
	if err != nil {
		t.Fatal(err)
	}
	var heard []Revoked
	s.OnRevoke(func(r Revoked) { heard = append(heard, r) })
	if err := s.SignOut(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := s.SignOut(t.Context(), first); err != nil {
		t.Fatalf("signing out twice: %v", err)
	}
	hash, _ := hashToken(first)
	other, _ := hashToken(second)
	if len(heard) != 1 || heard[0].Account != account || !heard[0].Hits(hash, nil) || heard[0].Hits(other, nil) {
		t.Fatalf("heard %+v", heard)
	}
	if _, err := s.Authenticate(t.Context(), second); err != nil {
		t.Fatalf("the other session went too: %v", err)
	}
}

func TestTheDatabaseNeverHoldsATokenOrAnInvite(t *testing.T) {
	t.Parallel()
	s, st := newService(t, time.Now)
	token, _ := signUp(t, s, "ana")
	hash, err := hashToken(token)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(hash[:]), token) {
		t.Fatal("a token's hash is the token")
	}
	if _, err := st.SessionByToken(t.Context(), wire.Hash([]byte(token[:32]))); err == nil {
		t.Fatal("the session is found by the token itself")
	}
	code, err := NewInvite(t.Context(), st, rand.Reader, 1, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^([a-z0-9]{4}-){6}[a-z0-9]{2}$`).MatchString(code) {
		t.Fatalf("the code is %q", code)
	}
	invite, err := parseInvite(" " + strings.ToUpper(code))
	if err != nil {
		t.Fatal(err)
	}
	if err := st.CheckInvite(t.Context(), invite); err != nil {
		t.Fatalf("the invite is not found by its hash: %v", err)
	}
}

func TestAnInviteIsBounded(t *testing.T) {
	t.Parallel()
	_, st := newService(t, time.Now)
	for _, uses := range []int{-1, 0, MaxInviteUses + 1} {
		if _, err := NewInvite(context.Background(), st, rand.Reader, uses, time.Now().Add(time.Hour)); err == nil {
			t.Errorf("an invite for %d accounts was made", uses)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
