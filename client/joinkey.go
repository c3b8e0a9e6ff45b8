package client

import (
	"io"
	"slices"
	"time"

	"frond/client/signal"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// A device that is to come into a conversation, or back into it, needs the join key in force. The vault has the one
// that the account's devices knew last. When it changed while none of them was there, the device asks those
// who are: the word of its account's other devices counts, and that of whoever could add the account anew.
const (
	joinKeyPause = time.Minute      // after the first request; then twice as long each time,
	joinKeyMost  = 10 * time.Minute // at most
	maxOffers    = 8                // answers that are kept to a request
)

// joinAsk is this device's present request for a join key.
type joinAsk struct {
	asked  *signal.JoinAsked
	at     time.Time
	times  int // requests so far
	offers []joinOffer
}

// joinOffer is a join key that somebody gave, whose word is still to be checked against the group.
type joinOffer struct {
	from signal.Place
	key  signal.JoinKey
}

// pause is how long the last request is waited for.
func (a *joinAsk) pause() time.Duration { return min(joinKeyPause<<min(a.times, 5)/2, joinKeyMost) }

// askJoinKey asks everybody in a conversation for the join key in force.
func (c *Client) askJoinKey(v *conversation) {
	a := &v.joinAsk
	if v.rec.Kind == wire.Open || time.Since(a.at) < a.pause() {
		return
	}
	var seed [32]byte
	_, err := io.ReadFull(c.cfg.Rand, seed[:])
	var name wire.ID
	if err == nil {
		name, err = wire.NewID(c.cfg.Rand)
	}
	if err == nil {
		a.asked, err = signal.NewJoinRequest(name, seed, c.self.key, c.placeOf(v))
	}
	var body []byte
	if err == nil {
		body, err = signal.Outside(signal.JoinKeyRequest, a.asked.JoinRequest)
	}
	if err != nil {
		c.cfg.Log.Error("ask for a join key", "conversation", v.id, "error", err)
		return
	}
	a.at, a.offers = time.Now(), nil
	a.times++
	c.request(wire.OpSignal, wire.Signal{Conversation: v.id, Body: body}, func([]byte, error) {})
}

// outsideSignal hears a signal from or for a device that is not in the group.
func (c *Client) outsideSignal(v *conversation, s *wire.Signalled, kind signal.Kind, message []byte) {
	place := signal.Place{Conversation: v.id, Account: s.Account, Device: s.Device}
	switch kind {
	case signal.JoinKeyRequest:
		var r signal.JoinRequest
		if wire.Decode(message, &r) == nil && c.mayGiveJoinKey(v, place) && c.mayAnswer(s.Device) {
			c.lookAgain([]wire.ID{s.Account}, func() { c.giveJoinKey(v, place, &r) }) // the device may be removed by now
		}
	case signal.JoinKeyAnswer:
		c.takeJoinKey(v, place, message)
	}
}

// mayGiveJoinKey reports whether this device is to answer somebody's request, as far as that shows without their keys.
func (c *Client) mayGiveJoinKey(v *conversation, to signal.Place) bool {
	_, in := v.roster.Person(to.Account)
	return in && v.rec.State == stateActive && v.rec.Lost == 0 && !c.cutOff(v) && c.keyReason(v) == "" && v.roster.letsIn(c.self.Account, to.Account)
}

// letsIn reports whether an account's word on the join key counts for another: it is the same one, the other one of
// two people, or who could add the account to a group anew; where nobody else could, everybody.
func (r *Roster) letsIn(by, whom wire.ID) bool {
	p, in := r.Person(by)
	switch {
	case !in:
		return false
	case by == whom || r.Kind == wire.Direct || p.Role >= Moderator:
		return true
	}
	return !slices.ContainsFunc(r.People, func(p Person) bool { return p.Account != whom && p.Role >= Moderator })
}

// giveJoinKey answers a device that its account lists, now that the account's newest sigchain is known, and that is under
// the root which the conversation pins or can be certified under it: one that could come in by the key.
func (c *Client) giveJoinKey(v *conversation, to signal.Place, r *signal.JoinRequest) {
	if c.self == nil || c.conversations[v.id] != v || !c.mayGiveJoinKey(v, to) {
		return
	}
	chain := c.chainOf(to.Account)
	person, _ := v.roster.Person(to.Account)
	if chain == nil || c.strange(person) {
		return
	}
	device, listed := chain.Device(identity.ID(to.Device))
	if !listed || !device.Active() || !chain.HadRoot(identity.RootKey(person.Root)) {
		c.cfg.Log.Warn("refused a request for a join key", "conversation", v.id, "device", to.Device)
		return
	}
	if err := r.Verify(to, device.Key); err != nil {
		c.cfg.Log.Warn("refused a request for a join key", "conversation", v.id, "device", to.Device, "error", err)
		return
	}
	answer, err := signal.NewJoinAnswer(r, c.self.key, c.placeOf(v), v.roster.JoinKey)
	var body []byte
	if err == nil {
		body, err = signal.Outside(signal.JoinKeyAnswer, answer)
	}
	if err != nil {
		c.cfg.Log.Warn("answer a request for a join key", "conversation", v.id, "error", err)
		return
	}
	c.request(wire.OpSignal, wire.Signal{Conversation: v.id, To: to.Account, Device: &to.Device, Body: body}, func([]byte, error) {})
}

// takeJoinKey keeps an answer, and tries at once whether it opens the group information.
func (c *Client) takeJoinKey(v *conversation, from signal.Place, message []byte) {
	a := &v.joinAsk
	var answer signal.Answer
	if a.asked == nil || len(a.offers) >= maxOffers || wire.Decode(message, &answer) != nil || answer.ID != a.asked.ID {
		return
	}
	key, err := a.asked.Open(&answer)
	if err != nil {
		c.cfg.Log.Warn("a join key does not open", "conversation", v.id, "error", err)
		return
	}
	if key.Key == v.rec.JoinKey || slices.ContainsFunc(a.offers, func(o joinOffer) bool { return o.from == from }) {
		return
	}
	a.offers = append(a.offers, joinOffer{from, key})
	v.notUntil = time.Time{}
	c.advance(v)
}

// openOffered opens group information with the keys that were offered.
func (v *conversation) openOffered(sealed []byte) (info []byte, by *joinOffer, err error) {
	for i := range v.joinAsk.offers {
		o := &v.joinAsk.offers[i]
		if info, err := openInfo(o.key.Key, v.id, sealed); err == nil {
			return info, o, nil
		}
	}
	return nil, nil, errJoinKey
}

// checkOffer checks that who offered the key of a group is in it, said so, and counts.
func (c *Client) checkOffer(v *conversation, o *joinOffer, view *mls.GroupInfoView, roster *Roster) error {
	if !roster.letsIn(o.from.Account, c.self.Account) {
		return wire.Errorf(CodeKeyChanged, "the join key comes from somebody who lets nobody in")
	}
	for _, m := range view.Members {
		cred, err := c.verifier.credential(m)
		if err != nil || refOf(cred) != (wire.MemberRef{Account: o.from.Account, Device: o.from.Device}) {
			continue
		}
		if c.unlisted(claimOf(cred)) || c.hasOtherKey(cred) {
			break
		}
		return o.key.Verify(&v.joinAsk.asked.JoinRequest, o.from, cred.DeviceKey)
	}
	return wire.Errorf(CodeKeyChanged, "the join key comes from a device that is not in the conversation")
}
