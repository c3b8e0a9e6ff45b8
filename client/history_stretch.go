package client

import (
	"errors"
	"maps"
	"math/bits"
	"slices"
	"sort"

	"frond/client/content"
	"frond/client/identity"
	"frond/client/vault"
	"frond/wire"
)

// stretch is a piece of history on its way: entries, then the pages with their keys, then the senders
// this device has not met, then each message verified, then one batch.
type stretch struct {
	c       *Client
	me      *self
	v       *conversation
	gap     gap
	entries []wire.Entry // newest first
	low     uint64       // the lowest seq this stretch settles
	rows    []restoredRow
	above   neighbour // what the timeline has above the entry at hand
	lacks   []lackedRow
}

// lackedRow is a message that the vault has no key for.
type lackedRow struct {
	entry  *wire.Entry
	reason Reason
}

type restoredRow struct {
	seq  uint64
	rec  messageRecord
	here bool // it stood in the timeline before
}

// openedPages holds the pages of the conversation that is being restored, as far down as it has come.
type openedPages struct {
	conversation wire.ID
	asked        bool
	below        uint64 // buckets from here on up were asked for
	pages        map[uint64]openedPage
}

// openedPage is a page of the vault: its keys by seq, or why there are none.
type openedPage struct {
	keys   map[uint64]vault.PageKey
	rec    pageRecord
	reason Reason
}

func (r *pageRecord) count() (n uint64) {
	for _, b := range r.Known {
		n += uint64(bits.OnesCount8(b))
	}
	return n
}

func (c *Client) fetchStretch(v *conversation) {
	v.history.Gaps = slices.DeleteFunc(v.history.Gaps, func(g gap) bool { return g.size() == 0 })
	s := &stretch{c: c, me: c.self, v: v, gap: v.history.Gaps[len(v.history.Gaps)-1]}
	if c.restore.vault.conversation != v.id {
		c.restore.vault = openedPages{conversation: v.id, pages: map[uint64]openedPage{}}
		c.restore.newer = map[wire.ID]followed{}
	}
	limit := uint64(laterStretch)
	if v.history.Fetched == 0 {
		limit = firstGlance
	}
	if v.id == c.restore.looking && v.history.Fetched < openedGlance {
		limit = openedGlance
	}
	q := wire.History{Conversation: v.id, Before: s.gap.To, Limit: uint32(min(limit, s.gap.size()))}
	s.request(wire.OpHistory, q, s.take)
}

// request asks the server and goes on when the answer is here.
func (s *stretch) request(kind wire.Kind, body any, then func(body []byte) error) {
	s.c.request(kind, body, func(b []byte, err error) {
		if !s.stands() {
			return
		}
		if err == nil {
			err = then(b)
		}
		if err != nil {
			s.c.restoreFailed(s.v, err)
		}
	})
}

// stands reports whether the stretch is still wanted: nobody signed out, and the state was not read anew.
func (s *stretch) stands() bool {
	return s.c.self == s.me && s.c.conversations[s.v.id] == s.v && s.c.restore.running
}

// take checks that the entries are what was asked for.
func (s *stretch) take(body []byte) error {
	var answer wire.Entries
	if err := wire.Decode(body, &answer); err != nil {
		return err
	}
	before := s.gap.To
	for i, e := range answer.Entries {
		if e.Conversation != s.v.id || e.Seq >= before {
			return wire.Errorf(wire.CodeBadRequest, "the server sent other history than was asked for")
		}
		before = e.Seq
		if e.Seq <= s.gap.From {
			answer.Entries = answer.Entries[:i]
			break
		}
	}
	s.entries, s.low = answer.Entries, s.gap.From+1
	if n := len(s.entries); n > 0 {
		s.low = s.entries[n-1].Seq
	}
	return s.fetchPages()
}

// fetchPages reads the vault as far down as the entries go.
func (s *stretch) fetchPages() error {
	o := &s.c.restore.vault
	if o.asked && o.below <= s.low/wire.PageBucket {
		return s.fetchSenders()
	}
	q := wire.Pages{Conversation: s.v.id, Before: o.below, Limit: pagesAtOnce}
	if !o.asked {
		q.Before = (s.gap.To-1)/wire.PageBucket + 1
	}
	s.request(wire.OpPages, q, func(body []byte) error {
		var list wire.PageList
		if err := wire.Decode(body, &list); err != nil {
			return err
		}
		return s.takePages(q.Before, list.Pages)
	})
	return nil
}

func (s *stretch) takePages(before uint64, list []wire.Page) error {
	o := &s.c.restore.vault
	if len(list) == 0 {
		o.asked, o.below = true, 0
	}
	for _, p := range list {
		if p.Bucket >= before {
			return wire.Errorf(wire.CodeBadRequest, "the server sent other pages than were asked for")
		}
		page, err := s.openPage(p)
		if err != nil {
			return err
		}
		o.pages[p.Bucket] = page
		before, o.asked, o.below = p.Bucket, true, p.Bucket
	}
	return s.fetchPages()
}

// openPage opens a page and compares it with what this device knew of it.
func (s *stretch) openPage(p wire.Page) (openedPage, error) {
	out := openedPage{reason: ReasonNoKey, keys: map[uint64]vault.PageKey{}}
	var known pageRecord
	if _, err := s.c.get(s.me.keys.row("page", s.v.id, p.Bucket), &known); err != nil {
		return out, err
	}
	keys, err := s.c.openPage(s.v.id, p)
	if errors.Is(err, errNewerEpoch) && s.c.restore.attempts < patientAttempts {
		return out, err // the state that knows this epoch is on its way, or the server made it up
	}
	if err != nil {
		out.reason = ReasonVaultDamaged
		s.c.vaultFault(s.v.id, out.reason)
		return out, nil
	}
	if p.Revision < known.Revision {
		out.reason = ReasonVaultStale
		s.c.vaultFault(s.v.id, out.reason)
	} else {
		out.rec = pageRecord{Revision: p.Revision, Known: bitsOf(keys)}
	}
	for _, k := range keys {
		out.keys[k.Seq] = k
	}
	return out, nil
}

// fetchSenders meets the people and devices that spoke and are not known here.
func (s *stretch) fetchSenders() error {
	unknown := map[wire.ID]bool{}
	for i := range s.entries {
		if e := &s.entries[i]; e.Kind == wire.Application && e.Account != s.me.Account {
			if _, known := s.deviceOf(e); !known {
				unknown[e.Account] = true
			}
		}
	}
	if len(unknown) == 0 {
		s.verify(0)
		return nil
	}
	ids := slices.Collect(maps.Keys(unknown))
	ids = ids[:min(len(ids), wire.MaxLookup)]
	s.request(wire.OpLookup, wire.Lookup{Accounts: ids}, func(body []byte) error {
		if _, err := s.c.met(body, false); err != nil {
			return err
		}
		if s.stands() {
			s.verify(0)
		}
		return nil
	})
	return nil
}

// chainOf returns the verified sigchain of an account.
func (s *stretch) chainOf(account wire.ID) *identity.Chain {
	if account == s.me.Account {
		return s.c.self.chain
	}
	if k := s.c.contacts[account]; k != nil {
		return k.chain
	}
	return nil
}

// deviceOf finds an entry's device, active or removed since.
func (s *stretch) deviceOf(e *wire.Entry) (identity.Device, bool) {
	chain := s.chainOf(e.Account)
	if chain == nil {
		return identity.Device{}, false
	}
	return chain.Device(identity.ID(e.Device))
}

// verify opens some messages, lets others have their turn, and goes on.
func (s *stretch) verify(from int) {
	to := min(from+verifiedEach, len(s.entries))
	for i := from; i < to; i++ {
		if s.endsAtReset(&s.entries[i]) {
			s.entries, to = s.entries[:i], i
			break
		}
		if err := s.row(&s.entries[i]); err != nil {
			s.c.restoreFailed(s.v, err)
			return
		}
	}
	if to == len(s.entries) {
		s.finish()
		return
	}
	s.c.after(0, func() {
		if s.stands() {
			s.verify(to)
		}
	})
}

// endsAtReset finds that what comes now is from before the account began anew: one line says so, in place of
// all that nobody can open any more, and nothing more is asked for.
func (s *stretch) endsAtReset(e *wire.Entry) bool {
	if _, found := s.c.restore.vault.pages[e.Seq/wire.PageBucket].keys[e.Seq]; found || e.Kind != wire.Application || !s.c.beforeReset(e) {
		return false
	}
	s.low = s.gap.From + 1
	var have messageRecord
	if found, err := s.c.get(s.me.keys.row("msg", s.v.id, e.Seq), &have); found || err != nil {
		return true // what this browser could read before it still can
	}
	n := &noticeRecord{What: noticeReset, By: s.me.Account}
	s.rows = append(s.rows, restoredRow{e.Seq, messageRecord{Account: s.me.Account, At: e.Received, Reason: ReasonBeforeReset, Notice: n}, false})
	return true
}

// row restores one entry, unless it is here and readable already.
func (s *stretch) row(e *wire.Entry) error {
	if e.Kind == wire.HandshakeEntry {
		return nil
	}
	var have messageRecord
	found, err := s.c.get(s.me.keys.row("msg", s.v.id, e.Seq), &have)
	if err != nil || found && (have.Notice != nil || !have.Reason.vaultMayHelp()) {
		s.above = neighbourOf(&have)
		return err
	}
	rec := messageRecord{Message: e.Message, Account: e.Account, Device: e.Device, At: e.Received}
	opened, err := s.open(e)
	if err != nil && found {
		s.above = otherRow
		s.lacks = append(s.lacks, lackedRow{e, have.Reason})
		return nil // it stays as it was
	}
	if errors.Is(err, errDisappeared) || errors.Is(err, errDeviceOnly) {
		delete(s.c.restore.newer, e.Device)
		if errors.Is(err, errDeviceOnly) {
			return s.deviceOnly(e)
		}
		return nil
	}
	s.above = otherRow
	if err != nil {
		rec.Reason = reasonFor(err)
		s.lacks = append(s.lacks, lackedRow{e, rec.Reason})
		if rec.Reason != ReasonNoKey {
			s.c.cfg.Log.Warn("a restored message does not open", "conversation", s.v.id, "seq", e.Seq, "error", err)
		}
		delete(s.c.restore.newer, e.Device)
	} else {
		s.fill(&rec, e, &opened)
		if have.Fate != nil {
			rec.Fate = have.Fate // it was known what was to become of it
		}
	}
	if s.c.expired(&rec) {
		delete(s.c.restore.newer, e.Device)
		return nil
	}
	s.rows = append(s.rows, restoredRow{e.Seq, rec, found})
	return nil
}

func (s *stretch) fill(rec *messageRecord, e *wire.Entry, o *content.Opened) {
	rec.Root = wire.Hash(s.chainOf(e.Account).Root())
	rec.fill(o, e)
	newer, ok := s.c.restore.newer[e.Device]
	ok = ok && e.Seq < newer.seq // what is asked for again does not come in order
	if ok && o.Counter >= newer.counter {
		rec.Body, rec.Key, rec.Reason = nil, nil, ReasonReplayed
		return
	}
	if ok && !newer.previous.IsZero() && newer.previous != o.Hash {
		s.mark(newer.seq, ReasonMissingBefore)
	}
	s.c.restore.newer[e.Device] = followed{seq: e.Seq, counter: o.Counter, previous: o.Previous}
}

// mark gives a row that was restored before a reason.
func (s *stretch) mark(seq uint64, why Reason) {
	for i := range s.rows {
		if s.rows[i].seq == seq {
			s.rows[i].rec.Reason = why
			return
		}
	}
	var rec messageRecord
	if found, err := s.c.get(s.me.keys.row("msg", s.v.id, seq), &rec); err == nil && found && rec.Reason == "" {
		rec.Reason = why
		s.rows = append(s.rows, restoredRow{seq, rec, true})
	}
}

// open verifies a message as if it had just come: that the log still has the token that this account's
// device had accepted, that the sender's device signed it, and that all speak of the same.
func (s *stretch) open(e *wire.Entry) (content.Opened, error) {
	page, ok := s.c.restore.vault.pages[e.Seq/wire.PageBucket]
	k, found := page.keys[e.Seq]
	if !found && e.Gone() && s.disappeared(e) {
		return content.Opened{}, errDisappeared // whatever somebody gave for it meanwhile
	}
	if a := s.c.asks[askID{s.v.id, e.Seq}]; a != nil && a.given != nil {
		k, found, ok = *a.given, true, true
	}
	switch {
	case !found && s.disappeared(e):
		return content.Opened{}, errDisappeared
	case e.Gone():
		return content.Opened{}, &reasonError{ReasonGone, "the entry is empty"}
	case !ok:
		return content.Opened{}, &reasonError{ReasonNoKey, "no page"}
	case !found:
		return content.Opened{}, &reasonError{page.reason, "no key in the page"}
	case e.Commitment == nil || *e.Commitment != wire.Hash(k.Commitment):
		return content.Opened{}, content.ErrCommitment
	case k.Key == [32]byte{}:
		return content.Opened{}, errDeviceOnly
	}
	device, known := s.deviceOf(e)
	if !known {
		return content.Opened{}, &reasonError{ReasonForged, "of a device that its account does not list"}
	}
	o, err := content.Restore(content.Kept{Token: e.Token, Key: k.Key, Commitment: k.Commitment}, device.Key)
	switch {
	case err != nil:
		return o, err
	case o.Conversation != s.v.id || o.Account != e.Account || o.Device != e.Device:
		return o, &reasonError{ReasonForged, "the content names another conversation or sender than the log"}
	case o.Message != e.Message:
		return o, &reasonError{ReasonAltered, "the log names another message than the content"}
	}
	return o, nil
}

// withheld finds messages whose keys are in the vault and that the server left out.
func (s *stretch) withheld() {
	shown := map[uint64]bool{}
	for i := range s.entries {
		shown[s.entries[i].Seq] = true
	}
	for _, page := range s.c.restore.vault.pages {
		for seq, k := range page.keys {
			if seq < s.low || seq >= s.gap.To || shown[seq] {
				continue
			}
			var have messageRecord
			if found, err := s.c.get(s.me.keys.row("msg", s.v.id, seq), &have); err == nil && !found {
				s.rows = append(s.rows, restoredRow{seq, messageRecord{Message: wire.ID(k.Commitment[:16]), Reason: ReasonWithheld}, false})
			}
		}
	}
}

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
		healed = s.heal(t, r) || healed
	}
	for _, l := range s.lacks {
		c.askFor(t, v, l.entry, l.reason)
	}
	c.settleAsks(t, v, s.low, s.gap.To)
	for bucket, p := range c.restore.vault.pages {
		if bucket >= s.low/wire.PageBucket && p.rec.Revision > 0 {
			t.put(s.me.keys.row("page", v.id, bucket), p.rec)
		}
	}
	if i := slices.Index(v.history.Gaps, s.gap); i >= 0 {
		v.history.Gaps[i].To = s.low
	}
	v.history.Fetched += uint64(len(s.entries))
	t.put(s.me.keys.of("history", v.id), v.history)
	glance := v.id == c.restore.looking && (c.restore.asked || v.history.Fetched <= openedGlance)
	t.then(func() {
		if glance {
			c.restore.asked = false
		}
		if glance || healed {
			s.show()
		}
		c.restore.running, c.restore.attempts = false, 0
		c.progress(v)
		c.restoreSoon()
	})
	if t.commit() != nil {
		c.restore.running = false
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
