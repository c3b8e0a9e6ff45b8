package sim

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"frond/client"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// claims makes a leaf's credential that says what its maker likes, and its key.
func claims(t *testing.T, root identity.Root, account, device wire.ID) (identity.DeviceKey, identity.Credential) {
	t.Helper()
	key, err := identity.NewDeviceKey(rand.Reader)
	must(t, err)
	cert, err := root.Certify(identity.ID(account), identity.ID(device), key.Public(), time.Now())
	must(t, err)
	return key, identity.Credential{
		Account: identity.ID(account), Root: root.Public(), Device: identity.ID(device), DeviceKey: key.Public(), Certificate: cert,
	}
}

// joins makes the commit by which a leaf of the rogue's making comes in.
func (r *rogue) joins(t *testing.T, w *World, info []byte, key identity.DeviceKey, cred identity.Credential, author wire.MemberRef) *mls.Staged {
	t.Helper()
	s, err := mls.JoinExternal(r.config(w), mls.ExternalOptions{
		GroupInfo: info, Signer: key.Signer(), Credential: mls.BasicCredential(cred.Marshal()), AAD: wire.Declare(author, nil, nil, nil),
	})
	must(t, err)
	return s
}

// leafNamed is where a device stands in the rogue's group.
func (r *rogue) leafNamed(t *testing.T, name wire.MemberRef) mls.LeafIndex {
	t.Helper()
	for _, m := range r.group.Members() {
		if refOf(credentialOf(t, m)) == name {
			return m.Leaf
		}
	}
	t.Fatal("the leaf is not in the group")
	return 0
}

// Mallory gives a leaf of hers the id of the owner's device, and takes it out again, which everybody may do with
// leaves of their own: the server would end delivery to the owner.
func TestAMemberCutsNobodyOffByALeafWithTheirDevicesID(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, mallory := p[0], p[1], p[2], p[3]
		id := ada.create(t, wire.Group, ben, cleo, mallory)
		ada.say(t, id, "hello")
		root, err := identity.ParseRoot(loot(t, mallory.store, mallory.account).field(t, 5))
		must(t, err)
		r := goRogue(t, mallory, id)
		twin := wire.MemberRef{Account: mallory.account, Device: ada.device()}
		key, cred := claims(t, root, twin.Account, twin.Device)
		joined := r.joins(t, w, ada.groupInfo(t, id), key, cred, mallory.ref())
		r.enter(t, w, joined)

		s, err := r.group.Stage(r.config(w), joined.Message())
		must(t, err)
		r.group = s.Merge()
		data, _ := r.group.Extension(client.RosterExtension)
		roster, err := client.ParseRoster(data)
		must(t, err)
		_, _ = rand.Read(roster.JoinKey[:])
		s, err = r.group.Commit(r.config(w), mls.CommitOptions{
			Remove: []mls.LeafIndex{r.leafNamed(t, twin)}, Extensions: []mls.Extension{{Type: client.RosterExtension, Data: encoded(t, roster)}},
			AAD: wire.Declare(mallory.ref(), nil, []wire.MemberRef{twin}, nil),
		})
		must(t, err)
		r.commit(t, w, s, twin)
		time.Sleep(5 * time.Minute)
		ben.say(t, id, "does everybody hear me?")
		for _, q := range []*person{ada, cleo} {
			q.reads(t, id, "does everybody hear me?")
		}
		windows, err := w.server.store.Windows(ctx, id, ada.device())
		if err != nil || len(windows) != 1 || windows[0].Until != 0 {
			t.Fatalf("ada's windows are %+v, %v", windows, err)
		}
		ada.say(t, id, "I am still here")
		ben.reads(t, id, "I am still here")
	})
}

// In Everyone one device makes leaves in the name of somebody else. Whoever it says is their author, the server
// or the members do not take them.
func TestOneDeviceFillsNoTreeAndSpeaksOfNobodyElsesDevices(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, mallory := p[0], p[1], p[2]
		id := ada.everyone(t)
		root, err := identity.NewRoot(rand.Reader) // nobody's
		must(t, err)
		r := goRogue(t, mallory, id)
		info := ada.groupInfo(t, id)
		for range 5 {
			device, _ := wire.NewID(rand.Reader)
			key, cred := claims(t, root, ben.account, device)
			h := func(s *mls.Staged) wire.Handshake {
				old, err := w.server.store.GroupInfo(ctx, id)
				must(t, err)
				message, _ := wire.NewID(rand.Reader)
				return wire.Handshake{
					Conversation: id, Message: message, Previous: old.Seq, Frame: s.Message(), GroupInfo: sealGroupInfo(t, *old.JoinKey, id, s.GroupInfo()), External: true,
				}
			}
			if _, err := r.ask(wire.OpHandshake, h(r.joins(t, w, info, key, cred, refOf(cred)))); wire.CodeOf(err) != wire.CodeBadRequest {
				t.Fatalf("the server takes somebody else's word: %v", err)
			}
			joined := r.joins(t, w, info, key, cred, mallory.ref())
			_, err := r.ask(wire.OpHandshake, h(joined))
			must(t, err)
			info = joined.GroupInfo()
		}
		time.Sleep(5 * time.Minute)
		view, err := mls.InspectGroupInfo(ada.groupInfo(t, id))
		must(t, err)
		members, err := w.server.store.MembersOf(ctx, id)
		must(t, err)
		if len(view.Members) > len(members) {
			t.Errorf("the group has %d leaves, the server counts %d devices", len(view.Members), len(members))
		}
		for _, m := range ada.rows(t, id) {
			if m.Notice && strings.HasPrefix(m.Text, ben.name+" signed in on a new device") {
				t.Errorf("ada is told %q", m.Text)
			}
		}
		ben.say(t, id, "I did nothing")
		ada.reads(t, id, "I did nothing")
	})
}
