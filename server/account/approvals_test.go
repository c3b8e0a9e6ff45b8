package account

import (
	"testing"
	"time"

	"frond/server/account/chaintest"
	"frond/wire"
)

// asking is a person whose session has no device yet, and the session of a device.
type asking struct {
	t       *testing.T
	s       *Service
	clock   *clock
	token   string
	device  string
	heard   []wire.ApprovalNews
	account wire.ID
}

func newAsking(t *testing.T) *asking {
	t.Helper()
	c := &clock{time.Unix(1.7e9, 0)}
	s, _ := newService(t, c.now)
	a := &asking{t: t, s: s, clock: c}
	a.device, a.account = signUp(t, s, "ana")
	a.token = a.signIn()
	s.OnChange(func(ch Changed) {
		if ch.Approval != nil {
			a.heard = append(a.heard, *ch.Approval)
		}
	})
	return a
}

func (a *asking) signIn() string {
	a.t.Helper()
	token, _, err := a.s.SignIn(a.t.Context(), "192.0.2.1", &wire.SignIn{Name: "ana", Auth: wire.Hash{1}})
	if err != nil {
		a.t.Fatal(err)
	}
	return token
}

func (a *asking) start(token string, id wire.ID) error {
	return a.s.ApprovalStart(a.t.Context(), token, &wire.ApprovalStart{ID: id, Commit: wire.Hash{1}, Device: "new"})
}

func (a *asking) poll(id wire.ID) (wire.ApprovalStatus, error) {
	return a.s.ApprovalPoll(a.t.Context(), a.token, &wire.ApprovalRef{ID: id})
}

func (a *asking) reveal(id wire.ID, public byte) error {
	return a.s.ApprovalReveal(a.t.Context(), a.token, &wire.ApprovalReveal{ID: id, Public: []byte{public}, Random: wire.Hash{2}})
}

func (a *asking) open(token string, id wire.ID, nonce byte) error {
	a.t.Helper()
	of, err := a.s.Authenticate(a.t.Context(), token)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.s.OpenApproval(of, &wire.Approval{ID: id, Nonce: wire.Hash{nonce}})
}

func (a *asking) answer(token string, id wire.ID, sealed ...byte) error {
	a.t.Helper()
	of, err := a.s.Authenticate(a.t.Context(), token)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.s.Allow(a.t.Context(), of, &wire.Allow{ID: id, Allow: len(sealed) > 0, Sealed: sealed})
}

func (a *asking) code(err error, want wire.Code) {
	a.t.Helper()
	if got := wire.CodeOf(err); got != want {
		a.t.Fatalf("got %v, want code %q", err, want)
	}
}

func TestARequestGoesItsWayInOrder(t *testing.T) {
	t.Parallel()
	a, id := newAsking(t), wire.ID{1}
	a.code(a.open(a.device, id, 1), wire.CodeNotFound)
	a.code(a.start(a.device, id), wire.CodeForbidden) // it is a device
	a.code(a.start(a.token, id), "")
	a.code(a.start(a.signIn(), id), wire.CodeExists)
	a.code(a.reveal(id, 1), wire.CodeBadRequest) // nobody showed a nonce
	a.code(a.answer(a.device, id, 9), wire.CodeConflict)
	a.code(a.open(a.device, id, 1), "")
	a.code(a.open(a.device, id, 1), "")                  // the answer was lost
	a.code(a.open(a.device, id, 2), wire.CodeConflict)   // another nonce
	a.code(a.open(a.signIn(), id, 1), wire.CodeConflict) // another device
	a.code(a.answer(a.device, id, 9), wire.CodeBadRequest)
	if s, err := a.poll(id); err != nil || s.State != wire.ApprovalOpened || *s.Nonce != (wire.Hash{1}) || s.Session != nil {
		t.Fatalf("%+v, %v", s, err)
	}
	a.code(a.reveal(id, 1), "")
	a.code(a.reveal(id, 1), "")
	a.code(a.reveal(id, 2), wire.CodeBadRequest) // another key
	a.code(a.answer(a.signIn(), id, 9), wire.CodeConflict)
	a.code(a.answer(a.device, id, 9), "")
	a.code(a.answer(a.device, id, 9), "")
	a.code(a.answer(a.device, id, 8), wire.CodeNotFound) // an answer is given once
	a.code(a.answer(a.device, id), wire.CodeNotFound)
	a.code(a.open(a.device, id, 1), wire.CodeNotFound)
	if s, err := a.poll(id); err != nil || s.State != wire.ApprovalAllowed || string(s.Sealed) != "\x09" || s.Session == nil || s.Session.Account != a.account {
		t.Fatalf("%+v, %v", s, err)
	}
	var states []wire.ApprovalState
	for _, n := range a.heard {
		states = append(states, n.State)
	}
	if last := a.heard[len(a.heard)-1]; last.State != wire.ApprovalAllowed || string(last.Public) != "\x01" || *last.Random != (wire.Hash{2}) {
		t.Fatalf("the devices hear %v", states)
	}
}

func TestADeniedSessionIsOverAndHearsWhy(t *testing.T) {
	t.Parallel()
	a, id := newAsking(t), wire.ID{1}
	a.code(a.start(a.token, id), "")
	a.code(a.answer(a.device, id), "")
	a.code(a.answer(a.device, id), "")
	if s, err := a.poll(id); err != nil || s.State != wire.ApprovalDenied {
		t.Fatalf("%+v, %v", s, err)
	}
	a.code(a.start(a.token, wire.ID{2}), wire.CodeUnauthenticated)
	a.clock.t = a.clock.t.Add(wire.ApprovalLife + time.Second)
	a.code(a.start(a.signIn(), wire.ID{3}), "") // which sweeps
	_, err := a.poll(id)
	a.code(err, wire.CodeUnauthenticated)
}

func TestRequestsAreFewAndEnd(t *testing.T) {
	t.Parallel()
	a := newAsking(t)
	for i := range byte(wire.MaxApprovals) {
		a.code(a.start(a.signIn(), wire.ID{10 + i}), "")
	}
	a.code(a.start(a.token, wire.ID{1}), wire.CodeLimit)
	a.clock.t = a.clock.t.Add(wire.ApprovalLife)
	if open := a.s.Approvals(a.account); len(open) != 0 {
		t.Fatalf("%d are open", len(open))
	}
	a.code(a.start(a.token, wire.ID{1}), "")
	a.code(a.start(a.token, wire.ID{2}), "") // in place of the first
	if _, err := a.poll(wire.ID{1}); wire.CodeOf(err) != wire.CodeNotFound {
		t.Fatal(err)
	}
	if open := a.s.Approvals(a.account); len(open) != 1 || open[0].ID != (wire.ID{2}) {
		t.Fatalf("%+v", open)
	}
	a.code(a.start(a.token, wire.ID{3}), "")
	a.code(a.start(a.token, wire.ID{4}), "")
	a.code(a.start(a.token, wire.ID{5}), wire.CodeRateLimited) // six new ones at once, then one in five minutes
	a.code(a.s.SignOut(t.Context(), a.token), "")
	if open := a.s.Approvals(a.account); len(open) != 0 {
		t.Fatalf("%d are open after the session that asked is over", len(open))
	}
	if n := len(a.s.approvals.all); n > wire.MaxApprovals {
		t.Fatalf("%d are kept", n)
	}
}

func TestARequestIsNobodyElses(t *testing.T) {
	t.Parallel()
	a, id := newAsking(t), wire.ID{1}
	eve, _ := signUp(t, a.s, "eve")
	other, _, err := a.s.SignIn(t.Context(), "192.0.2.1", &wire.SignIn{Name: "eve", Auth: wire.Hash{1}})
	a.code(err, "")
	a.code(a.start(a.token, id), "")
	a.code(a.open(eve, id, 1), wire.CodeNotFound)
	a.code(a.answer(eve, id), wire.CodeNotFound)
	_, err = a.s.ApprovalPoll(t.Context(), other, &wire.ApprovalRef{ID: id})
	a.code(err, wire.CodeNotFound)
	a.code(a.open(a.device, id, 1), "")
	a.code(a.s.ApprovalReveal(t.Context(), a.signIn(), &wire.ApprovalReveal{ID: id, Public: []byte{1}}), wire.CodeNotFound) // another session of ana
	a.code(a.s.ApprovalReveal(t.Context(), "nonsense", &wire.ApprovalReveal{ID: id}), wire.CodeUnauthenticated)
}

func TestAskingOftenHasToWait(t *testing.T) {
	t.Parallel()
	a, id := newAsking(t), wire.ID{1}
	a.code(a.start(a.token, id), "")
	for range 400 { // ten minutes of a client that behaves
		a.clock.t = a.clock.t.Add(1490 * time.Millisecond)
		_, err := a.poll(id)
		a.code(err, "")
	}
	var err error
	for range 60 {
		if _, err = a.poll(id); err != nil {
			break
		}
	}
	a.code(err, wire.CodeRateLimited)
}

// A session that came in by recovery code while it asked to be let in is a device, and asks no more: saying no to what
// it had asked does not sign the device out.
func TestWhoCameInAnotherWayAsksNoMore(t *testing.T) {
	t.Parallel()
	s, _ := newService(t, (&clock{time.Unix(1.7e9, 0)}).now)
	device := newID(t)
	owner := chaintest.New(t, "ana", device)
	first, _, err := s.SignUp(t.Context(), "192.0.2.1", signUpOf(owner, "ana", device))
	must(t, err)
	a := &asking{t: t, s: s, device: first}
	s.OnChange(func(ch Changed) {
		if ch.Approval != nil {
			a.heard = append(a.heard, *ch.Approval)
		}
	})
	a.token = a.signIn()
	a.code(a.start(a.token, wire.ID{1}), "")
	loose, err := s.Authenticate(t.Context(), a.token)
	must(t, err)
	add := owner.AddDevice(newID(t))
	must(t, s.AddDevice(t.Context(), "192.0.2.1", loose, &add))
	a.code(a.answer(a.device, wire.ID{1}), wire.CodeNotFound)
	if n := a.heard[len(a.heard)-1]; n.State != wire.ApprovalOver {
		t.Fatalf("the devices were told last that it is in state %d", n.State)
	}
	if _, err := s.Authenticate(t.Context(), a.token); err != nil {
		t.Fatalf("the new device is signed out: %v", err)
	}
}
