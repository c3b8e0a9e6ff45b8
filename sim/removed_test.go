package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// The removed device writes on with the keys of the last epoch it was in, and the server takes it.
func TestWhatARemovedDeviceGoesOnSayingIsShownAsForged(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		s := steal(t, w, p)
		s.readmit()
		s.lost.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			if asked == wire.OpHello {
				f.Body = rewritten(f.Body, func(w *wire.Welcomed) {
					for i := range w.Conversations {
						w.Conversations[i].Last = s.lengths[w.Conversations[i].ID]
					}
				})
			}
			if asked == wire.OpLookup || f.Kind == wire.PushEntry || f.Kind == wire.PushChain || f.Kind == wire.PushState {
				return nil // it hears nothing of its removal
			}
			return []wire.Frame{f}
		}})
		if err := s.lost.start(context.Background()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		for _, id := range s.all() {
			if _, err := s.lost.on().Send(context.Background(), id, "I am still me"); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * time.Second)
		for _, id := range s.all() {
			for _, q := range []*person{s.phone, s.laptop, s.ben} {
				rows := q.rows(t, id)
				if slices.ContainsFunc(rows, func(m client.Message) bool { return m.Text == "I am still me" }) {
					t.Fatalf("%s believes the removed device", q.name)
				}
				last := rows[len(rows)-1]
				if last.State != client.Unreadable || last.Reason.Code != string(client.ReasonForged) {
					t.Fatalf("%s is shown %+v, %+v", q.name, last, last.Reason)
				}
			}
		}
		s.goOn()
	})
}

// With the old root another device is certified. It is even given the group information of now, in the
// clear, and comes by external commit: everybody skips it.
func TestADeviceUnderAReplacedRootComesInNowhere(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		s := steal(t, w, p)
		s.readmit()
		key, cred := s.certified(s.oldRoot())
		w.poses(t, s.lost, cred)
		r := s.lost.rogue(t, wire.ID{}, wire.ID(cred.Device))
		for _, id := range []wire.ID{s.direct, s.group} {
			joined, err := mls.JoinExternal(r.config(w), mls.ExternalOptions{
				GroupInfo: s.ben.groupInfo(t, id), Signer: key.Signer(), Credential: mls.BasicCredential(cred.Marshal()),
				AAD: wire.Declare(refOf(cred), nil, nil, nil),
			})
			if err != nil {
				t.Fatal(err)
			}
			r.id = id
			r.enter(t, w, joined)
			for _, q := range []*person{s.phone, s.laptop, s.ben} {
				line := "A change by " + s.phone.name + " was not valid and is ignored"
				if q != s.ben {
					line = "A change by You were not valid and is ignored"
				}
				q.sees(t, id, line)
			}
		}
		s.goOn()
	})
}

// Everyone pins nobody. The removed device comes in there anew, or another one that the old root certifies:
// all see it come, and none takes its word for the account's.
func TestInEveryoneARemovedDeviceSpeaksForNobody(t *testing.T) {
	for what, who := range map[string]func(s *theft) (identity.DeviceKey, identity.Credential){
		"the device itself": func(s *theft) (identity.DeviceKey, identity.Credential) {
			key, err := identity.ParseDeviceKey(s.loot().field(s.t, 4))
			must(s.t, err)
			cred, _ := s.before.Credential(identity.ID(s.lost.device()))
			return key, cred
		},
		"one of its making": func(s *theft) (identity.DeviceKey, identity.Credential) { return s.certified(s.oldRoot()) },
	} {
		t.Run(what, func(t *testing.T) {
			tell(t, 3, func(t *testing.T, w *World, p []*person) {
				s := steal(t, w, p)
				s.readmit()
				key, cred := who(s)
				w.poses(t, s.lost, cred)
				r := s.lost.rogue(t, s.everyone, wire.ID(cred.Device))
				joined, err := mls.JoinExternal(r.config(w), mls.ExternalOptions{
					GroupInfo: s.ben.groupInfo(t, s.everyone), Signer: key.Signer(), Credential: mls.BasicCredential(cred.Marshal()),
					AAD: wire.Declare(refOf(cred), nil, nil, nil),
				})
				must(t, err)
				seq := r.enter(t, w, joined)
				r.speak(t, joined.Merge(), key, cred, seq, "I am still me")
				time.Sleep(5 * time.Second)
				for _, q := range s.honest() {
					rows := q.rows(t, s.everyone)
					forged := slices.ContainsFunc(rows, func(m client.Message) bool {
						return m.State == client.Unreadable && m.Reason.Code == string(client.ReasonForged)
					})
					if !forged || slices.ContainsFunc(rows, func(m client.Message) bool { return m.Text == "I am still me" }) {
						t.Fatalf("%s sees %+v", q.name, rows)
					}
				}
				s.goOn()
			})
		})
	}
}

// The chain with the old root's device at its end, on a branch beside the truth, and without its end: who
// saw the true one refuses each and says so.
func TestAChainThatDeniesTheRemovalIsRefusedByWhoSawIt(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		s := steal(t, w, p)
		now := w.chainOf(t, s.phone.account)
		_, cred := s.certified(s.oldRoot())
		fork, err := s.before.AddDevice(s.oldRoot(), cred.Device, cred.DeviceKey, "thief", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for what, shown := range map[string][][]byte{
			"appended": append(now.Events(), fork.Event(fork.Len()-1)),
			"a branch": fork.Events(),
			"the past": s.before.Events(),
		} {
			lie := reply(wire.OpLookup, func(a *wire.Accounts) {
				for i := range a.Accounts {
					if a.Accounts[i].ID == s.phone.account {
						a.Accounts[i].Chain = shown
					}
				}
			})
			s.ben.lane.lie(lie)
			_, err := s.ben.on().Create(context.Background(), client.NewConversation{Kind: wire.Group, Name: "g", People: []string{s.phone.name}})
			if wire.CodeOf(err) != client.CodeKeyChanged {
				t.Fatalf("%s: ben begins a group: %v", what, err)
			}
			s.alarmed(s.ben, client.CodeKeyChanged)
			s.ben.lane.lie(liar{})

			s.laptop.lane.lie(lie)
			s.laptop.lane.cut()
			time.Sleep(30 * time.Second)
			s.laptop.lane.lie(liar{})
			if what == "the past" {
				s.alarmed(s.laptop, client.CodeRolledBack)
			} else {
				s.alarmed(s.laptop, client.CodeKeyChanged)
			}
		}
		s.laptop.lane.cut()
		time.Sleep(30 * time.Second)
		s.goOn()
	})
}

// Ben never saw the removal, and the server keeps it from him. The conversation itself tells him: it pins
// a root that the chain he is shown does not have.
func TestWhoIsShownNoRemovalSeesThatSomethingIsWrongAndSendsNothing(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		lost := w.second(t, phone)
		time.Sleep(20 * time.Second)
		before := w.chainOf(t, phone.account)
		ben.lane.lie(reply(wire.OpLookup, func(a *wire.Accounts) { a.Accounts[0].Chain = before.Events() }))
		if err := phone.on().RemoveDevice(ctx, lost.device()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		held := func() bool {
			v := ben.conversations(ctx)
			return slices.ContainsFunc(v, func(v client.Conversation) bool { return v.ID == direct && v.KeyChanged })
		}
		(&theft{t: t}).alarmed(ben, client.CodeKeyChanged)
		if _, err := ben.on().Send(ctx, direct, "secret"); wire.CodeOf(err) != client.CodeKeyChanged || !held() {
			t.Fatalf("ben sends all the same: %v", err)
		}
		// Nothing that ben could accept would change that, and he is told so.
		must(t, ben.accepts(phone))
		if v := ben.view(t, direct); v.KeyReason != client.KeysUnknownPin || ben.keysOf(t, direct, phone).Keys != client.KeysUnknownPin {
			t.Fatalf("ben is shown %+v", v)
		}
		ben.lane.lie(liar{})
		ben.lane.cut()
		time.Sleep(time.Minute)
		ben.say(t, direct, "now I see")
		phone.reads(t, direct, "now I see")
		if held() {
			t.Fatal("the truth does not help")
		}
	})
}
