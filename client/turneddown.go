package client

import "frond/wire"

// A handshake or message names the last handshake that its device processed. The server turns it down when the
// log went on meanwhile, and names the handshake to catch up with. When that is none that this device lacks, there
// is nothing to catch up with: the log is an older copy, or the server lies. Staging or sealing again would use up
// keys for nothing, so the same bytes are offered again, less and less often.

// tellsNothing reports whether a refusal that names the log's last handshake holds no news for what was staged
// or sealed after the handshake named.
func (v *conversation) tellsNothing(last, named uint64) bool {
	return last <= v.rec.Cursor && v.rec.Handshake <= named
}

// turnedDown puts off what the server turned down without news, and says so once. An honest server whose log is
// whole never names an earlier handshake than this device's.
func (c *Client) turnedDown(v *conversation, refusal *wire.Error, named uint64) {
	older := refusal.Last < named
	if (older || v.attempts >= suspicious) && !v.turned {
		v.turned = true
		name, text := string(ReasonWithheld), "The server turns down what is sent to this conversation and shows nothing that would be in the way: "
		if older {
			name, text = countLogBehind, "The server has an older copy of this conversation than this device. What you write waits here until the newer one is back: "
		}
		t := c.begin()
		c.count(t, name)
		t.then(func() { c.tellWithheld(v, text) })
		_ = t.commit()
	}
	c.retry(v, refusal)
}
