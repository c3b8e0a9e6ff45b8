package client

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"frond/wire"
)

// A removed device goes on knowing the vault keys of its time, and could seal pages under them for as long as
// somebody takes them. So a removal lists the pages that there are. A page under a key that a removed device knows
// counts only if that device's removal lists it; a draft under such a key never counts. Devices seal anew what they
// stored and no list has, under a key that is theirs alone.

// maxVouched bounds the pages of a list, which is a part of the account's state. That is four million messages.
const maxVouched = 1 << 14

// vouchRecord lists the pages of keys that a removal found, those that earlier ones list left out.
type vouchRecord struct {
	Epoch uint64         `cbor:"1,keyasint"` // the last whose key the removed device knows
	Sums  []wire.PageSum `cbor:"2,keyasint"` // in order
}

// errUnvouched says that a page is of before a removal, which does not list it.
var errUnvouched = errors.New("client: a page that the vault did not have when a device was removed")

// closed returns the last vault epoch whose key a removed device knows.
func (r *selfRecord) closed() uint64 {
	if len(r.Vouched) == 0 {
		return 0
	}
	return r.Vouched[len(r.Vouched)-1].Epoch
}

// vouches reports whether a page counts: it is sealed under a key that no removed device knows, or the first
// removal of one that does lists it. A later removal finds what was made up meanwhile, and proves nothing.
func (r *selfRecord) vouches(epoch uint64, sum wire.PageSum) bool {
	for _, v := range r.Vouched {
		if epoch <= v.Epoch {
			_, listed := slices.BinarySearchFunc(v.Sums, sum, compareSums)
			return listed
		}
	}
	return true
}

func compareSums(a, b wire.PageSum) int { return bytes.Compare(a[:], b[:]) }

// vouch closes the present epoch, with the pages that there are. What is no longer among them leaves the
// earlier lists.
func (r *selfRecord) vouch(sums []wire.PageSum) {
	left := slices.Clone(sums)
	slices.SortFunc(left, compareSums)
	next := make([]vouchRecord, 0, len(r.Vouched)+1)
	for _, v := range r.Vouched {
		kept := slices.DeleteFunc(slices.Clone(v.Sums), func(s wire.PageSum) bool {
			i, found := slices.BinarySearchFunc(left, s, compareSums)
			if found {
				left = slices.Delete(left, i, i+1)
			}
			return !found
		})
		next = append(next, vouchRecord{v.Epoch, kept})
	}
	r.Vouched = append(next, vouchRecord{r.VaultEpoch, slices.Compact(left)})
}

// sumPages asks for the sums of all pages.
func (c *Client) sumPages(done func([]wire.PageSum, error)) {
	all := []wire.PageSum{}
	var ask func(q wire.PageSums)
	ask = func(q wire.PageSums) {
		c.request(wire.OpPageSums, q, func(body []byte, err error) {
			var part wire.PageSumList
			if err == nil {
				err = wire.Decode(body, &part)
			}
			all = append(all, part.Sums...)
			if err != nil || len(part.Sums) == 0 || len(all) >= maxVouched {
				done(all[:min(len(all), maxVouched)], err)
				return
			}
			ask(wire.PageSums{Conversation: part.Conversation, Bucket: part.Bucket})
		})
	}
	ask(wire.PageSums{})
}

// postSums is sumPages for a session that has no connection yet.
func (c *Client) postSums(ctx context.Context) ([]wire.PageSum, error) {
	all, q := []wire.PageSum{}, wire.PageSums{}
	for len(all) < maxVouched {
		var part wire.PageSumList
		if err := c.postWire(ctx, wire.PathSums, q, &part); err != nil {
			return nil, err
		}
		if len(part.Sums) == 0 {
			break
		}
		all = append(all, part.Sums...)
		q = wire.PageSums{Conversation: part.Conversation, Bucket: part.Bucket}
	}
	return all[:min(len(all), maxVouched)], nil
}

// sealAnew notes, in the batch that brings another removal, what of this device's is to be sealed under a new key:
// pages that the removal does not list, because they were written at that moment or before this device
// heard of it, and drafts.
func (c *Client) sealAnew(t *tx, rec *selfRecord) error {
	if rec.closed() <= c.self.closed() {
		return nil
	}
	return c.sealUnlisted(t, rec)
}

func (c *Client) sealUnlisted(t *tx, rec *selfRecord) error {
	for _, v := range c.conversations {
		if draft := v.draft.draftRecord; draft.Text != "" {
			draft.Unsaved = true
			c.putDraft(t, v, draft)
			t.then(func() { c.draftLater(v) })
		}
	}
	t.then(c.pagesLater)
	return c.eachRow("page", func(conversation wire.ID, bucket uint64, value []byte) error {
		var p pageRecord
		if err := wire.Decode(value, &p); err != nil || rec.vouches(p.Epoch, p.Sum) {
			return err
		}
		t.put(c.self.keys.row("due", conversation, bucket), dueRecord{})
		t.then(func() { c.pages.due[pageID{conversation, bucket}]++ })
		return nil
	})
}
