package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/wire"
)

// entryPush rewrites pushed entries.
func entryPush(change func(e *wire.Entry)) func(wire.Frame) []wire.Frame {
	return func(f wire.Frame) []wire.Frame {
		var e wire.Entry
		if f.Kind != wire.PushEntry || wire.Decode(f.Body, &e) != nil || e.Kind != wire.Application {
			return []wire.Frame{f}
		}
		change(&e)
		f.Body, _ = wire.Encode(e)
		return []wire.Frame{f}
	}
}

// TestEachTrickOfAServerHasItsName lets the server deliver something else than what was sent. The
// reader sees a row that says what is wrong with it, and goes on reading afterwards.
func TestEachTrickOfAServerHasItsName(t *testing.T) {
	for name, trick := range map[string]struct {
		change func(e, earlier *wire.Entry)
		want   client.Reason
	}{
		"another token":                    {func(e, earlier *wire.Entry) { e.Token = earlier.Token }, client.ReasonAltered},
		"another commitment":               {func(e, earlier *wire.Entry) { e.Commitment = earlier.Commitment }, client.ReasonAltered},
		"no commitment":                    {func(e, earlier *wire.Entry) { e.Commitment = nil }, client.ReasonAltered},
		"another token and its commitment": {func(e, earlier *wire.Entry) { e.Token, e.Commitment = earlier.Token, earlier.Commitment }, client.ReasonAltered},
		"another frame":                    {func(e, earlier *wire.Entry) { e.Frame = earlier.Frame }, client.ReasonReplayed},
		"a broken frame":                   {func(e, earlier *wire.Entry) { e.Frame[len(e.Frame)-1] ^= 1 }, client.ReasonDamaged},
		"no frame":                         {func(e, earlier *wire.Entry) { e.Frame = []byte{} }, client.ReasonDamaged},
		"an earlier message once more":     {func(e, earlier *wire.Entry) { seq := e.Seq; *e = *earlier; e.Seq = seq }, client.ReasonReplayed},
		"another account as the sender":    {func(e, earlier *wire.Entry) { e.Account = wire.ID{7} }, client.ReasonForged},
		"another device as the sender":     {func(e, earlier *wire.Entry) { e.Device = wire.ID{7} }, client.ReasonForged},
		"another message id":               {func(e, earlier *wire.Entry) { e.Message = wire.ID{7} }, client.ReasonAltered},
		"a kind nobody knows":              {func(e, earlier *wire.Entry) { e.Kind = 9 }, client.ReasonNewer},
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, 2, func(t *testing.T, w *World, p []*person) {
				ada, ben := p[0], p[1]
				id := ada.create(t, wire.Direct, ben)
				var seen wire.Entry
				ben.lane.cheat(entryPush(func(e *wire.Entry) { seen = *e }))
				ada.say(t, id, "earlier")
				ben.reads(t, id, "earlier")
				earlier := seen
				ben.lane.cheat(entryPush(func(e *wire.Entry) { trick.change(e, &earlier) }))
				ada.say(t, id, "the truth")
				ben.lane.cheat(nil)
				rows := ben.rows(t, id)
				last := rows[len(rows)-1]
				if last.State != client.Unreadable || last.Text != "" || last.Reason == nil || last.Reason.Code != string(trick.want) {
					t.Fatalf("%+v, %+v, want %s", last, last.Reason, trick.want)
				}
				ada.say(t, id, "afterwards")
				ben.reads(t, id, "afterwards")
			})
		})
	}
}

func TestAServerThatAltersOnesOwnMessageIsFoundOut(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		id := p[0].create(t, wire.Direct, p[1])
		p[0].lane.cheat(entryPush(func(e *wire.Entry) { e.Commitment = &wire.Hash{1} }))
		p[0].say(t, id, "mine")
		rows := p[0].rows(t, id)
		if last := rows[len(rows)-1]; last.State != client.Unreadable || last.Reason.Code != string(client.ReasonAltered) {
			t.Fatalf("%+v", last)
		}
	})
}

// A server may keep an entry back, but not unnoticed, and it gains nothing: later ones wait for it.
func TestAnEntryThatIsKeptBackIsAskedForUntilItComes(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ben.lane.cheat(func(f wire.Frame) []wire.Frame {
			var e wire.Entry
			if f.Kind == wire.PushEntry && wire.Decode(f.Body, &e) == nil && e.Conversation == id && e.Seq == 2 {
				return nil
			}
			return []wire.Frame{f}
		})
		ada.say(t, id, "first")
		ada.say(t, id, "second")
		time.Sleep(time.Minute)
		if rows := ben.rows(t, id); len(rows) != 1 {
			t.Fatalf("%+v", rows)
		}
		ben.lane.cheat(nil)
		time.Sleep(2 * time.Minute)
		ben.reads(t, id, "second")
		if rows := ben.rows(t, id); len(rows) != 3 || rows[1].Text != "first" {
			t.Fatalf("%+v", rows)
		}
	})
}

// answer rewrites the answers that are a T.
func answer[T any](change func(*T)) func(wire.Frame) []wire.Frame {
	return func(f wire.Frame) []wire.Frame {
		var v T
		if f.Kind == wire.ReplyOK && wire.Decode(f.Body, &v) == nil {
			change(&v)
			f.Body, _ = wire.Encode(v)
		}
		return []wire.Frame{f}
	}
}

// Whoever controls the server would like to sit between two people. Each way there is refused.
func TestAServerCanNotPutItselfBetweenTwoPeople(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, eve := p[0], p[1], p[2]
		keys, err := w.server.store.ClaimKeys(ctx, wire.ID{}, []wire.ID{eve.account})
		if err != nil {
			t.Fatal(err)
		}
		chains, err := w.server.store.Chains(ctx, nil, []wire.ID{eve.account})
		if err != nil {
			t.Fatal(err)
		}
		for name, cheat := range map[string]func(wire.Frame) []wire.Frame{
			"eve's key package as ben's": answer(func(a *wire.ClaimedKeys) {
				for i := range a.Keys {
					a.Keys[i].Package = keys[0].Package
				}
			}),
			"eve's account as ben's": answer(func(a *wire.Accounts) {
				for i := range a.Accounts {
					a.Accounts[i].ID, a.Accounts[i].Chain = eve.account, chains[0].Chain
				}
			}),
			"eve's chain under ben's account": answer(func(a *wire.Accounts) {
				for i := range a.Accounts {
					a.Accounts[i].Chain = chains[0].Chain
				}
			}),
			"a chain without its end": answer(func(a *wire.Accounts) {
				for i := range a.Accounts {
					a.Accounts[i].Chain = a.Accounts[i].Chain[:1]
				}
			}),
		} {
			ada.lane.cheat(cheat)
			_, err := ada.on().Create(ctx, client.NewConversation{Kind: wire.Direct, People: []string{ben.name}})
			if wire.CodeOf(err) != client.CodeKeyChanged {
				t.Errorf("%s: %v", name, err)
			}
		}
		ada.lane.cheat(nil)
		id := ada.create(t, wire.Direct, ben)
		ada.say(t, id, "only you")
		ben.reads(t, id, "only you")
	})
}

// A session can end while nobody is connected. The client hears of it when it comes back.
func TestALockedOutSessionIsSaid(t *testing.T) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		if err := w.server.store.RevokeSessions(ctx, p[0].account); err != nil {
			t.Fatal(err)
		}
		p[0].lane.cut()
		time.Sleep(time.Minute)
		if s := p[0].on().Session(); s.State != client.LockedOut {
			t.Fatalf("%+v", s)
		}
		if err := p[0].signInAgain(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if s := p[0].on().Connection(); s.State != client.Online || !slices.Contains(p[0].devices, p[0].on().Session().Device) {
			t.Fatalf("%+v", s)
		}
	})
}
