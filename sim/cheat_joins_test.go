package sim

import (
	"bytes"
	"context"
	"errors"
	"time"

	"frond/client"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// falseJoins lie to who comes into a conversation: by a welcome, or by themselves on a new device.
var falseJoins = []attack{
	{"a new device is given the group information of another conversation", func(s *plot) {
		other := s.info(s.ada.create(s.t, wire.Group, s.ben))
		p := s.laptop(s.ada, s.infoOf(s.id, func(a *wire.GroupInfo) { a.Sealed = other.Sealed }))
		s.warned(p, client.CodeKeyChanged)
	}},
	{"a new device is given group information that the server sealed itself, with eve in the roster", func(s *plot) {
		forged := s.groupOfEve(s.id, client.Roster{
			Version: 1, Kind: wire.Direct, Retention: client.Full, JoinKey: wire.Hash{1}, Posting: client.Member, People: s.rostered(s.ada, s.eve),
		})
		p := s.laptop(s.ada, s.infoOf(s.id, func(a *wire.GroupInfo) { a.Sealed = sealGroupInfo(s.t, wire.Hash{1}, s.id, forged) }))
		s.warned(p, client.CodeKeyChanged)
	}},
	{"a new device is given a forged roster by a member who works for the server", func(s *plot) {
		group := s.ada.create(s.t, wire.Group, s.ben, s.eve)
		r := goRogue(s.t, s.eve, group)
		defer s.revive(s.eve)
		staged, err := r.group.Commit(r.config(s.w), mls.CommitOptions{Extensions: r.promoted(s.t)})
		if err != nil {
			s.t.Fatal(err)
		}
		key := wire.Hash(record(s.t, s.eve.store, s.eve.account.String()+"/conv/"+group.String()).field(s.t, 6))
		s.laptop(s.ada, s.infoOf(group, func(a *wire.GroupInfo) { a.Sealed = sealGroupInfo(s.t, key, group, staged.GroupInfo()) }))
		s.ben.sees(s.t, group, "A change by "+s.ada.name+" was not valid and is ignored")
	}},
	{"a new device is given group information from before the last change", func(s *plot) {
		group := s.ada.create(s.t, wire.Group, s.ben)
		old := s.info(group)
		if err := s.ben.on().Renew(context.Background(), group); err != nil {
			s.t.Fatal(err)
		}
		s.laptop(s.ada, s.infoOf(group, func(a *wire.GroupInfo) { a.Sealed = old.Sealed }))
		s.ben.sees(s.t, group, "A change by "+s.ada.name+" was not valid and is ignored")
	}},
	{"a newcomer is given a join key and an Everyone of the server's own", func(s *plot) {
		everyone, key := s.ada.everyone(s.t), wire.Hash{2}
		forged := s.groupOfEve(everyone, client.Roster{Version: 1, Kind: wire.Open, Retention: client.Full, JoinKey: key, Posting: client.Member, People: []client.Person{}})
		p := s.w.newPerson(9)
		s.w.people = append(s.w.people, p)
		p.lane.lie(s.infoOf(everyone, func(a *wire.GroupInfo) { a.Sealed, a.JoinKey = sealGroupInfo(s.t, key, everyone, forged), &key }))
		if err := errors.Join(p.start(context.Background()), p.signUp(context.Background())); err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(time.Minute)
		s.ada.sees(s.t, everyone, "A change by "+p.name+" was not valid and is ignored")
		p.lane.lie(liar{})
		for range 3 {
			s.ada.say(s.t, everyone, "to all")
			time.Sleep(12 * time.Minute)
		}
		s.ada.say(s.t, everyone, "to all at last")
		p.reads(s.t, everyone, "to all at last")
	}},
	{"a welcome is delivered again", func(s *plot) {
		var item wire.InboxItem
		s.ben.lane.lie(inboxed(func(i *wire.InboxItem) { item = *i }))
		group := s.ada.create(s.t, wire.Group, s.ben)
		s.ada.say(s.t, group, "before")
		s.ben.deliver(item)
		time.Sleep(time.Minute)
		s.ada.say(s.t, group, "after")
		s.ben.hasTexts(s.t, group, "before", "after")
	}},
	{"a welcome is delivered again to who was removed since", func(s *plot) {
		var item wire.InboxItem
		s.ben.lane.lie(inboxed(func(i *wire.InboxItem) { item = *i }))
		group := s.ada.create(s.t, wire.Group, s.ben)
		if err := s.ada.on().Remove(context.Background(), group, s.ben.account); err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(time.Second)
		s.ben.deliver(item)
		time.Sleep(time.Minute)
		s.warned(s.ben, wire.CodeNotFound)
		if _, err := s.ben.on().Send(context.Background(), group, "in again?"); wire.CodeOf(err) != wire.CodeForbidden {
			s.t.Fatal(err)
		}
	}},
	{"a welcome is delivered as one to another conversation", func(s *plot) {
		s.ben.lane.lie(inboxed(func(i *wire.InboxItem) { i.Conversation = wire.ID{9} }))
		s.ada.create(s.t, wire.Group, s.ben)
		time.Sleep(time.Minute)
		s.warned(s.ben, wire.CodeForbidden)
	}},
	{"a welcome names eve as the one who sent it", func(s *plot) {
		s.ben.lane.lie(inboxed(func(i *wire.InboxItem) { i.Account = s.eve.account }))
		group := s.ada.create(s.t, wire.Group, s.ben)
		s.ben.sees(s.t, group, "Somebody added you")
	}},
}

// laptop is a new device, to which the server lies from the beginning.
func (s *plot) laptop(of *person, x liar) *person {
	s.t.Helper()
	p := s.w.again(of)
	p.lane.lie(x)
	p.begin(s.t)
	time.Sleep(3 * time.Minute)
	return p
}

func (s *plot) info(id wire.ID) wire.GroupInfo {
	s.t.Helper()
	info, err := s.w.server.store.GroupInfo(context.Background(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return info
}

// infoOf rewrites the group information of one conversation.
func (s *plot) infoOf(id wire.ID, change func(*wire.GroupInfo)) liar {
	return reply(wire.OpGroupInfo, func(a *wire.GroupInfo) {
		if bytes.Equal(a.Sealed, s.info(id).Sealed) {
			change(a)
		}
	})
}

// inboxed rewrites welcomes on their way.
func inboxed(change func(*wire.InboxItem)) liar {
	return liar{says: func(_ wire.Kind, f wire.Frame) []wire.Frame {
		if f.Kind == wire.PushInbox {
			f.Body = rewritten(f.Body, change)
		}
		return []wire.Frame{f}
	}}
}

// deliver slips a welcome in with the next thing that the server says.
func (p *person) deliver(item wire.InboxItem) {
	body, _ := wire.Encode(item)
	done := false
	p.lane.lie(liar{says: func(_ wire.Kind, f wire.Frame) []wire.Frame {
		if done {
			return []wire.Frame{f}
		}
		done = true
		return []wire.Frame{f, {Kind: wire.PushInbox, Body: body}}
	}})
	_ = p.on().Reconnect(context.Background())
	time.Sleep(time.Minute)
}

// rostered lists people as members, with their true roots.
func (s *plot) rostered(people ...*person) (list []client.Person) {
	for _, p := range people {
		list = append(list, client.Person{Account: p.account, Root: wire.Hash(s.root(p).Public()), Role: client.Member})
	}
	return list
}

// groupOfEve is the group information of a group of eve's own making, under the id of another.
func (s *plot) groupOfEve(id wire.ID, roster client.Roster) []byte {
	s.t.Helper()
	key, err := identity.ParseDeviceKey(loot(s.t, s.eve.store, s.eve.account).field(s.t, 4))
	if err != nil {
		s.t.Fatal(err)
	}
	chain, err := identity.ParseChain(s.chain(s.eve))
	if err != nil {
		s.t.Fatal(err)
	}
	cred, _ := chain.Credential(identity.ID(s.eve.device()))
	encoded, err := wire.Encode(roster)
	if err != nil {
		s.t.Fatal(err)
	}
	config := mls.Config{Rand: s.eve.rand, Now: time.Now, Extensions: []mls.ExtensionType{client.RosterExtension}}
	g, err := mls.Create(config, mls.CreateOptions{
		Suite: s.eve.suite, GroupID: id[:], Signer: key.Signer(), Credential: mls.BasicCredential(cred.Marshal()),
		Extensions: []mls.Extension{{Type: client.RosterExtension, Data: encoded}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	staged, err := g.Commit(config, mls.CommitOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return staged.GroupInfo()
}

// revive switches a rogue's client on again.
func (s *plot) revive(p *person) {
	if err := p.start(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}
