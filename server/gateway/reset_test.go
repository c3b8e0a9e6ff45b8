package gateway_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"frond/server/account"
	"frond/server/account/chaintest"
	"frond/server/store"
	"frond/wire"
)

// leave lets a name's account begin anew, as an administrator does at a time.
func (w *world) leave(name string, now time.Time) wire.Hash {
	w.t.Helper()
	text, _, err := account.NewReset(context.Background(), w.store, rand.Reader, name, now)
	must(w.t, err)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	must(w.t, err)
	return wire.Hash(raw)
}

// anew begins the owner's account anew, in place of what there was.
func (p *person) anew(owner *chaintest.Owner, token wire.Hash) error {
	p.device, p.auth = newID(), sha256.Sum256([]byte("new password"))
	p.owner = owner.Copy()
	r := p.owner.Reset(p.device)
	r.Name, r.Token, r.Auth, r.KDF = owner.Chain.UserName(), token, p.auth, someKDF
	r.Epoch, r.Header, r.Revision, r.State = 2, []byte("new header"), 2, []byte("new state")
	return p.post(wire.PathReset, r, nil)
}

func TestWhoLostEverythingBeginsAnewAndTheOldDevicesAreOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	ana.meet(ben)
	token := w.leave("ana", time.Now())
	now := store.PendingReset{Account: ana.account, Hash: sha256.Sum256(token[:]), Usable: time.Now(), Expires: time.Now().Add(time.Hour)}
	must(t, w.store.CreateReset(context.Background(), now)) // a day later

	found := newPerson(t, w.url, "ana")
	var base wire.ResetBase
	must(t, found.post(wire.PathResetBegin, wire.ResetBegin{Name: "ANA", Token: token}, &base))
	if base.Account != ana.account || len(base.Chain) != 2 || base.Epoch != 1 || base.Revision != 1 {
		t.Fatalf("to build on: %+v", base)
	}
	start := time.Now()
	must(t, found.anew(ana.owner, token))

	// The old device is told why and is out; the neighbour is told to look.
	var ref wire.ChainRef
	for f, err := ana.push(); ; f, err = ana.push() {
		must(t, err)
		if f.Kind == wire.PushChain {
			must(t, wire.Decode(f.Body, &ref))
			break
		}
	}
	if ref.Account != ana.account || len(ref.Chain) != 4 {
		t.Fatalf("the old device hears %+v", ref)
	}
	wantCode(t, ana.bye(), wire.CodeUnauthenticated)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the old device was in for %v", took)
	}
	_, err := ana.tryConnect()
	wantCode(t, err, wire.CodeUnauthenticated)
	for f, err := ben.push(); ; f, err = ben.push() {
		must(t, err)
		if f.Kind == wire.PushChain {
			must(t, wire.Decode(f.Body, &ref))
			break
		}
	}
	if ref.Account != ana.account {
		t.Fatalf("the neighbour hears %+v", ref)
	}
	if found.connect().Name != "ana" {
		t.Fatal("the new device is somebody else")
	}

	// The link is used up, and a thief who knows it learns nothing that another would not.
	thief := newPerson(t, w.url, "eve")
	used := thief.post(wire.PathResetBegin, wire.ResetBegin{Name: "ana", Token: token}, nil)
	wantCode(t, used, wire.CodeForbidden)
	wantCode(t, thief.anew(ana.owner, token), wire.CodeForbidden)
	for what, q := range map[string]wire.ResetBegin{
		"a name that nobody has": {Name: "nobody", Token: token}, "another's name": {Name: "ben", Token: token}, "no token": {Name: "ana"},
	} {
		if err := thief.post(wire.PathResetBegin, q, nil); err == nil || err.Error() != used.Error() {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAnAccountInUseHasADayToSayNo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go w.accounts.WatchResets(ctx, 20*time.Millisecond)
	ana := w.join("ana")
	token := w.leave("ana", time.Now())

	var ref wire.ChainRef
	for ref.Reset == 0 {
		f, err := ana.push()
		must(t, err)
		if f.Kind == wire.PushChain {
			must(t, wire.Decode(f.Body, &ref))
		}
	}
	if in := time.Until(time.UnixMilli(int64(ref.Reset))); in < 23*time.Hour || in > 24*time.Hour {
		t.Fatalf("it can be finished in %v", in)
	}
	if again := ana.connect(); again.Reset != ref.Reset {
		t.Fatalf("the greeting says %d", again.Reset)
	}
	found := newPerson(t, w.url, "ana")
	err := found.post(wire.PathResetBegin, wire.ResetBegin{Name: "ana", Token: token}, nil)
	wantCode(t, err, wire.CodeHeld)
	wantCode(t, found.anew(ana.owner, token), wire.CodeHeld)
	wantCode(t, found.post(wire.PathResetCancel, wire.Nothing{}, nil), wire.CodeUnauthenticated)
	must(t, ana.post(wire.PathResetCancel, wire.Nothing{}, nil))
	wantCode(t, found.post(wire.PathResetBegin, wire.ResetBegin{Name: "ana", Token: token}, nil), wire.CodeForbidden)
	if ana.connect().Reset != 0 {
		t.Fatal("the greeting still speaks of a reset")
	}
}

func TestAttemptsToResetAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) {
		r.accounts.Limits = &account.Limits{SignInAccount: account.Rate{Burst: 3, Every: time.Hour}}
	})
	ana := w.join("ana")
	eve := newPerson(t, w.url, "eve")
	for range 3 {
		wantCode(t, eve.post(wire.PathResetBegin, wire.ResetBegin{Name: "ana"}, nil), wire.CodeForbidden)
	}
	wantCode(t, eve.post(wire.PathResetBegin, wire.ResetBegin{Name: "ana"}, nil), wire.CodeRateLimited)
	wantCode(t, eve.anew(ana.owner, wire.Hash{}), wire.CodeRateLimited)
}
