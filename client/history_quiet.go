package client

import (
	"errors"

	"frond/wire"
)

// A new device does not find what was not to be kept for it, and that is no fault: what was to disappear
// leaves no trace, and one line stands for each stretch of messages that are on other devices only.

var (
	errDisappeared = errors.New("client: a message that was not to be kept")
	errDeviceOnly  = errors.New("client: a message that is kept on other devices only")
)

// disappeared reports whether an entry whose key no page has was to disappear, or has.
func (s *stretch) disappeared(e *wire.Entry) bool {
	return e.Expires != 0 && (!e.Gone() || e.Expires <= s.c.serverNow()+clockSlack)
}

// neighbour is what the timeline has next above an entry.
type neighbour uint8

const (
	unknownRow    neighbour = iota // not looked for yet
	deviceOnlyRow                  // the line that stands for the stretch
	otherRow
)

func neighbourOf(rec *messageRecord) neighbour {
	if rec.Notice != nil && rec.Notice.What == noticeDeviceOnly {
		return deviceOnlyRow
	}
	return otherRow
}

// deviceOnly adds the line, unless it is there.
func (s *stretch) deviceOnly(e *wire.Entry) error {
	if s.above == unknownRow {
		r := Prefix(s.me.keys.rows("msg", s.v.id))
		r.From, r.Limit, s.above = s.me.keys.row("msg", s.v.id, e.Seq+1), 1, otherRow
		err := s.c.each(r, func(_ string, value []byte) error {
			var rec messageRecord
			err := wire.Decode(value, &rec)
			s.above = neighbourOf(&rec)
			return err
		})
		if err != nil {
			return err
		}
	}
	if s.above != deviceOnlyRow {
		n := noticeRecord{What: noticeDeviceOnly, By: s.me.Account}
		s.rows = append(s.rows, restoredRow{e.Seq, messageRecord{Account: s.me.Account, At: e.Received, Notice: &n}, false})
	}
	s.above = deviceOnlyRow
	return nil
}
