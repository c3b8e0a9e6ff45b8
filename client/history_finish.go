package client

import (
	"slices"
	"sort"

	"frond/wire"
)

// finish makes the stretch durable and shows it.
func (s *stretch) finish() {
	s.withheld()
	v, c := s.v, s.c
	t := c.begin()
	healed := false
	for _, r := range s.rows {
		t.put(s.me.keys.row("msg", v.id, r.seq), r.rec)
		c.index(t, v, r.seq, r.rec.Fate)
		s.count(t, r)
		if !r.here {
			c.count(t, string(r.rec.Reason))
		}
		healed = s.heal(t, r) || healed
	}
	for _, l := range s.lacks {
		c.askFor(t, v, l.entry, l.reason)
	}
	c.settleAsks(t, v, s.low, s.gap.To)
	for bucket, p := range s.at.pages.pages {
		if bucket >= s.low/wire.PageBucket && p.rec.Revision > 0 {
			t.put(s.me.keys.row("page", v.id, bucket), p.rec)
		}
	}
	if i := slices.Index(v.history.Gaps, s.gap); i >= 0 {
		v.history.Gaps[i].To = s.low
	}
	v.history.Fetched += uint64(len(s.entries))
	t.put(s.me.keys.of("history", v.id), v.history)
	watched := v.id == c.restore.looking && (c.restore.asked || v.history.Fetched <= openedGlance)
	t.then(func() {
		if watched {
			c.restore.asked = false
		}
		if watched || healed {
			s.show()
		}
		s.at.stretch, s.at.attempts = nil, 0
		c.progress(v)
		c.restoreSoon()
	})
	if t.commit() != nil {
		s.at.stretch = nil
	}
}

// heal ends the search for a message that is readable now. A key that another device gave goes into the
// vault like any other.
func (s *stretch) heal(t *tx, r restoredRow) bool {
	if !r.here || !r.rec.Reason.readable() {
		return false
	}
	id := askID{s.v.id, r.seq}
	if a := s.c.asks[id]; a != nil {
		if a.given != nil {
			s.c.keyDue(t, s.v, r.seq, &r.rec)
		}
		s.c.gotKey(t, id)
	}
	return true
}

// count takes a restored row into the conversation's preview and unread messages.
func (s *stretch) count(t *tx, r restoredRow) {
	v := s.v
	if r.rec.Notice != nil || s.c.isBlocked(r.rec.Account) {
		return
	}
	if !r.here && r.rec.Account != s.me.Account && r.seq > v.rec.Read {
		v.rec.Unread++
		t.mark(v, markRecord|markLook)
	}
	if r.rec.Reason.readable() && lastAt(v) < r.rec.At {
		v.rec.Last = previewOf(&r.rec)
		t.mark(v, markRecord|markLook)
	}
}

// show tells the opened conversation's new rows, oldest first.
func (s *stretch) show() {
	var rows []Message
	for i := range s.rows {
		if m, ok := s.c.message(s.v, s.rows[i].seq, &s.rows[i].rec); ok {
			rows = append(rows, m)
		}
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].Position < rows[j].Position })
	if len(rows) > 0 {
		s.c.emit(Timeline{Conversation: s.v.id, Upsert: rows})
	}
}
