package account

import (
	"bytes"
	"sync"
	"time"

	"frond/wire"
)

// approvals are the open requests to let a new device in. They are kept in memory: one lives for ten minutes and
// both sides of it are people who look at their screens; after a restart the new device asks again. Nothing of
// who asked whom is left on disk.
type approvals struct {
	now func() time.Time

	mu  sync.Mutex
	all map[wire.ID]*approval
}

// maxOpen is how many requests of all accounts together may be open.
const maxOpen = 10000

type approval struct {
	account wire.ID
	asker   wire.Hash // token of the session that asks
	opener  wire.Hash // token of the session that took it up
	nonce   wire.Hash
	sealed  []byte
	expires time.Time
	news    wire.ApprovalNews // as the account's devices are told
}

func errNoApproval() error { return wire.Errorf(wire.CodeNotFound, "This request is over.") }

func errApprovalOrder() error {
	return wire.Errorf(wire.CodeBadRequest, "this request is not so far, or further")
}

// sweep forgets what is too old.
func (b *approvals) sweep() {
	for id, a := range b.all {
		if !b.now().Before(a.expires) {
			delete(b.all, id)
		}
	}
}

// start takes a new request and returns the one of the same session that it replaces, if there is one.
func (b *approvals) start(account wire.ID, asker wire.Hash, r *wire.ApprovalStart) (next wire.ApprovalNews, old *wire.ApprovalNews, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	n := 0
	for _, a := range b.all {
		switch {
		case a.asker == asker:
			old = over(a)
		case a.account == account && a.news.State < wire.ApprovalAllowed:
			n++
		}
	}
	switch {
	case b.all[r.ID] != nil:
		return next, nil, wire.Errorf(wire.CodeExists, "There is a request of this id.")
	case n >= wire.MaxApprovals:
		return next, nil, wire.Errorf(wire.CodeLimit, "Other devices are asking to be let in already. Wait until that is over.")
	case len(b.all) >= maxOpen:
		return next, nil, wire.Errorf(wire.CodeUnavailable, "Too many devices are asking at the moment. Try again later.")
	}
	if old != nil {
		delete(b.all, old.ID)
	}
	now := b.now()
	next = wire.ApprovalNews{ID: r.ID, State: wire.ApprovalWaiting, Commit: r.Commit, Device: r.Device, At: uint64(now.UnixMilli())}
	b.all[r.ID] = &approval{account: account, asker: asker, expires: now.Add(wire.ApprovalLife), news: next}
	return next, old, nil
}

func over(a *approval) *wire.ApprovalNews {
	n := a.news
	n.State = wire.ApprovalOver
	return &n
}

// with changes a request of an account under the lock, and returns what its devices are told.
func (b *approvals) with(account, id wire.ID, f func(a *approval) error) (wire.ApprovalNews, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.all[id]
	if a == nil || a.account != account || !b.now().Before(a.expires) {
		return wire.ApprovalNews{}, errNoApproval()
	}
	err := f(a)
	return a.news, err
}

// ofAsker is with for the session that asked.
func (b *approvals) ofAsker(account, id wire.ID, asker wire.Hash, f func(a *approval) error) (wire.ApprovalNews, error) {
	return b.with(account, id, func(a *approval) error {
		if a.asker != asker {
			return errNoApproval()
		}
		return f(a)
	})
}

// denied reports whether somebody said no to a request; the session that asked is over then.
func (b *approvals) denied(id wire.ID, asker wire.Hash) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.all[id]
	return a != nil && a.asker == asker && a.news.State == wire.ApprovalDenied
}

// open takes a request up for a session. The first one that does so answers it.
func (a *approval) open(opener, nonce wire.Hash) error {
	switch {
	case a.news.State > wire.ApprovalRevealed:
		return errNoApproval()
	case a.news.State > wire.ApprovalWaiting && (a.opener != opener || a.nonce != nonce):
		return wire.Errorf(wire.CodeConflict, "Another of your devices is answering this request, or did before.")
	case a.news.State == wire.ApprovalWaiting:
		a.opener, a.nonce, a.news.State = opener, nonce, wire.ApprovalOpened
	}
	return nil
}

// reveal shows what the request committed to, after the nonce and once.
func (a *approval) reveal(r *wire.ApprovalReveal) error {
	if a.news.State == wire.ApprovalRevealed && bytes.Equal(a.news.Public, r.Public) && *a.news.Random == r.Random {
		return nil
	}
	if a.news.State != wire.ApprovalOpened {
		return errApprovalOrder()
	}
	a.news.State, a.news.Public, a.news.Random = wire.ApprovalRevealed, bytes.Clone(r.Public), &r.Random
	return nil
}

// answer allows or denies. Saying the same again changes nothing.
func (a *approval) answer(by wire.Hash, q *wire.Allow) error {
	state := a.news.State
	switch {
	case !q.Allow && state < wire.ApprovalAllowed:
		a.news.State = wire.ApprovalDenied
	case !q.Allow && state == wire.ApprovalDenied, q.Allow && state == wire.ApprovalAllowed && a.opener == by && bytes.Equal(a.sealed, q.Sealed):
	case state > wire.ApprovalRevealed:
		return errNoApproval()
	case a.opener != by:
		return wire.Errorf(wire.CodeConflict, "Another of your devices is answering this request.")
	case state < wire.ApprovalRevealed:
		return errApprovalOrder()
	default:
		a.sealed, a.news.State = bytes.Clone(q.Sealed), wire.ApprovalAllowed
	}
	return nil
}

// status is what who asked is told.
func (a *approval) status() wire.ApprovalStatus {
	s := wire.ApprovalStatus{State: a.news.State, Sealed: a.sealed}
	if s.State > wire.ApprovalWaiting {
		s.Nonce = &a.nonce
	}
	return s
}

// drop forgets the requests of sessions that are over, but for those whose end the session is still to hear of.
func (b *approvals) drop(r Revoked) (gone []*wire.ApprovalNews) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, a := range b.all {
		if a.account == r.Account && a.news.State != wire.ApprovalDenied && r.Hits(a.asker, nil) {
			delete(b.all, id)
			gone = append(gone, over(a))
		}
	}
	return gone
}

// open lists an account's requests that can still be answered.
func (b *approvals) open(account wire.ID) (list []wire.ApprovalNews) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.all {
		if a.account == account && a.news.State < wire.ApprovalAllowed && b.now().Before(a.expires) {
			list = append(list, a.news)
		}
	}
	return list
}
