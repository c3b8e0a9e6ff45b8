package signal_test

import (
	"crypto/rand"
	"testing"

	"frond/client/signal"
	"frond/identity"
	"frond/wire"
)

func TestAJoinKeyIsForWhoAskedAndShowsWhoGaveIt(t *testing.T) {
	t.Parallel()
	newKey := func() identity.DeviceKey {
		k, err := identity.NewDeviceKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	asker, giver, other := newKey(), newKey(), newKey()
	place := signal.Place{Conversation: wire.ID{1}, Account: wire.ID{2}, Device: wire.ID{3}}
	from := signal.Place{Conversation: wire.ID{1}, Account: wire.ID{4}, Device: wire.ID{5}}
	ask := func() *signal.JoinAsked {
		a, err := signal.NewJoinRequest(wire.ID{8}, random32(t), asker, place)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	asked, again := ask(), ask()
	body, err := signal.Outside(signal.JoinKeyRequest, asked.JoinRequest)
	if err != nil || len(body) > wire.MaxSignal {
		t.Fatal(len(body), err)
	}
	kind, message, outside := signal.ParseOutside(body)
	var r signal.JoinRequest
	if !outside || kind != signal.JoinKeyRequest || wire.Decode(message, &r) != nil || r.Verify(place, asker.Public()) != nil {
		t.Fatal("the request does not come through")
	}
	if _, err := signal.Epoch(body); err == nil {
		t.Error("it passes for a signal of an epoch")
	}
	for _, elsewhere := range []signal.Place{{wire.ID{9}, place.Account, place.Device}, {place.Conversation, wire.ID{9}, place.Device}, {place.Conversation, place.Account, wire.ID{9}}} {
		if r.Verify(elsewhere, asker.Public()) == nil {
			t.Errorf("the request verifies as of %v", elsewhere)
		}
	}
	forged := r
	forged.Public = again.Public
	if forged.Verify(place, asker.Public()) == nil || r.Verify(place, other.Public()) == nil {
		t.Error("the key to seal to can be exchanged")
	}

	answer, err := signal.NewJoinAnswer(&r, giver, from, wire.Hash{7})
	if err != nil {
		t.Fatal(err)
	}
	key, err := asked.Open(answer)
	if err != nil || key.Key != (wire.Hash{7}) || key.Verify(&asked.JoinRequest, from, giver.Public()) != nil {
		t.Fatal(key, err)
	}
	if _, err := again.Open(answer); err == nil {
		t.Error("another request opens it")
	}
	if key.Verify(&again.JoinRequest, from, giver.Public()) == nil || key.Verify(&asked.JoinRequest, from, other.Public()) == nil ||
		key.Verify(&asked.JoinRequest, place, giver.Public()) == nil {
		t.Error("the giver's word counts for another request, device or place")
	}
	key.Key[0]++
	if key.Verify(&asked.JoinRequest, from, giver.Public()) == nil {
		t.Error("the giver's word counts for another key")
	}
	for i := range answer.Box {
		broken := signal.Answer{ID: answer.ID, Enc: answer.Enc, Box: append([]byte(nil), answer.Box...)}
		broken.Box[i] ^= 1
		if _, err := asked.Open(&broken); err == nil {
			t.Fatalf("it opens with byte %d changed", i)
		}
	}
	for _, b := range [][]byte{nil, {2}, {1, 3, 0}} {
		if _, _, outside := signal.ParseOutside(b); outside {
			t.Errorf("%v is taken for a signal from outside", b)
		}
	}
	if _, err := signal.NewJoinAnswer(&signal.JoinRequest{Public: []byte{1}}, giver, from, wire.Hash{7}); err != signal.ErrMalformed {
		t.Errorf("an answer to a key of one byte: %v", err)
	}
}
