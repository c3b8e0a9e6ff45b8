package store

import (
	"database/sql"

	"frond/wire"
)

// ledger is the part of the database that one batch touches, as the items judged so far leave it,
// and the list of rows to write.
type ledger struct {
	now uint64

	*known
	pairs    map[[32]byte]wire.ID
	appended map[messageKey]appended
	inboxes  map[wire.ID]waiting
	ended    map[memberKey]ended
	setBack  map[wire.ID]uint64 // of conversations whose members a handshake names: seq of the last SetBackEntry

	entries  []*wire.Entry
	windows  []*membership // new or ended
	welcomes []welcome
	infos    map[wire.ID]groupInfo
}

type device struct {
	account wire.ID
	active  bool
}

// membership is a window of the table member.
type membership struct {
	conversation, device, account wire.ID
	from, until                   uint64
	fresh                         bool
}

// ended is the last window of a device that has none without an end, and whose handshake ended it.
type ended struct {
	membership
	by wire.ID
}

// messageKey is what makes a retry recognisable.
type messageKey struct{ device, message wire.ID }

type appended struct {
	conversation  wire.ID
	kind          wire.EntryKind
	seq, received uint64
}

type welcome struct {
	conversation wire.ID
	seq          uint64
	account      wire.ID
	bytes        []byte
	to           []wire.MemberRef
}

type groupInfo struct {
	seq    uint64
	sealed []byte // nil: the one there is
}

func newLedger(now uint64, k *known) *ledger {
	return &ledger{
		now:      now,
		known:    k,
		pairs:    map[[32]byte]wire.ID{},
		appended: map[messageKey]appended{},
		inboxes:  map[wire.ID]waiting{},
		ended:    map[memberKey]ended{},
		setBack:  map[wire.ID]uint64{},
		infos:    map[wire.ID]groupInfo{},
	}
}

// ledgerStatements are built per database because of row locks, pairs and upserts.
type ledgerStatements struct {
	loadConversations lookup
	loadAppended      lookup
	loadMembers       lookup
	loadEnded         lookup
	loadAccount       string
	putConversations  insert
	putGroupInfo      string
}

func newLedgerStatements(w *words) ledgerStatements {
	return ledgerStatements{
		loadConversations: newLookup(func(n int) string {
			return "SELECT " + conversationColumns + " FROM conversation WHERE id IN (" + marks(n) + ") ORDER BY id" + w.forUpdate
		}),
		loadAppended: newLookup(func(n int) string {
			return "SELECT device, message, conversation, kind, seq, received FROM entry WHERE " + w.pairs("message", "device", n)
		}),
		loadMembers: newLookup(func(n int) string {
			return "SELECT " + memberColumns + " FROM member WHERE until_seq = 0 AND " + w.pairs("conversation", "device", n)
		}),
		loadEnded: newLookup(func(n int) string {
			return "SELECT m.conversation, m.device, m.account, m.from_seq, m.until_seq, e.account FROM member m " +
				"JOIN entry e ON e.conversation = m.conversation AND e.seq = m.until_seq WHERE " + w.pairs("m.conversation", "m.device", n)
		}),
		loadAccount: "SELECT " + memberColumns + " FROM member WHERE account = ? AND until_seq = 0 AND conversation = ?",
		putConversations: newInsert("INSERT INTO conversation ("+conversationColumns+")", 9,
			w.upsert("id", "join_key", "last", "last_handshake", "recent", "members")),
		putGroupInfo: "INSERT INTO group_info (conversation, seq, sealed) VALUES (?, ?, ?) " +
			w.upsert("conversation", "seq", "sealed"),
	}
}

const memberColumns = "conversation, device, account, from_seq, until_seq"

var (
	loadPairs = newLookup(func(n int) string {
		return "SELECT pair, id FROM conversation WHERE pair IN (" + marks(n) + ")"
	})
	loadDevices = newLookup(func(n int) string {
		return "SELECT id, account, active FROM device WHERE id IN (" + marks(n) + ")"
	})
	loadInboxes = newLookup(func(n int) string {
		return "SELECT i.device, COUNT(*), SUM(LENGTH(w.welcome)) FROM inbox i " +
			"JOIN welcome w ON w.conversation = i.conversation AND w.seq = i.seq " +
			"WHERE i.device IN (" + marks(n) + ") GROUP BY i.device"
	})
)

// needs collects, each once, the keys a batch asks for and which are not known.
type needs struct {
	known                                                               *known
	conversations, pairs, devices, members, messages, inboxes, accounts [][]any
	ended                                                               [][]any
	seen                                                                map[any]bool
}

// Keys of the different lists are told apart by their type.
type (
	conversationKey wire.ID
	deviceKey       wire.ID
	inboxKey        wire.ID
	memberKey       struct{ conversation, device wire.ID }
	endedKey        struct{ conversation, device wire.ID }
	accountKey      struct{ conversation, account wire.ID }
)

func (n *needs) add(list *[][]any, identity any, parameters ...any) {
	if !n.seen[identity] {
		n.seen[identity] = true
		*list = append(*list, parameters)
	}
}

func (n *needs) device(conversation, device wire.ID) {
	if _, ok := n.known.devices[device]; !ok {
		n.add(&n.devices, deviceKey(device), device[:])
	}
	if n.known.member(conversation, device) == nil {
		n.add(&n.members, memberKey{conversation, device}, conversation[:], device[:])
	}
}

func (n *needs) message(it *item) {
	n.add(&n.messages, messageKey{it.device, it.message}, it.message[:], it.device[:])
}

// needsOf lists what the items ask for. Unless every retry must be found at once, a message's id is
// not among it: nearly every one is new, and the log's unique key says so when one is not.
func needsOf(k *known, items []item, retries bool) *needs {
	n := &needs{known: k, seen: map[any]bool{}}
	for i := range items {
		it := &items[i]
		if k.conversations[it.conversation] == nil {
			n.add(&n.conversations, conversationKey(it.conversation), it.conversation[:])
		}
		if retries || it.send == nil {
			n.message(it)
		}
		n.device(it.conversation, it.device)
		if h := it.handshake; h != nil {
			n.handshake(it, h)
		}
		if it.leave != nil {
			n.add(&n.accounts, accountKey{it.conversation, it.account}, it.account[:], it.conversation[:])
		}
	}
	return n
}

func (n *needs) handshake(it *item, h *wire.Handshake) {
	for _, m := range h.Remove {
		n.device(it.conversation, m.Device)
	}
	for _, m := range h.Add {
		n.device(it.conversation, m.Device)
		n.add(&n.inboxes, inboxKey(m.Device), m.Device[:])
	}
	for _, m := range h.Return {
		n.device(it.conversation, m.Device)
		n.add(&n.ended, endedKey{it.conversation, m.Device}, it.conversation[:], m.Device[:])
	}
	if h.External {
		n.add(&n.accounts, accountKey{it.conversation, it.account}, it.account[:], it.conversation[:])
	}
	if it.create != nil && it.create.Kind == wire.Direct {
		p := pairOf(it.account, otherOf(it.account, h.Add))
		n.add(&n.pairs, p, p[:])
	}
}

// load reads what the items ask for and is not known, and locks their conversations first: whoever else
// appends to one of them waits, so that what is read after stays true.
func (b *ledger) load(l *link, w *words, items []item, retries bool) error {
	n := needsOf(b.known, items, retries)
	for _, step := range []struct {
		lookup *lookup
		keys   [][]any
		scan   func(*sql.Rows) error
	}{
		{&w.loadConversations, n.conversations, b.scanConversation},
		{&loadPairs, n.pairs, b.scanPair},
		{&loadDevices, n.devices, b.scanDevice},
		{&w.loadMembers, n.members, b.scanMember},
		{&w.loadEnded, n.ended, b.scanEnded},
		{&w.loadAppended, n.messages, b.scanAppended},
		{&loadInboxes, n.inboxes, b.scanInbox},
	} {
		if err := l.all(step.lookup, step.keys, step.scan); err != nil {
			return err
		}
	}
	for _, k := range n.accounts {
		if err := l.query(b.scanMember, w.loadAccount, k...); err != nil {
			return err
		}
	}
	return b.loadWhole(l, items)
}

// recognise finds, among messages that were refused, retries of what was appended when it was still
// allowed: those get the first answer.
func (b *ledger) recognise(l *link, w *words, items []item) error {
	n := &needs{known: b.known, seen: map[any]bool{}}
	for i := range items {
		if items[i].result.Err != nil {
			n.message(&items[i])
		}
	}
	if err := l.all(&w.loadAppended, n.messages, b.scanAppended); err != nil {
		return err
	}
	for i := range items {
		it := &items[i]
		if a, ok := b.appended[messageKey{it.device, it.message}]; ok && it.result.Err != nil {
			*it.result = retry(it, a)
		}
	}
	return nil
}

func (b *ledger) scanConversation(r *sql.Rows) error {
	c := &conversation{}
	err := c.scan(r)
	b.conversations[c.id] = c
	return err
}

func (b *ledger) scanPair(r *sql.Rows) error {
	var p wire.Hash
	var id wire.ID
	err := r.Scan(scanHash(&p), scanID(&id))
	b.pairs[p] = id
	return err
}

func (b *ledger) scanDevice(r *sql.Rows) error {
	var id wire.ID
	var d device
	err := r.Scan(scanID(&id), scanID(&d.account), &d.active)
	b.devices[id] = d
	return err
}

func (b *ledger) scanMember(r *sql.Rows) error {
	m := &membership{}
	err := r.Scan(scanID(&m.conversation), scanID(&m.device), scanID(&m.account), &m.from, &m.until)
	if b.member(m.conversation, m.device) == nil {
		b.setMember(m)
	}
	return err
}

func (b *ledger) scanEnded(r *sql.Rows) error {
	var w ended
	err := r.Scan(scanID(&w.conversation), scanID(&w.device), scanID(&w.account), &w.from, &w.until, scanID(&w.by))
	k := memberKey{w.conversation, w.device}
	if old, ok := b.ended[k]; !ok || old.from < w.from {
		b.ended[k] = w
	}
	return err
}

func (b *ledger) scanAppended(r *sql.Rows) error {
	var k messageKey
	var a appended
	err := r.Scan(scanID(&k.device), scanID(&k.message), scanID(&a.conversation), &a.kind, &a.seq, &a.received)
	b.appended[k] = a
	return err
}

// waiting is what an inbox holds.
type waiting struct{ items, bytes int }

// full reports whether a welcome would be too much.
func (w waiting) full(welcome []byte) bool {
	return w.items >= MaxInbox || w.bytes+len(welcome) > MaxInboxBytes
}

func (b *ledger) scanInbox(r *sql.Rows) error {
	var id wire.ID
	var n waiting
	err := r.Scan(scanID(&id), &n.items, &n.bytes)
	b.inboxes[id] = n
	return err
}
