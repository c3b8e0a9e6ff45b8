package store

import (
	"context"
	"database/sql"

	"frond/wire"
)

const (
	selectChain = "SELECT event FROM chain_event WHERE account = ? ORDER BY position"
	countChain  = "SELECT COUNT(*) FROM chain_event WHERE account = ?"
	lockAccount = "SELECT id FROM account WHERE id = ?"
)

var insertChain = newInsert("INSERT INTO chain_event (account, position, event)", 3, "")

// Chain returns the events of an account's sigchain, or fails with CodeNotFound.
func (s *Store) Chain(ctx context.Context, account wire.ID) (events [][]byte, err error) {
	err = s.read(ctx, "read sigchain", func(l *link) error {
		events, err = chainOf(l, account)
		if err == nil && len(events) == 0 {
			return errNoAccount()
		}
		return err
	})
	return events, err
}

func chainOf(l *link, account wire.ID) (events [][]byte, err error) {
	err = l.query(func(r *sql.Rows) error {
		var e []byte
		err := r.Scan(&e)
		events = append(events, e)
		return err
	}, selectChain, account[:])
	return events, err
}

func fillChains(l *link, list []wire.Account) (err error) {
	for i := range list {
		if list[i].Chain, err = chainOf(l, list[i].ID); err != nil {
			return err
		}
	}
	return nil
}

var chainLengths = newLookup(func(n int) string {
	return "SELECT account, COUNT(*) FROM chain_event WHERE account IN (" + marks(n) + ") GROUP BY account"
})

// ChainLengths counts the events of sigchains. Unknown accounts are left out.
func (s *Store) ChainLengths(ctx context.Context, accounts []wire.ID) (lengths map[wire.ID]uint64, err error) {
	err = s.read(ctx, "count sigchains", func(l *link) error {
		lengths = map[wire.ID]uint64{}
		return l.all(&chainLengths, keys(accounts), func(r *sql.Rows) error {
			var id wire.ID
			var n uint64
			err := r.Scan(scanID(&id), &n)
			lengths[id] = n
			return err
		})
	})
	return lengths, err
}

func appendChain(l *link, account wire.ID, position int, events [][]byte) error {
	size := func(i int) int { return len(events[i]) }
	return insertChain.each(len(events), size, func(text string, from, to int) error {
		args := make([]any, 0, 3*(to-from))
		for i := from; i < to; i++ {
			args = append(args, account[:], position+i, some(events[i]))
		}
		_, err := l.exec(text, args...)
		return err
	})
}

// extendChain appends events if the chain has exactly index events so far (CodeConflict otherwise,
// with Last the number of events). It leaves room for resets, so that nobody who can add and remove devices takes
// the owner's last way back.
func (s *Store) extendChain(l *link, account wire.ID, index uint64, events [][]byte) error {
	return s.extendChainTo(l, account, index, events, wire.MaxChainEvents-wire.ResetEvents)
}

func (s *Store) extendChainTo(l *link, account wire.ID, index uint64, events [][]byte, most uint64) error {
	var id wire.ID
	found, err := l.one([]any{scanID(&id)}, lockAccount+s.words.forUpdate, account[:])
	if err == nil && !found {
		err = errNoAccount()
	}
	if err != nil {
		return err
	}
	var length uint64
	if _, err := l.one([]any{&length}, countChain, account[:]); err != nil {
		return err
	}
	if length != index {
		return ChainConflict(length)
	}
	if length+uint64(len(events)) > most {
		return wire.Errorf(wire.CodeLimit, "A sigchain has at most %d events.", most)
	}
	return appendChain(l, account, int(length), events)
}

// ChainConflict refuses events that were written for a sigchain of another length.
func ChainConflict(length uint64) error {
	conflict := wire.Errorf(wire.CodeConflict, "The sigchain was extended meanwhile.")
	conflict.Last = length
	return conflict
}
