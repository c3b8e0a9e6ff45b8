package signal_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"frond/client/signal"
	"frond/identity"
	"frond/wire"
)

func random32(t *testing.T) (b [32]byte) {
	t.Helper()
	if _, err := rand.Read(b[:]); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestASignalOpensInItsOwnPlaceUnderItsOwnKeyOnly(t *testing.T) {
	t.Parallel()
	key, place := random32(t), signal.Place{Conversation: wire.ID{1}, Account: wire.ID{2}, Device: wire.ID{3}}
	body, err := signal.Seal(rand.Reader, key, 7, place, signal.KeyRequest, []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if epoch, err := signal.Epoch(body); epoch != 7 || err != nil {
		t.Fatal(epoch, err)
	}
	kind, plain, err := signal.Open(key, place, body)
	if err != nil || kind != signal.KeyRequest || string(plain) != "hello" {
		t.Fatal(kind, plain, err)
	}
	if _, _, err := signal.Open(random32(t), place, body); err == nil {
		t.Error("it opens under another key")
	}
	for _, other := range []signal.Place{{wire.ID{9}, place.Account, place.Device}, {place.Conversation, wire.ID{9}, place.Device}, {place.Conversation, place.Account, wire.ID{9}}} {
		if _, _, err := signal.Open(key, other, body); err == nil {
			t.Errorf("it opens as of %v", other)
		}
	}
	for i := range body {
		broken := bytes.Clone(body)
		broken[i] ^= 1
		if _, _, err := signal.Open(key, place, broken); err == nil {
			t.Fatalf("it opens with byte %d changed", i)
		}
		if _, _, err := signal.Open(key, place, body[:i]); err == nil {
			t.Fatalf("the first %d bytes open", i)
		}
	}
}

func TestAnAnswerIsForWhoAskedAndForThatRequestOnly(t *testing.T) {
	t.Parallel()
	device, err := identity.NewDeviceKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	place := signal.Place{Conversation: wire.ID{1}, Account: wire.ID{2}, Device: wire.ID{3}}
	wanted := []signal.Wanted{{Seq: 5, Message: wire.ID{6}, Commitment: wire.Hash{7}}}
	ask := func() *signal.Asked {
		a, err := signal.NewRequest(wire.ID{8}, random32(t), device, place, wanted)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	asked, again := ask(), ask()
	raw, _ := wire.Encode(asked.Request)
	if len(raw) > wire.MaxSignal {
		t.Fatalf("%d bytes", len(raw))
	}
	r, err := signal.ParseRequest(raw)
	if err != nil || r.Verify(place, device.Public()) != nil {
		t.Fatal(err)
	}
	if r.Verify(signal.Place{Conversation: wire.ID{1}, Account: wire.ID{2}, Device: wire.ID{4}}, device.Public()) == nil {
		t.Error("another device may use it")
	}
	other, _ := identity.NewDeviceKey(rand.Reader)
	if r.Verify(place, other.Public()) == nil {
		t.Error("it verifies under another key")
	}
	forged := *r
	forged.Public = again.Public
	if forged.Verify(place, device.Public()) == nil {
		t.Error("the key to seal to can be exchanged")
	}
	answer, err := signal.NewAnswer(r, []signal.Given{{Seq: 5, Key: wire.Hash{1}}})
	if err != nil {
		t.Fatal(err)
	}
	if given, err := asked.Open(answer); err != nil || len(given) != 1 || given[0].Key != (wire.Hash{1}) {
		t.Fatal(given, err)
	}
	if _, err := again.Open(answer); err == nil {
		t.Error("another request opens it")
	}
	many := make([]signal.Wanted, signal.MaxWanted+1)
	big, err := signal.NewRequest(wire.ID{8}, random32(t), device, place, many)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ = wire.Encode(big.Request)
	if _, err := signal.ParseRequest(raw); err == nil {
		t.Error("a request without a limit")
	}
	most, _ := signal.NewRequest(wire.ID{8}, random32(t), device, place, many[1:])
	raw, _ = wire.Encode(most.Request)
	body, err := signal.Seal(rand.Reader, random32(t), 1, place, signal.KeyRequest, raw)
	if err != nil || len(body) > wire.MaxSignal {
		t.Errorf("the biggest request is a signal of %d bytes, %v", len(body), err)
	}
}
