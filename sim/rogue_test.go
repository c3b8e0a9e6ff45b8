package sim

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"frond/client"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// rogue is a member's device in the hands of a programmer, who takes the keys out of its store and
// speaks to the server without the client's scruples.
type rogue struct {
	person *person
	device wire.ID // of the session
	signer identity.DeviceKey
	group  *mls.Group
	id     wire.ID
	conn   client.Conn
	last   uint64
}

// goRogue switches a person's client off and takes over.
func goRogue(t *testing.T, p *person, id wire.ID) *rogue {
	t.Helper()
	ctx := context.Background()
	if err := p.crash(ctx); err != nil {
		t.Fatal(err)
	}
	get := func(key string) []byte {
		b, err := p.store.Get(ctx, key)
		if err != nil || b == nil {
			t.Fatalf("%s: %v", key, err)
		}
		return b
	}
	var self map[int]any
	if err := wire.Decode(get("account/"+p.account.String()), &self); err != nil {
		t.Fatal(err)
	}
	r := &rogue{person: p, device: p.device(), id: id}
	var err error
	if r.signer, err = identity.ParseDeviceKey(self[4].([]byte)); err != nil {
		t.Fatal(err)
	}
	table := func(name string) []byte { return get(fmt.Sprintf("%s/%s/%s", p.account, name, id)) }
	if r.group, err = mls.ParseGroupRecords(table("epoch"), p.ratchets(t, id), r.signer.Signer()); err != nil {
		t.Fatal(err)
	}
	if r.conn, err = p.lane.inner.Dial(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ask(wire.OpHello, wire.Hello{Version: wire.Version, Device: p.device()}); err != nil {
		t.Fatal(err)
	}
	return r
}

// ratchets is the half of a group's state on the person's device that changes with every message.
func (p *person) ratchets(t *testing.T, id wire.ID) (records []mls.Record) {
	t.Helper()
	rows := fmt.Sprintf("%s/ratchet/%s/", p.account, id)
	items, err := p.store.Scan(context.Background(), client.Prefix(rows))
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		records = append(records, mls.Record{Key: strings.TrimPrefix(item.Key, rows), Value: item.Value})
	}
	return records
}

func (r *rogue) ask(kind wire.Kind, body any) ([]byte, error) {
	ctx := context.Background()
	r.last++
	frame, err := wire.EncodeFrame(kind, r.last, body)
	if err != nil {
		return nil, err
	}
	if err := r.conn.Send(ctx, frame); err != nil {
		return nil, err
	}
	for {
		message, err := r.conn.Receive(ctx)
		if err != nil {
			return nil, err
		}
		frames, err := wire.Frames(message)
		if err != nil {
			return nil, err
		}
		for _, f := range frames {
			switch {
			case f.ID != r.last:
			case f.Kind == wire.ReplyOK:
				return f.Body, nil
			default:
				refusal := new(wire.Error)
				if err := wire.Decode(f.Body, refusal); err != nil {
					return nil, err
				}
				return nil, refusal
			}
		}
	}
}

// commit forces a commit on the conversation, with group information sealed under joinKey.
func (r *rogue) commit(t *testing.T, w *World, s *mls.Staged, remove ...wire.MemberRef) {
	t.Helper()
	sealed, err := w.server.store.GroupInfo(context.Background(), r.id)
	if err != nil {
		t.Fatal(err)
	}
	message, _ := wire.NewID(r.person.rand)
	_, err = r.ask(wire.OpHandshake, wire.Handshake{
		Conversation: r.id, Message: message, Previous: sealed.Seq, Frame: s.Message(), GroupInfo: sealed.Sealed, Remove: remove,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.group = s.Merge()
	time.Sleep(time.Second)
}

func (r *rogue) config(w *World) mls.Config {
	return mls.Config{Rand: r.person.rand, Now: time.Now, Extensions: []mls.ExtensionType{client.RosterExtension}}
}

// promoted is the roster with the rogue as its owner.
func (r *rogue) promoted(t *testing.T) []mls.Extension {
	t.Helper()
	data, _ := r.group.Extension(client.RosterExtension)
	roster, err := client.ParseRoster(data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range roster.People {
		if roster.People[i].Account == r.person.account {
			roster.People[i].Role = client.Owner
		}
	}
	encoded, err := wire.Encode(roster)
	if err != nil {
		t.Fatal(err)
	}
	return []mls.Extension{{Type: client.RosterExtension, Data: encoded}}
}

func TestACheatingMembersCommitIsSkippedByAllAndBlocksNobody(t *testing.T) {
	tell(t, 5, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, mallory, newcomer := p[0], p[1], p[2], p[3], p[4]
		id := ada.create(t, wire.Group, ben, cleo, mallory)
		ada.say(t, id, "hello")
		r := goRogue(t, mallory, id)
		s, err := r.group.Commit(r.config(w), mls.CommitOptions{Extensions: r.promoted(t), AAD: wire.Declare(r.person.ref(), nil, nil, nil)})
		if err != nil {
			t.Fatal(err)
		}
		r.commit(t, w, s)
		line := "A change by " + mallory.name + " was not valid and is ignored"
		for _, q := range []*person{ada, ben, cleo} {
			q.sees(t, id, line)
		}
		ben.say(t, id, "what was that?")
		cleo.reads(t, id, "what was that?")
		if err := ada.on().Add(ctx, id, []string{newcomer.name}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		newcomer.say(t, id, "I am new")
		for _, q := range []*person{ada, ben, cleo} {
			q.reads(t, id, "I am new")
		}
		if err := ada.on().Remove(ctx, id, mallory.account); err != nil {
			t.Fatal(err)
		}
	})
}

// The group information that came with a skipped commit stays at the server until somebody renews it.
// A device that joined by it meanwhile is in a group of its own, and finds out.
func TestWhoJoinsByASkippedCommitFindsTheWay(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, mallory := p[0], p[1], p[2]
		id := ada.everyone(t)
		ada.say(t, id, "hello all")
		r := goRogue(t, mallory, id)
		var victim mls.LeafIndex
		for _, m := range r.group.Members() {
			cred, err := identity.ParseCredential(m.Credential.Identity)
			if err != nil {
				t.Fatal(err)
			}
			if wire.ID(cred.Account) == ben.account {
				victim = m.Leaf
			}
		}
		s, err := r.group.Commit(r.config(w), mls.CommitOptions{Remove: []mls.LeafIndex{victim}, AAD: wire.Declare(r.person.ref(), nil, nil, nil)})
		if err != nil {
			t.Fatal(err)
		}
		r.poison(t, w, s)
		ben.sees(t, id, "A change by "+mallory.name+" was not valid and is ignored")

		late := w.newPerson(9)
		w.people = append(w.people, late)
		if err := late.start(ctx); err != nil {
			t.Fatal(err)
		}
		if err := late.signUp(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Minute)
		ada.say(t, id, "are you there?")
		ben.reads(t, id, "are you there?")
		late.reads(t, id, "are you there?")
		late.say(t, id, "at last")
		ada.reads(t, id, "at last")
		ben.reads(t, id, "at last")
	})
}

// poison is commit with the rogue's own group information, under the true join key.
func (r *rogue) poison(t *testing.T, w *World, s *mls.Staged) {
	t.Helper()
	old, err := w.server.store.GroupInfo(context.Background(), r.id)
	if err != nil || old.JoinKey == nil {
		t.Fatal(err)
	}
	message, _ := wire.NewID(r.person.rand)
	_, err = r.ask(wire.OpHandshake, wire.Handshake{
		Conversation: r.id, Message: message, Previous: old.Seq, Frame: s.Message(),
		GroupInfo: sealGroupInfo(t, *old.JoinKey, r.id, s.GroupInfo()),
	})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
}

// sealGroupInfo seals as clients do: nonce, then XChaCha20-Poly1305 bound to the conversation.
func sealGroupInfo(t *testing.T, key wire.Hash, id wire.ID, info []byte) []byte {
	t.Helper()
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	if _, err := rand.Read(nonce); err != nil {
		t.Fatal(err)
	}
	return aead.Seal(nonce, nonce, info, id[:])
}

func credentialOf(t *testing.T, m mls.Member) identity.Credential {
	t.Helper()
	cred, err := identity.ParseCredential(m.Credential.Identity)
	if err != nil {
		t.Fatal(err)
	}
	return cred
}
