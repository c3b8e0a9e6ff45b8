package client

import (
	"errors"

	"frond/client/content"
	"frond/wire"
)

// verify opens some messages, lets others have their turn, and goes on.
func (s *stretch) verify(from int) {
	to := min(from+verifiedEach, len(s.entries))
	if err := s.lookUp(s.entries[from:to]); err != nil {
		s.c.restoreFailed(s.v, err)
		return
	}
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

// lookUp reads what the timeline has of some entries, newest first, in one go: in a browser each reading takes a
// turn of its own.
func (s *stretch) lookUp(entries []wire.Entry) error {
	s.have = map[uint64]*messageRecord{}
	if len(entries) == 0 {
		return nil
	}
	r := s.me.keys.between("msg", s.v.id, entries[len(entries)-1].Seq, entries[0].Seq+1)
	return s.c.eachMessageIn(r, func(seq uint64, rec *messageRecord) {
		if rec.Notice == nil || rec.Notice.What != noticeCountedOut { // which stands in a place that the log may have used
			s.have[seq] = rec
		}
	})
}

// endsAtReset finds that what comes now is from before the account began anew: one line says so, in place of
// all that nobody can open any more, and nothing more is asked for.
func (s *stretch) endsAtReset(e *wire.Entry) bool {
	if _, found := s.at.pages.pages[e.Seq/wire.PageBucket].keys[e.Seq]; found || e.Kind != wire.Application || !s.c.beforeReset(e) {
		return false
	}
	s.low = s.gap.From + 1
	if s.have[e.Seq] != nil {
		return true // what this browser could read before it still can
	}
	n := &noticeRecord{What: noticeReset, By: s.me.Account}
	s.rows = append(s.rows, restoredRow{e.Seq, messageRecord{Account: s.me.Account, At: e.Received, Reason: ReasonBeforeReset, Notice: n}, false})
	return true
}

// row restores one entry, unless it is here and readable already.
func (s *stretch) row(e *wire.Entry) error {
	if e.Kind == wire.HandshakeEntry || e.Kind == wire.SetBackEntry {
		return nil
	}
	have := s.have[e.Seq]
	if have != nil && (have.Notice != nil || !have.Reason.vaultMayHelp()) {
		s.above = neighbourOf(have)
		return nil
	}
	rec := messageRecord{Message: e.Message, Account: e.Account, Device: e.Device, At: e.Received}
	opened, err := s.open(e)
	if err != nil && have != nil {
		s.above = otherRow
		s.lacks = append(s.lacks, lackedRow{e, have.Reason})
		return nil // it stays as it was
	}
	if errors.Is(err, errDisappeared) || errors.Is(err, errDeviceOnly) {
		delete(s.at.newer, senderOf(e))
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
		delete(s.at.newer, senderOf(e))
	} else {
		s.fill(&rec, e, &opened)
		if have != nil && have.Fate != nil {
			rec.Fate = have.Fate // it was known what was to become of it
		}
	}
	if s.c.expired(&rec) {
		delete(s.at.newer, senderOf(e))
		return nil
	}
	s.rows = append(s.rows, restoredRow{e.Seq, rec, have != nil})
	return nil
}

func (s *stretch) fill(rec *messageRecord, e *wire.Entry, o *content.Opened) {
	rec.Root = wire.Hash(s.chainOf(e.Account).Root())
	rec.fill(o, e)
	newer, ok := s.at.newer[senderOf(e)]
	ok = ok && e.Seq < newer.seq // what is asked for again does not come in order
	if ok && o.Counter >= newer.counter {
		rec.Body, rec.Key, rec.Reason = nil, nil, ReasonReplayed
		return
	}
	if ok && !newer.previous.IsZero() && newer.previous != o.Hash {
		s.mark(newer.seq, ReasonMissingBefore)
	}
	s.at.newer[senderOf(e)] = followed{seq: e.Seq, counter: o.Counter, previous: o.Previous}
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
	page, ok := s.at.pages.pages[e.Seq/wire.PageBucket]
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
	for _, page := range s.at.pages.pages {
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
