package client

import "time"

// longestNap is how long the timer for disappearing messages sleeps at most: clocks are set, machines sleep.
const longestNap = 10 * time.Minute

// nap is the one timer that waits for the next message to disappear.
type nap struct {
	timer *time.Timer
	until uint64 // by the server's clock
}

// wakeAt sees to it that expire runs at a time, or before.
func (c *Client) wakeAt(until uint64) {
	if c.nap.timer != nil && c.nap.until <= until {
		return
	}
	c.wakeNever()
	wait := longestNap
	if now := c.serverNow(); until <= now {
		wait = 0
	} else if ms := until - now; ms < uint64(longestNap.Milliseconds()) {
		wait = time.Duration(ms) * time.Millisecond
	}
	c.nap = nap{until: until, timer: c.after(wait, func() {
		c.nap = nap{}
		c.expire()
	})}
}

func (c *Client) wakeNever() {
	if c.nap.timer != nil {
		c.nap.timer.Stop()
		delete(c.timers, c.nap.timer)
		c.nap = nap{}
	}
}
