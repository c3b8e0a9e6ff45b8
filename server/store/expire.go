package store

import (
	"context"
	"database/sql"

	"frond/wire"
)

const (
	selectDue   = "SELECT expires, conversation, seq FROM expiry WHERE expires <= ? ORDER BY expires LIMIT ?"
	emptyEntry  = "UPDATE entry SET frame = ?, token = NULL, commitment = NULL WHERE conversation = ? AND seq = ?"
	forgetDue   = "DELETE FROM expiry WHERE expires = ? AND conversation = ? AND seq = ?"
	expireBatch = 200 // messages in one transaction, so that appends need not wait for long
)

var insertExpiry = newInsert("INSERT INTO expiry (expires, conversation, seq)", 3, "")

// due is a message whose time has come.
type due struct {
	expires      uint64
	conversation wire.ID
	seq          uint64
}

// Expire takes frame, token and commitment out of messages whose time has come, some hundred at most, and
// returns of how many; when more are left, more is true. The entries stay, so that the log has no gaps.
// Nobody was given them since: whatever reads the log leaves out what has expired.
func (s *Store) Expire(ctx context.Context) (n int, more bool, err error) {
	var list []due
	err = s.read(ctx, "look for expired messages", func(l *link) error {
		list = nil
		return l.query(func(r *sql.Rows) error {
			var d due
			err := r.Scan(&d.expires, scanID(&d.conversation), &d.seq)
			list = append(list, d)
			return err
		}, selectDue, number(s.now()), expireBatch)
	})
	if err != nil || len(list) == 0 {
		return 0, false, err
	}
	err = s.write(ctx, "expire", func(l *link) error {
		for _, d := range list {
			if _, err := l.exec(emptyEntry, []byte{}, d.conversation[:], number(d.seq)); err != nil {
				return err
			}
			if _, err := l.exec(forgetDue, number(d.expires), d.conversation[:], number(d.seq)); err != nil {
				return err
			}
		}
		return nil
	})
	return len(list), len(list) == expireBatch, err
}

// Scrub makes the database's own journal forget what Expire took out of the tables, as far as that can be
// asked for: SQLite empties its write-ahead log. It reports false when somebody was reading from it, and is
// then to be called again.
func (s *Store) Scrub(ctx context.Context) (done bool, err error) {
	l, err := s.writers.take(ctx)
	if err != nil {
		return false, fail("scrub", err)
	}
	done, err = s.dialect.scrub(l)
	if brokenLink(err) {
		s.writers.drop(l)
	} else {
		s.writers.give(l)
	}
	return done, fail("scrub", err)
}

// saveExpiry notes when messages are to disappear.
func (b *ledger) saveExpiry(l *link) error {
	var list []*wire.Entry
	for _, e := range b.entries {
		if e.Expires != 0 {
			list = append(list, e)
		}
	}
	return insertExpiry.each(len(list), small, func(text string, from, to int) error {
		args := make([]any, 0, 3*(to-from))
		for _, e := range list[from:to] {
			args = append(args, number(e.Expires), e.Conversation[:], number(e.Seq))
		}
		_, err := l.exec(text, args...)
		return err
	})
}

// emptyAt leaves out of an entry what has expired.
func emptyAt(now uint64, e *wire.Entry) {
	if e.Expires != 0 && e.Expires <= now {
		e.Empty()
	}
}
