package client

// Messages disappear by the server's clock, which is the same for all devices. This device's own may be
// wrong; how far it was off when the server was reached last is remembered.

// clockSlack is how far two clocks may be apart that agree, in milliseconds: a greeting takes its time.
const clockSlack = 60 * 1000

type clockRecord struct {
	Ahead int64 `cbor:"1,keyasint"` // milliseconds of the server's clock before this device's
}

// serverNow is the server's clock, in milliseconds since 1970.
func (c *Client) serverNow() uint64 { return c.skewed(c.nowMillis(), c.ahead) }

// localTime is when this device's clock will show what the server's shows at some time.
func (c *Client) localTime(server uint64) uint64 { return c.skewed(server, -c.ahead) }

func (c *Client) skewed(ms uint64, by int64) uint64 { return uint64(max(0, int64(ms)+by)) }

func (c *Client) loadClock() error {
	var rec clockRecord
	_, err := c.get(c.self.keys.single("clock"), &rec)
	c.ahead = rec.Ahead
	c.wakeAt(0)
	return err
}

// setClock takes the server's time. It is written when it differs from what is known by more than a second.
func (c *Client) setClock(server uint64) {
	ahead := int64(server) - int64(c.nowMillis())
	known := c.ahead
	c.ahead = ahead
	if d := ahead - known; d < -1000 || d > 1000 {
		t := c.begin()
		t.put(c.self.keys.single("clock"), clockRecord{ahead})
		_ = t.commit()
		c.wakeNever() // it waits by the clock that was wrong
	}
	c.expire()
}
