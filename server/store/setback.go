package store

import (
	"context"
	"crypto/rand"
	"database/sql"

	"frond/wire"
)

// A database that is a copy lacks what happened after it was made, and devices know that. Before a server goes on with it,
// each log goes on far behind its last entry, so that no place is taken twice, with an entry that says so.

const (
	settingCopy = "copy" // there while the database is a copy that nobody has gone on with

	dropSetting     = "DELETE FROM setting WHERE name = ?"
	selectBegun     = "SELECT " + conversationColumns + " FROM conversation WHERE last > 0 AND id > ? ORDER BY id LIMIT 500"
	goOn            = "UPDATE conversation SET last = ?, last_handshake = ?, recent = ? WHERE id = ?"
	selectLastCopy  = "SELECT COALESCE(MAX(seq), 0) FROM entry WHERE conversation = ? AND kind = ?"
	selectWholeList = "SELECT " + memberColumns + " FROM member WHERE conversation = ? AND until_seq = 0"
)

// MarkCopy says that the database is an older copy of one that devices have seen more of. The next server that opens it
// tells them. A server that runs does not notice: stop it first.
func (s *Store) MarkCopy(ctx context.Context) error {
	return s.write(ctx, "mark as a copy", func(l *link) error {
		if _, found, err := setting(l, settingCopy); found || err != nil {
			return err
		}
		_, err := l.exec(insertSetting, settingCopy, []byte{1})
		return err
	})
}

// goOnFromCopy makes a database that is a copy ready to go on with.
func (s *Store) goOnFromCopy(l *link) error {
	_, found, err := setting(l, settingCopy)
	if err != nil || !found {
		return err
	}
	var after wire.ID
	for {
		var list []*conversation
		err := l.query(func(r *sql.Rows) error {
			c := &conversation{}
			list = append(list, c)
			return c.scan(r)
		}, selectBegun, after[:])
		if err != nil {
			return err
		}
		if len(list) == 0 {
			_, err := l.exec(dropSetting, settingCopy)
			return err
		}
		if err := s.goOnWith(l, list); err != nil {
			return err
		}
		after = list[len(list)-1].id
	}
}

func (s *Store) goOnWith(l *link, list []*conversation) error {
	b := newLedger(s.now(), newKnown())
	for _, c := range list {
		frame, err := wire.Encode(wire.SetBack{Last: c.last, Handshake: c.lastHandshake})
		if err != nil {
			return err
		}
		message, err := wire.NewID(rand.Reader)
		if err != nil {
			return err
		}
		c.last += wire.SetBackStride
		seq := c.shook()
		b.entries = append(b.entries, &wire.Entry{Conversation: c.id, Seq: seq, Kind: wire.SetBackEntry, Message: message, Received: b.now, Frame: frame})
		if _, err := l.exec(goOn, number(c.last), number(c.lastHandshake), packSeqs(c.recent), c.id[:]); err != nil {
			return err
		}
		if _, err := l.exec(moveGroupInfo, number(seq), c.id[:]); err != nil { // by which one still joins
			return err
		}
	}
	return b.saveEntries(l)
}

// loadWhole reads what a handshake needs that names all members: who the others are, and since when the log was set back.
func (b *ledger) loadWhole(l *link, items []item) error {
	for i := range items {
		it := &items[i]
		if it.handshake == nil || !it.handshake.Whole {
			continue
		}
		var since uint64
		if _, err := l.one([]any{&since}, selectLastCopy, it.conversation[:], int64(wire.SetBackEntry)); err != nil {
			return err
		}
		if err := l.query(b.scanMember, selectWholeList, it.conversation[:]); err != nil {
			return err
		}
		b.setBack[it.conversation] = since
	}
	return nil
}

// checkWhole lets all members be named after the conversation's log was set back, and its author be one of them.
func (b *ledger) checkWhole(it *item, c *conversation) *wire.Error {
	h := it.handshake
	if !h.Whole {
		return nil
	}
	author := false
	for _, m := range h.Return {
		author = author || m == wire.MemberRef{Account: it.account, Device: it.device}
		if c.pair != nil && !inPair(c.pair, m.Account) {
			return errPairOnly()
		}
	}
	if !author || b.setBack[c.id] == 0 || h.Previous < b.setBack[c.id] {
		return wire.Errorf(wire.CodeForbidden, "All members are named after the server was set back, by one of them.")
	}
	return nil
}

// enterWhole makes exactly those members who are named. Who was none gets the log since it was set back.
func (b *ledger) enterWhole(it *item, c *conversation, seq uint64) {
	named := map[wire.ID]bool{}
	for _, m := range it.handshake.Return {
		d, known := b.devices[m.Device]
		if !known || !d.active || d.account != m.Account {
			continue // whom the server does not know yet comes in by itself
		}
		named[m.Device] = true
		from := b.setBack[c.id] - 1
		if w, was := b.ended[memberKey{c.id, m.Device}]; was && w.from >= from {
			from = seq - 1
		}
		b.join(c, m.Account, m.Device, from)
	}
	for device := range b.members[c.id] {
		if !named[device] {
			b.leave(c, device, seq)
		}
	}
}
