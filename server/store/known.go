package store

import "frond/wire"

// known holds rows that appends have read or written, so that the next append need not ask for them
// again. Only a database where nobody else writes can leave it from one transaction to the next: a
// SQLite file, whose one writing link carries it in link.kept. Three things end it, so that it never
// says what the database does not: any other transaction on the link, any that failed, and a change
// by another process, which the database's own count of such changes tells.
type known struct {
	changes       int64 // the count when this was true
	conversations map[wire.ID]*conversation
	devices       map[wire.ID]device
	members       map[wire.ID]map[wire.ID]*membership // by conversation and device; only windows without an end
	windows       int                                 // in members, or formerly so
}

// maxKnown rows, of about 200 bytes each, are kept. Beyond, a new collection begins.
const maxKnown = 32 << 10

func newKnown() *known {
	return &known{
		conversations: map[wire.ID]*conversation{},
		devices:       map[wire.ID]device{},
		members:       map[wire.ID]map[wire.ID]*membership{},
	}
}

// takeKnown returns what the last append left, if it still holds, or else nothing known. It is called
// inside the transaction, when nobody else can write.
func (l *link) takeKnown(w *words) (*known, error) {
	k := l.kept
	l.kept = nil
	if w.changes == "" {
		return newKnown(), nil
	}
	var changes int64
	if _, err := l.one([]any{&changes}, w.changes); err != nil {
		return nil, err
	}
	if k == nil || k.changes != changes || k.size() > maxKnown {
		k = newKnown()
		k.changes = changes
	}
	return k, nil
}

// leaveKnown keeps what is known for the next append, once the transaction is committed.
func (l *link) leaveKnown(w *words, k *known) {
	if w.changes != "" {
		l.next = k
	}
}

func (k *known) size() int { return len(k.conversations) + len(k.devices) + k.windows }

// member returns a device's window without an end, or nil.
func (k *known) member(conversation, device wire.ID) *membership {
	return k.members[conversation][device]
}

func (k *known) setMember(m *membership) {
	if k.members[m.conversation] == nil {
		k.members[m.conversation] = map[wire.ID]*membership{}
	}
	k.members[m.conversation][m.device] = m
	k.windows++
}

// accountIsMember reports whether any device of the account is a member. It is known only for
// accounts whose windows were loaded.
func (k *known) accountIsMember(conversation, account wire.ID) bool {
	for _, m := range k.members[conversation] {
		if m.account == account {
			return true
		}
	}
	return false
}
