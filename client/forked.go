package client

import (
	"time"

	"frond/mls"
	"frond/wire"
)

// A server can show two people different commits in one place of the log. Both are then in the same epoch and have
// different keys.

// doubtKeys suspects this device's group when a second message of one device does not open though it is of the same
// epoch: the server may have shown the two of them different commits in one place of the log. The group
// information tells. Damaged messages alone hold a conversation up for one request in ten minutes.
func (c *Client) doubtKeys(t *tx, v *conversation, e *wire.Entry) {
	g, err := c.openGroup(v)
	if err != nil || epochOf(e) != g.Epoch() {
		return
	}
	if v.spoilt != e.Device {
		v.spoilt = e.Device
		return
	}
	if v.spoilt = (wire.ID{}); time.Since(v.compared) >= rejoinPause*time.Millisecond && c.restUntilRejoin(v) == 0 {
		v.compared = time.Now()
		c.putAside(t, v, lostStep, 0) // counted when it is so
	}
}

// forked judges group information of this device's epoch that other commits led to. The server showed this device
// other changes than the rest: that is said, and followed if who made the last one might change the roster so.
func (c *Client) forked(v *conversation, g *mls.Group, view *mls.GroupInfoView, roster *Roster) bool {
	err := c.allowedFor(v, g, view, roster)
	c.cfg.Log.Warn("others are in another group of the same epoch", "conversation", v.id, "error", err)
	t := c.begin()
	c.count(t, countLostStep)
	_ = t.commit()
	c.tellWithheld(v, "The server showed this device other changes of this conversation than it showed the others: ")
	return err == nil
}
