package store

import (
	"context"
	"database/sql"
	"time"

	"frond/wire"
)

const (
	insertDevice = "INSERT INTO device (id, account, active, created, seen) VALUES (?, ?, ?, ?, ?)"
	deviceExists = "SELECT account, active FROM device WHERE id = ?"
	countDevices = "SELECT COUNT(*) FROM device WHERE account = ? AND active = 1"
	sawDevice    = "UPDATE device SET seen = ? WHERE id = ? AND seen < ?"

	deactivate      = "UPDATE device SET active = 0 WHERE id = ?"
	dropSessions    = "DELETE FROM session WHERE account = ? AND device = ?"
	dropKeyPackages = "DELETE FROM key_package WHERE device = ?"
	dropLastResort  = "DELETE FROM last_resort WHERE device = ?"
	bindSession     = "UPDATE session SET device = ? WHERE token = ? AND account = ? AND device IS NULL AND expires > ?"
	inboxOfDevice   = "SELECT item FROM inbox WHERE device = ?"
	deviceOfSession = "SELECT device FROM session WHERE token = ? AND expires > ?"
)

var devicesOf = newLookup(func(n int) string {
	return "SELECT id, account, active, created, seen FROM device WHERE account IN (" + marks(n) + ") ORDER BY created"
})

// AddDevice extends an account's sigchain by events, if it has exactly index events so far, adds the
// device beside the others and binds the session to it.
//
// It fails with CodeConflict and Last, the chain's length, when the chain was extended meanwhile;
// with CodeExists when the device id is in use; with CodeLimit beyond wire.MaxDevices active devices; with
// CodeForbidden when the session is a device's already; with CodeUnauthenticated when it ended.
func (s *Store) AddDevice(ctx context.Context, account wire.ID, index uint64, events [][]byte, d Device, session wire.Hash) error {
	return s.write(ctx, "add device", func(l *link) error {
		if err := s.extendChain(l, account, index, events); err != nil {
			return err
		}
		return s.comeIn(l, account, d, session)
	})
}

// comeIn adds a device beside the others and binds the session to it.
func (s *Store) comeIn(l *link, account wire.ID, d Device, session wire.Hash) error {
	if err := insertNewDevice(l, account, d); err != nil {
		return err
	}
	if err := checkDevices(l, account); err != nil {
		return err
	}
	return s.bind(l, account, d.ID, session)
}

// BindSession makes a session without a device that of an active device of the account. It fails with CodeForbidden when it
// is a device's already, or the account has no such device, and with CodeUnauthenticated when the session ended.
func (s *Store) BindSession(ctx context.Context, account, device wire.ID, session wire.Hash) error {
	return s.write(ctx, "bind session", func(l *link) error {
		var owner wire.ID
		var active bool
		found, err := l.one([]any{scanID(&owner), &active}, deviceExists+s.words.forUpdate, device[:])
		if err == nil && (!found || owner != account || !active) {
			err = wire.Errorf(wire.CodeForbidden, "this is not one of the account's devices")
		}
		if err != nil {
			return err
		}
		return s.bind(l, account, device, session)
	})
}

func (s *Store) bind(l *link, account, device wire.ID, session wire.Hash) error {
	n, err := l.exec(bindSession, device[:], session[:], account[:], number(s.now()))
	if err == nil && n == 0 {
		err = s.whyUnbound(l, session)
	}
	return err
}

// ReplaceDevice is RemoveDevice and then AddDevice, by a session without a device, in one step: all of it happens or
// nothing. It fails as they do.
func (s *Store) ReplaceDevice(ctx context.Context, of Session, index uint64, events [][]byte, gone wire.ID, v Vault, d Device) error {
	return s.write(ctx, "replace device", func(l *link) error {
		if err := s.takeOut(l, of, index, events, gone, v); err != nil {
			return err
		}
		return s.comeIn(l, of.Account, d, of.Token)
	})
}

// whyUnbound says why a session can not become a device's.
func (s *Store) whyUnbound(l *link, session wire.Hash) error {
	var device *wire.ID
	found, err := l.one([]any{optionalID{&device}}, deviceOfSession+s.words.forUpdate, session[:], number(s.now()))
	switch {
	case err != nil:
		return err
	case found && device != nil:
		return wire.Errorf(wire.CodeForbidden, "This session is a device's already.")
	}
	return errNoSession()
}

func insertNewDevice(l *link, account wire.ID, d Device) error {
	var owner wire.ID
	var active bool
	if found, err := l.one([]any{scanID(&owner), &active}, deviceExists, d.ID[:]); found || err != nil {
		return firstErr(err, wire.Errorf(wire.CodeExists, "A device with this id exists already."))
	}
	_, err := l.exec(insertDevice, d.ID[:], account[:], 1, number(millis(d.Created)), number(millis(d.Created)))
	return err
}

func checkDevices(l *link, account wire.ID) error {
	var n int
	_, err := l.one([]any{&n}, countDevices, account[:])
	if err == nil && n > wire.MaxDevices {
		return wire.Errorf(wire.CodeLimit, "An account has at most %d devices. Remove one that you no longer use.", wire.MaxDevices)
	}
	return err
}

// RemoveDevice extends an account's sigchain by events, if it has exactly index events so far, opens the
// vault epoch that goes with them, as PutVault does, and makes the device inactive: its sessions end, as those
// without a device do, and its key packages and inbox are dropped. All of it happens or nothing. It fails with CodeConflict when
// chain or vault changed meanwhile (Last is the chain's length, or else the state's revision), and with
// CodeNotFound when the account has no such active device.
func (s *Store) RemoveDevice(ctx context.Context, of Session, index uint64, events [][]byte, device wire.ID, v Vault) error {
	return s.write(ctx, "remove device", func(l *link) error { return s.takeOut(l, of, index, events, device, v) })
}

func (s *Store) takeOut(l *link, of Session, index uint64, events [][]byte, device wire.ID, v Vault) error {
	account := of.Account
	if err := s.extendChain(l, account, index, events); err != nil {
		return err
	}
	if err := s.openEpoch(l, of, v); err != nil {
		return err
	}
	if err := endLoose(l, of); err != nil {
		return err
	}
	var owner wire.ID
	var active bool
	found, err := l.one([]any{scanID(&owner), &active}, deviceExists+s.words.forUpdate, device[:])
	if err == nil && (!found || owner != account || !active) {
		err = wire.Errorf(wire.CodeNotFound, "The account has no such device.")
	}
	if err != nil {
		return err
	}
	return retire(l, account, device)
}

// SawDevice notes when a device was last active.
func (s *Store) SawDevice(ctx context.Context, device wire.ID, at time.Time) error {
	return s.write(ctx, "saw device", func(l *link) error {
		now := number(millis(at))
		_, err := l.exec(sawDevice, now, device[:], now)
		return err
	})
}

func retire(l *link, account, device wire.ID) error {
	if _, err := l.exec(deactivate, device[:]); err != nil {
		return err
	}
	if _, err := l.exec(dropSessions, account[:], device[:]); err != nil {
		return err
	}
	for _, text := range []string{dropKeyPackages, dropLastResort} {
		if _, err := l.exec(text, device[:]); err != nil {
			return err
		}
	}
	items, err := numbersOf(l, inboxOfDevice, device[:])
	if err != nil {
		return err
	}
	return forget(l, device, items)
}

// Devices returns all devices of the accounts, active or not, the oldest of each first.
func (s *Store) Devices(ctx context.Context, accounts []wire.ID) (list []Device, err error) {
	err = s.read(ctx, "list devices", func(l *link) error {
		list = nil
		return l.all(&devicesOf, keys(accounts), func(r *sql.Rows) error {
			var d Device
			err := r.Scan(scanID(&d.ID), scanID(&d.Account), &d.Active, timeColumn{&d.Created}, timeColumn{&d.Seen})
			list = append(list, d)
			return err
		})
	})
	return list, err
}

func numbersOf(l *link, text string, args ...any) (list []uint64, err error) {
	err = l.query(func(r *sql.Rows) error {
		var n uint64
		err := r.Scan(&n)
		list = append(list, n)
		return err
	}, text, args...)
	return list, err
}
