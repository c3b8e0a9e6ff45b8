package client

import (
	"slices"
	"time"

	"frond/wire"
)

// KeyReason says what about somebody's keys keeps messages from a closed conversation. The first two can be
// answered by accepting.
type KeyReason string

// The reasons, the one that matters most first.
const (
	KeysChanged     KeyReason = "changed"     // they changed, and that was not acknowledged yet
	KeysDoubted     KeyReason = "doubted"     // the server contradicted their chain, and that was neither undone nor acknowledged
	KeysUnknownPin  KeyReason = "unknown-pin" // the conversation pins a root that their chain, as far as known here, does not have
	KeysReadmitting KeyReason = "readmitting" // direct: they are accepted, and nobody has let them back in yet
)

// keyReasonOf says it of one person. A group may go on beside somebody who began anew until they are let in
// again; two people wait for that.
func (c *Client) keyReasonOf(v *conversation, p Person) KeyReason {
	k := c.contacts[p.Account]
	switch {
	case k != nil && k.changed:
		return KeysChanged
	case k != nil && k.doubt.open():
		return KeysDoubted
	case c.strange(p):
		return KeysUnknownPin
	case k != nil && v.rec.Kind == wire.Direct && k.lostRoot(p.Root):
		return KeysReadmitting
	}
	return ""
}

// keyReasons are ordered by how much they matter.
var keyReasons = []KeyReason{"", KeysReadmitting, KeysUnknownPin, KeysDoubted, KeysChanged}

// keyReason says it of a conversation; "" when nothing is held back.
func (c *Client) keyReason(v *conversation) (found KeyReason) {
	for _, p := range v.roster.People {
		if r := c.keyReasonOf(v, p); slices.Index(keyReasons, r) > slices.Index(keyReasons, found) {
			found = r
		}
	}
	return found
}

// named is somebody in a conversation as it is shown.
func (c *Client) named(v *conversation, account wire.ID) Named {
	out := Named{Account: account, Name: c.nameOf(account)}
	p, in := v.roster.Person(account)
	if !in {
		return out
	}
	out.Keys = c.keyReasonOf(v, p)
	if k := c.contacts[account]; k != nil && k.changed {
		out.Reset, out.HeldUntil = k.beganAnew(), c.heldTime(k)
	}
	return out
}

// heldTime is heldUntil as it is shown; zero: now.
func (c *Client) heldTime(k *contact) time.Time {
	if until := c.heldUntil(k); until > 0 {
		return time.UnixMilli(int64(until))
	}
	return time.Time{}
}

var errKeysChanged = wire.Errorf(CodeKeyChanged, "Somebody's keys changed. Look at that before you send.")
