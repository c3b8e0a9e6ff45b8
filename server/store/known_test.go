package store

import (
	"encoding/base64"
	"testing"

	"frond/wire"
)

// token73 is the shortest text that looks like a token.
func token73() []byte {
	raw := make([]byte, 73)
	raw[0] = 0x80
	return []byte(base64.URLEncoding.EncodeToString(raw))
}

func TestWhatAnAppendKnowsEndsWhenAnotherProcessWrites(t *testing.T) {
	t.Parallel()
	o := Options{URL: "sqlite", Dir: t.TempDir(), Unsafe: true}
	s, conversation, account, device := filled(t, o)
	o.Shared = true
	beside, err := Open(t.Context(), o)
	check(t, err)
	t.Cleanup(func() { _ = beside.Close() })
	message := func() error {
		m := &wire.Send{Conversation: conversation, Message: drawID(), Handshake: 1, Frame: []byte{1}, Token: token73()}
		return s.Append(t.Context(), []Append{{Account: account, Device: device, Send: m}})[0].Err
	}
	check(t, message())
	check(t, beside.write(t.Context(), "replace", func(l *link) error {
		_, err := l.exec("UPDATE device SET active = 0 WHERE id = ?", device[:])
		return err
	}))
	if err := message(); wire.CodeOf(err) != wire.CodeUnauthenticated {
		t.Fatalf("a device that another process has retired: %v", err)
	}
}

func TestAFailedTransactionLeavesNothingKnown(t *testing.T) {
	t.Parallel()
	s, conversation, account, device := filled(t, Options{URL: "sqlite::memory:"})
	send := func(message wire.ID) AppendResult {
		m := &wire.Send{Conversation: conversation, Message: message, Handshake: 1, Frame: []byte{1}, Token: token73()}
		return s.Append(t.Context(), []Append{{Account: account, Device: device, Send: m}})[0]
	}
	first := send(drawID())
	check(t, first.Err)
	fault := func(text string) {
		check(t, s.write(t.Context(), "fault", func(l *link) error { return l.script(text) }))
	}
	id := drawID()
	fault("CREATE TRIGGER fault BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no'); END")
	if r := send(id); wire.CodeOf(r.Err) != wire.CodeUnavailable {
		t.Fatalf("a database that fails: %v", r.Err)
	}
	fault("DROP TRIGGER fault")
	if r := send(id); r.Err != nil || r.Seq != first.Seq+1 {
		t.Fatalf("after the failure: %+v, and %d before it", r, first.Seq)
	}
}

func TestWhatIsKnownIsBounded(t *testing.T) {
	t.Parallel()
	s, conversation, account, device := filled(t, Options{URL: "sqlite::memory:"})
	send := func() {
		m := &wire.Send{Conversation: conversation, Message: drawID(), Handshake: 1, Frame: []byte{1}, Token: token73()}
		check(t, s.Append(t.Context(), []Append{{Account: account, Device: device, Send: m}})[0].Err)
	}
	left := func() *known {
		l, err := s.writers.take(t.Context())
		check(t, err)
		defer s.writers.give(l)
		return l.kept
	}
	send()
	k := left()
	if send(); k == nil || left() != k {
		t.Fatal("a second append does not go on from the first")
	}
	var retired struct {
		account wire.ID
		active  bool
	}
	for len(k.devices) <= maxKnown {
		k.devices[drawID()] = retired
	}
	if send(); left().size() > 3 {
		t.Fatalf("%d rows are known", left().size())
	}
}
