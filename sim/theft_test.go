package sim

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/client/content"
	"frond/client/store/memory"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// theft is the world after a device was removed that kept everything, with a server that helps it.
type theft struct {
	t             *testing.T
	w             *World
	phone, laptop *person
	ben, cleo     *person
	lost          *person       // the removed device
	kept          *memory.Store // all it had before
	before        *identity.Chain
	direct, group wire.ID
	everyone      wire.ID
	lengths       map[wire.ID]uint64 // of the logs, before
}

// steal plays up to the removal.
func steal(t *testing.T, w *World, p []*person, asleep ...bool) *theft {
	t.Helper()
	s := &theft{t: t, w: w, phone: p[0], ben: p[1], cleo: p[2]}
	s.direct, s.group = s.phone.create(t, wire.Direct, s.ben), s.ben.create(t, wire.Group, s.phone, s.cleo)
	s.everyone = s.phone.everyone(t)
	s.lost, s.laptop = w.second(t, s.phone), w.second(t, s.phone)
	time.Sleep(20 * time.Second)
	for _, id := range s.all() {
		s.lost.say(t, id, "while it was mine")
		s.ben.reads(t, id, "while it was mine")
	}
	s.lengths = map[wire.ID]uint64{}
	for _, v := range s.lost.conversations(context.Background()) {
		s.lengths[v.ID] = v.Position
	}
	if len(asleep) > 0 && asleep[0] {
		must(t, s.laptop.crash(context.Background()))
	}
	s.before, s.kept = w.chainOf(t, s.phone.account), s.lost.store.Copy()
	if err := s.phone.on().RemoveDevice(context.Background(), s.lost.device()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	return s
}

func (s *theft) all() []wire.ID         { return []wire.ID{s.direct, s.group, s.everyone} }
func (s *theft) honest() []*person      { return []*person{s.phone, s.laptop, s.ben, s.cleo} }
func (s *theft) loot() stolen           { return loot(s.t, s.kept, s.phone.account) }
func (s *theft) oldRoot() identity.Root { return s.root(s.loot()) }

func (s *theft) root(m stolen) identity.Root {
	s.t.Helper()
	root, err := identity.ParseRoot(m.field(s.t, 5))
	if err != nil {
		s.t.Fatal(err)
	}
	return root
}

// readmit lets the server treat the removed device as if nothing had been.
func (s *theft) readmit() {
	s.t.Helper()
	device := s.lost.device()
	err := s.w.server.tamper(
		fmt.Sprintf("UPDATE device SET active = 1 WHERE id = x'%x'", device[:]),
		fmt.Sprintf("UPDATE member SET until_seq = 0 WHERE device = x'%x' AND until_seq = (SELECT MAX(until_seq) FROM member m WHERE m.device = member.device AND m.conversation = member.conversation)", device[:]),
	)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.lost.crash(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	s.lost.store = s.kept.Copy()
	body, err := wire.Encode(wire.SignIn{Name: s.lost.name, Auth: s.lost.keys.Auth})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.lost.lane.Post(context.Background(), wire.PathSignIn, body); err != nil {
		s.t.Fatal(err)
	}
	account := s.lost.account
	if err := s.w.server.tamper(fmt.Sprintf("UPDATE session SET device = x'%x' WHERE account = x'%x' AND device IS NULL", device[:], account[:])); err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(30 * time.Second) // everybody is connected again
}

// alarmed demands that somebody was told of false keys.
func (s *theft) alarmed(p *person, code wire.Code) {
	s.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.ContainsFunc(p.faults, func(f client.Fault) bool { return f.Code == code }) {
		s.t.Fatalf("%s was told nothing but %+v", p.name, p.faults)
	}
	p.faults = nil
}

// goOn demands that honest talk is as it should be.
func (s *theft) goOn() {
	s.t.Helper()
	for _, id := range []wire.ID{s.direct, s.group} {
		for _, from := range []*person{s.phone, s.laptop, s.ben} {
			text := "still here, " + from.device().String()
			from.say(s.t, id, text)
			for _, to := range []*person{s.phone, s.laptop, s.ben} {
				to.reads(s.t, id, text)
			}
		}
	}
}

// certified is a device that nobody has, under a root.
func (s *theft) certified(root identity.Root) (identity.DeviceKey, identity.Credential) {
	s.t.Helper()
	key, err := identity.NewDeviceKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	id, _ := identity.NewID(rand.Reader)
	account := identity.ID(s.phone.account)
	cert, err := root.Certify(account, id, key.Public(), time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return key, identity.Credential{Account: account, Root: root.Public(), Device: id, DeviceKey: key.Public(), Certificate: cert}
}

// poses makes the server take a device's session for that of a device of a thief's making.
func (w *World) poses(t *testing.T, of *person, cred identity.Credential) {
	t.Helper()
	device := of.device()
	if wire.ID(cred.Device) == device {
		return
	}
	must(t, w.server.tamper(
		fmt.Sprintf("INSERT INTO device SELECT x'%x', account, 1, created, seen FROM device WHERE id = x'%x'", cred.Device[:], device[:]),
		fmt.Sprintf("UPDATE session SET device = x'%x' WHERE device = x'%x'", cred.Device[:], device[:]),
	))
	time.Sleep(30 * time.Second) // everybody is connected again
}

// rogue speaks to the server by a person's session, which is a device's.
func (p *person) rogue(t *testing.T, id, device wire.ID) *rogue {
	t.Helper()
	conn, err := p.lane.inner.Dial(context.Background())
	must(t, err)
	r := &rogue{person: p, device: device, conn: conn, id: id}
	_, err = r.ask(wire.OpHello, wire.Hello{Version: wire.Version, Device: device})
	must(t, err)
	return r
}

// speak sends a message as whoever holds the key.
func (r *rogue) speak(t *testing.T, g *mls.Group, key identity.DeviceKey, cred identity.Credential, handshake uint64, text string) {
	t.Helper()
	message, err := wire.NewMessageID(r.person.rand, time.Now())
	must(t, err)
	sealed, err := content.Seal(r.person.rand, time.Now(), key, content.Content{
		Conversation: r.id, Message: message, Account: wire.ID(cred.Account), Device: wire.ID(cred.Device),
		Counter: 1 << 20, Sent: uint64(time.Now().UnixMilli()), Kind: content.Text, Body: []byte(text),
	})
	must(t, err)
	_, frame, err := g.Seal(mls.Config{Rand: r.person.rand, Now: time.Now}, sealed.Commitment[:], sealed.Secret)
	must(t, err)
	_, err = r.ask(wire.OpSend, wire.Send{
		Conversation: r.id, Message: message, Handshake: handshake, Frame: frame, Token: sealed.Token, Commitment: sealed.Commitment,
	})
	must(t, err)
}

func refOf(cred identity.Credential) wire.MemberRef {
	return wire.MemberRef{Account: wire.ID(cred.Account), Device: wire.ID(cred.Device)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	b, err := wire.Encode(v)
	must(t, err)
	return b
}

// groupInfo is what a member could tell of a conversation as it is now.
func (p *person) groupInfo(t *testing.T, id wire.ID) []byte {
	t.Helper()
	signer, err := identity.ParseDeviceKey(loot(t, p.store, p.account).field(t, 4))
	must(t, err)
	epoch, err := p.store.Get(context.Background(), p.account.String()+"/epoch/"+id.String())
	must(t, err)
	g, err := mls.ParseGroupRecords(epoch, p.ratchets(t, id), signer.Signer())
	must(t, err)
	info, err := g.GroupInfo()
	must(t, err)
	return info
}

// enter forces a joining commit on a conversation, and returns its seq.
func (r *rogue) enter(t *testing.T, w *World, s *mls.Staged) uint64 {
	t.Helper()
	old, err := w.server.store.GroupInfo(context.Background(), r.id)
	must(t, err)
	message, _ := wire.NewID(r.person.rand)
	body, err := r.ask(wire.OpHandshake, wire.Handshake{
		Conversation: r.id, Message: message, Previous: old.Seq, Frame: s.Message(), GroupInfo: old.Sealed, External: true,
	})
	must(t, err)
	var a wire.Appended
	must(t, wire.Decode(body, &a))
	time.Sleep(2 * time.Second)
	return a.Seq
}
