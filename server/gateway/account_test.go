package gateway_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"frond/client/transport/ws"
	"frond/server/account"
	"frond/wire"
)

func (p *person) signIn(device *wire.ID) (s wire.Session, err error) {
	err = p.post(wire.PathSignIn, wire.SignIn{Name: p.name, Auth: p.auth}, &s)
	if err == nil && device != nil {
		if err = p.post(wire.PathResume, p.owner.Resume(*device, s), nil); err == nil {
			s.Device = device
		}
	}
	return s, err
}

func TestSignUpSignOutSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("Ana")
	if ana.connect().Name != "ana" {
		t.Fatal("names are kept in lower case")
	}
	must(t, ana.post(wire.PathSignOut, wire.Nothing{}, nil))
	if ana.net.Token() != "" {
		t.Fatal("signing out left the cookie")
	}
	_, err := ana.tryConnect()
	wantCode(t, err, wire.CodeUnauthenticated)
	s, err := ana.signIn(&ana.device)
	must(t, err)
	if s.Account != ana.account || s.Device == nil || string(s.Header) != "slot" || string(s.State) != "state" || len(s.Chain) != 2 {
		t.Fatalf("signing in gave %+v", s)
	}
	ana.connect()
}

func TestAWrongPasswordAndAnUnknownNameSoundTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("ana").conn.Close()
	liar := newPerson(t, w.url, "ana")
	liar.auth = sha256.Sum256([]byte("guess"))
	_, wrong := liar.signIn(nil)
	wantCode(t, wrong, wire.CodeWrongPassword)
	_, unknown := newPerson(t, w.url, "nobody").signIn(nil)
	if unknown.Error() != wrong.Error() {
		t.Fatalf("%v, but %v", wrong, unknown)
	}
	var first, again, other wire.KDF
	must(t, liar.post(wire.PathKDF, wire.KDFRequest{Name: "nobody"}, &first))
	must(t, liar.post(wire.PathKDF, wire.KDFRequest{Name: "NOBODY"}, &again))
	must(t, liar.post(wire.PathKDF, wire.KDFRequest{Name: "nobody2"}, &other))
	if string(first.Salt) != string(again.Salt) || string(first.Salt) == string(other.Salt) || first.Memory != 64<<10 || first.Time != 3 {
		t.Fatalf("salts of unknown names: %x, %x, %x", first.Salt, again.Salt, other.Salt)
	}
}

func TestMalformedNamesGetAClearAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{
		"", "a", strings.Repeat("a", 200), "ana\x00", "ana\n", "<script>", "😀😀", "' OR 1=1 --", "a b", "-ana", "ana-", "Àna", "аna",
	} {
		p := newPerson(t, w.url, name)
		err := p.signUp()
		wantCode(t, err, wire.CodeNameInvalid)
		if len(name) > 2 && strings.Contains(err.Error(), name) {
			t.Errorf("the answer repeats %q", name)
		}
		_, err = p.signIn(nil)
		wantCode(t, err, wire.CodeNameInvalid)
		wantCode(t, p.post(wire.PathKDF, wire.KDFRequest{Name: name}, nil), wire.CodeNameInvalid)
	}
}

func TestOfManyWhoWantANameOneGetsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 12
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		p := newPerson(t, w.url, "ana")
		wg.Go(func() { errs[i] = p.signUp() })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, wire.CodeNameTaken)
	}
	if won != 1 {
		t.Fatalf("%d got the name", won)
	}
}

func TestAnAccountIdBelongsToItsSigchain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPerson(t, w.url, "ana")
	body := p.signUpBody()
	body.Account = newID()
	wantCode(t, p.post(wire.PathSignUp, body, nil), wire.CodeBadRequest)
}

func TestInvitesLetInAsManyAsTheySay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.accounts.Registration = wire.RegistrationInvite })
	ctx := context.Background()
	code, err := account.NewInvite(ctx, w.store, rand.Reader, 2, time.Now().Add(time.Hour))
	must(t, err)
	try := func(name, code string) error {
		p := newPerson(t, w.url, name)
		body := p.signUpBody()
		body.Invite = code
		return p.post(wire.PathSignUp, body, nil)
	}
	wantCode(t, try("ana", ""), wire.CodeRegistration)
	wantCode(t, try("ana", "aaaa-bbbb"), wire.CodeRegistration)
	must(t, try("ana", code))
	must(t, try("ben", strings.ToUpper(strings.ReplaceAll(code, "-", " "))))
	wantCode(t, try("cleo", code), wire.CodeRegistration)
	old, err := account.NewInvite(ctx, w.store, rand.Reader, 1, time.Now().Add(-time.Second))
	must(t, err)
	wantCode(t, try("cleo", old), wire.CodeRegistration)
}

func TestAClosedServerTakesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.accounts.Registration = wire.RegistrationClosed })
	wantCode(t, newPerson(t, w.url, "ana").signUp(), wire.CodeRegistration)
}

func TestGuessingAPasswordIsSlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.accounts.Limits = &account.DefaultLimits })
	w.join("ana").conn.Close()
	liar := newPerson(t, w.url, "ana")
	liar.auth[0] ^= 1
	tries := 0
	for ; tries < 100; tries++ {
		_, err := liar.signIn(nil)
		if wire.CodeOf(err) == wire.CodeRateLimited {
			if e := err.(*wire.Error); e.RetryAfter == 0 {
				t.Fatal("nobody says when to try again")
			}
			break
		}
		wantCode(t, err, wire.CodeWrongPassword)
	}
	if tries > account.DefaultLimits.SignInAccount.Burst {
		t.Fatalf("%d guesses went through", tries)
	}
}

// After a restart the server knows no network. A device that connects brings its own back.
func TestGuessesDoNotKeepAPersonOutWhereADeviceOfTheAccountIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	here := func(r *rules) {
		r.store.Dir = dir
		r.accounts.Limits = &account.Limits{SignInName: account.Rate{Burst: 1, Every: time.Hour}}
	}
	before := newWorld(t, here)
	ana := before.join("ana")
	before.join("ben")
	before.stop()
	must(t, before.store.Close())

	w := newWorld(t, here)
	net, err := ws.New(w.url, ws.Options{Token: ana.net.Token()})
	must(t, err)
	ana.net = realNetwork{net}
	ana.connect()
	guess := func(name string) error {
		liar := w.newPerson(name)
		liar.auth[0] ^= 1
		_, err := liar.signIn(nil)
		return err
	}
	for _, name := range []string{"ana", "ben"} {
		wantCode(t, guess(name), wire.CodeWrongPassword)
	}
	wantCode(t, guess("ana"), wire.CodeWrongPassword)
	wantCode(t, guess("ben"), wire.CodeRateLimited)
	_, err = ana.signIn(nil)
	must(t, err)
}

func TestSigningOutClosesTheConnectionWithinASecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	start := time.Now()
	must(t, ana.post(wire.PathSignOut, wire.Nothing{}, nil))
	if why := ana.bye(); why.Code != wire.CodeUnauthenticated {
		t.Fatalf("the goodbye says %v", why)
	}
	if _, err := ana.push(); err != errGone {
		t.Fatalf("the connection lives on: %v", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Fatalf("it took %v", took)
	}
}

func TestANewDeviceComesBesideTheOldAndARemovedOneIsOutAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.join("ana")
	fresh := newPerson(t, w.url, "ana")
	fresh.account, fresh.auth = old.account, old.auth
	s, err := fresh.signIn(nil)
	must(t, err)
	if s.Device != nil {
		t.Fatal("a password alone is a device")
	}
	theirs := old.owner.Resume(old.device, s)
	theirs.Signature[0] ^= 1
	wantCode(t, fresh.post(wire.PathResume, theirs, nil), wire.CodeForbidden)
	_, err = fresh.tryConnect()
	wantCode(t, err, wire.CodeUnauthenticated)
	fresh.owner = old.owner
	junk := wire.AddDevice{Device: fresh.device, Index: 2, Events: [][]byte{{0}}}
	wantCode(t, fresh.post(wire.PathDevice, junk, nil), wire.CodeBadRequest)
	late, add := fresh.owner.Copy(), fresh.owner.AddDevice(fresh.device)
	must(t, fresh.post(wire.PathDevice, add, nil))
	must(t, fresh.post(wire.PathDevice, add, nil)) // the answer was lost
	other := w.locked(old)
	wantCode(t, other.post(wire.PathDevice, late.AddDevice(other.device), nil), wire.CodeConflict)
	wantCode(t, old.post(wire.PathDevice, fresh.owner.Copy().AddDevice(newID()), nil), wire.CodeForbidden)
	fresh.connect()
	var list wire.Devices
	must(t, fresh.ask(wire.OpDevices, wire.Nothing{}, &list))
	if len(list.Devices) != 2 || list.Devices[0].Current || !list.Devices[1].Current || list.Devices[1].Device != fresh.device {
		t.Fatalf("the devices are %+v", list)
	}
	start := time.Now()
	next := wire.PutVault{Epoch: 2, Header: []byte("header"), Revision: 2, State: []byte("state")}
	junked := wire.RemoveDevice{Device: old.device, Index: 3, Events: [][]byte{{0}, {1}}, Vault: &next}
	wantCode(t, fresh.ask(wire.OpRemoveDevice, junked, nil), wire.CodeBadRequest)
	must(t, fresh.ask(wire.OpRemoveDevice, fresh.owner.RemoveDevice(old.device, next), nil))
	if why := old.bye(); why.Code != wire.CodeUnauthenticated {
		t.Fatalf("the old device is told %v", why)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("the removed device was out after %v", took)
	}
	_, err = old.tryConnect()
	wantCode(t, err, wire.CodeUnauthenticated)
	_, err = old.signIn(&old.device)
	wantCode(t, err, wire.CodeForbidden) // a removed device does not come back as itself
	wantCode(t, fresh.ask(wire.OpRemoveDevice, wire.RemoveDevice{Device: fresh.device, Index: 5, Events: [][]byte{{1}}, Vault: &next}, nil), wire.CodeBadRequest)
}

func TestWhoHasNoConnectionYetIsToldTheSumsOfTheAccountsPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	r := ana.meet(ben)
	page := []byte("sealed keys")
	must(t, ana.ask(wire.OpPutPage, wire.PutPage{Conversation: r.id, Revision: 1, Page: page}, nil))
	var list wire.PageSumList
	must(t, w.locked(ana).post(wire.PathSums, wire.PageSums{}, &list))
	if len(list.Sums) != 1 || list.Sums[0] != wire.SumPage(page) {
		t.Fatalf("the sums are %v", list.Sums)
	}
	must(t, ana.post(wire.PathSums, wire.PageSums{Conversation: list.Conversation, Bucket: list.Bucket}, &list))
	if len(list.Sums) != 0 {
		t.Fatalf("after the last one come %v", list.Sums)
	}
	wantCode(t, w.newPerson("eve").post(wire.PathSums, wire.PageSums{}, nil), wire.CodeUnauthenticated)
}

func TestSumsThatGoToNoConnectionAreLimitedByAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.accounts.Limits = &account.Limits{Sums: account.Rate{Burst: 3, Every: time.Hour}} })
	ana, ben := w.join("ana"), w.join("ben")
	guest := w.locked(ana) // another session of the same account
	for _, p := range []*person{ana, guest, ana} {
		must(t, p.post(wire.PathSums, wire.PageSums{}, nil))
	}
	wantCode(t, ana.post(wire.PathSums, wire.PageSums{}, nil), wire.CodeRateLimited)
	wantCode(t, guest.post(wire.PathSums, wire.PageSums{}, nil), wire.CodeRateLimited)
	must(t, ben.post(wire.PathSums, wire.PageSums{}, nil))
}

func TestADeviceInPlaceOfAnotherIsOneRequestHoweverLargeTheVault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.join("ana")
	fresh := w.locked(old)
	fresh.owner = old.owner
	next := wire.PutVault{Epoch: 2, Header: []byte("header"), Revision: 2, State: make([]byte, wire.MaxState)}
	add := fresh.owner.ReplaceDevice(fresh.device, old.device, next)
	wantCode(t, w.newPerson("eve").post(wire.PathDevice, add, nil), wire.CodeUnauthenticated)
	must(t, fresh.post(wire.PathDevice, add, nil))
	if why := old.bye(); why.Code != wire.CodeUnauthenticated {
		t.Fatalf("the old device is told %v", why)
	}
	fresh.connect()
}

func TestTheVaultIsReplacedByTheNextEpochAndAPasswordByWhoKnowsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	kdf := wire.KDF{Memory: 1, Time: 1, Threads: 1, Salt: make([]byte, wire.SaltSize)}
	code, wrong, next := wire.Hash{7}, wire.Hash{8}, wire.Hash{9}
	vault := func(epoch uint64) wire.PutVault {
		return wire.PutVault{Epoch: epoch, Header: []byte("header"), Revision: epoch, State: []byte("state")}
	}
	recover := func(auth wire.Hash) (*person, error) {
		p := newPerson(t, w.url, "ana")
		return p, p.post(wire.PathRecover, wire.Recover{Name: "ana", Auth: auth}, nil)
	}
	_, err := recover(wire.Hash{})
	wantCode(t, err, wire.CodeWrongPassword) // no code yet
	first := vault(2)
	first.Recovery = &code
	must(t, ana.ask(wire.OpPutVault, first, nil))
	wantCode(t, ana.ask(wire.OpPutVault, first, nil), wire.CodeConflict)
	wantCode(t, ana.ask(wire.OpPutState, wire.PutState{Epoch: 1, Revision: 3, State: []byte("old key")}, nil), wire.CodeConflict)

	second := vault(3)
	second.Password = &wire.NewPassword{Auth: next, KDF: kdf}
	wantCode(t, ana.ask(wire.OpPutVault, second, nil), wire.CodeWrongPassword)
	second.Password.Current = &wrong
	wantCode(t, ana.ask(wire.OpPutVault, second, nil), wire.CodeWrongPassword)
	second.Password.Current = &ana.auth
	must(t, ana.ask(wire.OpPutVault, second, nil))
	ana.auth = next
	_, err = ana.signIn(nil)
	must(t, err)

	_, err = recover(wrong)
	wantCode(t, err, wire.CodeWrongPassword)
	fresh, err := recover(code)
	must(t, err)
	late, err := recover(code)
	must(t, err)
	must(t, fresh.becomes(ana))
	must(t, late.becomes(ana))
	fresh.connect()
	third := vault(4)
	third.Password = &wire.NewPassword{Auth: wire.Hash{10}, KDF: kdf}
	must(t, fresh.ask(wire.OpPutVault, third, nil))
	fourth := vault(5)
	fourth.Password = &wire.NewPassword{Auth: wire.Hash{11}, KDF: kdf}
	wantCode(t, fresh.ask(wire.OpPutVault, fourth, nil), wire.CodeWrongPassword) // once
	late.connect()
	wantCode(t, late.ask(wire.OpPutVault, fourth, nil), wire.CodeWrongPassword) // and nobody else who recovered
	fourth.Password, fourth.RecoveryOff = nil, true
	must(t, fresh.ask(wire.OpPutVault, fourth, nil))
	_, err = recover(code)
	wantCode(t, err, wire.CodeWrongPassword)
}

func TestAccountStateIsReplacedByTheNextRevisionOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	must(t, ana.ask(wire.OpPutState, wire.PutState{Epoch: 1, Revision: 2, State: []byte("two")}, nil))
	err := ana.ask(wire.OpPutState, wire.PutState{Epoch: 1, Revision: 2, State: []byte("other two")}, nil)
	wantCode(t, err, wire.CodeConflict)
	if e := err.(*wire.Error); e.Last != 2 {
		t.Fatalf("the loser is told that revision %d is stored", e.Last)
	}
	if ana.connect().Revision != 2 {
		t.Fatal("Hello does not tell the revision")
	}
}

func TestLookupLeavesOutWhoDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	var found wire.Accounts
	q := wire.Lookup{Names: []string{"BEN", "nobody", "<script>"}, Accounts: []wire.ID{ana.account, newID()}}
	must(t, ana.ask(wire.OpLookup, q, &found))
	if len(found.Accounts) != 2 {
		t.Fatalf("found %d accounts, want 2", len(found.Accounts))
	}
	for _, a := range found.Accounts {
		if a.ID != ana.account && a.ID != ben.account || len(a.Chain) != 2 {
			t.Fatalf("found %+v", a)
		}
	}
}

func TestTheDatabaseHoldsNoAuthenticationSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	a, err := w.store.AccountByName(context.Background(), "ana")
	must(t, err)
	if a.AuthHash == ana.auth {
		t.Fatal("the authentication secret is stored as it is")
	}
}

func TestBehindAProxyTheClientsOwnAddressIsLimited(t *testing.T) {
	t.Parallel()
	limits := account.Limits{KDF: account.Rate{Burst: 1, Every: time.Hour}}
	w := newWorld(t, func(r *rules) { r.accounts.Limits, r.gateway.Proxied = &limits, true })
	body, err := wire.Encode(wire.KDFRequest{Name: "ana"})
	must(t, err)
	ask := func(hops ...string) int {
		r := httptest.NewRequest("POST", wire.PathKDF, bytes.NewReader(body))
		r.Header.Set("Content-Type", wire.ContentType)
		r.Header["X-Forwarded-For"] = hops
		a := httptest.NewRecorder()
		w.gateway.Handler().ServeHTTP(a, r)
		return a.Code
	}
	for _, step := range []struct {
		hops []string
		want int
	}{
		{[]string{"192.0.2.1"}, http.StatusOK},
		{[]string{"192.0.2.2"}, http.StatusOK},
		{[]string{"198.51.100.7, 192.0.2.1"}, http.StatusTooManyRequests}, // made up by the client
		{[]string{"198.51.100.8", "192.0.2.1"}, http.StatusTooManyRequests},
	} {
		if got := ask(step.hops...); got != step.want {
			t.Errorf("%q: %d, want %d", step.hops, got, step.want)
		}
	}
}
