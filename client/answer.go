package client

import (
	"time"

	"frond/client/signal"
	"frond/identity"
	"frond/wire"
)

// How many requests for keys this device answers in a minute, in all and of one device.
const (
	answersPerMinute = 30
	answersPerDevice = 6
)

// answerRequest gives a member's device the keys it lacks and is entitled to, and says nothing about others.
// again hears the request once more, when it is known whose the device is.
func (c *Client) answerRequest(v *conversation, p signal.Place, member identity.Credential, message []byte, again func()) {
	r, err := signal.ParseRequest(message)
	if err == nil {
		err = r.Verify(p, member.DeviceKey)
	}
	if err != nil {
		c.cfg.Log.Warn("refused a request for keys", "conversation", v.id, "device", p.Device, "error", err)
		return
	}
	if !c.trusts(v, member, again) || !c.mayAnswer(p.Device) {
		return
	}
	var given []signal.Given
	for i := range r.Wanted {
		if key := c.keyToGive(v, p, &r.Wanted[i]); key != nil {
			given = append(given, signal.Given{Seq: r.Wanted[i].Seq, Key: *key})
		}
	}
	if len(given) == 0 {
		return
	}
	answer, err := signal.NewAnswer(r, given)
	if err == nil {
		err = c.signal(v, p.Account, &p.Device, signal.KeyAnswer, answer)
	}
	if err != nil {
		c.cfg.Log.Warn("answer a request for keys", "conversation", v.id, "error", err)
	}
}

// trusts reports whether the device that asks is still its account's, and everybody's keys are those this
// device knows: what holds messages back holds keys back. When the account's sigchain does not list the device,
// the newest one is asked for, and again called with it.
func (c *Client) trusts(v *conversation, member identity.Credential, again func()) bool {
	if c.keyReason(v) != "" {
		return false
	}
	chain := c.chainOf(wire.ID(member.Account))
	if chain == nil {
		return v.rec.Kind == wire.Open // nobody is met there before he speaks
	}
	if d := claimOf(member); c.unlisted(d) {
		if q := c.inquire(d); !q.answered && len(q.then) < answersPerDevice {
			q.then = append(q.then, again)
		}
		return false
	}
	device, _ := chain.Device(member.Device)
	return device.Active() && device.Key == member.DeviceKey
}

// mayAnswer takes an answer out of what this device gives in a minute.
func (c *Client) mayAnswer(device wire.ID) bool {
	now := time.Now()
	if now.Sub(c.answers.since) > time.Minute {
		c.answers.since, c.answers.all, c.answers.of = now, 0, map[wire.ID]int{}
	}
	if c.answers.all >= answersPerMinute || c.answers.of[device] >= answersPerDevice {
		return false
	}
	c.answers.all++
	c.answers.of[device]++
	return true
}

// answered counts the answers of a minute.
type answered struct {
	since time.Time
	all   int
	of    map[wire.ID]int
}

// keyToGive returns the key of a message that this device read itself, if the one who asks may have it.
func (c *Client) keyToGive(v *conversation, p signal.Place, w *signal.Wanted) *wire.Hash {
	var rec messageRecord
	found, err := c.get(c.self.keys.row("msg", v.id, w.Seq), &rec)
	switch {
	case err != nil || !found || rec.Key == nil || rec.Commitment == nil || !rec.Reason.readable() || c.expired(&rec):
	case rec.Message != w.Message || *rec.Commitment != w.Commitment:
	case c.entitled(v, p.Account, p.Device, &rec):
		return rec.Key
	}
	return nil
}
