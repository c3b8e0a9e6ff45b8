package store

import (
	"context"
	"database/sql"

	"frond/wire"
)

const (
	insertDevice = "INSERT INTO device (id, account, active, created, seen) VALUES (?, ?, ?, ?, ?)"
	deviceExists = "SELECT account, active FROM device WHERE id = ?"
	olderDevices = "SELECT id FROM device WHERE account = ? AND active = 1 AND id <> ?"

	deactivate       = "UPDATE device SET active = 0 WHERE id = ?"
	dropSessions     = "DELETE FROM session WHERE account = ? AND device = ?"
	dropKeyPackages  = "DELETE FROM key_package WHERE device = ?"
	dropLastResort   = "DELETE FROM last_resort WHERE device = ?"
	bindSession      = "UPDATE session SET device = ? WHERE token = ? AND account = ? AND expires > ?"
	inboxOfDevice    = "SELECT item FROM inbox WHERE device = ?"
	accountOfSession = "SELECT account FROM session WHERE token = ? AND expires > ?"
)

var devicesOf = newLookup(func(n int) string {
	return "SELECT id, account, active, created, seen FROM device WHERE account IN (" + marks(n) + ") ORDER BY created"
})

// AddDevice extends an account's sigchain by events, if it has exactly index events so far, adds the
// device and binds the session to it. In this version an account has one active device: older ones
// become inactive, their sessions end, and their key packages and inboxes are dropped.
//
// It fails with CodeConflict and Last, the chain's length, when the chain was extended meanwhile;
// with CodeExists when the device id is in use; with CodeUnauthenticated when the session ended.
func (s *Store) AddDevice(ctx context.Context, account wire.ID, index uint64, events [][]byte, d Device, session wire.Hash) error {
	return s.write(ctx, "add device", func(l *link) error {
		if err := s.extendChain(l, account, index, events); err != nil {
			return err
		}
		if err := insertNewDevice(l, account, d); err != nil {
			return err
		}
		if err := replaceDevices(l, account, d.ID); err != nil {
			return err
		}
		n, err := l.exec(bindSession, d.ID[:], session[:], account[:], number(s.now()))
		if err == nil && n == 0 {
			return errNoSession()
		}
		return err
	})
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

// replaceDevices makes all devices of the account but one inactive.
func replaceDevices(l *link, account, kept wire.ID) error {
	older, err := idsOf(l, olderDevices, account[:], kept[:])
	if err != nil {
		return err
	}
	for _, id := range older {
		if err := retire(l, account, id); err != nil {
			return err
		}
	}
	return nil
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

func idsOf(l *link, text string, args ...any) (list []wire.ID, err error) {
	err = l.query(func(r *sql.Rows) error {
		var id wire.ID
		err := r.Scan(scanID(&id))
		list = append(list, id)
		return err
	}, text, args...)
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
