package store

import (
	"context"

	"frond/wire"
)

// Append appends a batch in one transaction and returns one result for each item, in order. Items
// are judged one after another, each seeing what those before it did; one that is refused leaves no
// trace and does not spoil the others. If the database fails nothing of the batch is stored and
// every result has CodeUnavailable; after a broken connection the outcome is open and retrying the
// same items finds out.
//
// An item is a retry when its device already appended its message id; it gets the first one's
// result. Refusals: CodeNotFound for an unknown conversation or one not begun; CodeForbidden for a
// sender who is not a member, or may not make this change; CodeUnauthenticated for a device that was
// replaced; CodeConflict, with Last, when a handshake does not follow the last one; CodeStale, with
// Last, when more than wire.MaxStaleHandshakes handshakes came after the one a message was sealed
// under; CodeExists, with Conversation, when a pair, an id or the open conversation is there already;
// CodeLimit for too many devices or waiting welcomes; CodeBadRequest and CodeTooLarge for the rest.
func (s *Store) Append(ctx context.Context, batch []Append) []AppendResult {
	results := make([]AppendResult, len(batch))
	items := make([]item, 0, len(batch))
	for i := range batch {
		it, err := newItem(&batch[i])
		if err != nil {
			results[i].Err = err
			continue
		}
		it.result = &results[i]
		items = append(items, it)
	}
	if len(items) == 0 {
		return results
	}
	attempt := 0
	err := s.write(ctx, "append", func(l *link) error {
		attempt++
		return s.appendItems(l, items, s.lookForRetries(attempt))
	})
	if err != nil {
		for _, it := range items {
			*it.result = AppendResult{Err: err}
		}
	}
	return results
}

// wariness is for how many batches retries are looked for after one came. They come in flocks, when
// connections broke.
const wariness = 64

// lookForRetries decides whether to look for retries before judging. Otherwise one is found out by the
// log's unique key, which undoes the transaction; then they are looked for.
func (s *Store) lookForRetries(attempt int) bool {
	if attempt > 1 {
		s.wary.Store(wariness)
		return true
	}
	return s.wary.Load() > 0 && s.wary.Add(-1) >= 0
}

// appendItems loads what the batch touches, judges each item on that, and writes what came of it.
// The database is asked a fixed number of times, whatever the length of the batch.
func (s *Store) appendItems(l *link, items []item, retries bool) error {
	k, err := l.takeKnown(s.words)
	if err != nil {
		return err
	}
	b := newLedger(s.now(), k)
	if err := b.load(l, s.words, items, retries); err != nil {
		return err
	}
	for i := range items {
		*items[i].result = b.judge(&items[i])
	}
	if !retries {
		if err := b.recognise(l, s.words, items); err != nil {
			return err
		}
	}
	l.leaveKnown(s.words, k)
	return b.save(l, s.words)
}

// item is an Append with its parts in one form: every kind but a message and a leave is a handshake.
type item struct {
	account, device wire.ID
	conversation    wire.ID
	message         wire.ID
	send            *wire.Send
	handshake       *wire.Handshake
	create          *wire.Create
	leave           *wire.Leave
	result          *AppendResult
}

// newItem checks the form. The store checks again what a gateway has checked, because one malformed
// item would fail the whole batch in the database.
func newItem(a *Append) (item, error) {
	it := item{account: a.Account, device: a.Device, send: a.Send, handshake: a.Handshake, create: a.Create, leave: a.Leave}
	n := 0
	for _, given := range []bool{a.Send != nil, a.Handshake != nil, a.Create != nil, a.Leave != nil} {
		if given {
			n++
		}
	}
	switch {
	case n != 1:
	case a.Leave != nil:
		it.conversation, it.message = a.Leave.Conversation, a.Leave.Message
		return it, a.Leave.Check()
	case a.Send != nil:
		it.conversation, it.message = a.Send.Conversation, a.Send.Message
		return it, a.Send.Check()
	case a.Handshake != nil:
		it.conversation, it.message = a.Handshake.Conversation, a.Handshake.Message
		return it, a.Handshake.Check()
	case a.Create != nil:
		it.handshake = &a.Create.Handshake
		it.conversation, it.message = it.handshake.Conversation, it.handshake.Message
		return it, checkCreate(a)
	}
	return it, wire.Errorf(wire.CodeBadRequest, "an append is one of message, handshake, new conversation and leave")
}

func checkCreate(a *Append) error {
	c := a.Create
	if err := c.Check(); err != nil {
		return err
	}
	switch c.Kind {
	case wire.Direct:
		return checkDirect(a.Account, c.Handshake.Add)
	case wire.Open:
		if len(c.Handshake.Add) > 0 {
			return errSelfOnly()
		}
	}
	return nil
}

// checkDirect demands that the devices added are those of exactly one other account, and perhaps more
// of the author's own.
func checkDirect(account wire.ID, add []wire.MemberRef) error {
	other := otherOf(account, add)
	for _, m := range add {
		if m.Account != account && m.Account != other {
			return errPairOnly()
		}
	}
	if other == account {
		return errPairOnly()
	}
	return nil
}

// otherOf is the account in a direct conversation's first handshake that is not the author's.
func otherOf(account wire.ID, add []wire.MemberRef) wire.ID {
	for _, m := range add {
		if m.Account != account {
			return m.Account
		}
	}
	return account
}

// pairOf is the key under which a direct conversation is unique.
func pairOf(a, b wire.ID) (p [32]byte) {
	if string(a[:]) > string(b[:]) {
		a, b = b, a
	}
	copy(p[:16], a[:])
	copy(p[16:], b[:])
	return p
}

// entry makes the row of the log.
func (it *item) entry(seq, received uint64) *wire.Entry {
	e := &wire.Entry{Conversation: it.conversation, Seq: seq, Account: it.account, Device: it.device,
		Message: it.message, Received: received}
	if it.send != nil {
		e.Kind, e.Frame, e.Token, e.Commitment = wire.Application, it.send.Frame, it.send.Token, &it.send.Commitment
		if it.send.Expires > 0 {
			e.Expires = received + it.send.Expires*1000
		}
	} else if it.leave != nil {
		e.Kind, e.Frame = wire.HandshakeEntry, it.leave.Frame()
	} else {
		e.Kind, e.Frame = wire.HandshakeEntry, it.handshake.Frame
	}
	return e
}

func (it *item) kind() wire.EntryKind {
	if it.send != nil {
		return wire.Application
	}
	return wire.HandshakeEntry
}
