package client

import (
	"context"
	"slices"

	"frond/client/content"
	"frond/mls"
	"frond/wire"
)

// How long messages are kept is in the roster, so that all members agree. It holds for the messages that
// are sealed in an epoch with that roster: a change touches nothing that was sent before.

// Retention says how long a conversation's messages are kept.
type Retention uint8

// The modes.
const (
	Full         Retention = 1 // for good, and new devices find them
	DeviceOnly   Retention = 2 // on the devices that received them: their keys are never stored elsewhere
	Disappearing Retention = 3 // until a timer, that begins when the server receives them, has run out
)

// Timers are the seconds after which messages can be set to disappear.
var Timers = []uint32{300, 3600, 24 * 3600, 7 * 24 * 3600, wire.MaxLifetime}

// checkRetention checks mode and timer together. Everyone keeps everything: nobody there could change it.
func (r *Roster) checkRetention() error {
	switch {
	case r.Retention == 0, r.Kind == wire.Open && r.Retention != Full,
		(r.Retention == Disappearing) != (r.Timer != 0), r.Timer != 0 && !slices.Contains(Timers, r.Timer):
		return wire.Errorf(wire.CodeBadRequest, "There is no such way to keep messages.")
	}
	return nil
}

// SetRetention says how long messages of a conversation that are sent from now on are kept: an owner of a
// group, either person in a direct conversation. Timer is one of Timers with Disappearing and 0 otherwise.
func (c *Client) SetRetention(ctx context.Context, id wire.ID, mode Retention, timer uint32) error {
	return c.changeRoster(ctx, id, func(r Roster) (Roster, error) {
		if r.Retention == mode && r.Timer == timer {
			return r, errNothing
		}
		r.Retention, r.Timer = mode, timer
		if r.Kind == wire.Open {
			return r, wire.Errorf(wire.CodeForbidden, "Everyone keeps its messages.")
		}
		return r, r.checkRetention()
	})
}

// rule is how messages are kept that are sealed in an epoch or a later one.
type rule struct {
	Epoch     uint64    `cbor:"1,keyasint"`
	Retention Retention `cbor:"2,keyasint"`
	Timer     uint32    `cbor:"3,keyasint,omitempty"`
}

// keeping is what a device remembers of how messages were kept: the log may bring one of an earlier epoch.
type keeping struct {
	Rules  []rule `cbor:"1,keyasint"`           // by epoch, the present one last
	Own    uint64 `cbor:"2,keyasint,omitempty"` // seq of the content whose hash is conversationRecord.Previous
	Epoch  uint64 `cbor:"3,keyasint,omitempty"` // of Sealed
	Sealed uint64 `cbor:"4,keyasint,omitempty"` // messages to disappear that this device sealed in the epoch
}

// maxRules is more than there can be epochs of which a message can still be opened.
const maxRules = 16

// note remembers how messages are kept from an epoch on.
func (k *keeping) note(epoch uint64, r *Roster) {
	k.Rules = slices.DeleteFunc(k.Rules, func(old rule) bool { return old.Epoch >= epoch })
	if n := len(k.Rules); n > 0 && k.Rules[n-1].Retention == r.Retention && k.Rules[n-1].Timer == r.Timer {
		return
	}
	k.Rules = append(k.Rules, rule{epoch, r.Retention, r.Timer})
	k.Rules = k.Rules[max(0, len(k.Rules)-maxRules):]
}

// ruleFor is how a message of an epoch is kept.
func (v *conversation) ruleFor(epoch uint64) rule {
	for i := len(v.rec.Keep.Rules) - 1; i >= 0; i-- {
		if r := v.rec.Keep.Rules[i]; r.Epoch <= epoch {
			return r
		}
	}
	return rule{Retention: v.roster.Retention, Timer: v.roster.Timer}
}

// fate is what becomes of a message that is not kept for good.
type fate struct {
	Mode  Retention `cbor:"1,keyasint"`
	Until uint64    `cbor:"2,keyasint,omitempty"` // milliseconds since 1970 by the server's clock; 0: no end
}

// fateOf is the fate of a message that the server received at some time and that lives so many seconds.
func fateOf(mode Retention, received, lifetime uint64) *fate {
	switch {
	case lifetime > 0:
		return &fate{Disappearing, received + lifetime*1000}
	case mode == DeviceOnly:
		return &fate{Mode: DeviceOnly}
	}
	return nil
}

// keepAs decides how long a message is kept here, by the rule of the epoch it was sealed in and by what its
// sender says; of two lifetimes by the shorter. A server that dates a message in the future gains nothing.
func (c *Client) keepAs(v *conversation, rec *messageRecord, e *wire.Entry, o *content.Opened) {
	kept := v.ruleFor(epochOf(e))
	timer, lifetime, expires := uint64(kept.Timer), o.Lifetime, uint64(0)
	if e.Expires > e.Received {
		expires = (e.Expires - e.Received) / 1000
	}
	if (timer != lifetime || expires != lifetime) && rec.Reason == "" {
		rec.Reason = ReasonLifetime
	}
	rec.Fate = fateOf(kept.Retention, min(e.Received, c.serverNow()), shorter(timer, lifetime))
}

// keepUnreadable lets what can not be read disappear with what could have been.
func (c *Client) keepUnreadable(v *conversation, rec *messageRecord, e *wire.Entry) {
	kept := v.ruleFor(epochOf(e))
	rec.Fate = fateOf(kept.Retention, min(e.Received, c.serverNow()), uint64(kept.Timer))
}

// shorter is the shorter of two lifetimes, of which 0 has no end.
func shorter(a, b uint64) uint64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func epochOf(e *wire.Entry) uint64 {
	h, _ := mls.ParseHeader(e.Frame) // what has none is of epoch 0 and opens in none
	return h.Epoch
}

// mayBeGone reports whether an entry without content is what a message leaves that has disappeared in time:
// one of a rule that was in force where it stands in the log. Clocks may differ a little.
func (c *Client) mayBeGone(v *conversation, e *wire.Entry) bool {
	if e.Expires == 0 || e.Expires > c.serverNow()+clockSlack {
		return false
	}
	present := uint64(1 << 62)
	if g, err := c.openGroup(v); err == nil {
		present = g.Epoch()
	}
	for i, r := range v.rec.Keep.Rules {
		past := i+1 < len(v.rec.Keep.Rules) && v.rec.Keep.Rules[i+1].Epoch+wire.MaxStaleHandshakes <= present
		if !past && r.Timer != 0 && e.Expires == e.Received+uint64(r.Timer)*1000 {
			return true
		}
	}
	return false
}

// goneEntry passes over what is left of a message of another device. That the device's next message follows
// on one that nobody has any more is no fault.
func (c *Client) goneEntry(t *tx, v *conversation, e *wire.Entry) error {
	peer, err := c.peer(v, senderOf(e))
	if err != nil {
		return err
	}
	peer.Known, peer.Hash = false, wire.Hash{}
	v.peers[senderOf(e)] = peer
	t.put(c.self.keys.peer(v.id, senderOf(e)), peer)
	if !c.mayBeGone(v, e) {
		c.count(t, string(ReasonGone))
		c.putMessage(t, v, e.Seq, unreadable(e, ReasonGone))
	}
	return nil
}

// maxFleeting is how many messages that are to disappear a device seals in one epoch. A device that comes
// back when they are gone can not step over more than a thousand of them; over an epoch it can.
const maxFleeting = 500

// sealedFleeting counts a message that is to disappear.
func (v *conversation) sealedFleeting(epoch uint64) {
	k := &v.rec.Keep
	if k.Epoch != epoch {
		k.Epoch, k.Sealed = epoch, 0
	}
	k.Sealed++
}

// worn reports whether it is time for a new epoch.
func (v *conversation) worn() bool {
	return v.rec.Keep.Sealed >= maxFleeting && v.group != nil && v.group.Epoch() == v.rec.Keep.Epoch
}
