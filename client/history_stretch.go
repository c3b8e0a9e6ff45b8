package client

import (
	"errors"
	"maps"
	"math/bits"
	"slices"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// stretch is a piece of history on its way: entries, then the pages with their keys, then the senders
// this device has not met, then each message verified, then one batch.
type stretch struct {
	c       *Client
	me      *self
	v       *conversation
	at      *reading
	gap     gap
	entries []wire.Entry // newest first
	low     uint64       // the lowest seq this stretch settles
	rows    []restoredRow
	have    map[uint64]*messageRecord // what the timeline has of the messages that are being verified
	above   neighbour                 // what the timeline has above the entry at hand
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

// openedPages holds the pages of a conversation that is being restored, as far down as it has come.
type openedPages struct {
	asked bool
	below uint64 // buckets from here on up were asked for
	pages map[uint64]openedPage
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
	r := c.restore.at[v.id]
	if r == nil {
		r = &reading{pages: openedPages{pages: map[uint64]openedPage{}}, newer: map[wire.MemberRef]followed{}}
		c.restore.at[v.id] = r
	}
	s := &stretch{c: c, me: c.self, v: v, at: r, gap: v.history.Gaps[len(v.history.Gaps)-1]}
	r.stretch = s
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
		if err != nil && s.stands() {
			s.c.restoreFailed(s.v, err)
		}
	})
}

// stands reports whether the stretch is still wanted: nobody signed out, and the state was not read anew.
func (s *stretch) stands() bool {
	return s.c.self == s.me && s.c.conversations[s.v.id] == s.v && s.at.stretch == s
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
	o := &s.at.pages
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
	o := &s.at.pages
	if len(list) == 0 {
		o.asked, o.below = true, 0
	}
	for _, p := range list {
		if p.Bucket >= before {
			return wire.Errorf(wire.CodeBadRequest, "the server sent other pages than were asked for")
		}
		page, err := s.openPage(p)
		if err != nil || !s.stands() {
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
	if (errors.Is(err, errNewerEpoch) || errors.Is(err, errUnvouched)) && s.at.attempts < patientAttempts {
		return out, err // the state that knows this epoch is on its way, or the page under a new key; or it is made up
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
		out.rec = recordOf(p.Revision, p.Page, keys)
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
	return s.c.chainOf(account)
}

// deviceOf finds an entry's device, active or removed since.
func (s *stretch) deviceOf(e *wire.Entry) (identity.Device, bool) {
	chain := s.chainOf(e.Account)
	if chain == nil {
		return identity.Device{}, false
	}
	return chain.Device(identity.ID(e.Device))
}
