package client

import (
	"slices"
	"time"

	"frond/mls"
	"frond/wire"
)

// Somebody has to tidy up after a commit that all members skipped: the server keeps the group information
// that came with it, by which nobody can join, and it cut off the devices that the commit claimed to
// remove. Any member does both by a commit that changes nothing else.

const (
	// renewPause is the longest that the devices of a conversation wait, each for a random time, before one
	// of them tidies up; returnPause when somebody misses messages meanwhile.
	renewPause  = 20 * time.Second
	returnPause = 3 * time.Second
	// renewalPause is the least time between two commits, and two asks, because somebody cannot join.
	renewalPause = 10 * time.Minute
)

// untidy reports whether there is something for renewLater to do.
func (c *Client) untidy(v *conversation) bool {
	return v.rec.State == stateActive && v.rec.Lost == 0 && !c.cutOff(v) && (v.rec.Skipped || v.rec.Ahead != 0 || len(v.rec.Cut) > 0 || v.asked || v.worn() || c.toLetGo(v))
}

// toLetGo reports whether somebody left and this device can take them out of the group.
func (c *Client) toLetGo(v *conversation) bool {
	if len(v.rec.Leaving) == 0 {
		return false
	}
	g, err := c.openGroup(v)
	return err == nil && (len(c.wishes(g)) > 0 || slices.ContainsFunc(v.rec.Leaving, func(id wire.ID) bool { return c.mayRemove(v, id) }))
}

// renewLater makes an empty commit some time after one was skipped, unless somebody was faster.
func (c *Client) renewLater(v *conversation) {
	if !c.untidy(v) {
		return
	}
	pause := renewPause
	if len(v.rec.Cut) > 0 {
		pause = returnPause
	}
	pause = c.jitter(2*pause) - pause
	if v.behindCopy() { // who knows what the copy lacks goes first
		pause = c.jitter(rejoinPause * time.Millisecond)
	}
	c.after(pause, func() {
		if c.self == nil || c.conversations[v.id] != v || !c.untidy(v) || len(v.wants) > 0 {
			return
		}
		v.wants = append(v.wants, &want{stage: c.planRenewal, done: func(error) {}})
		c.advance(v)
	})
}

func (c *Client) planRenewal(v *conversation, _ *mls.Group) (plan, error) {
	if !c.untidy(v) {
		return plan{}, errNothing
	}
	if v.asked {
		v.renewed = time.Now()
	}
	return plan{notice: noticeRecord{What: noticeRenewed, By: c.self.Account}}, nil
}

// renewAsked hears that somebody cannot join: a member uploaded group information that opens for nobody,
// or the server lost it. Any commit brings it anew; this device makes one for that reason once in ten
// minutes.
func (c *Client) renewAsked(id wire.ID) {
	v := c.conversations[id]
	if v == nil || v.rec.State != stateActive || time.Since(v.renewed) < renewalPause {
		return
	}
	v.asked = true
	c.renewLater(v)
}

// begging reports whether this device asked lately.
func (v *conversation) begging() bool { return time.Since(v.begged) < renewalPause }

// beg asks the members to renew the group information by which this device cannot join. It tries twice
// before, since a join key that has just changed looks the same from here.
func (c *Client) beg(v *conversation, err error) {
	hopeless := err != errJoinKey && wire.CodeOf(err) == CodeKeyChanged
	if v.attempts < 2 || hopeless || v.rec.JoinKey.IsZero() || isWire(err) && passes(err) || v.begging() {
		return
	}
	v.begged = time.Now()
	c.request(wire.OpRenew, wire.ConversationRef{Conversation: v.id}, func([]byte, error) {})
}

// noteCut remembers whom a skipped commit cut off. The server took its word for it, which is in its
// authenticated data, so all members know the same.
func (c *Client) noteCut(v *conversation, e *wire.Entry) {
	h, err := mls.ParseHeader(e.Frame)
	if err != nil {
		return
	}
	d, err := wire.ParseDeclaration(h.AAD)
	if err != nil || len(d.Remove) == 0 && !d.Whole {
		return
	}
	g, err := c.openGroup(v)
	if err != nil {
		return
	}
	for _, m := range c.refsOf(g) {
		cut := slices.Contains(d.Remove, m) || d.Whole && !slices.Contains(d.Return, m)
		if cut && !slices.Contains(v.rec.Cut, m) && len(v.rec.Cut) < wire.MaxPrivate {
			v.rec.Cut = append(v.rec.Cut, m)
		}
	}
}

// ref names this device.
func (c *Client) ref() wire.MemberRef {
	return wire.MemberRef{Account: c.self.Account, Device: c.self.Device}
}

// refsOf names the devices in a group.
func (c *Client) refsOf(g *mls.Group) (refs []wire.MemberRef) {
	for _, m := range g.Members() {
		if cred, err := c.verifier.credential(m); err == nil {
			refs = append(refs, refOf(cred))
		}
	}
	return refs
}

// cutMembers are the devices that were cut off and are still in the group, but for those removed now.
func (c *Client) cutMembers(v *conversation, g *mls.Group, removed []wire.MemberRef) (back []wire.MemberRef) {
	if len(v.rec.Cut) == 0 {
		return nil
	}
	for _, m := range c.refsOf(g) {
		if slices.Contains(v.rec.Cut, m) && !slices.Contains(removed, m) {
			back = append(back, m)
		}
	}
	return back
}

// mended forgets, after a valid commit, those whom it brought back and those who are no longer members.
func (c *Client) mended(v *conversation, back []wire.MemberRef) {
	if len(v.rec.Cut) == 0 {
		return
	}
	members := c.refsOf(v.group)
	v.rec.Cut = slices.DeleteFunc(v.rec.Cut, func(m wire.MemberRef) bool {
		return slices.Contains(back, m) || !slices.Contains(members, m)
	})
}

// cutOff reports whether this device is among those who were cut off.
func (c *Client) cutOff(v *conversation) bool {
	return len(v.rec.Cut) > 0 && slices.Contains(v.rec.Cut, c.ref())
}
