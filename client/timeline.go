package client

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"frond/wire"
)

// PendingPosition is the position of the first message that is not in the log yet. It is below
// 2^53, so every position is exact in JavaScript.
const PendingPosition = 1 << 52

// maxPage is the most rows in one page of a timeline.
const maxPage = 500

// Page is a piece of a timeline, oldest first.
type Page struct {
	Messages []Message
	Draft    string // what was begun in the conversation and not sent
	More     bool   // there are older ones; while history is being restored they may come later, as events
}

// putMessage writes a row of the timeline and counts it.
func (c *Client) putMessage(t *tx, v *conversation, seq uint64, rec messageRecord) {
	if c.expired(&rec) {
		return
	}
	t.put(c.self.keys.row("msg", v.id, seq), rec)
	c.index(t, v, seq, rec.Fate)
	t.mark(v, markRecord|markLook)
	c.keyDue(t, v, seq, &rec)
	if own := rec.Account == c.self.Account; rec.Notice == nil {
		hidden := c.isBlocked(rec.Account)
		if !own && !hidden && seq > v.rec.Read && rec.Reason != ReasonBeforeJoin {
			v.rec.Unread++
		}
		if rec.Reason.readable() && !hidden && c.doubtOf(v, seq, &rec) == "" {
			v.rec.Last = previewOf(&rec)
		}
	}
	t.then(func() {
		if m, ok := c.message(v, seq, &rec); ok {
			c.emit(Timeline{Conversation: v.id, Upsert: []Message{m}})
		}
	})
}

// putNotice writes a line about the conversation itself.
func (c *Client) putNotice(t *tx, v *conversation, seq, at uint64, n noticeRecord) {
	if n.What == noticeRenewed {
		return
	}
	c.putMessage(t, v, seq, messageRecord{Account: n.By, At: at, Notice: &n})
}

// message is a row as people see it; not ok: there is nothing to see.
func (c *Client) message(v *conversation, seq uint64, rec *messageRecord) (Message, bool) {
	m := Message{
		ID: rec.Message.String(), Position: seq, Account: rec.Account, Name: c.nameOf(rec.Account),
		Own: rec.Account == c.self.Account, At: time.UnixMilli(int64(rec.At)), State: Received, Text: string(rec.Body),
	}
	if rec.Notice != nil {
		m.ID, m.Notice, m.Text = "notice-"+strconv.FormatUint(seq, 10), true, c.line(v.rec.Kind, rec.Notice)
		m.Reason = rec.Reason.explain()
		return m, m.Text != ""
	}
	if c.expired(rec) {
		return m, false
	}
	if rec.Fate != nil && rec.Fate.Until != 0 {
		m.Expires = time.UnixMilli(int64(c.localTime(rec.Fate.Until)))
	}
	reason := rec.Reason
	if doubt := c.doubtOf(v, seq, rec); reason.readable() && doubt != "" {
		reason = doubt
	}
	if !m.Own && c.isBlocked(rec.Account) {
		reason = ReasonBlocked
	}
	switch {
	case !reason.readable():
		m.State, m.Text = Unreadable, ""
		if c.asking(v.id, seq) {
			reason = ReasonAsking
		}
	case m.Own:
		m.State = Sent
	}
	m.Reason = reason.explain()
	return m, true
}

// outboxMessage is a message on its way, as people see it.
func (c *Client) outboxMessage(row *outboxRow) Message {
	m := Message{
		ID: row.rec.Message.String(), Position: PendingPosition + row.order, Account: c.self.Account, Name: c.self.Name,
		Own: true, At: time.UnixMilli(int64(row.rec.Created)), State: Pending, Text: string(row.rec.Text),
	}
	if row.rec.Failed != "" {
		m.State = Failed
		m.Reason = &Explained{Code: string(row.rec.Failed), Text: row.rec.Reason, Action: "retry"}
	}
	return m
}

// Messages returns the newest rows before a position; 0 means the newest of all, with what is on its
// way. Limit 0 means 50.
func (c *Client) Messages(ctx context.Context, conversation wire.ID, before uint64, limit int) (p Page, err error) {
	err = c.Look(ctx, conversation, before, limit, func(got Page) { p = got })
	return p, err
}

// Look is Messages with a callback from the loop: no event comes between the reading and the callback.
func (c *Client) Look(ctx context.Context, conversation wire.ID, before uint64, limit int, show func(Page)) error {
	return c.run(ctx, func() error {
		v, err := c.conversation(conversation)
		if err != nil {
			return err
		}
		p, err := c.page(v, before, limit)
		if err == nil {
			c.lookingAt(v, !p.More && before > 0)
			p.More, p.Draft = p.More || v.history.left() > 0, v.draft.Text
			show(p)
		}
		return err
	})
}

func (c *Client) page(v *conversation, before uint64, limit int) (Page, error) {
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, maxPage)
	prefix := c.self.keys.rows("msg", v.id)
	r := Prefix(prefix)
	if before > 0 {
		r.To = c.self.keys.row("msg", v.id, before)
	}
	r.Reverse, r.Limit = true, limit+1
	var p Page
	var err error
	for read := r.Limit; read == r.Limit && !p.More && err == nil; { // again when rows are not to be shown
		read = 0
		err = c.each(r, func(key string, value []byte) error {
			read++
			r.To = key
			if len(p.Messages) == limit {
				p.More = true
				return nil
			}
			m, ok, err := c.row(v, strings.TrimPrefix(key, prefix), value)
			if err == nil && ok {
				p.Messages = append(p.Messages, m)
			}
			return err
		})
	}
	slices.Reverse(p.Messages)
	if before == 0 {
		for _, row := range v.outbox {
			if row.blank() {
				continue
			}
			p.Messages = append(p.Messages, c.outboxMessage(row))
		}
	}
	return p, err
}

func (c *Client) row(v *conversation, seqText string, value []byte) (Message, bool, error) {
	seq, err := strconv.ParseUint(seqText, 16, 64)
	if err != nil {
		return Message{}, false, err
	}
	var rec messageRecord
	if err := wire.Decode(value, &rec); err != nil {
		return Message{}, false, err
	}
	m, ok := c.message(v, seq, &rec)
	return m, ok, nil
}

// Read moves the read position of a conversation forward, never back.
func (c *Client) Read(ctx context.Context, conversation wire.ID, position uint64) error {
	return c.run(ctx, func() error {
		v, err := c.conversation(conversation)
		if err != nil {
			return err
		}
		position = min(position, v.rec.Cursor)
		if position <= v.rec.Read && v.rec.Unread == 0 {
			return nil
		}
		v.rec.Read = max(v.rec.Read, position)
		if v.rec.Unread, err = c.countUnread(v); err != nil {
			return err
		}
		t := c.begin()
		t.mark(v, markRecord|markLook)
		c.stateChanged(t)
		return t.commit()
	})
}

func (c *Client) countUnread(v *conversation) (n uint64, err error) {
	if v.rec.Read >= v.rec.Cursor {
		return 0, nil
	}
	r := Prefix(c.self.keys.rows("msg", v.id))
	r.From = c.self.keys.row("msg", v.id, v.rec.Read+1)
	err = c.each(r, func(_ string, value []byte) error {
		var rec messageRecord
		if err := wire.Decode(value, &rec); err != nil {
			return err
		}
		if rec.Notice == nil && rec.Account != c.self.Account && rec.Reason != ReasonBeforeJoin && !c.isBlocked(rec.Account) {
			n++
		}
		return nil
	})
	return n, err
}

// List returns all conversations, the one with the newest message first.
func (c *Client) List(ctx context.Context) (all []Conversation, err error) {
	err = c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		all = c.list()
		return nil
	})
	return all, err
}

// eachMessage calls f for every row of a timeline.
func (c *Client) eachMessage(v *conversation, f func(seq uint64, rec *messageRecord)) error {
	return c.eachMessageIn(Prefix(c.self.keys.rows("msg", v.id)), f)
}

// eachMessageIn calls f for every row of timelines in a range of keys.
func (c *Client) eachMessageIn(r Range, f func(seq uint64, rec *messageRecord)) error {
	prefix := len(c.self.keys.table("msg"))
	return c.each(r, func(key string, value []byte) error {
		_, seq, err := splitRow(key[prefix:])
		rec := new(messageRecord)
		if err == nil {
			err = wire.Decode(value, rec)
		}
		if err == nil {
			f(seq, rec)
		}
		return err
	})
}
