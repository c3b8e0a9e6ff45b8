package client

import (
	"io"
	"sort"
	"time"

	"frond/client/signal"
	"frond/client/vault"
	"frond/wire"
)

// A message whose key this device lacks is looked for in the vault, then with the account's other devices,
// then with its sender's. Whoever has it answers if this device was entitled to it. When nobody does, all
// of that happens again later, and then whenever this device connects.
const (
	maxAsks        = 256 // messages that are looked for at a time
	maxRequests    = 4   // requests on their way
	maxTries       = 12
	answerPatience = 8 * time.Second
	connectPause   = 5 * time.Second // others return at the same time
)

// askPauses are the times until the next try, after the first, second, ...; later ones wait for a connection.
var askPauses = []time.Duration{time.Minute, 10 * time.Minute, time.Hour}

// askID names a message by its place.
type askID struct {
	conversation wire.ID
	seq          uint64
}

// askRecord is a message that is being looked for.
type askRecord struct {
	Message    wire.ID   `cbor:"1,keyasint"`
	Account    wire.ID   `cbor:"2,keyasint"` // of the sender
	Commitment wire.Hash `cbor:"3,keyasint"` // as the log shows it
	Tries      uint8     `cbor:"4,keyasint"`
}

// The stages of a try.
const (
	askRests  = 0 // until its time comes
	askVault  = 1 // the history is read anew
	askOwn    = 2 // the account's other devices are asked
	askSender = 3
)

// ask is an askRecord with where its present try is.
type ask struct {
	askRecord
	stage uint8
	busy  bool           // in a request on its way
	next  time.Time      // of the next try; zero: with the next connection
	given *vault.PageKey // the answer
}

// askRequest is a request on its way.
type askRequest struct {
	asked *signal.Asked
	ids   []askID
}

// asking reports whether somebody is being asked for a message now.
func (c *Client) asking(conversation wire.ID, seq uint64) bool {
	a := c.asks[askID{conversation, seq}]
	return a != nil && a.stage >= askOwn
}

func (c *Client) loadAsks() error {
	return c.eachRow("ask", func(conversation wire.ID, seq uint64, value []byte) error {
		a := &ask{}
		err := wire.Decode(value, &a.askRecord)
		if err == nil {
			c.asks[askID{conversation, seq}] = a
		}
		return err
	})
}

// askable says whether others may have what is missing.
func (r Reason) askable() bool {
	switch r {
	case ReasonKeyGone, ReasonBehind, ReasonDamaged, ReasonAltered, ReasonOwnLost, ReasonNoKey, ReasonVaultDamaged, ReasonVaultStale:
		return true
	}
	return false
}

// askFor looks for a message with other devices, since the vault has not got it.
func (c *Client) askFor(t *tx, v *conversation, e *wire.Entry, why Reason) {
	id := askID{v.id, e.Seq}
	a := c.wanted(t, v, e, why)
	if a == nil {
		return
	}
	switch {
	case a.given != nil: // what was answered does not open it
		a.given = nil
		c.nextStage(t, id, a)
	case a.stage <= askVault:
		a.stage = askOwn
	}
	t.then(func() {
		c.showRow(id)
		c.askSoon()
	})
}

// wanted puts a message among those that are looked for, or returns nil when that is not to be. A device that is
// switched off goes on looking when it connects again.
func (c *Client) wanted(t *tx, v *conversation, e *wire.Entry, why Reason) *ask {
	id := askID{v.id, e.Seq}
	a := c.asks[id]
	if a == nil {
		if !why.askable() || e.Commitment == nil || v.rec.State != stateActive || len(c.asks) >= maxAsks {
			return nil
		}
		a = &ask{askRecord: askRecord{Message: e.Message, Account: e.Account}}
		c.asks[id] = a
	}
	a.Commitment = *e.Commitment
	t.put(c.self.keys.row("ask", id.conversation, id.seq), a.askRecord)
	return a
}

// gotKey ends the search for a message: it is there.
func (c *Client) gotKey(t *tx, id askID) {
	if c.asks[id] == nil {
		return
	}
	c.count(t, countKeyFound)
	c.dropAsk(t, id)
}

func (c *Client) dropAsk(t *tx, id askID) {
	delete(c.asks, id)
	t.delete(c.self.keys.row("ask", id.conversation, id.seq))
}

// settleAsks ends the search for messages whose place in the log was read again and is no riddle any more.
func (c *Client) settleAsks(t *tx, v *conversation, from, to uint64) {
	for id, a := range c.asks {
		if id.conversation == v.id && from <= id.seq && id.seq < to && (a.stage == askVault || a.given != nil) {
			c.dropAsk(t, id)
		}
	}
}

// askSoon asks once the present step is done, so that what lacks together is asked for together.
func (c *Client) askSoon() {
	if !c.askPlanned {
		c.askPlanned = true
		c.after(100*time.Millisecond, func() {
			c.askPlanned = false
			c.askNext()
		})
	}
}

// askNext sends what is to be asked, newest first.
func (c *Client) askNext() {
	if c.self == nil || !c.online() {
		return
	}
	for len(c.requests) < maxRequests {
		ids := c.dueTogether()
		if len(ids) == 0 {
			return
		}
		c.sendAsk(ids)
	}
}

// dueTogether picks messages of one conversation, in one stage and, when that is it, of one sender.
func (c *Client) dueTogether() (ids []askID) {
	var all []askID
	for id, a := range c.asks {
		if v := c.conversations[id.conversation]; a.stage >= askOwn && !a.busy && a.given == nil && v != nil && v.rec.Lost == 0 {
			all = append(all, id)
		}
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].conversation != all[j].conversation {
			return less(all[i].conversation, all[j].conversation)
		}
		return all[i].seq > all[j].seq
	})
	for _, id := range all {
		first, a := c.asks[all[0]], c.asks[id]
		same := id.conversation == all[0].conversation && a.stage == first.stage && (a.stage == askOwn || a.Account == first.Account)
		if same && len(ids) < signal.MaxWanted {
			ids = append(ids, id)
		}
	}
	return ids
}

// sendAsk asks the devices of one account.
func (c *Client) sendAsk(ids []askID) {
	v, first := c.conversations[ids[0].conversation], c.asks[ids[0]]
	var wanted []signal.Wanted
	for _, id := range ids {
		a := c.asks[id]
		a.busy = true
		wanted = append(wanted, signal.Wanted{Seq: id.seq, Message: a.Message, Commitment: a.Commitment})
	}
	to, any := c.whomToAsk(v, first)
	if !any {
		c.unanswered(ids)
		return
	}
	var seed [32]byte
	var name wire.ID
	_, err := io.ReadFull(c.cfg.Rand, seed[:])
	if err == nil {
		name, err = wire.NewID(c.cfg.Rand)
	}
	r := &askRequest{ids: ids}
	if err == nil {
		r.asked, err = signal.NewRequest(name, seed, c.self.key, c.placeOf(v), wanted)
	}
	if err == nil {
		err = c.signal(v, to, nil, signal.KeyRequest, r.asked.Request)
	}
	if err != nil {
		c.cfg.Log.Error("ask for keys", "conversation", v.id, "error", err)
		c.unanswered(ids)
		return
	}
	c.requests[name] = r
	c.after(answerPatience, func() {
		if c.requests[name] == r {
			delete(c.requests, name)
			c.unanswered(r.ids)
			c.askNext()
		}
	})
}

// whomToAsk says whose devices a stage asks. For one's own message that is, in the end, somebody who was to
// read it.
func (c *Client) whomToAsk(v *conversation, a *ask) (to wire.ID, any bool) {
	me := c.self.Account
	switch {
	case a.stage == askOwn:
		return me, len(c.self.chain.Devices()) > 1
	case a.Account != me:
		return a.Account, true
	}
	people := v.roster.without(me).People
	if len(people) == 0 {
		return to, false
	}
	return people[int(a.Tries)%len(people)].Account, true
}

// unanswered goes on to the next stage, or rests until the next try.
func (c *Client) unanswered(ids []askID) {
	t := c.begin()
	for _, id := range ids {
		if a := c.asks[id]; a != nil && a.busy && a.given == nil {
			c.nextStage(t, id, a)
		}
	}
	_ = t.commit()
}

func (c *Client) nextStage(t *tx, id askID, a *ask) {
	a.busy = false
	if a.stage == askOwn {
		a.stage = askSender
	} else {
		c.rest(t, id, a)
	}
}

// rest ends a try that brought nothing.
func (c *Client) rest(t *tx, id askID, a *ask) {
	a.stage, a.next = askRests, time.Time{}
	a.Tries++
	t.then(func() { c.showRow(id) })
	if a.Tries >= maxTries {
		c.dropAsk(t, id)
		return
	}
	t.put(c.self.keys.row("ask", id.conversation, id.seq), a.askRecord)
	if n := int(a.Tries); n <= len(askPauses) {
		pause := c.jitter(askPauses[n-1])
		a.next = time.Now().Add(pause)
		c.after(pause, func() { c.askAgain(id, a) })
	}
}

// askAgain begins the next try: with the vault, where another device may have put the key meanwhile.
func (c *Client) askAgain(id askID, a *ask) {
	v := c.conversations[id.conversation]
	if c.asks[id] != a || a.stage != askRests || v == nil || !c.online() {
		return
	}
	a.stage = askVault
	t := c.begin()
	c.lacking(t, v, id.seq-1, id.seq+1)
	_ = t.commit()
}

// askOnConnect begins the next try of what rests, some time after a connection began.
func (c *Client) askOnConnect() {
	clear(c.requests)
	for _, a := range c.asks {
		a.busy, a.stage = false, askRests
	}
	c.after(connectPause, func() {
		for id, a := range c.asks {
			c.askAgain(id, a)
		}
	})
}

// takeAnswer takes keys that somebody gave. Whether they are the right ones shows when the history is read
// with them.
func (c *Client) takeAnswer(message []byte) {
	var answer signal.Answer
	if wire.Decode(message, &answer) != nil {
		return
	}
	r := c.requests[answer.ID]
	if r == nil {
		return
	}
	given, err := r.asked.Open(&answer)
	if err != nil {
		c.cfg.Log.Warn("an answer does not open", "error", err)
		return
	}
	t := c.begin()
	for _, g := range given {
		c.takeKey(t, r, &g)
	}
	_ = t.commit()
}

func (c *Client) takeKey(t *tx, r *askRequest, g *signal.Given) {
	for _, id := range r.ids {
		a, v := c.asks[id], c.conversations[id.conversation]
		if id.seq == g.Seq && a != nil && a.given == nil && v != nil {
			a.given = &vault.PageKey{Seq: g.Seq, Key: g.Key, Commitment: a.Commitment}
			c.lacking(t, v, id.seq-1, id.seq+1)
		}
	}
}

// showRow tells a row of the timeline anew.
func (c *Client) showRow(id askID) {
	v := c.conversations[id.conversation]
	if c.self == nil || v == nil {
		return
	}
	var rec messageRecord
	if found, err := c.get(c.self.keys.row("msg", v.id, id.seq), &rec); err != nil || !found {
		return
	}
	if m, ok := c.message(v, id.seq, &rec); ok {
		c.emit(Timeline{Conversation: v.id, Upsert: []Message{m}})
	}
}
