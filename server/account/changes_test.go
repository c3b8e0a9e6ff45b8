package account

import (
	"testing"
	"time"

	"frond/server/account/chaintest"
	"frond/wire"
)

// What an account keeps for good must not grow as fast as a stolen device can ask.
func TestVaultEpochsAreLimitedByAccountAndPasswordsApart(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1.7e9, 0)}
	s, _ := newService(t, c.now)
	token, _ := signUp(t, s, "ana")
	other, _ := signUp(t, s, "ben")
	epoch := uint64(1)
	put := func(token string, at uint64, password *wire.NewPassword) error {
		of, err := s.Authenticate(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return s.PutVault(t.Context(), of, &wire.PutVault{Epoch: at, Header: []byte("h"), Revision: at, State: []byte("s"), Password: password})
	}
	want := func(err error, code wire.Code) {
		t.Helper()
		if got := wire.CodeOf(err); got != code {
			t.Fatalf("got %v, want code %q", err, code)
		}
	}
	for range DefaultLimits.Epoch.Burst {
		want(put(token, epoch, nil), wire.CodeConflict) // who was slower than another device pays nothing
		epoch++
		want(put(token, epoch, nil), "")
	}
	err := put(token, epoch+1, nil)
	want(err, wire.CodeRateLimited)
	if e := err.(*wire.Error); e.RetryAfter != 600 {
		t.Fatalf("come back after %d seconds", e.RetryAfter)
	}
	want(put(other, 2, nil), "")
	epoch++
	want(put(token, epoch, &wire.NewPassword{Current: &wire.Hash{1}, Auth: wire.Hash{2}}), "")
	c.t = c.t.Add(DefaultLimits.Epoch.Every)
	want(put(token, epoch+1, nil), "")
	want(put(token, epoch+2, nil), wire.CodeRateLimited)
}

func TestRemovalsOfDevicesAreLimitedByAccount(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1.7e9, 0)}
	s, _ := newService(t, c.now)
	first, second := newID(t), newID(t)
	owner := chaintest.New(t, "ana", first)
	token, _, err := s.SignUp(t.Context(), "192.0.2.1", signUpOf(owner, "ana", first))
	must(t, err)
	fresh, _, err := s.SignIn(t.Context(), "192.0.2.1", &wire.SignIn{Name: "ana", Auth: wire.Hash{1}})
	must(t, err)
	loose, err := s.Authenticate(t.Context(), fresh)
	must(t, err)
	add := owner.AddDevice(second)
	must(t, s.AddDevice(t.Context(), "192.0.2.1", loose, &add))
	of, err := s.Authenticate(t.Context(), token)
	must(t, err)
	for range DefaultLimits.Removal.Burst {
		must(t, s.limits.removals.succeed(owner.ID().String(), func() error { return nil }))
	}
	before := owner.Copy()
	removal := owner.RemoveDevice(second, wire.PutVault{Epoch: 2, Revision: 2, Header: []byte("header"), State: []byte("state")})
	if err := s.RemoveDevice(t.Context(), of, &removal); wire.CodeOf(err) != wire.CodeRateLimited {
		t.Fatalf("got %v", err)
	}
	again, _, err := s.SignIn(t.Context(), "192.0.2.1", &wire.SignIn{Name: "ana", Auth: wire.Hash{1}})
	must(t, err)
	guest, err := s.Authenticate(t.Context(), again)
	must(t, err)
	replaces := before.ReplaceDevice(newID(t), second, *removal.Vault)
	if err := s.AddDevice(t.Context(), "192.0.2.1", guest, &replaces); wire.CodeOf(err) != wire.CodeRateLimited {
		t.Fatalf("in its place: %v", err)
	}
	c.t = c.t.Add(DefaultLimits.Removal.Every)
	must(t, s.RemoveDevice(t.Context(), of, &removal))
	if err := s.limits.removals.succeed(owner.ID().String(), func() error { return nil }); wire.CodeOf(err) != wire.CodeRateLimited {
		t.Fatalf("a removal did not count: %v", err)
	}
}
