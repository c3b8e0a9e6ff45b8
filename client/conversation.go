package client

import (
	"sort"
	"strings"
	"time"

	"frond/mls"
	"frond/wire"
)

// conversation is one conversation in memory. Everything in it is also in the store, but for the
// fields of the machine that advances it.
type conversation struct {
	id      wire.ID
	rec     conversationRecord
	roster  Roster
	group   *mls.Group // nil until it is needed
	stored  *mls.Group // whose message keys the store holds; nil: not known
	peers   map[wire.MemberRef]peerRecord
	pending *pendingRecord
	outbox  []*outboxRow
	history historyRecord // what is still to be restored
	draft   drafting

	// The machine (advance.go).
	busy        bool      // a request is on its way
	awaiting    uint64    // seq to be processed before the next step
	notUntil    time.Time // after a refusal that passes
	attempts    int
	turned      bool // down by the server without news, and the person was told
	wants       []*want
	reach       uint64    // how far the log went at the last greeting: nothing is sealed before it is processed
	outside     bool      // the server does not count this device in
	spoilt      wire.ID   // the device whose message of this very epoch did not open
	compared    time.Time // when the group was last suspected for that
	ahead       bool      // others were heard from in a later epoch
	doubted     bool      // somebody's newest chain is being asked for, because of a root that is not known
	repinned    bool      // and meanwhile another root came that is not known
	looking     bool      // likewise, before joining
	looked      bool      // and it was shown
	tended      careKey   // for which nothing was left to do for the own account
	cared       uint64    // commits of own devices since the start
	missed      int       // how often their new devices were not ready
	readmitting bool      // somebody who began anew is being let in
	asked       bool      // somebody cannot join by the group information there is
	renewed     time.Time // when this device last renewed it for that reason
	begged      time.Time // when this device last asked for that itself
	outdated    bool      // the group information does not open under the join key, and the group is lost: another device may know a newer one
	level       bool      // since the log was set back, somebody made a commit in this very epoch
	joinAsk     joinAsk   // for the join key in force
	known       uint64    // the log goes at least as far
	gap         bool      // entries after the cursor were asked for
	gaps        int       // how often in a row
	expecting   bool      // a look whether the log goes that far is planned
	born        []func(wire.ID, error)
	welcome     *wire.InboxItem // a welcome that waits for the log

	signalKeys []signalKey // of the epochs before the present one, newest first
}

// outboxRow is a message on its way.
type outboxRow struct {
	order    uint64
	rec      outboxRecord
	accepted bool   // acknowledged, not yet seen in the log
	seq      uint64 // where, as the acknowledgement says
	lost     int    // how often that was not so
}

func newConversation(id wire.ID, rec conversationRecord) *conversation {
	return &conversation{id: id, rec: rec, peers: map[wire.MemberRef]peerRecord{}}
}

// adopt makes g the conversation's group and takes the roster from it.
func (c *Client) adopt(v *conversation, g *mls.Group) error {
	roster, err := rosterOf(g.Extensions())
	if err != nil {
		return err
	}
	if v.group != nil && v.group.Epoch() != g.Epoch() {
		v.keepSignalKey(v.group)
	}
	v.group, v.roster, v.rec.JoinKey = g, roster, roster.JoinKey
	v.rec.Keep.note(g.Epoch(), &roster)
	return nil
}

// openGroup returns the conversation's group, reading it from the store when it is not in memory.
func (c *Client) openGroup(v *conversation) (*mls.Group, error) {
	if v.group != nil {
		return v.group, nil
	}
	if v.rec.Lost == lostState {
		return nil, errBroken // and not looked for with each message
	}
	k := c.self.keys
	epoch, err := c.cfg.Store.Get(c.ctx, k.of("epoch", v.id))
	if err != nil {
		return nil, err
	}
	rows := k.rows("ratchet", v.id)
	items, err := c.cfg.Store.Scan(c.ctx, Prefix(rows))
	if err != nil {
		return nil, err
	}
	records := make([]mls.Record, len(items))
	for i, item := range items {
		records[i] = mls.Record{Key: strings.TrimPrefix(item.Key, rows), Value: item.Value}
	}
	g, err := mls.ParseGroupRecords(epoch, records, c.self.key.Signer())
	if err != nil {
		c.cfg.Log.Error("a damaged conversation in the store", "conversation", v.id, "error", err)
		return nil, errBroken
	}
	v.group, v.stored = g, g
	return g, nil
}

// dropGroup forgets the MLS state for good.
func (t *tx) dropGroup(v *conversation) {
	k := t.c.self.keys
	t.delete(k.of("epoch", v.id))
	t.deleteRange(Prefix(k.rows("ratchet", v.id)))
	t.delete(k.of("pending", v.id))
	v.group, v.stored, v.pending = nil, nil, nil
}

func (c *Client) conversation(id wire.ID) (*conversation, error) {
	if c.self == nil {
		return nil, errNotSignedIn
	}
	v := c.conversations[id]
	if v == nil {
		return nil, wire.Errorf(wire.CodeNotFound, "There is no such conversation on this device.")
	}
	return v, nil
}

var errNotSignedIn = wire.Errorf(CodeNotSignedIn, "Nobody is signed in here.")

// mayPost reports whether this account may send.
func (c *Client) mayPost(v *conversation) bool {
	if v.rec.State == stateLeft || c.session.State != SignedIn || c.muted(v) {
		return false
	}
	return v.roster.Kind == 0 || v.roster.role(c.self.Account) >= v.roster.Posting
}

// view is what people see of a conversation.
func (c *Client) view(v *conversation) Conversation {
	out := Conversation{
		ID: v.id, Kind: v.rec.Kind, Unread: v.rec.Unread, CanSend: c.mayPost(v),
		Joining: v.rec.State == stateJoining || v.rec.Lost != 0, Position: v.rec.Cursor, Read: v.rec.Read,
		Verified: c.verifiedPeer(v), Draft: v.draft.Text != "",
	}
	if !v.doubted {
		out.KeyReason = c.keyReason(v)
		out.KeyChanged = out.KeyReason != ""
	}
	if out.Blocked = c.muted(v); out.Blocked {
		out.Unread = 0
	}
	for _, id := range c.peopleOf(v) {
		out.People = append(out.People, c.named(v, id))
	}
	sort.Slice(out.People, func(i, j int) bool { return out.People[i].Name < out.People[j].Name })
	out.Title = c.title(v, out.People)
	if out.Retention, out.Timer = v.roster.Retention, v.roster.Timer; out.Retention == 0 {
		out.Retention = Full // not joined yet
	}
	if l := v.rec.Last; l == nil || out.Blocked {
		return out
	} else if l.Account.IsZero() || l.Until != 0 && l.Until <= c.serverNow() { // it disappeared
		out.Last = &Preview{At: time.UnixMilli(int64(l.At))}
	} else {
		out.Last = &Preview{Name: c.nameOf(l.Account), Text: l.Preview, At: time.UnixMilli(int64(l.At))}
	}
	return out
}

// peopleOf lists whom a conversation's roster names. The open conversation's names nobody; of the many
// who are in it those are looked up who say something.
func (c *Client) peopleOf(v *conversation) []wire.ID {
	if v.rec.Kind == wire.Open {
		return []wire.ID{c.self.Account}
	}
	var people []wire.ID
	for _, p := range v.roster.People {
		people = append(people, p.Account)
	}
	return people
}

// Everyone is the title of the open conversation.
const Everyone = "Everyone"

func (c *Client) title(v *conversation, people []Named) string {
	if v.rec.Kind == wire.Open {
		return Everyone
	}
	if title := groupTitle(v.roster.Name); title != "" {
		return title
	}
	var names []string
	for _, p := range people {
		switch {
		case p.Account == c.self.Account:
		case p.Name == "":
			names = append(names, "somebody") // for the moment it takes to ask
		default:
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}

// emitConversations tells which conversations look different.
func (c *Client) emitConversations(marks map[*conversation]mark) {
	for v, m := range marks {
		if m&markLook != 0 && c.self != nil && c.conversations[v.id] == v && v.visible() {
			c.emit(Changed{Conversation: c.view(v)})
		}
	}
}

// visible reports whether people should see the conversation: one that is being created is not
// there before the server has it.
func (v *conversation) visible() bool {
	return (v.rec.Begun || v.rec.Kind == wire.Open) && !v.rec.Unshown
}

// emitAll tells the whole list.
func (c *Client) emitAll() { c.emit(Conversations{All: c.list()}) }

// list returns all conversations, the one with the newest message first.
func (c *Client) list() []Conversation {
	all := make([]Conversation, 0, len(c.conversations))
	for _, v := range c.conversations {
		if v.visible() {
			all = append(all, c.view(v))
		}
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := &all[i], &all[j]
		if d := b.lastAt().Compare(a.lastAt()); d != 0 {
			return d < 0
		}
		return a.Title+a.ID.String() < b.Title+b.ID.String()
	})
	return all
}

func (v *Conversation) lastAt() time.Time {
	if v.Last == nil {
		return time.Time{}
	}
	return v.Last.At
}
