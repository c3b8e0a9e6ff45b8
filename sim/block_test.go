package sim

import (
	"context"
	"testing"
	"time"

	"frond/client"
	"frond/wire"
)

func (p *person) look(t *testing.T, id wire.ID) client.Conversation {
	t.Helper()
	for _, v := range p.conversations(context.Background()) {
		if v.ID == id {
			return v
		}
	}
	t.Fatalf("%s is not in the conversation", p.name)
	return client.Conversation{}
}

// Ada blocks Ben. Nothing of his reaches her eyes, on any of her devices, and he does not notice; when she
// unblocks him everything is there.
func TestWhatABlockedPersonWritesIsHiddenUntilUnblocked(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		direct, group := ada.create(t, wire.Direct, ben), cleo.create(t, wire.Group, ada, ben)
		time.Sleep(time.Second)
		ben.say(t, direct, "before")
		laptop := w.second(t, ada)
		if err := ada.on().Block(ctx, ben.account, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		ben.say(t, direct, "answer me")
		cleo.say(t, group, "hello all")
		ben.say(t, group, "ada is silly")
		later := ben.create(t, wire.Group, ada)
		time.Sleep(time.Second)
		ben.say(t, later, "listen")
		for _, q := range []*person{ada, laptop} {
			if v := q.look(t, direct); !v.Blocked || v.Unread != 0 || v.CanSend || v.Last != nil {
				t.Fatalf("%s sees the direct conversation as %+v", q.name, v)
			}
			if v := q.look(t, group); v.Blocked || v.Unread != 1 || !v.CanSend || v.Last == nil || v.Last.Text != "hello all" {
				t.Fatalf("%s sees the shared group as %+v, %+v", q.name, v, v.Last)
			}
			if v := q.look(t, later); !v.Blocked || v.Unread != 0 || v.Last != nil {
				t.Fatalf("%s sees the group that ben began as %+v", q.name, v)
			}
			for id, text := range map[wire.ID]string{direct: "answer me", group: "ada is silly"} {
				m := q.newest(t, id)
				if m.State != client.Unreadable || m.Text != "" || m.Reason == nil || m.Reason.Code != "blocked" {
					t.Fatalf("%s sees %q as %+v", q.name, text, m)
				}
			}
			if _, err := q.on().Send(ctx, direct, "no"); wire.CodeOf(err) != wire.CodeForbidden {
				t.Fatalf("sending to somebody blocked: %v", err)
			}
		}
		list, _, err := ada.on().Members(ctx, group)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.Blocked != (m.Account == ben.account) {
				t.Fatalf("%+v", m)
			}
		}

		if err := ada.replace(ctx); err != nil { // a new device knows it too
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if v := ada.look(t, direct); !v.Blocked || v.Unread != 0 {
			t.Fatalf("a new device sees %+v", v)
		}

		if err := laptop.on().Block(ctx, ben.account, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		for _, q := range []*person{ada, laptop} {
			q.has(t, direct, "answer me")
			q.has(t, group, "ada is silly")
			if v := q.look(t, direct); v.Blocked || !v.CanSend || v.Last == nil || v.Last.Text != "answer me" {
				t.Fatalf("%s sees %+v", q.name, v)
			}
		}
		if v := laptop.look(t, group); v.Unread != 2 || v.Last.Text != "ada is silly" {
			t.Fatalf("%+v", v)
		}
		if v := laptop.look(t, later); v.Blocked || v.Last == nil || v.Last.Text != "listen" {
			t.Fatalf("%+v", v)
		}
		laptop.say(t, direct, "here I am")
		ben.reads(t, direct, "here I am")
	})
}

func TestNobodyBlocksThemselvesOrBeginsWithWhomTheyBlocked(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		if err := ada.on().Block(ctx, ada.account, true); wire.CodeOf(err) != wire.CodeBadRequest {
			t.Fatal(err)
		}
		if err := ada.on().Block(ctx, ben.account, true); err != nil {
			t.Fatal(err)
		}
		if _, err := ada.on().Create(ctx, client.NewConversation{Kind: wire.Direct, People: []string{ben.name}}); wire.CodeOf(err) != wire.CodeForbidden {
			t.Fatal(err)
		}
	})
}
