package store

import (
	"bytes"
	"context"
	"database/sql"

	"frond/wire"
)

// maxPageBytes bounds the pages of one answer, except that the first is always returned.
const maxPageBytes = 1 << 20

const (
	selectPages = "SELECT bucket, revision, page FROM vault_page " +
		"WHERE account = ? AND conversation = ? AND bucket < ? ORDER BY bucket DESC LIMIT ?"
	selectPage = "SELECT revision, page FROM vault_page WHERE account = ? AND conversation = ? AND bucket = ?"
	insertPage = "INSERT INTO vault_page (account, conversation, bucket, revision, page) VALUES (?, ?, ?, ?, ?)"
	updatePage = "UPDATE vault_page SET revision = ?, page = ? WHERE account = ? AND conversation = ? AND bucket = ?"
	selectSums = "SELECT conversation, bucket, page FROM vault_page WHERE account = ? AND bucket < ? " +
		"AND (conversation > ? OR conversation = ? AND bucket > ?) ORDER BY conversation, bucket LIMIT ?"
	selectLast = "SELECT last FROM conversation WHERE id = ?"
)

// PutPage stores an account's page of message keys. It is a compare-and-swap on the page's revision:
// CodeConflict with Last, the stored revision, when that is not the given one less one. Repeating a
// write that succeeded succeeds. The account must be, or have been, in the conversation (CodeForbidden),
// and the log must have reached the bucket (CodeBadRequest), so that nobody fills the database with
// pages of nothing. One page beyond every log is for the draft.
func (s *Store) PutPage(ctx context.Context, account wire.ID, p *wire.PutPage) error {
	if err := p.Check(); err != nil {
		return err
	}
	return s.write(ctx, "put page", func(l *link) error {
		if err := mayPutPage(l, account, p); err != nil {
			return err
		}
		return s.swapPage(l, account, p)
	})
}

func mayPutPage(l *link, account wire.ID, p *wire.PutPage) error {
	list, err := accountWindows(l, p.Conversation, account)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errNotMember()
	}
	var last uint64
	if _, err := l.one([]any{&last}, selectLast, p.Conversation[:]); err != nil {
		return err
	}
	if p.Bucket > last/wire.PageBucket && p.Bucket != wire.DraftBucket {
		return wire.Errorf(wire.CodeBadRequest, "the log has not reached this page")
	}
	return nil
}

func (s *Store) swapPage(l *link, account wire.ID, p *wire.PutPage) error {
	var revision uint64
	var page []byte
	key := []any{account[:], p.Conversation[:], number(p.Bucket)}
	found, err := l.one([]any{&revision, &page}, selectPage+s.words.forUpdate, key...)
	switch {
	case err != nil:
		return err
	case found && revision == p.Revision && bytes.Equal(page, p.Page):
		return nil
	case revision+1 != p.Revision:
		conflict := wire.Errorf(wire.CodeConflict, "Another device has written this page.")
		conflict.Last = revision
		return conflict
	case found:
		_, err = l.exec(updatePage, number(p.Revision), p.Page, key[0], key[1], key[2])
	default:
		_, err = l.exec(insertPage, key[0], key[1], key[2], number(p.Revision), p.Page)
	}
	return err
}

// Pages returns an account's pages of a conversation, those of buckets below before (0: all of the log's), newest
// first: at most limit, and fewer when they are large.
func (s *Store) Pages(ctx context.Context, account, conversation wire.ID, before uint64, limit int) (list []wire.Page, err error) {
	if before == 0 {
		before = wire.DraftBucket
	}
	err = s.read(ctx, "read pages", func(l *link) error {
		list = nil
		size := 0
		return l.query(func(r *sql.Rows) error {
			var p wire.Page
			err := r.Scan(&p.Bucket, &p.Revision, &p.Page)
			if size += len(p.Page); err == nil && size > maxPageBytes && len(list) > 0 {
				return errEnough
			}
			list = append(list, p)
			return err
		}, selectPages, account[:], conversation[:], number(before), limit)
	})
	return list, err
}

// PageSums returns the sums of an account's pages of message keys, in order, those after the page that is named.
func (s *Store) PageSums(ctx context.Context, account wire.ID, q *wire.PageSums) (list wire.PageSumList, err error) {
	first := int64(-1) // with the zero conversation: before all
	if !q.Conversation.IsZero() {
		first = int64(min(q.Bucket, wire.DraftBucket))
	}
	err = s.read(ctx, "read sums of pages", func(l *link) error {
		list = wire.PageSumList{}
		return l.query(func(r *sql.Rows) error {
			var id, page []byte
			if err := r.Scan(&id, &list.Bucket, &page); err != nil {
				return err
			}
			copy(list.Conversation[:], id)
			list.Sums = append(list.Sums, wire.SumPage(page))
			return nil
		}, selectSums, account[:], int64(wire.DraftBucket), q.Conversation[:], q.Conversation[:], first, wire.MaxPages)
	})
	return list, err
}
