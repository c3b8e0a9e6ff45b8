package client

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"frond/client/vault"
	"frond/wire"
)

// A draft is what somebody has begun to write. It is durable here at once, and on the account's other
// devices soon: sealed, as a page of the vault that is the conversation's own. Whoever wrote last is right.
// Where messages are not to outlive a device, drafts do not leave it.

// draftPause is how often a draft is sent to the server while somebody types.
const draftPause = 2 * time.Second

type draftRecord struct {
	Text     string `cbor:"1,keyasint"`
	At       uint64 `cbor:"2,keyasint"` // when it was last changed, milliseconds since 1970
	Revision uint64 `cbor:"3,keyasint"` // of the server's page, as far as known
	Unsaved  bool   `cbor:"4,keyasint"` // the server's is behind
	Stored   bool   `cbor:"5,keyasint"` // the server's has a text
}

// drafting is a conversation's draft and how far it is in step.
type drafting struct {
	draftRecord
	busy     bool      // a request is on its way
	again    bool      // and another device wrote meanwhile
	armed    bool      // it will be saved
	asked    bool      // the server was asked since it was reached
	saved    time.Time // when it was last sent to the server
	attempts int
}

// Drafted says that another device changed a draft.
type Drafted struct {
	Conversation wire.ID
	Text         string
}

func (Drafted) event() {}

// Draft keeps what the person has begun to write in a conversation; "" forgets it. It fails with
// CodeTooLarge for what is too long for a message.
func (c *Client) Draft(ctx context.Context, conversation wire.ID, text string) error {
	switch {
	case len(text) > wire.MaxText:
		return wire.Errorf(wire.CodeTooLarge, "A message has at most %d bytes.", wire.MaxText)
	case !utf8.ValidString(text):
		return wire.Errorf(wire.CodeBadRequest, "A message is text.")
	}
	return c.run(ctx, func() error {
		v, err := c.conversation(conversation)
		if err != nil || v.draft.Text == text {
			return err
		}
		t := c.begin()
		c.writeDraft(t, v, text)
		t.then(func() { c.draftLater(v) })
		return t.commit()
	})
}

// writeDraft changes the draft on this device.
func (c *Client) writeDraft(t *tx, v *conversation, text string) {
	rec := v.draft.draftRecord
	rec.Text, rec.At, rec.Unsaved = text, max(c.nowMillis(), rec.At+1), true
	c.putDraft(t, v, rec)
}

func (c *Client) putDraft(t *tx, v *conversation, rec draftRecord) {
	if (rec.Text == "") != (v.draft.Text == "") {
		t.mark(v, markLook)
	}
	t.put(c.self.keys.of("draft", v.id), rec)
	t.then(func() { v.draft.draftRecord = rec })
}

func (c *Client) loadDrafts() error {
	return c.sound("draft", func(id wire.ID, _ string, value []byte) error {
		var rec draftRecord
		err := wire.Decode(value, &rec)
		if v := c.conversations[id]; v != nil {
			v.draft.draftRecord = rec
		}
		return err
	})
}

// dropDraft forgets the draft of a message that is being sent.
func (c *Client) dropDraft(t *tx, v *conversation) {
	if v.draft.Text != "" {
		c.writeDraft(t, v, "")
		t.then(func() { c.saveDraft(v) })
	}
}

// draftLater saves the draft, though not more often than every draftPause.
func (c *Client) draftLater(v *conversation) {
	wait := draftPause - time.Since(v.draft.saved)
	if v.draft.attempts == 0 && wait <= 0 {
		c.saveDraft(v)
		return
	}
	if !v.draft.armed {
		v.draft.armed = true
		c.after(wait, func() {
			v.draft.armed = false
			c.saveDraft(v)
		})
	}
}

// draftStays reports whether drafts of a conversation do not leave this device.
func draftStays(v *conversation) bool { return v.roster.Retention > Full }

// draftRetained takes a draft back from the server that has to stay here from now on.
func (c *Client) draftRetained(t *tx, v *conversation) {
	if draftStays(v) && v.draft.Stored {
		c.writeDraft(t, v, v.draft.Text)
		t.then(func() { c.saveDraft(v) })
	}
}

func (c *Client) draftPlace(v *conversation, revision uint64) vault.PagePlace {
	return vault.PagePlace{Account: c.self.Account, Conversation: v.id, Bucket: wire.DraftBucket, Revision: revision}
}

// saveDraft brings the server's copy up to date. One that has to stay here is removed from there.
func (c *Client) saveDraft(v *conversation) {
	if !v.draft.Unsaved || v.draft.busy || c.self == nil || c.conversations[v.id] != v || !c.online() || !c.vaultIsCurrent() {
		return
	}
	d := vault.Draft{Text: v.draft.Text, At: v.draft.At}
	if draftStays(v) || len(d.Text) > vault.MaxDraft {
		d.Text = ""
	}
	epoch := c.self.VaultEpoch
	if d.Text == "" && !v.draft.Stored {
		c.draftSaved(v, d, v.draft.Revision, epoch)
		return
	}
	revision := v.draft.Revision + 1
	page, err := vault.SealDraft(c.cfg.Rand, vault.Key(c.self.VaultKey), epoch, c.draftPlace(v, revision), d)
	if err != nil {
		c.cfg.Log.Error("seal a draft", "conversation", v.id, "error", err)
		return
	}
	v.draft.saved = time.Now()
	c.draftRequest(v, wire.OpPutPage, wire.PutPage{Conversation: v.id, Bucket: wire.DraftBucket, Revision: revision, Page: page},
		func([]byte) error { c.draftSaved(v, d, revision, epoch); return nil })
}

// draftSaved notes what the server has. What was on its way when this device heard of a removal is sealed anew.
func (c *Client) draftSaved(v *conversation, d vault.Draft, revision, epoch uint64) {
	rec := v.draft.draftRecord
	rec.Revision, rec.Stored, rec.Unsaved = revision, d.Text != "", rec.At != d.At || epoch <= c.self.closed()
	c.keepDraft(v, rec)
}

// keepDraft writes the record and goes on with what is still to be done.
func (c *Client) keepDraft(v *conversation, rec draftRecord) {
	t := c.begin()
	c.putDraft(t, v, rec)
	if t.commit() == nil && rec.Unsaved {
		c.draftLater(v)
	}
}

// draftRequest asks the server about a draft, one question of a conversation at a time.
func (c *Client) draftRequest(v *conversation, kind wire.Kind, body any, then func([]byte) error) {
	me := c.self
	v.draft.busy = true
	c.request(kind, body, func(b []byte, err error) {
		if c.self != me || c.conversations[v.id] != v {
			return
		}
		v.draft.busy = false
		if err == nil {
			err = then(b)
		}
		if err != nil {
			c.draftRefused(v, err)
			return
		}
		if v.draft.attempts = 0; v.draft.again {
			c.fetchDraft(v)
		}
	})
}

// draftRefused tries again later, if that may help.
func (c *Client) draftRefused(v *conversation, err error) {
	switch code := wire.CodeOf(err); {
	case code == CodeOffline:
	case code == wire.CodeConflict && draftStays(v): // whatever is there goes
		var refusal wire.Error
		if asWire(err, &refusal) {
			v.draft.Revision = refusal.Last
		}
		c.draftLater(v)
	case code == wire.CodeConflict:
		c.fetchDraft(v)
	case errors.Is(err, errNewerEpoch) && v.draft.attempts < patientAttempts, passes(err) && !errors.Is(err, errNewerEpoch):
		v.draft.attempts++
		if errors.Is(err, errNewerEpoch) {
			c.fetchState()
		}
		c.draftAgain(v)
	default:
		c.cfg.Log.Warn("a draft stays on this device", "conversation", v.id, "error", err)
	}
}

// draftAgain tries again later, once however much is written meanwhile.
func (c *Client) draftAgain(v *conversation) {
	if v.draft.armed {
		return
	}
	v.draft.armed = true
	c.after(c.jitter(c.cfg.Backoff.at(v.draft.attempts)), func() {
		v.draft.armed = false
		if v.draft.Unsaved {
			c.saveDraft(v)
		} else {
			c.fetchDraft(v)
		}
	})
}

// draftPushed hears that another device wrote a draft.
func (c *Client) draftPushed(ref wire.PageRef) {
	if c.self == nil || ref.Bucket != wire.DraftBucket {
		return
	}
	if v := c.conversations[ref.Conversation]; v != nil && ref.Revision > v.draft.Revision {
		c.fetchDraft(v)
	}
}

// draftWanted asks for the draft of a conversation that the person looks at, once in a connection.
func (c *Client) draftWanted(v *conversation) {
	if !v.draft.asked && c.online() {
		v.draft.asked = true
		c.fetchDraft(v)
	}
}

// draftsAgain goes on after the server was reached.
func (c *Client) draftsAgain() {
	for _, v := range c.conversations {
		v.draft.asked, v.draft.busy, v.draft.again, v.draft.attempts = false, false, false, 0
		c.saveDraft(v)
		if v.id == c.restore.looking {
			c.draftWanted(v)
		}
	}
}

func (c *Client) fetchDraft(v *conversation) {
	v.draft.again = v.draft.busy
	if v.draft.busy || c.self == nil || c.conversations[v.id] != v || draftStays(v) || !c.online() {
		return
	}
	q := wire.Pages{Conversation: v.id, Before: wire.DraftBucket + 1, Limit: 1}
	c.draftRequest(v, wire.OpPages, q, func(body []byte) error {
		var list wire.PageList
		if err := wire.Decode(body, &list); err != nil {
			return err
		}
		if len(list.Pages) == 0 || list.Pages[0].Bucket != wire.DraftBucket {
			list.Pages = []wire.Page{{}}
		}
		return c.takeDraft(v, list.Pages[0])
	})
}

// takeDraft takes the server's draft if it is newer than this device's; else this one is saved. A page that
// is older than one seen before, or does not open, counts as none.
func (c *Client) takeDraft(v *conversation, p wire.Page) error {
	rec := v.draft.draftRecord
	newer := p.Revision > rec.Revision
	var theirs vault.Draft
	if newer {
		var err error
		if theirs, err = c.openDraft(v, p); errors.Is(err, errNewerEpoch) {
			return err
		} else if err != nil {
			c.cfg.Log.Warn("a draft does not open", "conversation", v.id, "error", err)
			newer = false
		}
	}
	mine := stamped{rec.Text, rec.At}
	switch {
	case newer && (stamped{theirs.Text, theirs.At}).beats(mine):
		rec = draftRecord{Text: theirs.Text, At: theirs.At, Stored: theirs.Text != ""}
	case newer:
		rec.Unsaved, rec.Stored = mine != stamped{theirs.Text, theirs.At}, theirs.Text != ""
	case p.Revision != rec.Revision:
		rec.Unsaved = rec.Unsaved || rec.Text != ""
	}
	rec.Revision = p.Revision
	changed := rec.Text != mine.Value
	c.keepDraft(v, rec)
	if changed {
		c.emit(Drafted{v.id, rec.Text})
	}
	return nil
}

func (c *Client) openDraft(v *conversation, p wire.Page) (vault.Draft, error) {
	epoch, err := vault.PageEpoch(p.Page)
	if err != nil {
		return vault.Draft{}, err
	}
	if epoch <= c.self.closed() {
		return vault.Draft{}, errUnvouched
	}
	key, err := c.vaultKey(epoch)
	if err != nil {
		return vault.Draft{}, err
	}
	d, err := vault.OpenDraft(key, c.draftPlace(v, p.Revision), p.Page)
	if err == nil && !utf8.ValidString(d.Text) {
		err = vault.ErrMalformed
	}
	return d, err
}
