package sim

import (
	"context"
	"fmt"
	"strings"
	"time"

	"frond/client"
	"frond/client/vault"
	"frond/wire"
)

// falseDatabases change what the server keeps, behind its back.
var falseDatabases = []attack{
	{"eve's device is written among the members", func(s *plot) {
		s.tamper(fmt.Sprintf("INSERT INTO member (conversation, device, from_seq, until_seq, account) VALUES (x'%s', x'%s', 1, 0, x'%s')",
			s.id, s.eve.device(), s.eve.account))
		s.say(s.ada, "secret in eve's presence")
		list, _, err := s.ada.on().Members(context.Background(), s.id)
		if err != nil || len(list) != 2 {
			s.t.Fatal(list, err)
		}
	}},
	{"a message in the database gets another's token", func(s *plot) {
		s.whileBenIsAway("secret in the database", func(seq uint64) {
			s.tamper(fmt.Sprintf("UPDATE entry SET token = (SELECT token FROM entry WHERE conversation = x'%[1]s' AND seq = 2) WHERE conversation = x'%[1]s' AND seq = %[2]d", s.id, seq))
		})
		s.shows(s.ben, client.ReasonAltered)
	}},
	{"a message is deleted from the database", func(s *plot) {
		s.whileBenIsAway("secret deleted", func(seq uint64) {
			s.tamper(fmt.Sprintf("DELETE FROM entry WHERE conversation = x'%s' AND seq = %d", s.id, seq))
		})
		time.Sleep(10 * time.Minute)
		s.warned(s.ben, client.CodeWithheld)
		s.shows(s.ben, client.ReasonWithheld)
		if n := s.ben.failures(s.t)["withheld"]; n != 1 {
			s.t.Fatalf("counted %d times", n)
		}
	}},
	{"ben's name is given to eve's account", func(s *plot) {
		s.tamper(fmt.Sprintf("UPDATE account SET name = 'nobody' WHERE id = x'%s'", s.ben.account),
			fmt.Sprintf("UPDATE account SET name = '%s' WHERE id = x'%s'", s.ben.name, s.eve.account))
		s.groupIsRefused(liar{})
		s.tamper(fmt.Sprintf("UPDATE account SET name = '%s' WHERE id = x'%s'", s.eve.name, s.eve.account),
			fmt.Sprintf("UPDATE account SET name = '%s' WHERE id = x'%s'", s.ben.name, s.ben.account))
	}},
	{"ada's password is replaced in the database", func(s *plot) {
		eve := s.w.again(s.ada)
		eve.keys = vault.Keys{Auth: s.eve.keys.Auth, Wrap: s.eve.keys.Wrap}
		s.w.people = s.w.people[:len(s.w.people)-1]
		auth := "(SELECT auth FROM account WHERE id = x'%s')"
		s.tamper(fmt.Sprintf("UPDATE account SET auth = "+auth+" WHERE id = x'%s'", s.eve.account, s.ada.account))
		ctx := context.Background()
		if err := eve.start(ctx); err != nil {
			s.t.Fatal(err)
		}
		err := eve.on().SignIn(ctx, eve.credentials())
		_ = eve.crash(ctx)
		s.refused(err, wire.CodeWrongPassword)
	}},
	{"ben's device is taken out of the members", func(s *plot) {
		s.tamper(fmt.Sprintf("DELETE FROM member WHERE conversation = x'%s' AND device = x'%s'", s.id, s.ben.device()))
		time.Sleep(5 * time.Minute)
		s.warned(s.ben, client.CodeWithheld)
		rows := s.ben.rows(s.t, s.id)
		if last := rows[len(rows)-1]; !last.Notice || !strings.Contains(last.Text, "no longer counts you in") || len(s.ben.texts(s.t, s.id)) != 2 {
			s.t.Fatal(told(rows))
		}
		s.silent = true // the server lets ben into nothing more
	}},
	{"the whole database is put back to what it was before a change", func(s *plot) {
		old, err := s.w.server.snapshot()
		if err != nil {
			s.t.Fatal(err)
		}
		if err := s.ada.on().SetRetention(context.Background(), s.id, client.DeviceOnly, 0); err != nil {
			s.t.Fatal(err)
		}
		s.say(s.ben, "secret of the time that is gone")
		newer, err := s.w.server.snapshot()
		if err == nil {
			err = s.w.server.restore(old)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for _, p := range []*person{s.ada, s.ben} {
			s.say(p, "secret that waits, of "+p.name)
			time.Sleep(10 * time.Minute)
			s.waits(p)
		}
		if err := s.w.server.restore(newer); err != nil { // and nothing was lost
			s.t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		for _, p := range []*person{s.ada, s.ben} {
			s.has(s.ada, "secret that waits, of "+p.name)
			s.has(s.ben, "secret that waits, of "+p.name)
		}
	}},
	{"the whole database is put back to what it was before", func(s *plot) {
		old, err := s.w.server.snapshot()
		if err != nil {
			s.t.Fatal(err)
		}
		s.say(s.ada, "secret of the time that is gone")
		if err := s.w.server.restore(old); err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		s.warned(s.ada, client.CodeWithheld)
		s.warned(s.ben, client.CodeWithheld)
		s.silent = true // the log has lost what both have seen
	}},
}

func (s *plot) tamper(statements ...string) {
	s.t.Helper()
	if err := s.w.server.tamper(statements...); err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(time.Minute)
}

// waits demands that the newest message waits to be sent, and that the person was told why in plain words, once.
func (s *plot) waits(p *person) {
	s.t.Helper()
	rows := p.rows(s.t, s.id)
	if last := rows[len(rows)-1]; last.State != client.Pending || last.Reason != nil {
		s.t.Fatalf("%s has%s", p.name, told(rows))
	}
	n := p.failures(s.t)["log-behind"]
	p.mu.Lock()
	defer p.mu.Unlock()
	said := 0
	for _, f := range p.faults {
		if strings.Contains(f.Text, "has an older copy of this conversation") {
			said++
		}
	}
	if n != 1 || said != 1 {
		s.t.Fatalf("%s was told %d times, and counted %d", p.name, said, n)
	}
}

// whileBenIsAway lets ada say something which ben gets only after the database was changed.
func (s *plot) whileBenIsAway(text string, change func(seq uint64)) {
	s.ben.lane.set(true, false)
	s.say(s.ada, text)
	seq := s.length()
	s.say(s.ada, text+", and more")
	change(seq)
	s.ben.lane.set(false, false)
	time.Sleep(time.Minute)
}
