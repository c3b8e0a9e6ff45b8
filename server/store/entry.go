package store

import (
	"context"
	"database/sql"
	"math"

	"frond/wire"
)

const selectEntries = "SELECT conversation, seq, kind, account, device, message, received, frame, token, commitment, expires " +
	"FROM entry WHERE conversation = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"

// A read goes to the database in pages, because a page whose bytes are not wanted must still be
// received. The first is small: most readers are only a little behind.
const (
	firstPage = 16
	laterPage = 128
)

// Entries reads a conversation's log after a seq up to until (0: to the end), in order: at most limit
// entries, and no more than maxBytes of frames and tokens, except that the first entry is always
// returned however large it is. Expired messages are empty. Whether a device is entitled to them is for the caller to check.
func (s *Store) Entries(ctx context.Context, conversation wire.ID, after, until uint64, limit, maxBytes int) ([]wire.Entry, error) {
	p := page{now: s.now(), conversation: conversation, after: after, until: until, limit: limit, bytes: maxBytes}
	if until == 0 {
		p.until = math.MaxInt64
	}
	err := s.read(ctx, "read entries", p.fill)
	return p.entries, err
}

type page struct {
	now          uint64
	conversation wire.ID
	after, until uint64
	limit, bytes int
	entries      []wire.Entry
	full         bool
}

func (p *page) fill(l *link) error {
	for size := firstPage; !p.full && len(p.entries) < p.limit; size = laterPage {
		size = min(size, p.limit-len(p.entries))
		before := len(p.entries)
		err := l.query(p.add, selectEntries, p.conversation[:], number(p.after), number(p.until), size)
		if err != nil || len(p.entries) < before+size {
			return err
		}
	}
	return nil
}

func (p *page) add(r *sql.Rows) error {
	var e wire.Entry
	err := r.Scan(scanID(&e.Conversation), &e.Seq, &e.Kind, scanID(&e.Account), scanID(&e.Device),
		scanID(&e.Message), &e.Received, &e.Frame, &e.Token, optionalHash{&e.Commitment}, &e.Expires)
	if err != nil {
		return err
	}
	emptyAt(p.now, &e)
	if p.bytes -= len(e.Frame) + len(e.Token); p.bytes < 0 && len(p.entries) > 0 {
		p.full = true
		return errEnough
	}
	p.entries = append(p.entries, e)
	p.after = e.Seq
	return nil
}
