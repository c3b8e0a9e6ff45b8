package store

import (
	"slices"

	"frond/wire"
)

const (
	endWindow     = "UPDATE member SET until_seq = ? WHERE conversation = ? AND device = ? AND from_seq = ?"
	moveGroupInfo = "UPDATE group_info SET seq = ? WHERE conversation = ?"
	addWelcome    = "INSERT INTO welcome (conversation, seq, account, welcome) VALUES (?, ?, ?, ?)"
)

var (
	insertEntries = newInsert("INSERT INTO entry (conversation, seq, kind, account, device, message, received, frame, token, commitment, expires)", 11, "")
	insertMembers = newInsert("INSERT INTO member ("+memberColumns+")", 5, "")
	insertInbox   = newInsert("INSERT INTO inbox (device, conversation, seq)", 3, "")
)

// longer counts the entries that conversations gained when nothing else changed about them, which is
// what a message does.
var longer = newLookup(func(n int) string {
	return "UPDATE conversation SET last = last + ? WHERE id IN (" + marks(n) + ")"
})

// save writes what the items did. New conversations come first, since other rows refer to them.
func (b *ledger) save(l *link, w *words) error {
	var changed []*conversation
	grown := map[int][][]any{} // ids by the number of new entries
	for _, e := range b.entries {
		c := b.conversations[e.Conversation]
		switch {
		case c.fresh:
			if _, err := l.exec(insertConversation, c.row()...); err != nil {
				return err
			}
		case c.changed:
			changed = append(changed, c)
		case c.added > 0:
			grown[c.added] = append(grown[c.added], key(c.id))
		}
		c.added, c.fresh, c.changed = 0, false, false
	}
	for _, step := range []func() error{
		func() error { return saveConversations(l, w, changed) },
		func() error { return saveGrowth(l, grown) },
		func() error { return b.saveEntries(l) },
		func() error { return b.saveExpiry(l) },
		func() error { return b.saveWindows(l) },
		func() error { return b.saveWelcomes(l) },
		func() error { return b.saveInfos(l, w) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func saveGrowth(l *link, grown map[int][][]any) error {
	for by, ids := range grown {
		err := longer.each(ids, func(text string, args []any) error {
			_, err := l.exec(text, slices.Insert(args, 0, any(by))...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// saveConversations writes rows that exist and are locked, so the upsert always updates. It leaves
// the pair alone and passes none, so that the id is the only key the upsert can meet.
func saveConversations(l *link, w *words, list []*conversation) error {
	return w.putConversations.each(len(list), small, func(text string, from, to int) error {
		args := make([]any, 0, 9*(to-from))
		for _, c := range list[from:to] {
			args = append(args, c.row()...)
			args[len(args)-7] = nil // pair
		}
		_, err := l.exec(text, args...)
		return err
	})
}

// small is the size of rows that are never large.
func small(int) int { return 256 }

func (b *ledger) saveEntries(l *link) error {
	size := func(i int) int { return len(b.entries[i].Frame) + len(b.entries[i].Token) + 256 }
	return insertEntries.each(len(b.entries), size, func(text string, from, to int) error {
		args := make([]any, 0, 11*(to-from))
		for _, e := range b.entries[from:to] {
			args = append(args, e.Conversation[:], number(e.Seq), int64(e.Kind), e.Account[:], e.Device[:],
				e.Message[:], number(e.Received), e.Frame, tokenText(e), nullableHash(e.Commitment), number(e.Expires))
		}
		_, err := l.exec(text, args...)
		return err
	})
}

// tokenText makes the parameter text, so that the database shows a token as what it is.
func tokenText(e *wire.Entry) any {
	if e.Token == nil {
		return nil
	}
	return string(e.Token)
}

func (b *ledger) saveWindows(l *link) error {
	var fresh []*membership
	for _, m := range b.windows {
		if m.fresh {
			fresh = append(fresh, m)
			m.fresh = false
		} else if _, err := l.exec(endWindow, number(m.until), m.conversation[:], m.device[:], number(m.from)); err != nil {
			return err
		}
	}
	return insertMembers.each(len(fresh), small, func(text string, from, to int) error {
		args := make([]any, 0, 5*(to-from))
		for _, m := range fresh[from:to] {
			args = append(args, m.conversation[:], m.device[:], m.account[:], number(m.from), number(m.until))
		}
		_, err := l.exec(text, args...)
		return err
	})
}

// saveWelcomes stores each welcome once and a reference in the inbox of each device it is for.
func (b *ledger) saveWelcomes(l *link) error {
	for _, w := range b.welcomes {
		if _, err := l.exec(addWelcome, w.conversation[:], number(w.seq), w.account[:], w.bytes); err != nil {
			return err
		}
		err := insertInbox.each(len(w.to), small, func(text string, from, to int) error {
			args := make([]any, 0, 3*(to-from))
			for _, m := range w.to[from:to] {
				args = append(args, m.Device[:], w.conversation[:], number(w.seq))
			}
			_, err := l.exec(text, args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *ledger) saveInfos(l *link, w *words) error {
	for id, g := range b.infos {
		if g.sealed == nil {
			if _, err := l.exec(moveGroupInfo, number(g.seq), id[:]); err != nil {
				return err
			}
			continue
		}
		if _, err := l.exec(w.putGroupInfo, id[:], number(g.seq), g.sealed); err != nil {
			return err
		}
	}
	return nil
}
