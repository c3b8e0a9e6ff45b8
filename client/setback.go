package client

import (
	"time"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// The log of a server that was restored from a backup goes on far behind its last entry, with one that says so. From there
// everybody goes on with the group that they have. Who went through changes that the copy lacks is ahead of it: one of them
// makes a commit that changes nothing, tells the server who is in the group, and gives it group information by which
// the others, who never saw those changes, come back as whoever lost step does (heal.go).

// copyPatience is how long after a restore a device that the copy does not know in a group waits to be known again.
// What is gone then is put down to the restore for copyMemory.
const (
	copyPatience = 24 * time.Hour
	copyMemory   = 30 * copyPatience
)

// followsCopy reports whether an entry goes on from where a copy ended that this device is not behind.
func (v *conversation) followsCopy(e *wire.Entry) bool {
	var b wire.SetBack
	return e.Kind == wire.SetBackEntry && wire.Decode(e.Frame, &b) == nil && b.Last <= v.rec.Cursor && b.Handshake <= b.Last
}

// setBackEntry goes on from a copy. It counts as a handshake, which all have processed then.
func (c *Client) setBackEntry(t *tx, v *conversation, e *wire.Entry) error {
	var b wire.SetBack
	if err := wire.Decode(e.Frame, &b); err != nil {
		c.putMessage(t, v, e.Seq, unreadable(e, ReasonNewer))
		return nil
	}
	if v.rec.Handshake > b.Handshake {
		v.rec.Ahead = v.rec.Handshake
		c.count(t, countLogBehind)
		t.then(func() { c.renewLater(v) })
	}
	if v.rec.Split == 0 {
		v.rec.Split = e.Seq // others may have gone on by changes that nobody can show any more
	}
	v.rec.Handshake, v.rec.SetBack, v.level = e.Seq, e.Seq, false
	c.putNotice(t, v, e.Seq, e.Received, noticeRecord{What: noticeSetBack})
	t.then(c.noteSetBack)
	return nil
}

// behindCopy reports whether others may be ahead of the copy that the server was set back to, and this device is not.
func (v *conversation) behindCopy() bool {
	return !v.level && v.rec.SetBack != 0 && v.rec.Split == v.rec.SetBack && v.rec.Ahead == 0
}

// planWhole changes nothing, and tells the server who is in the group.
func (c *Client) planWhole(v *conversation, g *mls.Group) (plan, error) {
	if v.rec.Ahead == 0 {
		return plan{}, errNothing
	}
	return plan{back: c.refsOf(g), whole: true, notice: noticeRecord{What: noticeRenewed, By: c.self.Account}}, nil
}

// noteSetBack remembers that the server was set back.
func (c *Client) noteSetBack() {
	if c.self == nil || c.setBackWithin(time.Hour) {
		return
	}
	rec := c.self.selfRecord
	rec.SetBack = c.nowMillis()
	t := c.begin()
	t.put(keyAccount(rec.Account), rec)
	t.then(func() { c.self.SetBack = rec.SetBack })
	_ = t.commit()
}

// lateForCopy reports whether the server may not know this device in a conversation because it was set back lately: that is
// for others to mend, who are ahead of the copy.
func (c *Client) lateForCopy() bool { return c.setBackWithin(copyPatience) }

// setBackWithin reports whether the server was set back no longer ago than that.
func (c *Client) setBackWithin(d time.Duration) bool {
	return c.self.SetBack != 0 && c.nowMillis() < c.self.SetBack+uint64(d/time.Millisecond)
}

// vouchedRoots is a roster in which the roots that accounts' own sigchains vouch for are those of before: they are nobody's
// change but the account's.
func (c *Client) vouchedRoots(before, after *Roster) *Roster {
	next := after.without()
	for i := range next.People {
		p := &next.People[i]
		was, in := before.Person(p.Account)
		chain := c.chainOf(p.Account)
		if in && chain != nil && chain.HadRoot(identity.RootKey(p.Root)) && chain.HadRoot(identity.RootKey(was.Root)) {
			p.Root, p.Former = was.Root, was.Former
		}
	}
	return &next
}
