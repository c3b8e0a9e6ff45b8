package wire

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite testdata/golden.txt")

var (
	idA = ID{0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	idB = ID{0xb0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	h   = Hash{1, 2, 3}
	tok = []byte("gAAAAA" + strings.Repeat("A", 92) + "==")
)

// samples has one filled value of every body that crosses the wire.
func samples() []any {
	kdf := KDF{Memory: 65536, Time: 3, Threads: 1, Salt: make([]byte, SaltSize)}
	handshake := Handshake{Conversation: idA, Message: idB, Frame: []byte{1}, GroupInfo: []byte{2},
		Welcome: []byte{3}, Add: []MemberRef{{idA, idB}}}
	return []any{
		&ServerInfo{Version, "1.0", RegistrationOpen},
		&kdf,
		&KDFRequest{"ana"},
		&SignUp{Name: "ana", Account: idA, Device: idB, Auth: h, KDF: kdf, Chain: [][]byte{{1}, {2}}, Header: []byte{3}, State: []byte{4}, Invite: "x", Recovery: &h},
		&SignIn{Name: "ana", Auth: h},
		&Resume{Device: idB, Signature: []byte("signature")},
		&BringForward{Index: 2, Events: [][]byte{{1}}, Over: 3, Vault: PutVault{Epoch: 2, Header: []byte{1}, Revision: 9, State: []byte{2}}},
		&SetBack{Last: 7, Handshake: 5},
		&Session{Account: idA, Name: "ana", Chain: [][]byte{{1}}, Header: []byte{2}, State: []byte{3}, Revision: 4, Epoch: 2, Recovery: true},
		&AddDevice{Device: idB, Index: 2, Events: [][]byte{{1}}},
		&AddDevice{Device: idB, Index: 2, Events: [][]byte{{1}}, Replace: &Replace{idA, &PutVault{Epoch: 2, Header: []byte{1}, Revision: 2, State: []byte{1}}}},
		&Recover{Name: "ana", Auth: h},
		&PutState{Revision: 2, State: []byte{1}, Epoch: 1},
		&State{Revision: 2, Epoch: 1, Header: []byte{1}, State: []byte{2}},
		&PutVault{Epoch: 2, Header: []byte{1}, Revision: 3, State: []byte{2}, Password: &NewPassword{&h, h, kdf}, Recovery: &h},
		&PutVault{Epoch: 2, Header: []byte{1}, Revision: 3, State: []byte{2}, RecoveryOff: true},
		&StateRef{Revision: 2, Epoch: 1},
		&ChainRef{Account: idA, Chain: [][]byte{{1}}, Reset: 1700000000000},
		&ResetBegin{"ana", h},
		&ResetBase{idA, [][]byte{{1}}, 2, 3, 1700000000000},
		&Reset{Name: "ana", Token: h, Device: idB, Index: 2, Events: [][]byte{{1}, {2}}, Auth: h, KDF: kdf, Epoch: 3, Header: []byte{1}, Revision: 4, State: []byte{2}},
		&Devices{[]DeviceInfo{{idA, 1700000000000, 1700000060000, true}}},
		&RemoveDevice{Device: idB, Index: 2, Events: [][]byte{{1}}, Vault: &PutVault{Epoch: 2, Header: []byte{1}, Revision: 2, State: []byte{1}}},
		&PutPage{Conversation: idA, Bucket: 3, Revision: 1, Page: []byte{1}},
		&Pages{Conversation: idA, Before: 3, Limit: 16},
		&PageList{[]Page{{3, 1, []byte{1}}}},
		&PageSums{Conversation: idA, Bucket: 3},
		&PageSumList{Sums: []PageSum{SumPage([]byte{1})}, Conversation: idA, Bucket: 3},
		&History{Conversation: idA, Before: 300, Limit: 200},
		&Entries{[]Entry{{Conversation: idA, Seq: 8, Kind: HandshakeEntry, Account: idA, Device: idB, Message: idA, Received: 1, Frame: []byte{1}}}},
		&Lookup{Names: []string{"ben"}, Accounts: []ID{idA}},
		&Lookup{Accounts: []ID{idA}, Known: []uint64{3}},
		&Accounts{[]Account{{idA, "ana", [][]byte{{1}, {2}}}}},
		&Entry{Conversation: idA, Seq: 7, Kind: Application, Account: idA, Device: idB, Message: idA, Received: 1700000000000, Frame: []byte{1}, Token: tok, Commitment: &h},
		&Entry{Conversation: idA, Seq: 8, Kind: HandshakeEntry, Account: idA, Device: idB, Message: idA, Received: 1700000000000, Frame: []byte{1}},
		&Entry{Conversation: idA, Seq: 9, Kind: Application, Account: idA, Device: idB, Message: idA, Received: 1700000000000, Frame: []byte{}, Expires: 1700000300000},
		&Hello{Version: Version, Device: idB, Cursors: []Cursor{{idA, 7}}},
		&Welcomed{Account: idA, Name: "ana", Now: 1, KeyPackages: 20, LastResort: true, Revision: 3, Conversations: []Conversation{{idA, Open, 9, 8, true, false}}, Reset: 1700000000000},
		&Send{Conversation: idA, Message: idB, Handshake: 3, Frame: []byte{1}, Token: tok, Commitment: h, Wake: []ID{idB}},
		&Send{Conversation: idA, Message: idB, Handshake: 3, Frame: []byte{1}, Token: tok, Commitment: h, Expires: 300},
		&Appended{7, 1700000000000},
		&handshake,
		&Handshake{Conversation: idA, Message: idB, Previous: 4, Frame: []byte{1}, GroupInfo: []byte{2}, Return: []MemberRef{{idA, idB}}},
		&Leave{Conversation: idA, Message: idB, Previous: 4, Frames: [][]byte{{1}, {2, 3}}},
		&Declaration{Version: 1, Author: MemberRef{idA, idA}, Add: []MemberRef{{idA, idB}}, Remove: []MemberRef{{idB, idA}}, Return: []MemberRef{{idB, idB}}},
		&Create{Kind: Open, JoinKey: &h, Handshake: handshake},
		&ConversationRef{idA},
		&GroupInfo{Sealed: []byte{1}, Seq: 8, JoinKey: &h},
		&PublishKeys{Packages: [][]byte{{1}}, LastResort: []byte{2}},
		&KeyCount{20},
		&ClaimKeys{[]ID{idA}},
		&ClaimedKeys{[]ClaimedKey{{idA, idB, []byte{1}}}},
		&InboxItem{Item: 5, Conversation: idA, Kind: Direct, Seq: 1, Account: idB, Welcome: []byte{1}},
		&InboxAck{[]uint64{5}},
		&Signal{Conversation: idA, To: idB, Device: &idA, Body: []byte{1}},
		&Signalled{idA, idB, idA, []byte{1}},
		&Report{map[string]uint64{"damaged": 2}},
		&Nothing{},
		&Error{Code: CodeConflict, Message: "lost the race", Last: 8, Conversation: &idA, RetryAfter: 2},
	}
}

func mustEncode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fresh(v any) any { return reflect.New(reflect.TypeOf(v).Elem()).Interface() }

func TestEveryBodyHasItsGoldenBytesAndComesBackEqual(t *testing.T) {
	var got strings.Builder
	for _, v := range samples() {
		b := mustEncode(t, v)
		fmt.Fprintf(&got, "%s %x\n", typeName(v), b)
		back := fresh(v)
		if err := Decode(b, back); err != nil {
			t.Errorf("%T: %v", v, err)
		}
		if !reflect.DeepEqual(v, back) {
			t.Errorf("%T came back as %+v", v, back)
		}
	}
	const file = "testdata/golden.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the encoding changed: peers of another release no longer understand it (-update after raising Version)\n%s", got.String())
	}
}

func TestEveryBodyIsRefusedWhenCutAnywhereOrFollowedByAnything(t *testing.T) {
	for _, v := range samples() {
		b := mustEncode(t, v)
		for n := range len(b) {
			refuse(t, b[:n], fresh(v), CodeBadRequest)
		}
		refuse(t, append(bytes.Clone(b), 0), fresh(v), CodeBadRequest)
	}
}

func refuse(t *testing.T, b []byte, into any, code Code) {
	t.Helper()
	if err := Decode(b, into); CodeOf(err) != code {
		t.Errorf("%T from %x: got %v, want code %s", into, b, err, code)
	}
}

func TestStrictDecodingRefusesWhatASecondReaderCouldReadDifferently(t *testing.T) {
	for name, text := range map[string]string{
		"unknown field":       "a201" + "50" + strings.Repeat("00", 16) + "1863" + "01",
		"duplicate key":       "a201" + "50" + strings.Repeat("00", 16) + "0150" + strings.Repeat("00", 16),
		"indefinite map":      "bf01" + "50" + strings.Repeat("00", 16) + "ff",
		"tagged":              "c1a101" + "50" + strings.Repeat("00", 16),
		"id of 15 bytes":      "a1014f" + strings.Repeat("00", 15),
		"id as array":         "a10190" + strings.Repeat("00", 16),
		"id in a long header": "a1015810" + strings.Repeat("00", 16),
		"not a map":           "01",
		"deep":                strings.Repeat("81", 1000) + "01",
		"array of 2^32":       "9affffffff",
		"string of 2^62":      "a1015b4000000000000000",
	} {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(name, err)
		}
		t.Run(name, func(t *testing.T) { refuse(t, b, new(ConversationRef), CodeBadRequest) })
	}
}

func TestFramesTravelAsOneSequence(t *testing.T) {
	one, err := EncodeFrame(OpPing, 1, &Nothing{})
	if err != nil {
		t.Fatal(err)
	}
	two, err := EncodeFrame(OpSubscribe, 2, &Cursor{idA, 3})
	if err != nil {
		t.Fatal(err)
	}
	message := Join(one, two)
	frames, err := Frames(message)
	if err != nil || len(frames) != 2 || frames[0].Kind != OpPing || frames[1].ID != 2 {
		t.Fatalf("got %v, %v", frames, err)
	}
	var c Cursor
	if err := Decode(frames[1].Body, &c); err != nil || c != (Cursor{idA, 3}) {
		t.Fatalf("got %v, %v", c, err)
	}
	for n := 1; n < len(message); n++ {
		if n == len(one) {
			continue
		}
		if _, err := Frames(message[:n]); CodeOf(err) != CodeBadRequest {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

func TestLimitsAreNamedWhenTheyArePassed(t *testing.T) {
	big := func(n int) []byte { return make([]byte, n) }
	kdf := KDF{Salt: make([]byte, SaltSize)}
	for name, v := range map[string]any{
		"token":         &Send{Frame: big(1), Token: big(MaxToken + 1)},
		"message frame": &Send{Frame: big(MaxText + 1), Token: tok},
		"commit":        &Handshake{Frame: big(MaxMLSFrame + 1), GroupInfo: big(1)},
		"group info":    &Handshake{Frame: big(1), GroupInfo: big(MaxGroupInfo + 1)},
		"key package":   &PublishKeys{Packages: [][]byte{big(MaxKeyPackage + 1)}},
		"key packages":  &PublishKeys{Packages: make([][]byte, MaxKeyPackages+1)},
		"lookup":        &Lookup{Names: make([]string, MaxLookup+1)},
		"event":         &SignUp{Account: idA, Device: idB, KDF: kdf, Chain: [][]byte{big(MaxChainEvent + 1), big(1)}},
		"state":         &PutState{Revision: 1, State: big(MaxState + 1)},
		"header":        &SignUp{Account: idA, Device: idB, KDF: kdf, Chain: [][]byte{{1}, {1}}, Header: big(MaxHeader + 1), State: big(1)},
		"new header":    &PutVault{Epoch: 2, Revision: 2, Header: big(MaxHeader + 1), State: big(1)},
		"page":          &PutPage{Conversation: idA, Revision: 1, Page: big(MaxPage + 1)},
		"pages":         &Pages{Conversation: idA, Limit: MaxPages + 1},
		"history":       &History{Conversation: idA, Limit: MaxHistory + 1},
		"proposals":     &Leave{Frames: make([][]byte, MaxLeave+1)},
		"proposal":      &Leave{Frames: [][]byte{big(MaxText + 1)}},
		"cursors":       &Hello{Cursors: make([]Cursor, MaxCursors+1)},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, mustEncode(t, v), fresh(v), CodeTooLarge) })
	}
}

func TestInconsistentRequestsAreRefused(t *testing.T) {
	ok := Handshake{Frame: []byte{1}, GroupInfo: []byte{1}}
	external, adds := ok, ok
	external.External = true
	adds.Add = []MemberRef{{idA, idB}}
	for name, v := range map[string]any{
		"welcome for nobody":        &Handshake{Frame: []byte{1}, GroupInfo: []byte{1}, Welcome: []byte{1}},
		"added without welcome":     &adds,
		"join key of a direct":      &Create{Kind: Direct, JoinKey: &h, Handshake: ok},
		"open without join key":     &Create{Kind: Open, Handshake: ok},
		"create by external commit": &Create{Kind: Group, Handshake: external},
		"unknown kind":              &Create{Kind: 9, Handshake: ok},
		"first vault again":         &PutVault{Epoch: 1, Revision: 1, Header: []byte{1}, State: []byte{1}},
		"code set and forgotten":    &PutVault{Epoch: 2, Revision: 2, Header: []byte{1}, State: []byte{1}, Recovery: &h, RecoveryOff: true},
		"removal of no device":      &RemoveDevice{Index: 2, Events: [][]byte{{1}}},
		"removal without a vault":   &RemoveDevice{Device: idB, Index: 2, Events: [][]byte{{1}}},
		"removal and a password": &RemoveDevice{Device: idB, Index: 2, Events: [][]byte{{1}},
			Vault: &PutVault{Epoch: 2, Header: []byte{1}, Revision: 2, State: []byte{1}, RecoveryOff: true}},
		"a device in its own place": &AddDevice{Device: idB, Index: 2, Events: [][]byte{{1}},
			Replace: &Replace{idB, &PutVault{Epoch: 2, Header: []byte{1}, Revision: 2, State: []byte{1}}}},
		"in the place of none, without a vault": &AddDevice{Device: idB, Index: 2, Events: [][]byte{{1}}, Replace: &Replace{Device: idA}},
		"sign-up without an account":            &SignUp{Device: idB},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, mustEncode(t, v), fresh(v), CodeBadRequest) })
	}
}

func TestUserNames(t *testing.T) {
	for in, want := range map[string]string{"Ana": "ana", "b2": "b2", "x.y-z_1": "x.y-z_1"} {
		if got, err := CheckUserName(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	bad := []string{"", "a", strings.Repeat("a", 33), strings.Repeat("a", 200), "a b", "ana\n", "\x00ana", "<script>",
		"\u212a", "\u212abc", "😀😀", "' OR 1=1 --", ".ana", "ana.", "añа", "ana\u202e"}
	for _, in := range bad {
		_, err := CheckUserName(in)
		if CodeOf(err) != CodeNameInvalid {
			t.Errorf("%q: %v", in, err)
		}
		if len(in) > 2 && strings.Contains(err.Error(), in) {
			t.Errorf("the error repeats the input %q", in)
		}
	}
}

func TestOnlyTokensLookLikeTokens(t *testing.T) {
	if err := CheckToken(tok); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "gAAAAA", "hello", string(tok[:96]), "hAAAAA" + string(tok[6:]), string(tok[:50]) + "+" + string(tok[51:]),
		string(tok[:98]), string(tok) + "====", string(tok[:97]) + "===", string(tok[:40]) + "\n" + string(tok[41:])} {
		if CheckToken([]byte(bad)) == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func TestIDsHaveOneSpelling(t *testing.T) {
	if got, err := ParseID(idA.String()); err != nil || got != idA {
		t.Fatal(got, err)
	}
	for _, bad := range []string{"", "a0", strings.ToUpper(idA.String()), strings.Repeat("g", 32), idA.String() + "00"} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

// FuzzDecode feeds any bytes to every decoder: no panic, and what is accepted encodes to something
// that is accepted again.
func FuzzDecode(f *testing.F) {
	for i, v := range samples() {
		f.Add(uint8(i), mustEncode(f, v))
	}
	kinds := samples()
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		v := fresh(kinds[int(which)%len(kinds)])
		if Decode(b, v) != nil {
			return
		}
		again := mustEncode(t, v)
		if err := Decode(again, fresh(v)); err != nil {
			t.Fatalf("%T: accepted %x, refused its own encoding %x: %v", v, b, again, err)
		}
	})
}

// FuzzFrames feeds any bytes to the frame splitter.
func FuzzFrames(f *testing.F) {
	one, _ := EncodeFrame(OpPing, 1, &Nothing{})
	f.Add(one)
	f.Add(Join(one, one))
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, err := Frames(b)
		if err != nil {
			if CodeOf(err) == CodeInternal {
				t.Fatal("an error without a code", err)
			}
			return
		}
		n := 0
		for _, fr := range frames {
			n += len(fr.Body)
		}
		if n > len(b) {
			t.Fatal("bodies are longer than the message")
		}
	})
}

func BenchmarkEncodeEntry(b *testing.B) {
	e := &Entry{Conversation: idA, Seq: 7, Kind: Application, Account: idA, Device: idB, Message: idA, Frame: make([]byte, 300), Token: make([]byte, 700), Commitment: &h}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodeFrame(PushEntry, 0, e); err != nil {
			b.Fatal(err)
		}
	}
}

func TestRequestsToBeLetInHaveBounds(t *testing.T) {
	t.Parallel()
	long := func(n int) []byte { return make([]byte, n) }
	for name, bad := range map[string]checker{
		"no id":                &ApprovalStart{Commit: Hash{1}},
		"no commitment":        &ApprovalStart{ID: ID{1}},
		"a long name":          &ApprovalStart{ID: ID{1}, Commit: Hash{1}, Device: string(long(65))},
		"no key":               &ApprovalReveal{ID: ID{1}},
		"a long key":           &ApprovalReveal{ID: ID{1}, Public: long(2<<10 + 1)},
		"no nonce":             &Approval{ID: ID{1}},
		"nothing sealed":       &Allow{ID: ID{1}, Allow: true},
		"a long sealed answer": &Allow{ID: ID{1}, Allow: true, Sealed: long(2<<10 + 1)},
	} {
		if bad.Check() == nil {
			t.Errorf("%s passes", name)
		}
	}
	for _, good := range []checker{
		&ApprovalStart{ID: ID{1}, Commit: Hash{1}, Device: "Firefox"}, &ApprovalReveal{ID: ID{1}, Public: long(1216)},
		&Approval{ID: ID{1}, Nonce: Hash{1}}, &Allow{ID: ID{1}}, &Allow{ID: ID{1}, Allow: true, Sealed: long(1500)},
	} {
		if err := good.Check(); err != nil {
			t.Errorf("%T: %v", good, err)
		}
	}
}

// An error may come from a server that is up to something: its text ends up in logs, stores and on screens.
func TestTheTextOfAnErrorHasABound(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 1<<20), strings.Repeat("ü", 1<<20), strings.Repeat("x", 299) + "ü"} {
		b, err := Encode(Error{Code: CodeLimit, Message: text, Last: 7})
		if err != nil {
			t.Fatal(err)
		}
		var e Error
		if err := Decode(b, &e); err != nil {
			t.Fatal(err)
		}
		if e.Code != CodeLimit || e.Last != 7 || len(e.Message) > MaxErrorMessage || len(e.Message) < MaxErrorMessage-4 || !utf8.ValidString(e.Message) {
			t.Fatalf("%s, %d bytes", e.Code, len(e.Message))
		}
	}
	b, err := Encode(Error{Code: Code(strings.Repeat("x", 1000))})
	if err != nil {
		t.Fatal(err)
	}
	var e Error
	if err := Decode(b, &e); err != nil || e.Code != CodeInternal {
		t.Fatalf("%s, %v", e.Code, err)
	}
}
