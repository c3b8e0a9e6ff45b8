package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"slices"

	"frond/wire"
)

const (
	countKeys        = "SELECT COUNT(*) FROM key_package WHERE device = ? AND claimed = 0"
	lastResortExists = "SELECT 1 FROM last_resort WHERE device = ?"
	dropUnclaimed    = "DELETE FROM key_package WHERE device = ? AND claimed = 0"
)

// keyStatements are built per database because of upserts and row locks.
type keyStatements struct {
	insertKeys    insert // a package that was published before, even if it was claimed since, stays as it is
	putLastResort string
	lockDevices   lookup
}

func newKeyStatements(w *words) keyStatements {
	return keyStatements{
		insertKeys: newInsert("INSERT INTO key_package (device, hash, package)", 3, w.upsert("device, hash")),
		putLastResort: "INSERT INTO last_resort (device, package) VALUES (?, ?) " +
			w.upsert("device", "package"),
		lockDevices: newLookup(func(n int) string {
			return "SELECT id, account FROM device WHERE account IN (" + marks(n) + ") AND active = 1" + w.forUpdate
		}),
	}
}

var (
	oldestKeys = newLookup(func(n int) string {
		return "SELECT MIN(id) FROM key_package WHERE claimed = 0 AND device IN (" + marks(n) + ") GROUP BY device"
	})
	keysByID = newLookup(func(n int) string {
		return "SELECT device, package FROM key_package WHERE id IN (" + marks(n) + ")"
	})
	takeKeys = newLookup(func(n int) string {
		return "UPDATE key_package SET package = NULL, claimed = ? WHERE id IN (" + marks(n) + ")"
	})
	lastResorts = newLookup(func(n int) string {
		return "SELECT device, package FROM last_resort WHERE device IN (" + marks(n) + ")"
	})
)

// PublishKeys adds one-time key packages to a device's pool, replaces its last-resort key package
// when lastResort is not empty, and returns how many one-time ones the pool holds. A package that
// was published before is not added again, even when somebody claimed it since, so a retry is
// harmless. With replace, what waits in the pool is dropped first, the last-resort one too. It fails with
// CodeLimit when the pool would hold more than wire.MaxKeyPackages and with CodeForbidden when the device
// is not active.
func (s *Store) PublishKeys(ctx context.Context, device wire.ID, packages [][]byte, lastResort []byte, replace bool) (count uint32, err error) {
	if slices.ContainsFunc(packages, func(p []byte) bool { return len(p) == 0 }) {
		return 0, wire.Errorf(wire.CodeBadRequest, "a key package is empty")
	}
	err = s.write(ctx, "publish keys", func(l *link) error {
		if err := s.lockActive(l, device); err != nil {
			return err
		}
		if replace {
			for _, text := range []string{dropUnclaimed, dropLastResort} {
				if _, err := l.exec(text, device[:]); err != nil {
					return err
				}
			}
		}
		if err := s.insertPackages(l, device, packages); err != nil {
			return err
		}
		if len(lastResort) > 0 {
			if _, err := l.exec(s.words.putLastResort, device[:], lastResort); err != nil {
				return err
			}
		}
		if _, err := l.one([]any{&count}, countKeys, device[:]); err != nil {
			return err
		}
		if count > wire.MaxKeyPackages {
			return wire.Errorf(wire.CodeLimit, "A device keeps at most %d key packages here.", wire.MaxKeyPackages)
		}
		return nil
	})
	return count, err
}

func (s *Store) lockActive(l *link, device wire.ID) error {
	var owner wire.ID
	var active bool
	found, err := l.one([]any{scanID(&owner), &active}, deviceExists+s.words.forUpdate, device[:])
	if err == nil && (!found || !active) {
		return wire.Errorf(wire.CodeForbidden, "This device is no longer active.")
	}
	return err
}

func (s *Store) insertPackages(l *link, device wire.ID, packages [][]byte) error {
	size := func(i int) int { return len(packages[i]) }
	return s.words.insertKeys.each(len(packages), size, func(text string, from, to int) error {
		args := make([]any, 0, 3*(to-from))
		for _, p := range packages[from:to] {
			hash := sha256.Sum256(p)
			args = append(args, device[:], hash[:], some(p))
		}
		_, err := l.exec(text, args...)
		return err
	})
}

// CountKeys returns how many one-time key packages a device's pool holds, and whether it has a
// last-resort one.
func (s *Store) CountKeys(ctx context.Context, device wire.ID) (count uint32, lastResort bool, err error) {
	err = s.read(ctx, "count keys", func(l *link) error {
		if _, err := l.one([]any{&count}, countKeys, device[:]); err != nil {
			return err
		}
		var one int64
		lastResort, err = l.one([]any{&one}, lastResortExists, device[:])
		return err
	})
	return count, lastResort, err
}

// ClaimKeys takes one key package of every active device of the accounts but the one that asks, which
// needs none to add itself. A one-time package is given out exactly once, the oldest first; a device
// without any gives its last-resort one, which stays; a device without that either is left out.
func (s *Store) ClaimKeys(ctx context.Context, by wire.ID, accounts []wire.ID) (claimed []wire.ClaimedKey, err error) {
	err = s.write(ctx, "claim keys", func(l *link) error {
		c := claim{l: l, by: by, packages: map[wire.ID][]byte{}}
		if err := c.lock(s.words, accounts); err != nil {
			return err
		}
		if err := firstErr(c.takeOneTime(s.now()), c.addLastResorts()); err != nil {
			return err
		}
		claimed = c.result()
		return nil
	})
	return claimed, err
}

// claim is a ClaimKeys under way. It locks the devices' rows first, so claims for one device follow
// one another.
type claim struct {
	l        *link
	by       wire.ID           // the device that asks
	devices  []wire.ClaimedKey // without packages, each device once
	packages map[wire.ID][]byte
}

func (c *claim) lock(w *words, accounts []wire.ID) error {
	seen := map[wire.ID]bool{}
	return c.l.all(&w.lockDevices, keys(accounts), func(r *sql.Rows) error {
		var k wire.ClaimedKey
		err := r.Scan(scanID(&k.Device), scanID(&k.Account))
		if err == nil && !seen[k.Device] && k.Device != c.by {
			seen[k.Device] = true
			c.devices = append(c.devices, k)
		}
		return err
	})
}

func (c *claim) collect(r *sql.Rows) error {
	var device wire.ID
	var p []byte
	err := r.Scan(scanID(&device), &p)
	c.packages[device] = p
	return err
}

func (c *claim) takeOneTime(now uint64) error {
	var ids [][]any
	err := c.l.all(&oldestKeys, c.missing(), func(r *sql.Rows) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, []any{id})
		return err
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	if err := c.l.all(&keysByID, ids, c.collect); err != nil {
		return err
	}
	taken := int64(0)
	err = takeKeys.each(ids, func(text string, args []any) error {
		n, err := c.l.exec(text, append([]any{number(now)}, args...)...)
		taken += n
		return err
	})
	if err == nil && taken != int64(len(ids)) {
		return errors.New("a key package was taken by another claim")
	}
	return err
}

func (c *claim) addLastResorts() error {
	return c.l.all(&lastResorts, c.missing(), c.collect)
}

// missing lists the devices without a package so far.
func (c *claim) missing() (list [][]any) {
	for _, d := range c.devices {
		if c.packages[d.Device] == nil {
			list = append(list, key(d.Device))
		}
	}
	return list
}

func (c *claim) result() (list []wire.ClaimedKey) {
	for _, d := range c.devices {
		if d.Package = c.packages[d.Device]; d.Package != nil {
			list = append(list, d)
		}
	}
	return list
}
