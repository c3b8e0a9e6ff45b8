package client

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// busyChain is the sigchain of somebody who has had four devices and lost two of them.
func busyChain(t *testing.T, name string) (wire.ID, [][]byte) {
	t.Helper()
	root, err := identity.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := identity.NewChain(rand.Reader, root, name, time.Now())
	var ids []identity.ID
	for i := 0; err == nil && i < 4; i++ {
		id, _ := identity.NewID(rand.Reader)
		key, _ := identity.NewDeviceKey(rand.Reader)
		ids = append(ids, id)
		chain, err = chain.AddDevice(root, id, key.Public(), "Firefox on Linux", time.Now())
	}
	for i := 0; err == nil && i < 2; i++ {
		next, _ := identity.NewRoot(rand.Reader)
		if chain, err = chain.RemoveDevice(root, ids[i], time.Now()); err == nil {
			chain, err = chain.RotateRoot(root, next, time.Now())
		}
		root = next
	}
	if err != nil {
		t.Fatal(err)
	}
	return wire.ID(chain.Account()), chain.Events()
}

func TestTheStateOfAnAccountWith500ContactsAndConversationsFits(t *testing.T) {
	t.Parallel()
	s := accountState{Version: stateVersion, Root: make([]byte, 32), Openers: []vault.Opener{}}
	for i := range 500 {
		id, events := busyChain(t, fmt.Sprintf("somebody-with-a-name-%d", i))
		s.Contacts = append(s.Contacts, stateFriend{Account: id, Name: fmt.Sprintf("somebody-with-a-name-%d", i), Chain: events})
		conversation, _ := wire.NewID(rand.Reader)
		s.Conversations = append(s.Conversations, stateJoin{Conversation: conversation, Kind: wire.Direct})
		s.Reads = append(s.Reads, stateRead{Conversation: conversation, Position: 100_000})
	}
	listed := make([]wire.PageSum, 500+400) // the pages of 100,000 messages
	for i := range listed {
		_, _ = rand.Read(listed[i][:])
	}
	s.Vouched = []vouchRecord{{Epoch: 1, Sums: listed}}
	sealed, err := vault.SealState(rand.Reader, vault.Key{}, wire.ID{1}, 1, 1, encode(s))
	if err != nil || len(sealed) > wire.MaxState/2+wire.MaxState/4 {
		t.Fatalf("%d bytes of %d, %v", len(sealed), wire.MaxState, err)
	}
	t.Logf("%d bytes", len(sealed))
	plain, err := vault.OpenState(vault.Key{}, wire.ID{1}, 1, 1, sealed)
	var back accountState
	if err == nil {
		err = wire.Decode(plain, &back)
	}
	if err != nil || len(back.Contacts) != 500 {
		t.Fatal(len(back.Contacts), err)
	}
}
