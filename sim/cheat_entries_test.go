package sim

import (
	"frond/client"
	"frond/wire"
)

// alteredEntries deliver something else than what was sent, in the right place of the log.
func alteredEntries() (all []attack) {
	for _, trick := range []struct {
		name   string
		change func(e, earlier *wire.Entry)
		want   client.Reason
	}{
		{"another token", func(e, earlier *wire.Entry) { e.Token = earlier.Token }, client.ReasonAltered},
		{"another commitment", func(e, earlier *wire.Entry) { e.Commitment = earlier.Commitment }, client.ReasonAltered},
		{"no commitment", func(e, earlier *wire.Entry) { e.Commitment = nil }, client.ReasonAltered},
		{"another token with its commitment", func(e, earlier *wire.Entry) { e.Token, e.Commitment = earlier.Token, earlier.Commitment }, client.ReasonAltered},
		{"another frame", func(e, earlier *wire.Entry) { e.Frame = earlier.Frame }, client.ReasonReplayed},
		{"a broken frame", func(e, earlier *wire.Entry) { e.Frame[len(e.Frame)-1] ^= 1 }, client.ReasonDamaged},
		{"no frame", func(e, earlier *wire.Entry) { e.Frame = []byte{} }, client.ReasonDamaged},
		{"an earlier message in place of a new one", func(e, earlier *wire.Entry) { seq := e.Seq; *e = *earlier; e.Seq = seq }, client.ReasonReplayed},
		{"another account as the sender", func(e, earlier *wire.Entry) { e.Account = wire.ID{7} }, client.ReasonForged},
		{"another device as the sender", func(e, earlier *wire.Entry) { e.Device = wire.ID{7} }, client.ReasonForged},
		{"another message id", func(e, earlier *wire.Entry) { e.Message = wire.ID{7} }, client.ReasonAltered},
		{"a kind of entry that nobody knows", func(e, earlier *wire.Entry) { e.Kind = 9 }, client.ReasonNewer},
	} {
		all = append(all, attack{"ben is delivered " + trick.name, func(s *plot) {
			var earlier wire.Entry
			s.ben.lane.lie(pushed(func(e wire.Entry) []wire.Entry { earlier = e; return []wire.Entry{e} }))
			s.say(s.ada, "secret earlier")
			s.ben.lane.lie(pushed(func(e wire.Entry) []wire.Entry { trick.change(&e, &earlier); return []wire.Entry{e} }))
			s.say(s.ada, "secret truth")
			s.ben.lane.lie(liar{})
			rows := s.ben.rows(s.t, s.id)
			last := rows[len(rows)-1]
			if last.State != client.Unreadable || last.Text != "" || last.Reason == nil || last.Reason.Code != string(trick.want) {
				s.t.Fatalf("%+v, %+v, want %s", last, last.Reason, trick.want)
			}
			if n := s.ben.failures(s.t)[string(trick.want)]; n != 1 {
				s.t.Fatalf("counted %d times", n)
			}
		}})
	}
	return append(all, attack{"ada is shown her own message altered", func(s *plot) {
		s.ada.lane.lie(pushed(func(e wire.Entry) []wire.Entry { e.Commitment = &wire.Hash{1}; return []wire.Entry{e} }))
		s.say(s.ada, "secret of mine")
		s.shows(s.ada, client.ReasonAltered)
	}})
}
