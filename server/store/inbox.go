package store

import (
	"context"
	"database/sql"

	"frond/wire"
)

// MaxInbox is how many welcomes may wait for one device; a commit that would add another is refused
// with CodeLimit.
const MaxInbox = 5000

// MaxInboxBytes is how many bytes of welcomes may wait for one device, likewise. A welcome for many is kept
// once and counts for each.
const MaxInboxBytes = 64 << 20

const (
	selectInbox = "SELECT i.item, i.conversation, c.kind, i.seq, w.account, w.welcome FROM inbox i " +
		"JOIN welcome w ON w.conversation = i.conversation AND w.seq = i.seq " +
		"JOIN conversation c ON c.id = i.conversation " +
		"WHERE i.device = ? AND i.item > ? ORDER BY i.item LIMIT ?"
	selectWelcomeOf = "SELECT conversation, seq FROM inbox WHERE item = ? AND device = ?"
	deleteItem      = "DELETE FROM inbox WHERE item = ? AND device = ?"
	dropWelcome     = "DELETE FROM welcome WHERE conversation = ? AND seq = ? AND NOT EXISTS " +
		"(SELECT 1 FROM inbox WHERE inbox.conversation = welcome.conversation AND inbox.seq = welcome.seq)"
)

// maxInboxBytes bounds what one call of Inbox returns, beyond its first item.
const maxInboxBytes = 8 << 20

// Inbox returns the welcomes that wait for a device, oldest first, after an item and at most limit
// many; fewer when they are large, so an empty answer alone means the end.
func (s *Store) Inbox(ctx context.Context, device wire.ID, after uint64, limit int) (list []wire.InboxItem, err error) {
	err = s.read(ctx, "read inbox", func(l *link) error {
		list = nil
		bytes := 0
		return l.query(func(r *sql.Rows) error {
			var i wire.InboxItem
			err := r.Scan(&i.Item, scanID(&i.Conversation), &i.Kind, &i.Seq, scanID(&i.Account), &i.Welcome)
			if bytes += len(i.Welcome); err == nil && bytes > maxInboxBytes && len(list) > 0 {
				return errEnough
			}
			list = append(list, i)
			return err
		}, selectInbox, device[:], number(after), limit)
	})
	return list, err
}

// AckInbox forgets items of a device's inbox. Unknown items, and those of other devices, are ignored.
func (s *Store) AckInbox(ctx context.Context, device wire.ID, items []uint64) error {
	if len(items) == 0 {
		return nil
	}
	return s.write(ctx, "acknowledge inbox", func(l *link) error { return forget(l, device, items) })
}

// forget removes items and those welcomes that no inbox refers to any more.
func forget(l *link, device wire.ID, items []uint64) error {
	for _, item := range items {
		var conversation wire.ID
		var seq uint64
		found, err := l.one([]any{scanID(&conversation), &seq}, selectWelcomeOf, number(item), device[:])
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if _, err := l.exec(deleteItem, number(item), device[:]); err != nil {
			return err
		}
		if _, err := l.exec(dropWelcome, conversation[:], number(seq)); err != nil {
			return err
		}
	}
	return nil
}
