package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"frond/client"
	"frond/client/vault"
	"frond/wire"
)

// falseAccounts lie to somebody about their own account: its keys, its vault, its history.
var falseAccounts = []attack{
	{"the password is to be stretched less than is safe", func(s *plot) { s.stretching(func(k *wire.KDF) { k.Memory = 8 << 10 }) }},
	{"the password is to be stretched in one pass", func(s *plot) { s.stretching(func(k *wire.KDF) { k.Time = 1 }) }},
	{"the password is to be stretched for ever", func(s *plot) { s.stretching(func(k *wire.KDF) { k.Memory, k.Time = 1<<31, 1<<31 }) }},
	{"a new device is shown eve's sigchain as ada's", func(s *plot) {
		chain := s.chain(s.eve)
		s.signInIsRefused(func(a *wire.Session) { a.Chain = chain }, client.CodeKeyChanged)
	}},
	{"a new device is shown a sigchain without the device that came last", func(s *plot) {
		s.w.second(s.t, s.ada)
		time.Sleep(time.Minute)
		s.signInIsRefused(func(a *wire.Session) { a.Chain = a.Chain[:len(a.Chain)-1] }, client.CodeKeyChanged)
	}},
	{"a new device is given eve's account", func(s *plot) {
		eve, err := s.w.server.store.AccountByID(context.Background(), s.eve.account)
		if err != nil {
			s.t.Fatal(err)
		}
		chain := s.chain(s.eve)
		s.signInIsRefused(func(a *wire.Session) {
			a.Account, a.Chain, a.Header, a.State, a.Revision = eve.ID, chain, eve.Header, eve.State, eve.Revision
		}, wire.CodeWrongPassword)
	}},
	{"a new device is given an older state under the present number", func(s *plot) {
		old := s.account(s.ada)
		s.ada.create(s.t, wire.Group, s.ben)
		time.Sleep(10 * time.Second)
		s.signInIsRefused(func(a *wire.Session) { a.State = old.state }, client.CodeKeyChanged)
	}},
	{"a new device is given the vault header from before the password changed", func(s *plot) {
		old := s.account(s.ada)
		before := s.ada.keys
		var next vault.Keys
		_, _ = s.ada.rand.Read(next.Auth[:])
		_, _ = s.ada.rand.Read(next.Wrap[:])
		if err := s.ada.on().ChangePassword(context.Background(), &before, next, s.ada.kdf); err != nil {
			s.t.Fatal(err)
		}
		s.ada.keys = next
		time.Sleep(10 * time.Second)
		s.signInIsRefused(func(a *wire.Session) { a.Header = old.header }, wire.CodeWrongPassword)
	}},
	{"a device is given an older state under a new number", func(s *plot) {
		old := s.account(s.ada)
		s.ada.create(s.t, wire.Group, s.ben)
		time.Sleep(10 * time.Second)
		s.greet(s.ada, func(a *wire.Welcomed) { a.Revision += 5 }, reply(wire.OpGetState, func(a *wire.State) { a.State, a.Revision = old.state, a.Revision+5 }))
		s.warned(s.ada, client.CodeKeyChanged)
	}},
	{"a device is given a state of a vault epoch that never was", func(s *plot) {
		s.greet(s.ada, func(a *wire.Welcomed) { a.Revision += 5 }, reply(wire.OpGetState, func(a *wire.State) { a.Epoch, a.Revision = a.Epoch+1, a.Revision+5 }))
		s.warned(s.ada, client.CodeKeyChanged)
	}},
	{"a device is shown its own sigchain shortened", func(s *plot) {
		s.greet(s.ada, nil, eachAccount(func(a *wire.Account) { a.Chain = a.Chain[:1] }))
		s.warned(s.ada, client.CodeRolledBack)
	}},
	{"a device is not shown its own account", func(s *plot) {
		s.greet(s.ada, nil, reply(wire.OpLookup, func(a *wire.Accounts) { a.Accounts = nil }))
		s.warned(s.ada, client.CodeRolledBack)
	}},
	{"a device is shown its own sigchain with a device that eve's root signs", func(s *plot) {
		forged := s.made(s.ada, s.root(s.eve))
		s.greet(s.ada, nil, eachAccount(func(a *wire.Account) { a.Chain = append(a.Chain, forged) }))
		s.warned(s.ada, client.CodeKeyChanged)
		if texts := s.ada.faultsAbout(s.ada); len(texts) == 0 || strings.Contains(texts[0], ": ") {
			s.t.Fatalf("ada is told %q", texts)
		}
		if list, err := s.ada.on().Devices(context.Background()); err != nil || len(list) != 1 {
			s.t.Fatal(list, err)
		}
	}},
	{"the list of devices hides one and makes one up", func(s *plot) {
		s.w.second(s.t, s.ada)
		s.ada.lane.lie(reply(wire.OpDevices, func(a *wire.Devices) { a.Devices[1].Device = wire.ID{3} }))
		list, err := s.ada.on().Devices(context.Background())
		if err != nil || len(list) != 2 || slices.ContainsFunc(list, func(d client.OwnDevice) bool { return d.ID == wire.ID{3} }) {
			s.t.Fatal(list, err)
		}
	}},
	{"history of another conversation is restored as this one's", func(s *plot) {
		other, err := s.w.entries(context.Background(), s.elsewhere())
		if err != nil {
			s.t.Fatal(err)
		}
		p := s.laptop(s.ada, s.historyOf(func(e *wire.Entry) {
			seq := e.Seq
			*e = other[len(other)-1]
			e.Seq, e.Conversation, e.Frame = seq, s.id, nil
		}))
		s.shows(p, client.ReasonAltered)
	}},
	{"history of another conversation is sent for this one's", func(s *plot) {
		p := s.laptop(s.ada, s.historyOf(func(e *wire.Entry) { e.Conversation = wire.ID{4} }))
		time.Sleep(5 * time.Minute)
		s.warned(p, client.CodeVault)
	}},
}

// stretching lets somebody sign in by the user interface, and demands that nothing made of the password
// leaves the device.
func (s *plot) stretching(change func(*wire.KDF)) {
	p := newPage(s.t, s.w.server, 7)
	defer func() { _ = p.api.Close(context.Background()) }()
	p.ok("start", `{}`)
	said := 0
	lie := overHTTP(change, wire.PathKDF)
	lie.tap = func([]byte) { said++ }
	p.lane.lie(lie)
	p.refused("version", "sign-in", fmt.Sprintf(`{"name": %q, "password": "correct horse"}`, s.ada.name))
	if said != 1 { // the question how to stretch
		s.t.Fatalf("the device said %d things", said)
	}
}

// signInIsRefused signs ada in on a new device while the server lies.
func (s *plot) signInIsRefused(change func(*wire.Session), code wire.Code) {
	s.t.Helper()
	ctx := context.Background()
	p := s.w.again(s.ada)
	s.w.people = slices.DeleteFunc(s.w.people, func(q *person) bool { return q == p })
	p.lane.lie(overHTTP(change, wire.PathSignIn, wire.PathApprovalSession)) // it is asked twice, and lies twice
	if err := p.start(ctx); err != nil {
		s.t.Fatal(err)
	}
	err := p.on().SignIn(ctx, p.credentials())
	if closed := p.crash(ctx); closed != nil {
		err = errors.Join(err, closed)
	}
	s.refused(err, code)
}

// storedAccount is what the server has of an account's vault.
type storedAccount struct{ header, state []byte }

func (s *plot) account(p *person) storedAccount {
	s.t.Helper()
	a, err := s.w.server.store.AccountByID(context.Background(), p.account)
	if err != nil {
		s.t.Fatal(err)
	}
	return storedAccount{a.Header, a.State}
}

// greet lets a device connect anew to a liar.
func (s *plot) greet(p *person, change func(*wire.Welcomed), x liar) {
	says := x.says
	if change != nil {
		hello := reply(wire.OpHello, change).says
		x.says = func(asked wire.Kind, f wire.Frame) []wire.Frame { return says(asked, hello(asked, f)[0]) }
	}
	p.lane.lie(x)
	p.lane.cut()
	time.Sleep(time.Minute)
}

// elsewhere is another conversation of ada's, with something said.
func (s *plot) elsewhere() wire.ID {
	id := s.ada.create(s.t, wire.Group, s.ben)
	s.ada.say(s.t, id, "secret elsewhere")
	s.said = append(s.said, "secret elsewhere")
	time.Sleep(10 * time.Second)
	return id
}

// historyOf rewrites the messages of the conversation as they are restored.
func (s *plot) historyOf(change func(*wire.Entry)) liar {
	return reply(wire.OpHistory, func(a *wire.Entries) {
		for i := range a.Entries {
			if a.Entries[i].Conversation == s.id && a.Entries[i].Kind == wire.Application {
				change(&a.Entries[i])
			}
		}
	})
}
