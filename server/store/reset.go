package store

import (
	"context"
	"database/sql"
	"time"

	"frond/wire"
)

const (
	resetColumns  = "account, hash, usable, expires"
	insertReset   = "INSERT INTO account_reset (" + resetColumns + ") VALUES (?, ?, ?, ?)"
	deleteReset   = "DELETE FROM account_reset WHERE account = ?"
	resetOf       = "SELECT " + resetColumns + " FROM account_reset WHERE account = ? AND expires > ?"
	resetsPending = "SELECT " + resetColumns + " FROM account_reset WHERE expires > ?"
	resetByHash   = "SELECT r.account, r.hash, r.usable, r.expires FROM account_reset r " +
		"JOIN account a ON a.id = r.account WHERE r.hash = ? AND a.name = ? AND r.expires > ?"
	expireResets = "DELETE FROM account_reset WHERE expires <= ?"

	updateReset   = "UPDATE account SET auth = ?, kdf_memory = ?, kdf_time = ?, kdf_threads = ?, kdf_salt = ?, recovery = NULL, header = ?, epoch = ?, state = ?, revision = ? WHERE id = ?"
	activeDevices = "SELECT id FROM device WHERE account = ? AND active = 1"
	deletePages   = "DELETE FROM vault_page WHERE account = ?"
	openWindowsIn = "SELECT DISTINCT conversation FROM member WHERE account = ? AND until_seq = 0 ORDER BY conversation"
	lockLast      = "SELECT last FROM conversation WHERE id = ?"
	endWindows    = "UPDATE member SET until_seq = ? WHERE account = ? AND conversation = ? AND until_seq = 0"
	fewerMembers  = "UPDATE conversation SET members = members - ? WHERE id = ?"
	freePair      = "UPDATE conversation SET pair = NULL WHERE id = ? AND members = 0"
	neighbours    = "SELECT DISTINCT o.account FROM member m JOIN conversation c ON c.id = m.conversation " +
		"JOIN member o ON o.conversation = m.conversation WHERE m.account = ? AND c.kind <> ? AND o.until_seq = 0 AND o.account <> ?"
)

// PendingReset is somebody's leave to begin an account anew.
type PendingReset struct {
	Account wire.ID
	Hash    wire.Hash // SHA-256 of the token
	Usable  time.Time // not before: until then the account's devices may cancel it
	Expires time.Time
}

// Reset is an account as it begins anew.
type Reset struct {
	Name     string
	Hash     wire.Hash // SHA-256 of the token
	Device   Device
	Index    uint64 // of the first event
	Events   [][]byte
	Auth     wire.Hash // hash of the authentication secret
	KDF      wire.KDF
	Epoch    uint64
	Header   []byte
	Revision uint64
	State    []byte
}

// CreateReset allows one reset of an account, in place of an earlier one that was not finished.
func (s *Store) CreateReset(ctx context.Context, r PendingReset) error {
	return s.write(ctx, "create reset", func(l *link) error {
		if _, err := l.exec(deleteReset, r.Account[:]); err != nil {
			return err
		}
		_, err := l.exec(insertReset, r.Account[:], r.Hash[:], number(millis(r.Usable)), number(millis(r.Expires)))
		return err
	})
}

// CancelReset takes back what CreateReset allowed. found is false when there was nothing.
func (s *Store) CancelReset(ctx context.Context, account wire.ID) (found bool, err error) {
	err = s.write(ctx, "cancel reset", func(l *link) error {
		n, err := l.exec(deleteReset, account[:])
		found = n > 0
		return err
	})
	return found, err
}

// ResetOf returns the reset that was allowed for an account; nil when there is none.
func (s *Store) ResetOf(ctx context.Context, account wire.ID) (*PendingReset, error) {
	list, err := s.resets(ctx, resetOf, account[:], number(s.now()))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// Resets returns all that were allowed and not finished.
func (s *Store) Resets(ctx context.Context) ([]PendingReset, error) {
	return s.resets(ctx, resetsPending, number(s.now()))
}

func (s *Store) resets(ctx context.Context, text string, args ...any) (list []PendingReset, err error) {
	err = s.read(ctx, "read resets", func(l *link) error {
		list = nil
		return l.query(func(r *sql.Rows) error {
			var p PendingReset
			err := r.Scan(p.columns()...)
			list = append(list, p)
			return err
		}, text, args...)
	})
	return list, err
}

func (p *PendingReset) columns() []any {
	return []any{scanID(&p.Account), scanHash(&p.Hash), timeColumn{&p.Usable}, timeColumn{&p.Expires}}
}

// ResetFor returns the reset that a token allows for an account of that name. It fails with CodeForbidden
// when there is none, and with CodeHeld and RetryAfter when it is not usable yet.
func (s *Store) ResetFor(ctx context.Context, name string, hash wire.Hash) (p PendingReset, err error) {
	err = s.read(ctx, "find reset", func(l *link) error {
		p, err = s.resetFor(l, name, hash, "")
		return err
	})
	return p, err
}

func (s *Store) resetFor(l *link, name string, hash wire.Hash, lock string) (p PendingReset, err error) {
	now := s.now()
	found, err := l.one(p.columns(), resetByHash+lock, hash[:], name, number(now))
	switch wait := int64(millis(p.Usable)) - int64(now); {
	case err != nil:
		return p, err
	case !found:
		return p, wire.Errorf(wire.CodeForbidden, "This link is not valid: it was used, it expired, or it is for another name. "+
			"If you have just chosen a new password with it, sign in with that.")
	case wait > 0:
		held := wire.Errorf(wire.CodeHeld, "This account was used lately, so its devices have a day to say no. Open this link again after %s.",
			p.Usable.UTC().Format("2 January 15:04 MST"))
		held.RetryAfter = uint32((wait + 999) / 1000)
		return p, held
	}
	return p, nil
}

// ResetAccount lets an account begin anew, once, by the token that allowed it: the chain grows, password,
// vault header and state are replaced, the recovery code is forgotten, and the new device is the
// only one. Of the devices before nothing is left but the windows in which they were members, ended
// now. It returns the account, and fails like ResetFor, and with CodeConflict unless chain, vault
// epoch and revision are what the reset follows.
func (s *Store) ResetAccount(ctx context.Context, r *Reset) (account wire.ID, err error) {
	err = s.write(ctx, "reset account", func(l *link) error {
		p, err := s.resetFor(l, r.Name, r.Hash, s.words.forUpdate)
		if err != nil {
			return err
		}
		account = p.Account
		for _, step := range []func(*link, wire.ID, *Reset) error{s.resetWindows, s.resetChain, s.resetVault, resetDevices} {
			if err := step(l, account, r); err != nil {
				return err
			}
		}
		return insertNewDevice(l, account, r.Device)
	})
	return account, err
}

func (s *Store) resetChain(l *link, account wire.ID, r *Reset) error {
	return s.extendChainTo(l, account, r.Index, r.Events, wire.MaxChainEvents)
}

func (s *Store) resetVault(l *link, account wire.ID, r *Reset) error {
	revision, epoch, _, err := s.lockState(l, account, r.State)
	if err == nil && (r.Revision != revision+1 || r.Epoch != epoch+1) {
		err = stateConflict(revision)
	}
	if err != nil {
		return err
	}
	_, err = l.exec(updateReset, r.Auth[:], int64(r.KDF.Memory), int64(r.KDF.Time), int64(r.KDF.Threads), some(r.KDF.Salt),
		some(r.Header), number(r.Epoch), some(r.State), number(r.Revision), account[:])
	return err
}

// resetDevices drops the devices there were, every session, the stored message keys, and the leave itself.
func resetDevices(l *link, account wire.ID, _ *Reset) error {
	devices, err := idsOf(l, activeDevices, account[:])
	if err != nil {
		return err
	}
	for _, d := range devices {
		if err := retire(l, account, d); err != nil {
			return err
		}
	}
	for _, text := range []string{revokeSessions, deletePages, deleteReset} {
		if _, err := l.exec(text, account[:]); err != nil {
			return err
		}
	}
	return nil
}

// resetWindows ends the account's membership everywhere. Conversations are locked in the order in which
// appends lock them. Two people of whom nobody is left in their conversation may begin another.
func (s *Store) resetWindows(l *link, account wire.ID, _ *Reset) error {
	conversations, err := idsOf(l, openWindowsIn, account[:])
	if err != nil {
		return err
	}
	for _, id := range conversations {
		var last uint64
		if _, err := l.one([]any{&last}, lockLast+s.words.forUpdate, id[:]); err != nil {
			return err
		}
		n, err := l.exec(endWindows, number(last), account[:], id[:])
		if err != nil {
			return err
		}
		if _, err := l.exec(fewerMembers, n, id[:]); err != nil {
			return err
		}
		if _, err := l.exec(freePair, id[:]); err != nil {
			return err
		}
	}
	return nil
}

// Neighbours lists the accounts that are in a closed conversation in which this one is or was.
func (s *Store) Neighbours(ctx context.Context, account wire.ID) (list []wire.ID, err error) {
	err = s.read(ctx, "list neighbours", func(l *link) error {
		list, err = idsOf(l, neighbours, account[:], int64(wire.Open), account[:])
		return err
	})
	return list, err
}

func idsOf(l *link, text string, args ...any) (list []wire.ID, err error) {
	err = l.query(func(r *sql.Rows) error {
		var id wire.ID
		err := r.Scan(scanID(&id))
		list = append(list, id)
		return err
	}, text, args...)
	return list, err
}
