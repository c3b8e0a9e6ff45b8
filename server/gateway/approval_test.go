package gateway_test

import (
	"testing"

	"frond/wire"
)

// news waits for the next word about a request.
func (p *person) news() (n wire.ApprovalNews) {
	p.t.Helper()
	for {
		f, err := p.push()
		must(p.t, err)
		if f.Kind == wire.PushApproval {
			must(p.t, wire.Decode(f.Body, &n))
			return n
		}
	}
}

// locked is the same person's next browser, which the password let in and the vault did not.
func (w *world) locked(p *person) *person {
	w.t.Helper()
	q := newPerson(w.t, w.url, p.name)
	q.auth = p.auth
	s, err := q.signIn(nil)
	must(w.t, err)
	if s.Device != nil || s.Account != p.account {
		w.t.Fatalf("%+v", s)
	}
	return q
}

func TestARequestToBeLetInIsCarriedBetweenTwoDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	next := w.locked(ana)
	id, nonce, random := newID(), wire.Hash{1}, wire.Hash{2}
	must(t, next.post(wire.PathApprovalStart, wire.ApprovalStart{ID: id, Commit: wire.Hash{3}, Device: "Firefox"}, nil))
	if n := ana.news(); n.ID != id || n.State != wire.ApprovalWaiting || n.Commit != (wire.Hash{3}) || n.Device != "Firefox" || n.At == 0 {
		t.Fatalf("%+v", n)
	}
	wantCode(t, ben.ask(wire.OpApproval, wire.Approval{ID: id, Nonce: nonce}, nil), wire.CodeNotFound)
	must(t, ana.ask(wire.OpApproval, wire.Approval{ID: id, Nonce: nonce}, nil))
	var status wire.ApprovalStatus
	must(t, next.post(wire.PathApprovalPoll, wire.ApprovalRef{ID: id}, &status))
	if status.State != wire.ApprovalOpened || *status.Nonce != nonce {
		t.Fatalf("%+v", status)
	}
	must(t, next.post(wire.PathApprovalReveal, wire.ApprovalReveal{ID: id, Public: []byte("key"), Random: random}, nil))
	for n := ana.news(); ; n = ana.news() {
		if n.State == wire.ApprovalRevealed {
			if string(n.Public) != "key" || *n.Random != random {
				t.Fatalf("%+v", n)
			}
			break
		}
	}

	// A device that connects now is told of it too, as far as it is.
	ana.connect()
	if n := ana.news(); n.ID != id || n.State != wire.ApprovalRevealed {
		t.Fatalf("%+v", n)
	}
	must(t, ana.ask(wire.OpAllow, wire.Allow{ID: id, Allow: true, Sealed: []byte("sealed")}, nil))
	must(t, next.post(wire.PathApprovalPoll, wire.ApprovalRef{ID: id}, &status))
	if status.State != wire.ApprovalAllowed || string(status.Sealed) != "sealed" || status.Session == nil || status.Session.Account != ana.account {
		t.Fatalf("%+v", status)
	}
	ben.nothingMore()
}

func TestRequestsToBeLetInAreRefusedToStrangersAndNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := w.join("ana")
	next := w.locked(ana)
	stranger := newPerson(t, w.url, "nobody")
	id := newID()
	good := map[string]any{
		wire.PathApprovalStart:   wire.ApprovalStart{ID: id, Commit: wire.Hash{1}},
		wire.PathApprovalPoll:    wire.ApprovalRef{ID: id},
		wire.PathApprovalReveal:  wire.ApprovalReveal{ID: id, Public: []byte("key")},
		wire.PathApprovalStop:    wire.ApprovalRef{ID: id},
		wire.PathApprovalSession: wire.Nothing{},
	}
	for path, body := range good {
		wantCode(t, stranger.post(path, body, nil), wire.CodeUnauthenticated)
		wantCode(t, ana.post(path, body, nil), wire.CodeForbidden) // a device has its vault open
		wantCode(t, next.post(path, "nonsense", nil), wire.CodeBadRequest)
	}
	wantCode(t, next.post(wire.PathApprovalPoll, good[wire.PathApprovalPoll], nil), wire.CodeNotFound)
	wantCode(t, next.post(wire.PathApprovalReveal, good[wire.PathApprovalReveal], nil), wire.CodeNotFound)
	must(t, next.post(wire.PathApprovalStop, good[wire.PathApprovalStop], nil))
	wantCode(t, next.post(wire.PathApprovalReveal, wire.ApprovalReveal{ID: id, Public: make([]byte, 1<<16)}, nil), wire.CodeTooLarge)

	wantCode(t, ana.ask(wire.OpApproval, wire.Approval{ID: id, Nonce: wire.Hash{1}}, nil), wire.CodeNotFound)
	wantCode(t, ana.ask(wire.OpApproval, wire.Approval{ID: id}, nil), wire.CodeBadRequest)
	wantCode(t, ana.ask(wire.OpAllow, wire.Allow{ID: id}, nil), wire.CodeNotFound)
	wantCode(t, ana.ask(wire.OpAllow, wire.Allow{ID: id, Allow: true, Sealed: make([]byte, 1<<16)}, nil), wire.CodeTooLarge)
	must(t, ana.ask(wire.OpPing, wire.Nothing{}, nil)) // and the connection lives on
	must(t, next.post(wire.PathApprovalSession, wire.Nothing{}, &wire.Session{}))
}

func TestADraftIsToldToTheAccountsOtherConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	room := ana.meet(ben)
	other := w.locked(ana)
	must(t, other.becomes(ana))
	other.connect()
	draft := wire.PutPage{Conversation: room.id, Bucket: wire.DraftBucket, Revision: 1, Page: []byte("sealed")}
	must(t, ana.ask(wire.OpPutPage, draft, nil))
	var ref wire.PageRef
	for f, err := other.push(); ; f, err = other.push() {
		must(t, err)
		if f.Kind == wire.PushPage {
			must(t, wire.Decode(f.Body, &ref))
			break
		}
	}
	if ref != (wire.PageRef{Conversation: room.id, Bucket: wire.DraftBucket, Revision: 1}) {
		t.Fatalf("%+v", ref)
	}
	var list wire.PageList
	must(t, other.ask(wire.OpPages, wire.Pages{Conversation: room.id, Limit: 10}, &list))
	if len(list.Pages) != 0 {
		t.Fatal("a draft is among the pages of the history")
	}
}
