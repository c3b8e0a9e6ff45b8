package sim

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/client/vault"
	"frond/identity"
	"frond/mls"
	"frond/server/account"
	"frond/server/store"
	"frond/wire"
)

// mayBeginAnew gives leave to begin a person's account anew, from a time on.
func (w *World) mayBeginAnew(t *testing.T, p *person, usable time.Time) wire.Hash {
	t.Helper()
	token, err := w.leave(p, usable)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// loses everything: the device, the password, and every key.
func (p *person) loses(t *testing.T) {
	t.Helper()
	if err := p.crash(context.Background()); err != nil {
		t.Fatal(err)
	}
	p.store = memory.New()
	p.keys = vault.Keys{Auth: [32]byte{9}, Wrap: [32]byte{8}}
	if err := p.start(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (p *person) beginsAnew(token wire.Hash) error {
	return p.on().Reset(context.Background(), p.name, token, p.keys, p.kdf)
}

// losesAndBeginsAnew is what happens to a person whom the administrator helps.
func (p *person) losesAndBeginsAnew(t *testing.T, w *World) {
	t.Helper()
	p.loses(t)
	if err := p.beginsAnew(w.mayBeginAnew(t, p, time.Now())); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Second)
}

// resets are what the person heard of resets of the own account, done and begun.
func (p *person) resets() ([]client.AccountReset, []client.ResetBegun) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.reset), slices.Clone(p.begun)
}

func (p *person) contact(t *testing.T, of *person) client.Contact {
	t.Helper()
	k, err := p.on().Contact(context.Background(), of.account)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (p *person) verifies(t *testing.T, q *person) {
	t.Helper()
	match, err := p.on().Compare(context.Background(), q.account, q.contact(t, p).Code)
	if err == nil && match {
		err = p.on().Verify(context.Background(), q.account, true)
	}
	if err != nil || !match {
		t.Fatalf("%v, %v", match, err)
	}
}

// keysOf is what a person is shown of somebody's keys beside a conversation.
func (p *person) keysOf(t *testing.T, id wire.ID, of *person) client.Named {
	t.Helper()
	for _, n := range p.view(t, id).People {
		if n.Account == of.account {
			return n
		}
	}
	t.Fatalf("%s is not in it", of.name)
	return client.Named{}
}

func (p *person) accepts(q *person) error { return p.on().AcceptKey(context.Background(), q.account) }

func (p *person) mayNotSend(t *testing.T, id wire.ID) {
	t.Helper()
	if _, err := p.on().Send(context.Background(), id, "secret"); wire.CodeOf(err) != client.CodeKeyChanged {
		t.Fatalf("%s sends: %v", p.name, err)
	}
}

// leaves lists the devices of somebody in a conversation's group, as a person's device sees it.
func (p *person) leaves(t *testing.T, id wire.ID, of *person) (devices []wire.ID) {
	t.Helper()
	signer, err := identity.ParseDeviceKey(loot(t, p.store, p.account).field(t, 4))
	if err != nil {
		t.Fatal(err)
	}
	epoch, _ := p.store.Get(context.Background(), fmt.Sprintf("%s/epoch/%s", p.account, id))
	g, err := mls.ParseGroupRecords(epoch, p.ratchets(t, id), signer.Signer())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range g.Members() {
		if cred, err := identity.ParseCredential(m.Credential.Identity); err == nil && wire.ID(cred.Account) == of.account {
			devices = append(devices, wire.ID(cred.Device))
		}
	}
	return devices
}

func TestWhoLostEverythingTalksOnInTheSameConversation(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		direct, everyone := ada.create(t, wire.Direct, ben), ada.everyone(t)
		ada.say(t, direct, "before")
		ben.say(t, direct, "before, too")
		ada.say(t, everyone, "before, to all")
		old := ada.device()
		time.Sleep(10 * time.Second) // message keys are in the vault

		ada.losesAndBeginsAnew(t, w)
		if k := ben.contact(t, ada); !k.Reset || !k.Changed || k.Verified || !k.HeldUntil.IsZero() || !ben.told(client.CodeKeyChanged) {
			t.Fatalf("ben is shown %+v", k)
		}
		ben.mayNotSend(t, direct)
		if slices.ContainsFunc(ada.conversations(t.Context()), func(v client.Conversation) bool { return v.ID == direct }) {
			t.Fatal("ada is back before anybody let her in")
		}
		if got := ben.leaves(t, everyone, ada); len(got) != 1 || got[0] != ada.device() {
			t.Fatalf("in the open conversation she is with %v, the old device was %v", got, old)
		}
		ada.say(t, everyone, "hello again, all")
		ben.reads(t, everyone, "hello again, all")

		if err := ben.accepts(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if k := ben.contact(t, ada); k.Reset || k.Changed || k.Verified {
			t.Fatalf("ben accepted and is shown %+v", k)
		}
		ben.sees(t, direct, "You accepted the new keys of "+ada.name)
		ben.say(t, direct, "is that you?")
		ada.reads(t, direct, "is that you?")
		ada.say(t, direct, "it is")
		ben.reads(t, direct, "it is")
		if got := ben.leaves(t, direct, ada); len(got) != 1 || got[0] != ada.device() {
			t.Fatalf("ada is in it with %v", got)
		}

		// What was before is not there, and one line says why.
		time.Sleep(time.Minute)
		for _, id := range []wire.ID{direct, everyone} {
			said := 0
			for _, m := range ada.rows(t, id) {
				switch {
				case m.Reason != nil && m.Reason.Code == string(client.ReasonBeforeReset):
					said++
				case m.State == client.Unreadable || !m.Notice && strings.HasPrefix(m.Text, "before"):
					t.Fatalf("ada sees %+v", m)
				}
			}
			if said != 1 {
				t.Fatalf("it is said %d times that what was before is lost: %+v", said, ada.rows(t, id))
			}
		}
		if s, err := ada.on().Stored(t.Context()); err != nil || s.Missing != 0 {
			t.Fatalf("%d messages are still asked for, %v", s.Missing, err)
		}

		// And so it is on the next device, which has what came since.
		laptop := w.second(t, ada)
		time.Sleep(20 * time.Second)
		if texts := laptop.texts(t, direct); !slices.Contains(texts, "is that you?") || slices.Contains(texts, "before") {
			t.Fatalf("the next device has %q", texts)
		}
	})
}

func TestAModeratorLetsSomebodyBackIntoAGroup(t *testing.T) {
	tell(t, 5, func(t *testing.T, w *World, p []*person) {
		ctx := t.Context()
		ben, cleo, ada, dan, eve := p[0], p[1], p[2], p[3], p[4]
		id := ben.create(t, wire.Group, cleo, ada, dan, eve)
		if err := ben.on().SetRole(ctx, id, cleo.account, client.Moderator); err != nil {
			t.Fatal(err)
		}
		ada.say(t, id, "hello")
		before := ada.device()
		ada.losesAndBeginsAnew(t, w)
		for _, q := range []*person{ben, cleo, dan, eve} {
			q.mayNotSend(t, id)
		}
		if err := dan.accepts(ada); err != nil {
			t.Fatal(err)
		}
		dan.say(t, id, "ada will be back") // a group goes on meanwhile
		eve.reads(t, id, "ada will be back")
		if got := dan.leaves(t, id, ada); len(got) != 1 || got[0] != before {
			t.Fatalf("a member changed the group: %v", got)
		}
		if err := cleo.accepts(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if got := dan.leaves(t, id, ada); len(got) != 1 || got[0] != ada.device() {
			t.Fatalf("ada is in it with %v", got)
		}
		eve.sees(t, id, cleo.name+" accepted the new keys of "+ada.name)
		cleo.say(t, id, "welcome back")
		for _, q := range []*person{ben, ada, dan, eve} {
			q.reads(t, id, "welcome back")
		}
		eve.mayNotSend(t, id) // she has not accepted
		ada.say(t, id, "thank you")
		eve.reads(t, id, "thank you")
		if err := eve.accepts(ada); err != nil {
			t.Fatal(err)
		}
		eve.say(t, id, "fine")
		ada.reads(t, id, "fine")
		list, _, err := ada.on().Members(ctx, id)
		if err != nil || len(list) != 5 || list[0].Role != client.Member {
			t.Fatalf("%+v, %v", list, err)
		}
	})
}

func TestTwoWhoMayLetSomebodyInDoItOnceAndAnOwnerComesBackAsOne(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ben, cleo, ada := p[0], p[1], p[2]
		id := ben.create(t, wire.Group, cleo, ada)
		for _, q := range []*person{cleo, ada} {
			if err := ben.on().SetRole(t.Context(), id, q.account, client.Owner); err != nil {
				t.Fatal(err)
			}
		}
		ada.losesAndBeginsAnew(t, w)
		for _, q := range []*person{ben, cleo} {
			if err := q.accepts(ada); err != nil {
				t.Fatal(err)
			}
		}
		if err := cleo.crash(t.Context()); err != nil { // in the middle of it, perhaps
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if err := cleo.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		for _, q := range []*person{ben, cleo} {
			if got := q.leaves(t, id, ada); len(got) != 1 || got[0] != ada.device() {
				t.Fatalf("%s sees ada with %v", q.name, got)
			}
		}
		if err := ada.on().Rename(t.Context(), id, "mine"); err != nil {
			t.Fatal(err)
		}
	})
}

// forger is a server that shows a chain in which somebody began anew under a root of the server's.
func forger(t *testing.T, w *World, victim *person) liar {
	t.Helper()
	events, err := w.server.store.Chain(t.Context(), victim.account)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := identity.ParseChain(events)
	if err != nil {
		t.Fatal(err)
	}
	root, _ := identity.NewRoot(rand.Reader)
	key, _ := identity.NewDeviceKey(rand.Reader)
	if chain, err = chain.Reset(root, time.Now()); err == nil {
		chain, err = chain.AddDevice(root, identity.ID{1}, key.Public(), "the server", time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	forged, _ := wire.Encode(wire.Accounts{Accounts: []wire.Account{{ID: victim.account, Name: victim.name, Chain: chain.Events()}}})
	push, _ := wire.Encode(wire.ChainRef{Account: victim.account})
	return liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
		switch asked {
		case wire.OpLookup:
			f.Body = forged
		case wire.OpHello:
			return []wire.Frame{f, {Kind: wire.PushChain, Body: push}}
		}
		return []wire.Frame{f}
	}}
}

func TestAServerThatForgesAResetIsSeenByEverybodyAndGetsNothing(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ada, ben, carla, dan := p[0], p[1], p[2], p[3]
		withBen, withCarla := ada.create(t, wire.Direct, ben), ada.create(t, wire.Direct, carla)
		group := ada.create(t, wire.Group, ben, carla, dan)
		carla.verifies(t, ada)
		ben.say(t, withBen, "hello")
		forge := forger(t, w, ada)
		for _, q := range []*person{ada, ben, carla, dan} {
			q.lane.lie(forge)
			q.lane.cut()
		}
		time.Sleep(time.Minute)

		if done, _ := ada.resets(); ada.on().Session().State != client.LockedOut || len(done) != 1 || done[0].Name != ada.name {
			t.Fatalf("ada's own device is %s and says %+v", ada.on().Session().State, done)
		}
		if rows := ada.texts(t, withBen); !slices.Contains(rows, "hello") {
			t.Fatalf("ada lost what she had: %q", rows)
		}
		for _, q := range []*person{ben, carla, dan} {
			if k := q.contact(t, ada); !k.Reset || !k.Changed || k.Verified || !q.told(client.CodeKeyChanged) {
				t.Fatalf("%s is shown %+v", q.name, k)
			}
			q.mayNotSend(t, group)
		}
		ben.mayNotSend(t, withBen)
		carla.mayNotSend(t, withCarla)
		if err := carla.accepts(ada); wire.CodeOf(err) != wire.CodeHeld {
			t.Fatalf("carla accepts: %v", err)
		}
		time.Sleep(10 * time.Minute)
		entries, err := w.server.store.Entries(t.Context(), group, 0, 0, 1000, 64<<20)
		if err != nil || len(entries) != 1 {
			t.Fatalf("something was done in the group: %d entries, %v", len(entries), err)
		}
		// A server whose clock runs ahead does not make the day shorter.
		carla.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
			var hello wire.Welcomed
			if asked == wire.OpHello && wire.Decode(f.Body, &hello) == nil {
				hello.Now += uint64((48 * time.Hour).Milliseconds())
				f.Body, _ = wire.Encode(hello)
			}
			return []wire.Frame{f}
		}})
		carla.lane.cut()
		time.Sleep(time.Minute)
		if err := carla.accepts(ada); wire.CodeOf(err) != wire.CodeHeld {
			t.Fatalf("carla accepts on a server from the day after tomorrow: %v", err)
		}
	})
}

func TestALinkThatIsNotOnesOwnOpensNothing(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := t.Context()
		ada, ben, eve := p[0], p[1], p[2]
		direct := ada.create(t, wire.Direct, ben)

		// A link that an administrator was talked into, while ada still has her device.
		text, usable, err := account.NewReset(ctx, w.server.store, rand.Reader, ada.name, time.Now())
		if err != nil || usable.Before(time.Now().Add(23*time.Hour)) {
			t.Fatalf("usable at %v, %v", usable, err)
		}
		raw, _ := base64.RawURLEncoding.DecodeString(text)
		token := wire.Hash(raw)
		if err := eve.crash(ctx); err != nil {
			t.Fatal(err)
		}
		eve.store = memory.New()
		if err := eve.start(ctx); err != nil {
			t.Fatal(err)
		}
		thief := func(name string) wire.Code {
			return wire.CodeOf(eve.on().Reset(ctx, name, token, vault.Keys{Auth: [32]byte{6}}, eve.kdf))
		}
		if thief(ada.name) != wire.CodeHeld || thief(ben.name) != wire.CodeForbidden || thief("nobody") != wire.CodeForbidden {
			t.Fatal("a rogue link does something")
		}
		ada.lane.cut()
		time.Sleep(time.Minute)
		if _, begun := ada.resets(); len(begun) != 1 || !begun[0].At.Equal(usable.Truncate(time.Millisecond)) {
			t.Fatalf("ada heard %+v", begun)
		}
		if err := ada.on().CancelReset(ctx); err != nil || thief(ada.name) != wire.CodeForbidden {
			t.Fatal("ada said no, and it goes on", err)
		}

		token = w.mayBeginAnew(t, ada, time.Now())
		time.Sleep(25 * time.Hour)
		if thief(ada.name) != wire.CodeForbidden {
			t.Fatal("an expired link is good")
		}
		ada.say(t, direct, "I am still here")
		ben.reads(t, direct, "I am still here")

		// She does lose it, and the device that she lost is out, and says why.
		lost := w.second(t, ada)
		token = w.mayBeginAnew(t, ada, time.Now())
		ada.loses(t)
		if err := ada.beginsAnew(token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if done, _ := lost.resets(); lost.on().Session().State != client.LockedOut || len(done) != 1 {
			t.Fatalf("the lost device is %s and heard %+v", lost.on().Session().State, done)
		}
		if thief(ada.name) != wire.CodeForbidden {
			t.Fatal("a used link is good")
		}
		if err := lost.on().SignIn(ctx, client.Credentials{Name: ada.name, Keys: vault.Keys{Auth: [32]byte{1}}}); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("the old password: %v", err)
		}
	})
}

func TestAResetWhoseAnswerIsLostGoesOnWithTheNewPassword(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		direct := ada.create(t, wire.Direct, ben)
		ada.say(t, direct, "before")
		ada.loses(t)
		token := w.mayBeginAnew(t, ada, time.Now())
		ada.lane.losesPosts(wire.PathReset)
		if err := ada.beginsAnew(token); wire.CodeOf(err) != client.CodeOffline {
			t.Fatalf("without an answer: %v", err)
		}
		ada.lane.losesPosts("")
		if err := ada.beginsAnew(token); wire.CodeOf(err) != wire.CodeForbidden {
			t.Fatalf("twice: %v", err)
		}
		if err := ada.signInAgain(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if err := ben.accepts(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		ben.say(t, direct, "welcome")
		ada.reads(t, direct, "welcome")
	})
}

// The same as the user interface sees it, by the link that an administrator is given.
func TestAnAccountIsStartedOverOverTheUserInterface(t *testing.T) {
	t.Parallel()
	s := &server{dir: t.TempDir()}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.stop() }()
	watching, stop := context.WithCancel(context.Background())
	defer stop()
	go s.people.WatchResets(watching, 50*time.Millisecond)

	phone, ben := s.screen(t), s.screen(t)
	var session struct{ Account string }
	phone.do("sign-up", `{"name": "ana", "password": "a long password"}`, &session)
	ben.do("sign-up", `{"name": "ben", "password": "another password"}`, nil)
	var direct struct{ Conversation string }
	until(t, "ben begins a conversation", func() bool {
		a := ben.ask("create", `{"kind": "direct", "people": ["ana"]}`)
		return a.Error == nil && json.Unmarshal(a.OK, &direct) == nil
	})
	ana := fmt.Sprintf(`{"account": %q}`, session.Account)
	ben.do("verify", fmt.Sprintf(`{"account": %q, "verified": true}`, session.Account), nil)

	link := func() string {
		t.Helper()
		token, _, err := account.NewReset(t.Context(), s.store, rand.Reader, "ana", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	found := s.screen(t)
	reset := func(token string) string {
		return fmt.Sprintf(`{"name": "ana", "token": %q, "password": "the third password"}`, token)
	}
	found.refused("reset", reset("not a token"), "forbidden")
	found.refused("reset", reset(link()), "reset-held")
	until(t, "the phone hears", func() bool { return phone.heard("reset-begun", "") && phone.heard("fault", "") })
	phone.do("reset-cancel", `{}`, nil)

	token := link()
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	id, _ := wire.ParseID(session.Account)
	err := s.store.CreateReset(t.Context(), store.PendingReset{Account: id, Hash: sha256.Sum256(raw), Usable: time.Now(), Expires: time.Now().Add(time.Hour)})
	if err != nil { // a day later
		t.Fatal(err)
	}
	found.do("reset", reset(token), nil)
	until(t, "the phone hears", func() bool { return phone.heard("account-reset", "") })
	var contact struct {
		Verified, Changed, Reset bool
		HeldUntil                int64
	}
	until(t, "ben is shown it", func() bool { ben.do("contact", ana, &contact); return contact.Reset })
	if left := time.Until(time.UnixMilli(contact.HeldUntil)); contact.Verified || !contact.Changed || left < 23*time.Hour || left > 25*time.Hour {
		t.Fatalf("ben is shown %+v", contact)
	}
	ben.refused("accept-key", ana, "held")
	ben.refused("send", fmt.Sprintf(`{"conversation": %q, "text": "hello"}`, direct.Conversation), "key-changed")
	ben.do("verify", fmt.Sprintf(`{"account": %q, "verified": true}`, session.Account), nil)
	until(t, "ben can send", func() bool {
		return ben.ask("send", fmt.Sprintf(`{"conversation": %q, "text": "hello"}`, direct.Conversation)).Error == nil
	})
	type row struct {
		State string
		Parts []struct{ Text string }
	}
	var page struct{ Messages []row }
	until(t, "ana reads it", func() bool {
		if a := found.ask("open", fmt.Sprintf(`{"conversation": %q}`, direct.Conversation)); a.Error != nil || json.Unmarshal(a.OK, &page) != nil {
			return false
		}
		return slices.ContainsFunc(page.Messages, func(m row) bool {
			return m.State == "received" && len(m.Parts) == 1 && m.Parts[0].Text == "hello"
		})
	})
}

// Who forgot password and recovery code, but has the browser, begins anew in it: what it could read it still can.
func TestABrowserKeepsWhatItCouldReadWhenItsAccountBeginsAnew(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo := p[0], p[1], p[2]
		direct, group := ada.create(t, wire.Direct, ben), ben.create(t, wire.Group, ada, cleo)
		ben.say(t, direct, "before")
		cleo.say(t, group, "before, in the group")
		ada.verifies(t, ben)
		if err := ada.on().SignOut(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		ada.keys = vault.Keys{Auth: [32]byte{9}, Wrap: [32]byte{8}}
		if err := ada.beginsAnew(w.mayBeginAnew(t, ada, time.Now())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		for id, text := range map[wire.ID]string{direct: "before", group: "before, in the group"} {
			if !slices.Contains(ada.texts(t, id), text) {
				t.Fatalf("ada has lost %q: %q", text, ada.texts(t, id))
			}
			if _, err := ada.on().Send(t.Context(), id, "hello"); wire.CodeOf(err) != wire.CodeForbidden {
				t.Fatalf("ada writes where nobody let her in: %v", err)
			}
		}
		if err := ben.accepts(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		ben.say(t, direct, "after")
		ada.reads(t, direct, "after")
		ada.say(t, group, "I am back")
		ben.reads(t, group, "I am back")
		if texts := ada.texts(t, direct); !slices.Contains(texts, "before") || !slices.Contains(texts, "after") {
			t.Fatalf("ada has %q", texts)
		}
		if k := ada.contact(t, ben); k.Verified {
			t.Fatal("a mark of the account before counts for the new one")
		}
	})
}
