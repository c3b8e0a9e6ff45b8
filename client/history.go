package client

import (
	"context"
	"slices"
	"time"

	"frond/wire"
)

// What is fetched at a time: first a little of every conversation, then stretch after stretch.
const (
	firstGlance  = 10  // a browser checks a few hundred signatures a second
	openedGlance = 200 // of the conversation that the person has opened
	laterStretch = 400
	verifiedEach = 32 // messages verified before others get their turn
	pagesAtOnce  = 16

	glancesAtOnce   = 8 // on their way: what a slow line costs is waiting
	stretchesAtOnce = 2
)

// gap is a stretch of a conversation's log from before this device's time in it: From < seq < To.
type gap struct {
	From uint64 `cbor:"1,keyasint"`
	To   uint64 `cbor:"2,keyasint"` // comes down as history is restored
}

func (g gap) size() uint64 {
	if g.To <= g.From+1 {
		return 0
	}
	return g.To - g.From - 1
}

// historyRecord is what of a conversation is still to be restored, the newest stretch last.
type historyRecord struct {
	Gaps    []gap  `cbor:"1,keyasint"`
	Fetched uint64 `cbor:"2,keyasint"` // entries restored so far
}

func (h *historyRecord) left() (n uint64) {
	for _, g := range h.Gaps {
		n += g.size()
	}
	return n
}

// Restore says how far the history of a new device has been restored, in entries of the logs.
type Restore struct {
	Done, Total  uint64
	Conversation wire.ID // the one that was just worked on; zero when finished
	Finished     bool
}

func (Restore) event() {}

// restorer restores history, some conversations at a time and one stretch of each, without anybody waiting for it.
type restorer struct {
	looking wire.ID // the conversation that the person has opened
	asked   bool    // for older rows of it than there are
	planned bool
	total   uint64 // entries that were to be restored when it began
	told    bool   // progress was told
	at      map[wire.ID]*reading
	faults  map[wire.ID]bool
}

// reading is a conversation whose history is being restored: what one stretch leaves to the next.
type reading struct {
	stretch  *stretch // on its way
	pages    openedPages
	newer    map[wire.MemberRef]followed
	attempts int
	pausing  bool // after a failure
}

// followed is the oldest restored message of a device so far: the one before it must have its Previous.
type followed struct {
	seq, counter uint64
	previous     wire.Hash
}

// lacking notes that the log goes on before what this device will see of it: from < seq < to.
func (c *Client) lacking(t *tx, v *conversation, from, to uint64) {
	g := gap{from, to}
	if g.size() == 0 {
		return
	}
	v.history.Gaps = append(v.history.Gaps, g)
	t.put(c.self.keys.of("history", v.id), v.history)
	t.then(c.restoreSoon)
}

func (c *Client) loadHistory() error {
	return c.sound("history", func(id wire.ID, _ string, value []byte) error {
		var rec historyRecord
		err := wire.Decode(value, &rec)
		if v := c.conversations[id]; v != nil {
			v.history = rec
		}
		return err
	})
}

// restoreSoon goes on restoring once the present step is done.
func (c *Client) restoreSoon() {
	if !c.restore.planned {
		c.restore.planned = true
		c.after(0, func() {
			c.restore.planned = false
			c.restoreNext()
		})
	}
}

// restoreOnConnect goes on restoring, also what failed on the last connection.
func (c *Client) restoreOnConnect() {
	for _, r := range c.restore.at {
		r.pausing = false
	}
	c.restoreSoon()
}

// restoreNext takes the next stretches: of the opened conversation first and alone, until it fills a few screens;
// then a glance at each conversation; then the rest, newest conversation first.
func (c *Client) restoreNext() {
	if c.self == nil || !c.online() || c.session.State != SignedIn {
		return
	}
	for v := c.mostWanted(); v != nil && c.roomFor(v); v = c.mostWanted() {
		c.restore.total = max(c.restore.total, c.entriesLeft())
		c.fetchStretch(v)
	}
	for id, r := range c.restore.at {
		if r.stretch == nil && !r.pausing || c.conversations[id] == nil {
			delete(c.restore.at, id)
		}
	}
	if len(c.restore.at) == 0 {
		c.restored()
	}
}

// roomFor reports whether one more stretch may be on its way.
func (c *Client) roomFor(v *conversation) bool {
	if c.urgency(v) == urgencyNow {
		return true
	}
	n := 0
	for id, r := range c.restore.at {
		other := c.conversations[id]
		if r.stretch == nil || other == nil {
			continue
		}
		if n++; c.urgency(other) == urgencyNow {
			return false
		}
	}
	if c.urgency(v) == urgencyGlance {
		return n < glancesAtOnce
	}
	return n < stretchesAtOnce
}

func (c *Client) mostWanted() (best *conversation) {
	for _, v := range c.conversations {
		if r := c.restore.at[v.id]; r != nil && (r.stretch != nil || r.pausing) {
			continue
		}
		if v.history.left() > 0 && (best == nil || c.wantedBefore(v, best)) {
			best = v
		}
	}
	return best
}

func (c *Client) wantedBefore(a, b *conversation) bool {
	if x, y := c.urgency(a), c.urgency(b); x != y {
		return x < y
	}
	if x, y := lastAt(a), lastAt(b); x != y {
		return x > y
	}
	return slices.Compare(a.id[:], b.id[:]) < 0
}

// How soon a conversation's history is wanted.
const (
	urgencyNow = iota // the person waits for it
	urgencyGlance
	urgencyOpened
	urgencyRest
)

func (c *Client) urgency(v *conversation) int {
	switch looking := v.id == c.restore.looking; {
	case looking && (c.restore.asked || v.history.Fetched < openedGlance):
		return urgencyNow
	case v.history.Fetched == 0:
		return urgencyGlance
	case looking:
		return urgencyOpened
	}
	return urgencyRest
}

func lastAt(v *conversation) uint64 {
	if v.rec.Last == nil {
		return 0
	}
	return v.rec.Last.At
}

func (c *Client) entriesLeft() (n uint64) {
	for _, v := range c.conversations {
		n += v.history.left()
	}
	return n
}

// progress tells how far it is.
func (c *Client) progress(v *conversation) {
	r := &c.restore
	left := c.entriesLeft()
	r.total = max(r.total, left)
	if left > 0 || r.told {
		r.told = true
		c.emit(Restore{Done: r.total - left, Total: r.total, Conversation: v.id})
	}
}

// restored tells that nothing is left to restore, also when it was so little that nothing was told before.
func (c *Client) restored() {
	r := &c.restore
	if r.told || r.total > 0 {
		c.emit(Restore{Done: r.total, Total: r.total, Finished: true})
	}
	r.told, r.total = false, 0
}

// lookingAt puts the conversation that the person has opened first.
func (c *Client) lookingAt(v *conversation, older bool) {
	c.draftWanted(v)
	if c.restore.looking != v.id {
		if left := c.conversations[c.restore.looking]; left != nil {
			c.saveDraft(left)
		}
		c.restore.looking, c.restore.asked = v.id, false
	}
	if v.history.left() > 0 {
		c.restore.asked = c.restore.asked || older
		c.restoreSoon()
	}
}

// restoreFailed pauses restoring a conversation. The next connection goes on with it in any case.
func (c *Client) restoreFailed(v *conversation, err error) {
	r := c.restore.at[v.id]
	r.stretch = nil
	switch wire.CodeOf(err) {
	case CodeOffline:
		return
	case wire.CodeUnauthenticated:
		c.lockOut()
		return
	case wire.CodeForbidden, wire.CodeNotFound:
		c.giveUp(v, err)
		return
	}
	c.cfg.Log.Warn("restoring history", "conversation", v.id, "error", err)
	r.attempts++
	if r.attempts == patientAttempts && isWire(err) && !passes(err) {
		c.emit(about(v, CodeVault, "The server does not show the history of a conversation: "+c.view(v).Title))
	}
	r.pausing = true
	c.after(c.jitter(c.cfg.Backoff.at(r.attempts)), func() {
		r.pausing = false
		c.restoreNext()
	})
}

// giveUp leaves the history of a conversation that the server says is not this account's.
func (c *Client) giveUp(v *conversation, err error) {
	c.cfg.Log.Warn("no history", "conversation", v.id, "error", err)
	t := c.begin()
	v.history.Gaps = nil
	t.put(c.self.keys.of("history", v.id), v.history)
	if t.commit() == nil {
		c.restoreSoon()
	}
}

// vaultFault tells the person once that the stored keys of a conversation are not what they were.
func (c *Client) vaultFault(id wire.ID, why Reason) {
	c.cfg.Log.Warn("the vault", "conversation", id, "reason", why)
	if c.restore.faults[id] {
		return
	}
	c.restore.faults[id] = true
	t := c.begin()
	c.count(t, string(why))
	if why == ReasonVaultStale && c.lateForCopy() { // the server was set back: that was said, and is being mended
		_ = t.commit()
		return
	}
	t.emit(Fault{Code: CodeVault, Text: explanations[why].Text, Action: explanations[why].Action, Conversation: id})
	_ = t.commit()
}

// RestoreAgain asks the vault once more for what could not be restored of a conversation.
func (c *Client) RestoreAgain(ctx context.Context, conversation wire.ID) error {
	return c.run(ctx, func() error {
		v, err := c.conversation(conversation)
		if err != nil {
			return err
		}
		gaps, err := c.unreadableGaps(v)
		if err != nil || len(gaps) == 0 {
			return err
		}
		t := c.begin()
		v.history.Gaps = append(v.history.Gaps, gaps...)
		t.put(c.self.keys.of("history", v.id), v.history)
		delete(c.restore.faults, v.id)
		t.then(c.restoreSoon)
		return t.commit()
	})
}

// unreadableGaps finds the rows whose keys the vault may have by now.
func (c *Client) unreadableGaps(v *conversation) (gaps []gap, err error) {
	err = c.eachMessage(v, func(seq uint64, rec *messageRecord) {
		if !rec.Reason.vaultMayHelp() {
			return
		}
		if n := len(gaps); n > 0 && gaps[n-1].To == seq {
			gaps[n-1].To++
		} else {
			gaps = append(gaps, gap{seq - 1, seq + 1})
		}
	})
	return gaps, err
}

// askVaultAfter is how long another device may take until the key of a message that just came is in the
// vault.
const askVaultAfter = 10 * time.Second

// askVault looks once, somewhat later, whether another device of the account could read a message that
// this one can not.
func (c *Client) askVault(v *conversation, seq uint64, why Reason) {
	if !why.vaultMayHelp() || v.rec.Kind == 0 {
		return
	}
	c.after(c.jitter(2*askVaultAfter), func() {
		if c.self == nil || c.conversations[v.id] != v {
			return
		}
		if a := c.asks[askID{v.id, seq}]; a != nil && a.stage == askRests {
			a.stage = askVault
		}
		t := c.begin()
		c.lacking(t, v, seq-1, seq+1)
		_ = t.commit()
	})
}
