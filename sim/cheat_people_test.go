package sim

import (
	"context"
	"testing"
	"time"

	"frond/client"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// falsePeople try to come between two people who begin to talk, or to pass for one of them.
var falsePeople = []attack{
	{"eve's key package is handed out as ben's", func(s *plot) {
		keys := s.claimEve()
		s.groupIsRefused(reply(wire.OpClaimKeys, func(a *wire.ClaimedKeys) {
			for i := range a.Keys {
				a.Keys[i].Package = keys[0].Package
			}
		}))
	}},
	{"eve's device is handed out as one more of ben's", func(s *plot) {
		key := s.claimEve()[0]
		key.Account = s.ben.account
		s.groupIsRefused(reply(wire.OpClaimKeys, func(a *wire.ClaimedKeys) { a.Keys = append(a.Keys, key) }))
	}},
	{"a key package of ben's is altered", func(s *plot) {
		s.groupIsRefused(reply(wire.OpClaimKeys, func(a *wire.ClaimedKeys) { a.Keys[0].Package[len(a.Keys[0].Package)/2] ^= 1 }))
	}},
	{"a key package of ben's is handed out after its time", func(s *plot) {
		old := s.ben.oldPackage(s, time.Now().Add(-time.Hour))
		s.groupIsRefused(reply(wire.OpClaimKeys, func(a *wire.ClaimedKeys) { a.Keys[0].Package = old }))
	}},
	{"eve's account answers to ben's name", func(s *plot) {
		chain := s.chain(s.eve)
		s.groupIsRefused(reply(wire.OpLookup, func(a *wire.Accounts) {
			for i := range a.Accounts {
				a.Accounts[i].ID, a.Accounts[i].Chain = s.eve.account, chain
			}
		}))
	}},
	{"eve's sigchain is shown under ben's account", func(s *plot) {
		chain := s.chain(s.eve)
		s.groupIsRefused(reply(wire.OpLookup, func(a *wire.Accounts) { a.Accounts[0].Chain = chain }))
	}},
	{"ben's sigchain is shown without its end", func(s *plot) {
		s.groupIsRefused(reply(wire.OpLookup, func(a *wire.Accounts) { a.Accounts[0].Chain = a.Accounts[0].Chain[:1] }))
	}},
	{"ben's sigchain gets a device that eve's root signs", func(s *plot) {
		forged := s.made(s.ben, s.root(s.eve))
		s.groupIsRefused(reply(wire.OpLookup, func(a *wire.Accounts) { a.Accounts[0].Chain = append(a.Accounts[0].Chain, forged) }))
	}},
	{"ben's sigchain is forked: two devices came at once, and each person is shown another", func(s *plot) {
		one, other := s.made(s.ben, s.root(s.ben)), s.made(s.ben, s.root(s.ben))
		s.ada.lane.lie(reply(wire.OpLookup, func(a *wire.Accounts) { a.Accounts[0].Chain = append(a.Accounts[0].Chain, one) }))
		if _, err := s.ada.on().Create(context.Background(), client.NewConversation{Kind: wire.Group, Name: "g", People: []string{s.ben.name}}); err != nil {
			s.t.Fatalf("one branch alone can not be told from the truth: %v", err)
		}
		s.groupIsRefused(reply(wire.OpLookup, func(a *wire.Accounts) { a.Accounts[0].Chain = append(a.Accounts[0].Chain, other) }))
		s.ada.doubts(s.t, s.id, s.ben, true)
		s.ada.isShown(liar{}) // the truth is neither
		s.ada.doubts(s.t, s.id, s.ben, true)
		must(s.t, s.ada.accepts(s.ben))
	}},
	{"the conversation with somebody new is said to exist, and is one with eve", func(s *plot) {
		dan := s.newcomer()
		with := s.ada.create(s.t, wire.Direct, s.eve)
		s.ada.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if asked == wire.OpCreate {
				f.Kind = wire.ReplyFail
				f.Body, _ = wire.Encode(wire.Error{Code: wire.CodeExists, Message: "exists", Conversation: &with})
			}
			return []wire.Frame{f}
		}})
		_, err := s.ada.on().Create(context.Background(), client.NewConversation{Kind: wire.Direct, People: []string{dan.name}})
		s.refused(err, client.CodeKeyChanged)
	}},
}

// groupIsRefused lets ada begin a group with ben while the server lies.
func (s *plot) groupIsRefused(x liar) {
	s.t.Helper()
	s.ada.lane.lie(x)
	_, err := s.ada.on().Create(context.Background(), client.NewConversation{Kind: wire.Group, Name: "g", People: []string{s.ben.name}})
	s.refused(err, client.CodeKeyChanged)
}

func (s *plot) claimEve() []wire.ClaimedKey {
	s.t.Helper()
	keys, err := s.w.server.store.ClaimKeys(context.Background(), wire.ID{}, []wire.ID{s.eve.account})
	if err != nil || len(keys) != 1 {
		s.t.Fatal(len(keys), err)
	}
	return keys
}

// chain is a sigchain as the server has it.
func (s *plot) chain(p *person) [][]byte {
	s.t.Helper()
	chains, err := s.w.server.store.Chains(context.Background(), nil, []wire.ID{p.account})
	if err != nil || len(chains) != 1 {
		s.t.Fatal(len(chains), err)
	}
	return chains[0].Chain
}

func (s *plot) root(p *person) identity.Root {
	s.t.Helper()
	root, err := identity.ParseRoot(loot(s.t, p.store, p.account).field(s.t, 5))
	if err != nil {
		s.t.Fatal(err)
	}
	return root
}

// made is an event that adds a device to somebody's sigchain, signed by a root.
func (s *plot) made(p *person, by identity.Root) []byte {
	s.t.Helper()
	chain, err := identity.ParseChain(s.chain(p))
	if err != nil {
		s.t.Fatal(err)
	}
	n := chain.Len()
	if by.Public() != chain.Root() { // an event for the right place, of the wrong account
		if chain, err = identity.NewChain(p.rand, by, p.name, time.Now()); err != nil {
			s.t.Fatal(err)
		}
	}
	for chain.Len() <= n {
		chain = s.oneMore(chain, by, p)
	}
	return chain.Event(n)
}

// oneMore adds a device.
func (s *plot) oneMore(chain *identity.Chain, by identity.Root, p *person) *identity.Chain {
	s.t.Helper()
	key, err := identity.NewDeviceKey(p.rand)
	if err != nil {
		s.t.Fatal(err)
	}
	id, err := identity.NewID(p.rand)
	if err != nil {
		s.t.Fatal(err)
	}
	if chain, err = chain.AddDevice(by, id, key.Public(), "device", time.Now()); err != nil {
		s.t.Fatal(err)
	}
	return chain
}

// oldPackage is a key package of a person's own device that ended at a time.
func (p *person) oldPackage(s *plot, end time.Time) []byte {
	s.t.Helper()
	self := loot(s.t, p.store, p.account)
	key, err := identity.ParseDeviceKey(self.field(s.t, 4))
	if err != nil {
		s.t.Fatal(err)
	}
	chain, err := identity.ParseChain(s.chain(p))
	if err != nil {
		s.t.Fatal(err)
	}
	cred, _ := chain.Credential(identity.ID(p.device()))
	kp, _, err := mls.NewKeyPackage(p.rand, mls.KeyPackageOptions{
		Suite: p.suite, Signer: key.Signer(), Credential: mls.BasicCredential(cred.Marshal()),
		Lifetime:   mls.Lifetime{NotBefore: uint64(end.Add(-24 * time.Hour).Unix()), NotAfter: uint64(end.Unix())},
		Extensions: []mls.ExtensionType{client.RosterExtension},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return kp.Marshal()
}

// newcomer is somebody else on this server.
func (s *plot) newcomer() *person {
	s.t.Helper()
	ctx := context.Background()
	p := s.w.newPerson(len(s.w.people) + 3)
	s.w.people = append(s.w.people, p)
	if err := p.start(ctx); err != nil {
		s.t.Fatal(err)
	}
	if err := p.signUp(ctx); err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	return p
}

// A server names two accounts alike in one answer. The device takes one of them, and says so.
func TestTwoAccountsOfOneNameInOneAnswerAreNotBothTaken(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		root, err := identity.NewRoot(ada.rand)
		must(t, err)
		chain, err := identity.NewChain(ada.rand, root, ben.name, time.Now())
		must(t, err)
		twin := wire.ID(chain.Account())
		tablet := w.blank(t, ada)
		tablet.lane.lie(reply(wire.OpLookup, func(a *wire.Accounts) {
			a.Accounts = append(a.Accounts, wire.Account{ID: twin, Name: ben.name, Chain: chain.Events()})
		}))
		must(t, tablet.signsIn())
		time.Sleep(time.Minute)
		_, _ = tablet.on().Create(context.Background(), client.NewConversation{Kind: wire.Direct, People: []string{ben.name}})
		_, one := tablet.on().Contact(context.Background(), ben.account)
		_, two := tablet.on().Contact(context.Background(), twin)
		if one == nil && two == nil {
			t.Fatal("ada knows two people of one name")
		}
		if !tablet.told(client.CodeKeyChanged) {
			t.Fatal("and nobody was told")
		}
	})
}
