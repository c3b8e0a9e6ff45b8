package client

import (
	"slices"
	"time"

	"frond/wire"
)

const (
	reportPause = time.Hour + 5*time.Minute // the server takes one an hour
	reportDelay = 2 * time.Minute           // after a connection began
)

// reportRecord is what the server was told, and when.
type reportRecord struct {
	At     uint64            `cbor:"1,keyasint"` // milliseconds since 1970
	Counts map[string]uint64 `cbor:"2,keyasint"`
}

// reportLater reports some time from now, unless that is planned.
func (c *Client) reportLater() {
	if !c.reportPlanned {
		c.reportPlanned = true
		c.after(c.jitter(2*reportDelay), c.report)
	}
}

// report tells the server how often what went wrong since the last report, when there is something to tell.
func (c *Client) report() {
	c.reportPlanned = false
	if c.self == nil || !c.online() {
		return // the next connection plans it again
	}
	c.reportPlanned = true
	c.after(reportPause, c.report)
	var rec reportRecord
	if _, err := c.get(c.self.keys.single("report"), &rec); err != nil {
		return
	}
	if now := c.nowMillis(); now >= rec.At && now-rec.At < uint64(reportPause/time.Millisecond) {
		return
	}
	if fresh := newCounts(c.failures, rec.Counts); len(fresh) > 0 {
		c.sendReport(fresh)
	}
}

func newCounts(all, told map[string]uint64) map[string]uint64 {
	fresh := map[string]uint64{}
	for name, n := range all {
		if _, known := slices.BinarySearch(wire.FailureNames, name); known && n > told[name] {
			fresh[name] = min(n-told[name], wire.MaxReported)
		}
	}
	return fresh
}

// sendReport notes that the counts were told before it tells them: rather too few than twice.
func (c *Client) sendReport(fresh map[string]uint64) {
	rec := reportRecord{At: c.nowMillis(), Counts: map[string]uint64{}}
	for name, n := range c.failures {
		rec.Counts[name] = n
	}
	t := c.begin()
	t.put(c.self.keys.single("report"), rec)
	if t.commit() == nil {
		c.request(wire.OpReport, wire.Report{Counts: fresh}, func([]byte, error) {})
	}
}
