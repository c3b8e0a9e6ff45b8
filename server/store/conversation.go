package store

import (
	"context"
	"database/sql"
	"encoding/binary"

	"frond/wire"
)

// conversation is a row of the table: what an append must know of a log without reading it.
type conversation struct {
	id            wire.ID
	kind          wire.ConversationKind
	pair          []byte     // direct: both accounts, the smaller first
	joinKey       *wire.Hash // open
	last          uint64
	lastHandshake uint64
	recent        []uint64 // seqs of the last handshakes, newest first, at most keepRecent
	members       int      // devices whose window has no end
	created       uint64

	// For the append that is under way: how many entries it added, and what else must be written.
	added          int
	fresh, changed bool
}

// keepRecent handshakes tell whether more than wire.MaxStaleHandshakes came after a seq.
const keepRecent = wire.MaxStaleHandshakes + 1

const (
	conversationColumns = "id, kind, pair, join_key, last, last_handshake, recent, members, created"
	insertConversation  = "INSERT INTO conversation (" + conversationColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	conversationsOf     = "SELECT c.id, c.kind, c.last, c.last_handshake, MAX(m.device = ?) FROM member m " +
		"JOIN conversation c ON c.id = m.conversation " +
		"WHERE m.account = ? AND m.until_seq = 0 GROUP BY c.id, c.kind, c.last, c.last_handshake ORDER BY c.id"
	openConversation = "SELECT id, kind, last, last_handshake, 0 FROM conversation " +
		"WHERE id = (SELECT value FROM setting WHERE name = '" + settingOpen + "')"
	selectWindows   = "SELECT from_seq, until_seq FROM member WHERE conversation = ? AND device = ? ORDER BY from_seq"
	selectMembers   = "SELECT account, device FROM member WHERE conversation = ? AND until_seq = 0 ORDER BY device"
	selectGroupInfo = "SELECT g.sealed, g.seq, c.join_key FROM group_info g " +
		"JOIN conversation c ON c.id = g.conversation WHERE g.conversation = ?"
)

// row returns the parameters in the order of conversationColumns.
func (c *conversation) row() []any {
	var pair any
	if c.pair != nil {
		pair = c.pair
	}
	return []any{c.id[:], int64(c.kind), pair, nullableHash(c.joinKey), number(c.last), number(c.lastHandshake),
		packSeqs(c.recent), c.members, number(c.created)}
}

func (c *conversation) scan(r *sql.Rows) error {
	var recent []byte
	err := r.Scan(scanID(&c.id), &c.kind, &c.pair, optionalHash{&c.joinKey}, &c.last, &c.lastHandshake,
		&recent, &c.members, &c.created)
	c.recent = unpackSeqs(recent)
	return err
}

func packSeqs(list []uint64) []byte {
	b := make([]byte, 0, 8*len(list))
	for _, n := range list {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

func unpackSeqs(b []byte) (list []uint64) {
	for ; len(b) >= 8; b = b[8:] {
		list = append(list, binary.BigEndian.Uint64(b))
	}
	return list
}

// stale reports that more than wire.MaxStaleHandshakes handshakes came after a seq.
func (c *conversation) stale(seq uint64) bool {
	return len(c.recent) == keepRecent && c.recent[keepRecent-1] > seq
}

// ConversationsFor lists the conversations an account is in through any of its devices, and always
// the open one. Member says whether the device named gets the entries.
func (s *Store) ConversationsFor(ctx context.Context, account, device wire.ID) (list []wire.Conversation, err error) {
	err = s.read(ctx, "list conversations", func(l *link) error {
		list = nil
		open := -1
		add := func(r *sql.Rows) error {
			var c wire.Conversation
			err := r.Scan(scanID(&c.ID), &c.Kind, &c.Last, &c.LastHandshake, &c.Member)
			if c.Kind == wire.Open {
				open = len(list)
			}
			list = append(list, c)
			return err
		}
		if err := l.query(add, conversationsOf, device[:], account[:]); err != nil || open >= 0 {
			return err
		}
		return l.query(add, openConversation)
	})
	return list, err
}

// Windows returns the stretches of a conversation's log that a device is entitled to, oldest first.
// A device that was removed keeps the windows it had, so that it still learns of its removal.
func (s *Store) Windows(ctx context.Context, conversation, device wire.ID) (list []Window, err error) {
	err = s.read(ctx, "read windows", func(l *link) error {
		list = nil
		return l.query(func(r *sql.Rows) error {
			var w Window
			err := r.Scan(&w.From, &w.Until)
			list = append(list, w)
			return err
		}, selectWindows, conversation[:], device[:])
	})
	return list, err
}

// MembersOf lists the devices that get a conversation's entries.
func (s *Store) MembersOf(ctx context.Context, conversation wire.ID) (list []wire.MemberRef, err error) {
	err = s.read(ctx, "read members", func(l *link) error {
		list = nil
		return l.query(func(r *sql.Rows) error {
			var m wire.MemberRef
			err := r.Scan(scanID(&m.Account), scanID(&m.Device))
			list = append(list, m)
			return err
		}, selectMembers, conversation[:])
	})
	return list, err
}

// Entitlement returns the newest of a device's windows: entries with from < seq <= until, or without
// an upper end when until is 0. ok is false when the device never was a member.
func (s *Store) Entitlement(ctx context.Context, conversation, device wire.ID) (from, until uint64, ok bool, err error) {
	list, err := s.Windows(ctx, conversation, device)
	if err != nil || len(list) == 0 {
		return 0, 0, false, err
	}
	newest := list[len(list)-1]
	return newest.From, newest.Until, true, nil
}

// GroupInfo returns the newest sealed GroupInfo, and the join key of an open conversation. It fails
// with CodeNotFound when the conversation has not begun. Who may have it is for the caller to check.
func (s *Store) GroupInfo(ctx context.Context, conversation wire.ID) (g wire.GroupInfo, err error) {
	err = s.read(ctx, "read group info", func(l *link) error {
		found, err := l.one([]any{&g.Sealed, &g.Seq, optionalHash{&g.JoinKey}}, selectGroupInfo, conversation[:])
		if err == nil && !found {
			return errNoConversation()
		}
		return err
	})
	return g, err
}

func errNoConversation() *wire.Error {
	return wire.Errorf(wire.CodeNotFound, "There is no such conversation.")
}
