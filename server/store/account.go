package store

import (
	"context"
	"database/sql"

	"frond/wire"
)

const (
	accountColumns = "id, name, auth, kdf_memory, kdf_time, kdf_threads, kdf_salt, recovery, header, epoch, state, revision, created"
	insertAccount  = "INSERT INTO account (" + accountColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	accountByName  = "SELECT " + accountColumns + " FROM account WHERE name = ?"
	accountByID    = "SELECT " + accountColumns + " FROM account WHERE id = ?"
	accountExists  = "SELECT 1 FROM account WHERE id = ?"
	nameExists     = "SELECT 1 FROM account WHERE name = ?"
	selectRevision = "SELECT revision, epoch, state = ? FROM account WHERE id = ?"
	updateState    = "UPDATE account SET state = ?, revision = ? WHERE id = ?"
)

// CreateAccount stores a new account with its sigchain and first device and, when invite is not
// nil, uses the invite up by one. It fails with CodeExists when the account is there already (a
// retry, since the id is a hash of the chain's first event), CodeNameTaken, CodeRegistration when the
// invite is unknown, used up or expired, and CodeExists when another account has a device of that id.
func (s *Store) CreateAccount(ctx context.Context, a Account, chain [][]byte, d Device, invite *wire.Hash) error {
	return s.write(ctx, "create account", func(l *link) error {
		if err := s.checkNewAccount(l, &a); err != nil {
			return err
		}
		if err := s.useInvite(l, invite); err != nil {
			return err
		}
		_, err := l.exec(insertAccount, a.ID[:], a.Name, a.AuthHash[:], int64(a.KDF.Memory), int64(a.KDF.Time),
			int64(a.KDF.Threads), some(a.KDF.Salt), nullableHash(a.Recovery), some(a.Header), number(a.Epoch), some(a.State), number(a.Revision), number(millis(a.Created)))
		if err != nil {
			return err
		}
		if err := appendChain(l, a.ID, 0, chain); err != nil {
			return err
		}
		return insertNewDevice(l, a.ID, d)
	})
}

func (s *Store) checkNewAccount(l *link, a *Account) error {
	var one int64
	if found, err := l.one([]any{&one}, accountExists, a.ID[:]); found || err != nil {
		return firstErr(err, wire.Errorf(wire.CodeExists, "This account exists already."))
	}
	if found, err := l.one([]any{&one}, nameExists, a.Name); found || err != nil {
		return firstErr(err, wire.Errorf(wire.CodeNameTaken, "This user name is taken."))
	}
	return nil
}

// AccountByName finds an account by its canonical user name, or fails with CodeNotFound.
func (s *Store) AccountByName(ctx context.Context, name string) (Account, error) {
	return s.account(ctx, accountByName, name)
}

// AccountByID finds an account, or fails with CodeNotFound.
func (s *Store) AccountByID(ctx context.Context, id wire.ID) (Account, error) {
	return s.account(ctx, accountByID, id[:])
}

func (s *Store) account(ctx context.Context, query string, arg any) (a Account, err error) {
	err = s.read(ctx, "find account", func(l *link) error {
		found, err := l.one([]any{scanID(&a.ID), &a.Name, scanHash(&a.AuthHash), &a.KDF.Memory, &a.KDF.Time,
			&a.KDF.Threads, &a.KDF.Salt, optionalHash{&a.Recovery}, &a.Header, &a.Epoch, &a.State, &a.Revision, timeColumn{&a.Created}}, query, arg)
		if err == nil && !found {
			return errNoAccount()
		}
		return err
	})
	return a, err
}

func errNoAccount() error { return wire.Errorf(wire.CodeNotFound, "There is no such account.") }

// PutState replaces the sealed account state. It fails with CodeConflict, and Last the stored
// revision, unless revision is the stored one plus one and epoch is the vault's. Storing the same state under the same
// revision again is a retry and succeeds.
func (s *Store) PutState(ctx context.Context, account wire.ID, epoch, revision uint64, state []byte) error {
	return s.write(ctx, "put state", func(l *link) error {
		stored, current, same, err := s.lockState(l, account, state)
		if err != nil || same && stored == revision && current == epoch {
			return err
		}
		if revision != stored+1 || epoch != current {
			return stateConflict(stored)
		}
		_, err = l.exec(updateState, some(state), number(revision), account[:])
		return err
	})
}

func (s *Store) lockState(l *link, account wire.ID, state []byte) (revision, epoch uint64, same bool, err error) {
	found, err := l.one([]any{&revision, &epoch, &same}, selectRevision+s.words.forUpdate, some(state), account[:])
	if err == nil && !found {
		err = errNoAccount()
	}
	return revision, epoch, same, err
}

func stateConflict(stored uint64) error {
	conflict := wire.Errorf(wire.CodeConflict, "The account state was changed meanwhile.")
	conflict.Last = stored
	return conflict
}

var (
	accountNames = newLookup(func(n int) string { return "SELECT id, name FROM account WHERE name IN (" + marks(n) + ")" })
	accountIDs   = newLookup(func(n int) string { return "SELECT id, name FROM account WHERE id IN (" + marks(n) + ")" })
)

// Chains finds accounts by user name and by id, each once, with their whole sigchains. Unknown ones
// are left out.
func (s *Store) Chains(ctx context.Context, names []string, ids []wire.ID) (list []wire.Account, err error) {
	nameKeys := make([][]any, len(names))
	for i, n := range names {
		nameKeys[i] = []any{n}
	}
	err = s.read(ctx, "look up accounts", func(l *link) error {
		list = nil
		seen := map[wire.ID]bool{}
		add := func(r *sql.Rows) error {
			var a wire.Account
			err := r.Scan(scanID(&a.ID), &a.Name)
			if err == nil && !seen[a.ID] {
				seen[a.ID] = true
				list = append(list, a)
			}
			return err
		}
		if err := firstErr(l.all(&accountNames, nameKeys, add), l.all(&accountIDs, keys(ids), add)); err != nil {
			return err
		}
		return fillChains(l, list)
	})
	return list, err
}

// some keeps an empty value from becoming NULL.
func some(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
