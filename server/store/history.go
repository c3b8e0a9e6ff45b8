package store

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"

	"frond/wire"
)

const (
	selectAccountWindows = "SELECT from_seq, until_seq FROM member WHERE account = ? AND conversation = ?"
	// Frames are left out: no key is left that opens them, and tokens are what history is made of.
	selectHistory = "SELECT conversation, seq, kind, account, device, message, received, token, commitment, expires " +
		"FROM entry WHERE conversation = ? AND seq > ? AND seq <= ? ORDER BY seq DESC LIMIT ?"
)

// History reads a conversation's log backwards from a seq (0: from its end), newest first, as far as an
// account is entitled to it: what lies in a window of any device the account has or had. The entries
// come without frames: at most limit, and no more than wire.MaxHistoryBytes of tokens, except that the
// first is always returned. An account that never was in the conversation gets CodeForbidden.
func (s *Store) History(ctx context.Context, conversation, account wire.ID, before uint64, limit int) (list []wire.Entry, err error) {
	if before == 0 {
		before = math.MaxInt64
	}
	err = s.read(ctx, "read history", func(l *link) error {
		windows, err := accountWindows(l, conversation, account)
		if err == nil && len(windows) == 0 {
			err = errNotMember()
		}
		h := history{now: s.now(), before: before, limit: limit, bytes: wire.MaxHistoryBytes}
		for _, w := range windows {
			if err == nil {
				err = h.read(l, conversation, w)
			}
		}
		list = h.entries
		return err
	})
	return list, err
}

// accountWindows returns the stretches that any device of an account may read, joined where they touch,
// the newest first and each with an end.
func accountWindows(l *link, conversation, account wire.ID) ([]Window, error) {
	var list []Window
	err := l.query(func(r *sql.Rows) error {
		var w Window
		err := r.Scan(&w.From, &w.Until)
		if w.Until == 0 {
			w.Until = math.MaxInt64
		}
		list = append(list, w)
		return err
	}, selectAccountWindows, account[:], conversation[:])
	slices.SortFunc(list, func(a, b Window) int { return cmp.Compare(b.Until, a.Until) })
	joined := list[:0]
	for _, w := range list {
		if n := len(joined); n > 0 && w.Until >= joined[n-1].From {
			joined[n-1].From = min(joined[n-1].From, w.From)
		} else {
			joined = append(joined, w)
		}
	}
	return joined, err
}

// history collects entries from window to window.
type history struct {
	now          uint64
	before       uint64
	limit, bytes int
	full         bool
	entries      []wire.Entry
}

func (h *history) read(l *link, conversation wire.ID, w Window) error {
	for size := firstPage; !h.full && len(h.entries) < h.limit; size = laterPage {
		size = min(size, h.limit-len(h.entries))
		count := len(h.entries)
		err := l.query(h.add, selectHistory, conversation[:], number(w.From), number(min(w.Until, h.before-1)), size)
		if err != nil || len(h.entries) < count+size {
			return err
		}
	}
	return nil
}

func (h *history) add(r *sql.Rows) error {
	var e wire.Entry
	err := r.Scan(scanID(&e.Conversation), &e.Seq, &e.Kind, scanID(&e.Account), scanID(&e.Device),
		scanID(&e.Message), &e.Received, &e.Token, optionalHash{&e.Commitment}, &e.Expires)
	if err != nil {
		return err
	}
	emptyAt(h.now, &e)
	if h.bytes -= len(e.Token); h.bytes < 0 && len(h.entries) > 0 {
		h.full = true
		return errEnough
	}
	e.Frame = []byte{}
	h.entries = append(h.entries, e)
	h.before = e.Seq
	return nil
}
