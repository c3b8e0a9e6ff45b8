package client

import (
	"errors"
	"slices"
	"sort"
	"strconv"
	"time"

	"frond/client/vault"
	"frond/wire"
)

// Message keys are written to the vault some time after their messages: when nothing has come for
// pageIdle, or pageBurst keys wait. Sending and receiving never wait for it.
const (
	pageIdle  = 3 * time.Second
	pageBurst = 64
)

// pageID names a page of the vault: the keys of wire.PageBucket seqs of a conversation.
type pageID struct {
	conversation wire.ID
	bucket       uint64
}

func pageOf(conversation wire.ID, seq uint64) pageID {
	return pageID{conversation, seq / wire.PageBucket}
}

// pageRecord is what this device knows of a page on the server.
type pageRecord struct {
	Revision uint64 `cbor:"1,keyasint"`
	Known    []byte `cbor:"2,keyasint"` // a bit for each seq of the bucket whose key is in the page

	Epoch uint64       `cbor:"3,keyasint"` // under whose vault key it is sealed
	Sum   wire.PageSum `cbor:"4,keyasint"`
}

// dueRecord says that a page lacks keys that the timeline has. It is written together with the message, so
// that a restart forgets none.
type dueRecord struct{}

// pageBook is what is to be written.
type pageBook struct {
	due      map[pageID]uint64 // how many keys came since the page was written
	fresh    int               // keys since the last writing began
	last     time.Time         // when the newest of them came
	armed    bool
	writing  bool
	attempts int
}

// keyDue notes, in the same batch as a message, that its key belongs into the vault.
func (c *Client) keyDue(t *tx, v *conversation, seq uint64, rec *messageRecord) {
	if rec.Key == nil || rec.Commitment == nil || rec.Fate != nil && rec.Fate.Mode == Disappearing {
		return
	}
	id := pageOf(v.id, seq)
	if c.pages.due[id] == 0 {
		t.put(c.self.keys.row("due", id.conversation, id.bucket), dueRecord{})
	}
	t.then(func() {
		c.pages.due[id]++
		c.pages.fresh++
		c.pagesLater()
	})
}

func (c *Client) loadDue() error {
	return c.eachRow("due", func(conversation wire.ID, bucket uint64, _ []byte) error {
		c.pages.due[pageID{conversation, bucket}] = 1
		return nil
	})
}

// eachRow calls f for every row of a table whose keys are a conversation and a number.
func (c *Client) eachRow(table string, f func(conversation wire.ID, n uint64, value []byte) error) error {
	prefix := c.self.keys.table(table)
	return c.each(Prefix(prefix), func(key string, value []byte) error {
		id, n, err := splitRow(key[len(prefix):])
		if err != nil {
			return err
		}
		return f(id, n, value)
	})
}

func splitRow(key string) (id wire.ID, n uint64, err error) {
	if len(key) != 32+1+16 {
		return id, 0, wire.Errorf(CodeStorage, "a damaged key in the store")
	}
	if id, err = wire.ParseID(key[:32]); err != nil {
		return id, 0, err
	}
	n, err = strconv.ParseUint(key[33:], 16, 64)
	return id, n, err
}

// pagesLater writes at once when many keys wait, and otherwise when no more have come for a while.
func (c *Client) pagesLater() {
	c.pages.last = time.Now()
	if c.pages.fresh >= pageBurst {
		c.writePages()
		return
	}
	c.armPages(pageIdle)
}

func (c *Client) armPages(d time.Duration) {
	if c.pages.armed {
		return
	}
	c.pages.armed = true
	c.after(d, func() {
		c.pages.armed = false
		if rest := pageIdle - time.Since(c.pages.last); rest > 0 {
			c.armPages(rest)
			return
		}
		c.writePages()
	})
}

// writePages writes what is due, one page after the other.
func (c *Client) writePages() {
	c.pages.fresh = 0
	if c.pages.writing || len(c.pages.due) == 0 || c.self == nil || !c.online() || !c.vaultIsCurrent() {
		return
	}
	var ids []pageID
	for id := range c.pages.due {
		ids = append(ids, id)
	}
	id := slices.MinFunc(ids, func(a, b pageID) int { return slices.Compare(a.bytes(), b.bytes()) })
	w := &pageWrite{c: c, me: c.self, id: id, due: c.pages.due[id]}
	c.pages.writing = true
	if err := w.begin(); err != nil {
		w.failed(err)
	}
}

func (p pageID) bytes() []byte {
	return append(p.conversation[:], byte(p.bucket>>24), byte(p.bucket>>16), byte(p.bucket>>8), byte(p.bucket))
}

// mostRounds is how often in a row a page is merged with another device's before there is a pause.
const mostRounds = 5

// pageWrite is the writing of one page. Another device of the account may write it at the same time;
// then the two are merged, and who finds nothing to add leaves it as it is.
type pageWrite struct {
	c    *Client
	me   *self
	id   pageID
	due  uint64
	keys []vault.PageKey // of the timeline, by seq

	rounds int // how often another page was there first
}

func (w *pageWrite) place(revision uint64) vault.PagePlace {
	return vault.PagePlace{Account: w.me.Account, Conversation: w.id.conversation, Bucket: w.id.bucket, Revision: revision}
}

func (w *pageWrite) begin() (err error) {
	if w.keys, err = w.c.bucketKeys(w.id); err != nil {
		return err
	}
	var rec pageRecord
	if _, err := w.c.get(w.recordKey(), &rec); err != nil {
		return err
	}
	if !rec.within(w.keys) {
		w.fetch() // the page holds keys that this device has not restored
		return nil
	}
	return w.put(rec.Revision+1, w.keys)
}

func (w *pageWrite) recordKey() string {
	return w.c.self.keys.row("page", w.id.conversation, w.id.bucket)
}

// bucketKeys reads from the timeline what belongs into a page.
func (c *Client) bucketKeys(id pageID) (keys []vault.PageKey, err error) {
	first := id.bucket * wire.PageBucket
	r := c.self.keys.between("msg", id.conversation, first, first+wire.PageBucket)
	err = c.eachMessageIn(r, func(seq uint64, rec *messageRecord) {
		if rec.Key == nil || rec.Commitment == nil {
			return
		}
		k := vault.PageKey{Seq: seq, Key: *rec.Key, Commitment: *rec.Commitment}
		if rec.Fate != nil {
			k.Key = wire.Hash{} // the page says no more than that there was a message
		}
		if rec.Fate == nil || rec.Fate.Mode == DeviceOnly {
			keys = append(keys, k)
		}
	})
	return keys, err
}

func (w *pageWrite) put(revision uint64, keys []vault.PageKey) error {
	if !w.c.vaultIsCurrent() {
		return errNotCurrent
	}
	page, err := vault.SealPage(w.c.cfg.Rand, vault.Key(w.me.VaultKey), w.me.VaultEpoch, w.place(revision), keys)
	if err != nil {
		return err
	}
	rec := recordOf(revision, page, keys)
	w.request(wire.OpPutPage, wire.PutPage{Conversation: w.id.conversation, Bucket: w.id.bucket, Revision: revision, Page: page},
		func(_ []byte, err error) error {
			if errors.Is(err, &wire.Error{Code: wire.CodeConflict}) {
				if w.rounds++; w.rounds > mostRounds {
					return wire.Errorf(wire.CodeUnavailable, "the server shows no page that this one could follow")
				}
				w.fetch()
				return nil
			}
			if err != nil {
				return err
			}
			return w.written(rec)
		})
	return nil
}

// fetch reads the page that another device wrote, and merges.
func (w *pageWrite) fetch() {
	q := wire.Pages{Conversation: w.id.conversation, Before: w.id.bucket + 1, Limit: 1}
	w.request(wire.OpPages, q, func(body []byte, err error) error {
		var list wire.PageList
		if err == nil {
			err = wire.Decode(body, &list)
		}
		if err != nil {
			return err
		}
		if len(list.Pages) == 0 || list.Pages[0].Bucket != w.id.bucket {
			return w.put(1, w.keys)
		}
		return w.merge(list.Pages[0])
	})
}

func (w *pageWrite) merge(p wire.Page) error {
	theirs, err := w.c.openPage(w.id.conversation, p)
	if errors.Is(err, errNewerEpoch) && w.c.pages.attempts < patientAttempts {
		return err
	}
	if errors.Is(err, errUnvouched) { // of another device that had not heard of a removal, which seals it anew; or made up
		w.c.cfg.Log.Warn("a page from before a removal is replaced", "conversation", w.id.conversation, "bucket", w.id.bucket)
		return w.put(p.Revision+1, w.keys)
	}
	if err != nil {
		w.c.vaultFault(w.id.conversation, ReasonVaultDamaged)
		return w.put(p.Revision+1, w.keys)
	}
	var known pageRecord
	if _, err := w.c.get(w.recordKey(), &known); err != nil {
		return err
	}
	if p.Revision < known.Revision {
		w.c.vaultFault(w.id.conversation, ReasonVaultStale) // what this device has is stored again
	}
	if disagree(w.keys, theirs) {
		w.c.vaultFault(w.id.conversation, ReasonForked)
	}
	union := unite(w.keys, theirs)
	if len(union) == len(theirs) {
		return w.written(recordOf(p.Revision, p.Page, theirs))
	}
	return w.put(p.Revision+1, union)
}

// unite takes one's own keys and adds those of seqs that have none.
func unite(own, other []vault.PageKey) []vault.PageKey {
	all := append(slices.Clone(own), other...)
	sort.SliceStable(all, func(i, j int) bool { return all[i].Seq < all[j].Seq })
	return slices.CompactFunc(all, func(a, b vault.PageKey) bool { return a.Seq == b.Seq })
}

// disagree reports whether two devices of the account were shown different messages in one place of the log.
func disagree(own, other []vault.PageKey) bool {
	at := map[uint64]wire.Hash{}
	for _, k := range own {
		at[k.Seq] = k.Commitment
	}
	return slices.ContainsFunc(other, func(k vault.PageKey) bool {
		mine, both := at[k.Seq]
		return both && mine != wire.Hash(k.Commitment)
	})
}

// recordOf is what there is to know of a page.
func recordOf(revision uint64, page []byte, keys []vault.PageKey) pageRecord {
	epoch, _ := vault.PageEpoch(page) // it was sealed or opened here
	return pageRecord{Revision: revision, Known: bitsOf(keys), Epoch: epoch, Sum: wire.SumPage(page)}
}

// written notes what the server has. Keys that came meanwhile stay due, and so does a page that was on its way
// when this device heard of a removal.
func (w *pageWrite) written(rec pageRecord) error {
	t := w.c.begin()
	t.put(w.recordKey(), rec)
	if !w.me.vouches(rec.Epoch, rec.Sum) {
		w.c.pages.due[w.id]++
	}
	more := w.c.pages.due[w.id] > w.due
	if !more {
		t.delete(w.c.self.keys.row("due", w.id.conversation, w.id.bucket))
	}
	if err := t.commit(); err != nil {
		return err
	}
	if more {
		w.c.pages.due[w.id] -= w.due
	} else {
		delete(w.c.pages.due, w.id)
	}
	w.c.pages.writing, w.c.pages.attempts = false, 0
	w.c.writePages()
	return nil
}

// request asks the server on behalf of the writing.
func (w *pageWrite) request(kind wire.Kind, body any, done func([]byte, error) error) {
	w.c.request(kind, body, func(b []byte, err error) {
		if w.c.self != w.me || !w.c.pages.writing {
			return // signed out meanwhile, or the state was read anew
		}
		if err := done(b, err); err != nil {
			w.failed(err)
		}
	})
}

// failed tries again later; the next connection does so in any case. A page that the server will never
// take is given up.
func (w *pageWrite) failed(err error) {
	b := &w.c.pages
	b.writing = false
	switch code := wire.CodeOf(err); {
	case code == CodeOffline, !w.c.vaultIsCurrent(): // later, with a connection or the state that is lacking
	case passes(err) || errors.Is(err, errNewerEpoch):
		b.attempts++
		if errors.Is(err, errNewerEpoch) {
			w.c.fetchState() // the news of it was lost
		}
		w.c.armPages(w.c.jitter(w.c.cfg.Backoff.at(b.attempts)) + pageIdle) // once, whatever comes meanwhile
	case code == wire.CodeUnauthenticated:
		w.c.lockOut()
	default:
		w.c.cfg.Log.Error("a page of the vault is not taken", "conversation", w.id.conversation, "bucket", w.id.bucket, "error", err)
		delete(b.due, w.id)
		w.c.writePages()
	}
}

// patientAttempts is how often a page of an unknown epoch is asked for again before it counts as damaged.
const patientAttempts = 5

// errNotCurrent says that nothing is to be sealed to the vault key that this device has.
var errNotCurrent = errors.New("client: the vault has another key by now")

// errNewerEpoch says that another device opened a vault epoch that this one has not heard of yet.
var errNewerEpoch = errors.New("client: a page of a vault epoch this device does not know yet")

// vaultKey returns the vault key of an epoch.
func (c *Client) vaultKey(epoch uint64) (vault.Key, error) {
	switch {
	case epoch == c.self.VaultEpoch:
		return vault.Key(c.self.VaultKey), nil
	case epoch > c.self.VaultEpoch:
		return vault.Key{}, errNewerEpoch
	}
	if key, known := c.self.earlierKey(epoch); known && !key.IsZero() {
		return vault.Key(key), nil
	}
	return vault.Key{}, vault.ErrOpen
}

// openPage opens a page of this account.
func (c *Client) openPage(conversation wire.ID, p wire.Page) ([]vault.PageKey, error) {
	epoch, err := vault.PageEpoch(p.Page)
	if err != nil {
		return nil, err
	}
	if !c.self.vouches(epoch, wire.SumPage(p.Page)) {
		return nil, errUnvouched
	}
	key, err := c.vaultKey(epoch)
	if err != nil {
		return nil, err
	}
	return vault.OpenPage(key, vault.PagePlace{
		Account: c.self.Account, Conversation: conversation, Bucket: p.Bucket, Revision: p.Revision,
	}, p.Page)
}

// bitsOf marks the seqs of keys.
func bitsOf(keys []vault.PageKey) []byte {
	bits := make([]byte, wire.PageBucket/8)
	for _, k := range keys {
		i := k.Seq % wire.PageBucket
		bits[i/8] |= 1 << (i % 8)
	}
	return bits
}

// within reports whether every key of the page is among those given.
func (r *pageRecord) within(keys []vault.PageKey) bool {
	have := bitsOf(keys)
	for i, b := range r.Known {
		if i >= len(have) || b&^have[i] != 0 {
			return false
		}
	}
	return true
}
