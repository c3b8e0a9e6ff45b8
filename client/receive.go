package client

import (
	"bytes"
	"errors"
	"slices"

	"frond/client/content"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// maxPreview is the length of a conversation's preview, in characters.
const maxPreview = 120

// entries processes what the log brought, in its order. All of one message of the server is one batch.
func (c *Client) entries(list []wire.Entry) {
	if len(list) == 0 || c.self == nil {
		return
	}
	t := c.begin()
	touched := map[*conversation]bool{}
	for i := range list {
		e := &list[i]
		v := c.conversations[e.Conversation]
		if v == nil || v.rec.State != stateActive {
			continue // not ours
		}
		if e.Seq <= v.rec.Cursor { // seen before
			if c.other(v, e) {
				c.tellWithheld(v, "The server shows another order of this conversation than before: ")
			}
			continue
		}
		v.known = max(v.known, e.Seq)
		if e.Seq != v.rec.Cursor+1 && !v.followsCopy(e) && !c.jump(t, v, e) {
			c.missing(v)
			continue
		}
		v.gaps = 0
		if err := c.entry(t, v, e); err != nil {
			_ = c.storageFailed(err)
			return
		}
		touched[v] = true
	}
	if t.commit() != nil {
		return
	}
	for v := range touched {
		c.lookForLost(v)
		c.advance(v)
	}
}

// entry processes the next entry of a conversation. Whatever is wrong with the entry becomes a row of
// the timeline; an error means that this device could not do its part.
func (c *Client) entry(t *tx, v *conversation, e *wire.Entry) error {
	v.rec.Cursor = e.Seq
	t.mark(v, markRecord)
	switch e.Kind {
	case wire.HandshakeEntry:
		v.rec.Handshake = e.Seq
		return c.handshakeEntry(t, v, e)
	case wire.SetBackEntry:
		return c.setBackEntry(t, v, e)
	case wire.Application:
		if e.Device == c.self.Device {
			return c.ownEntry(t, v, e)
		}
		if e.Gone() {
			return c.goneEntry(t, v, e)
		}
		return c.messageEntry(t, v, e)
	}
	c.count(t, string(ReasonNewer))
	c.putMessage(t, v, e.Seq, unreadable(e, ReasonNewer))
	return nil
}

func unreadable(e *wire.Entry, r Reason) messageRecord {
	return messageRecord{Message: e.Message, Account: e.Account, Device: e.Device, At: e.Received, Reason: r}
}

// messageEntry opens somebody's message.
func (c *Client) messageEntry(t *tx, v *conversation, e *wire.Entry) error {
	g, broken := c.openGroup(v)
	if broken != nil && !errors.Is(broken, errBroken) {
		return broken
	}
	peer, err := c.peer(v, senderOf(e))
	if err != nil {
		return err
	}
	rec := messageRecord{Message: e.Message, Account: e.Account, Device: e.Device, At: e.Received}
	var opened content.Opened
	var cred identity.Credential
	if err = broken; err == nil {
		opened, cred, err = c.openMessage(t, v, g, e)
	}
	if err == nil {
		rec.Root = wire.Hash(cred.Root)
		err = follows(peer, &opened)
		if peer.Gone {
			err = &reasonError{ReasonForged, "its account took the device out"}
		}
	}
	if err != nil {
		c.cfg.Log.Warn("a message does not open", "conversation", v.id, "seq", e.Seq, "reason", reasonFor(err), "error", err)
		rec.Reason = c.reason(t, v, e, err)
		c.count(t, string(rec.Reason))
		c.wanted(t, v, e, rec.Reason)
		t.then(func() { c.askVault(v, e.Seq, rec.Reason) })
		peer.Known = false
		c.keepUnreadable(v, &rec, e)
	} else {
		v.rec.Confirmed = true
		rec.fill(&opened, e)
		rec.Epoch = epochOf(e)
		if peer.Known && peer.Hash != opened.Previous && !opened.Previous.IsZero() && rec.Reason == "" {
			rec.Reason = ReasonMissingBefore
		}
		c.keepAs(v, &rec, e, &opened)
		c.count(t, string(rec.Reason))
		peer = peerRecord{Gone: peer.Gone, Counter: opened.Counter, Hash: opened.Hash, Known: true, Seq: e.Seq}
	}
	if c.expired(&rec) { // the server should not have it any more
		peer.Known, peer.Hash = false, wire.Hash{}
	}
	v.peers[senderOf(e)] = peer
	t.put(c.self.keys.peer(v.id, senderOf(e)), peer)
	c.putMessage(t, v, e.Seq, rec)
	return nil
}

// openMessage opens frame and token and compares what MLS authenticated, what the content says and
// what the log says.
func (c *Client) openMessage(t *tx, v *conversation, g *mls.Group, e *wire.Entry) (content.Opened, identity.Credential, error) {
	next, app, err := g.Open(c.mls(), e.Frame)
	if err != nil {
		return content.Opened{}, identity.Credential{}, err
	}
	v.group = next // the key is used up, whatever the message turns out to be
	t.mark(v, markRatchet)
	cred, err := c.verifier.credential(app.Sender)
	if err == nil {
		err = c.stillIn(g, e, cred)
	}
	if err != nil {
		return content.Opened{}, cred, &reasonError{ReasonForged, err.Error()}
	}
	if e.Commitment == nil {
		return content.Opened{}, cred, content.ErrCommitment
	}
	opened, err := content.Open(content.Received{
		Token: e.Token, Commitment: *e.Commitment, Secret: app.Plaintext, AAD: app.AAD,
	}, cred.DeviceKey)
	if err != nil {
		return opened, cred, err
	}
	return opened, cred, c.agree(v, e, &opened, cred)
}

// stillIn checks that the sender of a message of an earlier epoch is still in the conversation. The keys
// of a few epochs are kept for messages that crossed a commit; whom that commit took out could use them, if
// the server let it.
func (c *Client) stillIn(g *mls.Group, e *wire.Entry, cred identity.Credential) error {
	if h, err := mls.ParseHeader(e.Frame); err != nil || h.Epoch == g.Epoch() {
		return err
	}
	for _, m := range g.Members() {
		if is, err := c.verifier.credential(m); err == nil && sameDevice(is, cred) {
			return nil
		}
	}
	return errors.New("the device was taken out before")
}

// agree checks that everybody speaks of the same conversation, sender and message.
func (c *Client) agree(v *conversation, e *wire.Entry, o *content.Opened, cred identity.Credential) error {
	account, device := wire.ID(cred.Account), wire.ID(cred.Device)
	switch {
	case o.Conversation != v.id:
		return &reasonError{ReasonForged, "the content is of another conversation"}
	case o.Account != account || o.Device != device:
		return &reasonError{ReasonForged, "the content names another sender than MLS"}
	case e.Account != account || e.Device != device:
		return &reasonError{ReasonForged, "the log names another sender than MLS"}
	case o.Message != e.Message:
		return &reasonError{ReasonAltered, "the log names another message than the content"}
	case c.hasOtherKey(cred):
		return &reasonError{ReasonForged, "the account lists the device with another key"}
	case v.roster.role(account) < v.roster.Posting:
		return &reasonError{ReasonForged, "the sender may not post"}
	}
	return nil
}

// hasOtherKey reports whether a device's account is known to list it with another key. That never changes.
func (c *Client) hasOtherKey(cred identity.Credential) bool {
	chain := c.chainOf(wire.ID(cred.Account))
	if chain == nil {
		return false
	}
	d, listed := chain.Device(cred.Device)
	return listed && d.Key != cred.DeviceKey
}

// follows checks that a content comes after the last one of its device.
func follows(last peerRecord, o *content.Opened) error {
	if o.Counter <= last.Counter {
		return &reasonError{ReasonReplayed, "the device's counter did not grow"}
	}
	return nil
}

// reason names the failure, and tells a message from before this device's time.
func (c *Client) reason(t *tx, v *conversation, e *wire.Entry, err error) Reason {
	if errors.Is(err, errBroken) {
		c.lose(t, v, lostState, 0)
		return ReasonBehind
	}
	if errors.Is(err, mls.ErrUnknownEpoch) {
		h, herr := mls.ParseHeader(e.Frame)
		switch {
		case herr != nil:
		case h.Epoch < v.rec.Since:
			return ReasonBeforeJoin
		case h.Epoch < v.rec.Epoch:
			return ReasonKeyGone // it crossed this device's return, and says nothing of the group
		}
	}
	c.doubt(t, v, err)
	if reasonFor(err) == ReasonDamaged {
		c.doubtKeys(t, v, e)
	}
	return reasonFor(err)
}

// senderOf is whom the log names as the author of an entry.
func senderOf(e *wire.Entry) wire.MemberRef {
	return wire.MemberRef{Account: e.Account, Device: e.Device}
}

func (c *Client) peer(v *conversation, device wire.MemberRef) (peerRecord, error) {
	if p, ok := v.peers[device]; ok {
		return p, nil
	}
	var p peerRecord
	_, err := c.get(c.self.keys.peer(v.id, device), &p)
	return p, err
}

// ownEntry finds one's own message in the log: it leaves the outbox and takes its place in the timeline.
func (c *Client) ownEntry(t *tx, v *conversation, e *wire.Entry) error {
	i := slices.IndexFunc(v.outbox, func(r *outboxRow) bool { return r.rec.Message == e.Message && r.rec.Sealed != nil })
	if i < 0 {
		rec := messageRecord{
			Message: e.Message, Account: e.Account, Device: e.Device, Root: wire.Hash(c.self.cred.Root), At: e.Received, Reason: ReasonOwnLost,
		}
		if err := c.unknownOwn(t, v, e, &rec); err != nil {
			return err
		}
		if rec.Body == nil {
			c.keepUnreadable(v, &rec, e)
		}
		if e.Gone() && c.mayBeGone(v, e) {
			return nil
		}
		c.count(t, string(rec.Reason))
		c.wanted(t, v, e, rec.Reason)
		t.then(func() { c.askVault(v, e.Seq, rec.Reason) })
		c.putMessage(t, v, e.Seq, rec)
		return nil
	}
	var reason Reason
	s := v.outbox[i].rec.Sealed
	due := fateOf(s.Mode, e.Received, s.Lifetime)
	switch {
	case e.Gone() && due != nil && due.Until != 0 && due.Until <= c.serverNow()+clockSlack: // as it was to be
	case e.Gone():
		reason = ReasonGone
	case e.Account != c.self.Account || e.Commitment == nil || *e.Commitment != s.Commitment || sha256Sum(e.Token) != s.Token:
		reason = ReasonAltered
	}
	c.ownSent(t, v, v.outbox[i], e.Seq, e.Received, reason)
	return nil
}

// ownSent moves a message from the outbox to its place in the timeline.
func (c *Client) ownSent(t *tx, v *conversation, row *outboxRow, seq, received uint64, reason Reason) {
	s := row.rec.Sealed
	v.outbox = slices.DeleteFunc(v.outbox, func(r *outboxRow) bool { return r == row })
	t.delete(c.self.keys.row("out", v.id, row.order))
	v.rec.Previous, v.rec.Keep.Own = s.Hash, seq
	t.mark(v, markRecord)
	rec := messageRecord{
		Message: row.rec.Message, Account: c.self.Account, Device: c.self.Device, Root: wire.Hash(c.self.cred.Root), At: received,
		Sent: row.rec.Created, Body: row.rec.Text, Key: &s.Key, Commitment: &s.Commitment, Reason: reason, Epoch: s.epoch(),
		Fate: fateOf(s.Mode, min(received, c.serverNow()), s.Lifetime),
	}
	if c.expired(&rec) {
		v.rec.Previous = wire.Hash{}
		t.emit(Timeline{Conversation: v.id, Remove: []string{row.rec.Message.String()}})
	}
	c.putMessage(t, v, seq, rec)
}

// handshakeEntry processes a commit. One that does not verify or breaks a rule is skipped: the group
// stays as it was, for everybody alike.
func (c *Client) handshakeEntry(t *tx, v *conversation, e *wire.Entry) error {
	if v.pending != nil && v.pending.Message == e.Message && e.Device == c.self.Device && bytes.Equal(v.pending.handshake().Frame, e.Frame) {
		err := c.ownHandshake(t, v, e)
		if errors.Is(err, errBroken) { // the state that follows it is lost
			v.pending = nil
			t.delete(c.self.keys.of("pending", v.id))
			c.lose(t, v, lostState, 0)
			err = nil
		}
		return err
	}
	if e.Device == c.self.Device {
		c.lose(t, v, lostBack, 0) // made by this device, which no longer knows it
		return nil
	}
	g, err := c.openGroup(v)
	if errors.Is(err, errBroken) {
		c.lose(t, v, lostState, 0)
		return nil
	}
	if err != nil {
		return err
	}
	if proposals, ok := wire.ParseLeave(e.Frame); ok {
		return c.leaveEntry(t, v, e, proposals)
	}
	s, err := g.Stage(c.mls(), e.Frame)
	var ch change
	if err == nil {
		ch, err = c.verifier.admit(g, s)
	}
	if err == nil && (wire.ID(ch.by.Account) != e.Account || wire.ID(ch.by.Device) != e.Device) {
		c.cfg.Log.Warn("the log names another author of a commit", "conversation", v.id, "seq", e.Seq)
	}
	if err != nil {
		c.skip(t, v, e, err)
		return nil
	}
	if s.Effects().SelfRemoved && c.elsewhere(&ch) {
		c.lose(t, v, lostBack, 0)
		return nil
	}
	if s.Effects().SelfRemoved {
		c.expelled(t, v, e, ch)
		return nil
	}
	was := v.roster
	before := v.rec.JoinKey
	if err := c.adopt(v, s.Merge()); err != nil {
		c.skip(t, v, e, err)
		return nil
	}
	if !ch.external && ch.ownCare() {
		for _, gone := range ch.removed {
			if err := c.tookOut(t, v, refOf(gone)); err != nil {
				return err
			}
		}
	}
	v.rec.Confirmed, v.rec.Skipped, v.rec.Split = true, false, 0
	if ch.declared.Whole {
		v.rec.Ahead = 0
	}
	if v.rec.Lost == lostStep {
		v.rec.Lost, v.ahead = 0, false // its author had the failed commit before it, and stayed too
		t.then(c.askSoon)
	}
	if err := c.noteCame(t, v, g, &was); err != nil {
		return err
	}
	notice := noticeOf(ch).but(v.rec.Leaving)
	v.departed()
	v.asked = false
	c.mended(v, ch.declared.Return)
	t.mark(v, markGroup|markLook)
	if v.rec.JoinKey != before {
		c.stateChanged(t)
	}
	c.draftRetained(t, v)
	c.putNotice(t, v, e.Seq, e.Received, notice)
	t.then(func() { c.doubtPins(v) })
	c.inquireOf(v, &ch)
	if wire.ID(ch.by.Account) == c.self.Account {
		v.cared++
		c.tidyLater(v)
	}
	return nil
}

// ownHandshake merges the pending handshake: the log shows that it was accepted.
func (c *Client) ownHandshake(t *tx, v *conversation, e *wire.Entry) error {
	if v.pending.Kind == pendingLeave {
		c.wentOut(t, v, e)
		return nil
	}
	if v.pending.Kind != pendingCommit {
		return c.enterGroup(t, v, e.Seq, e.Received)
	}
	notice := v.pending.Notice
	for _, gone := range v.pending.removed() {
		if gone.Account == c.self.Account {
			if err := c.tookOut(t, v, gone); err != nil {
				return err
			}
		}
	}
	if err := c.merge(t, v); err != nil {
		return err
	}
	v.rec.Skipped, v.rec.Ahead = false, 0 // a commit of a device that is ahead names all members
	c.draftRetained(t, v)
	c.putNotice(t, v, e.Seq, e.Received, notice)
	if len(v.wants) > 0 {
		w := v.wants[0]
		v.wants = v.wants[1:]
		t.then(func() { w.done(nil) })
	}
	return nil
}

// skip leaves a commit out. When it fails for everybody the server keeps the group information that came
// with it, by which nobody can join, so somebody renews it. Otherwise this device holds still for a while,
// to see whether the others went on.
func (c *Client) skip(t *tx, v *conversation, e *wire.Entry, err error) {
	c.cfg.Log.Warn("skipped a commit", "conversation", v.id, "seq", e.Seq, "error", err)
	c.count(t, countSkipped)
	v.rec.Skipped = true
	c.noteCut(v, e)
	v.level = v.level || errors.Is(err, errNotAllowed)
	if !c.mayBeMine(v, err) {
		c.putNotice(t, v, e.Seq, e.Received, noticeRecord{What: noticeSkipped, By: e.Account})
		t.then(func() { c.renewLater(v) })
		return
	}
	if v.rec.Split == 0 {
		v.rec.Split = e.Seq
	}
	patience := c.jitter(lookPause)
	if !v.rec.Confirmed {
		patience = 0
	}
	c.lose(t, v, lostStep, patience)
}

// expelled leaves a conversation this account was removed from. Its timeline stays.
func (c *Client) expelled(t *tx, v *conversation, e *wire.Entry, ch change) {
	c.goOut(t, v)
	c.putNotice(t, v, e.Seq, e.Received, noticeOf(ch))
}
