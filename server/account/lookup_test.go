package account

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"frond/server/store"
	"frond/wire"
)

// swell makes an account's sigchain as long as its owner can.
func swell(t *testing.T, st *store.Store, account wire.ID) {
	t.Helper()
	step := make([][]byte, wire.MaxChainEvents-wire.ResetEvents-2)
	for i := range step {
		step[i] = make([]byte, wire.MaxChainEvent)
	}
	id, err := wire.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	session := store.Session{Token: sha256.Sum256(id[:]), Account: account, Expires: time.Now().Add(time.Hour)}
	if err := st.CreateSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	device := store.Device{ID: id, Account: account, Active: true, Created: time.Now()}
	if err := st.AddDevice(t.Context(), account, 2, step, device, session.Token); err != nil {
		t.Fatal(err)
	}
}

// Somebody who fills the own sigchain must not keep others from learning who is who: an answer that
// does not fit into a frame would end the connection of everybody who asks.
func TestLongSigchainsNeitherFillAFrameNorHideOthers(t *testing.T) {
	t.Parallel()
	s, st := newService(t, time.Now)
	var ids []wire.ID
	long := map[wire.ID]bool{}
	for i := range 12 {
		_, id := signUp(t, s, fmt.Sprint("person", i))
		ids = append(ids, id)
		if i < 3 {
			swell(t, st, id)
			long[id] = true
		}
	}
	answer, err := s.Lookup(t.Context(), &wire.Lookup{Names: []string{"person11"}, Accounts: ids})
	if err != nil {
		t.Fatal(err)
	}
	frame, err := wire.EncodeFrame(wire.ReplyOK, 1, answer)
	if err != nil || len(frame) > wire.MaxFrame {
		t.Fatalf("the answer has %d bytes, a frame at most %d; %v", len(frame), wire.MaxFrame, err)
	}
	found := map[wire.ID]int{}
	for _, a := range answer.Accounts {
		found[a.ID]++
	}
	for _, id := range ids {
		if !long[id] && found[id] != 1 {
			t.Errorf("an ordinary account is in the answer %d times", found[id])
		}
	}
	alone, err := s.Lookup(t.Context(), &wire.Lookup{Accounts: ids[:1]})
	if err != nil || len(alone.Accounts) != 1 {
		t.Fatalf("asked for alone, a long chain is answered: %d, %v", len(alone.Accounts), err)
	}
}
