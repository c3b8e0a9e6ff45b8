package wire

import (
	"bytes"
	"math"
	"reflect"
	"testing"
)

// numbers are those at which a head grows.
var numbers = []uint64{0, 1, 23, 24, 255, 256, 65535, 65536, math.MaxUint32, math.MaxUint32 + 1, math.MaxUint64}

func TestWritingByHandGivesTheCodecsBytes(t *testing.T) {
	t.Parallel()
	for i, n := range numbers {
		e := &Entry{Conversation: idA, Seq: n, Kind: EntryKind(n), Account: idB, Device: idA, Message: idB, Received: numbers[len(numbers)-1-i]}
		if n < 1<<17 {
			e.Frame, e.Token = make([]byte, n), make([]byte, n)
		}
		if i%2 == 0 {
			e.Commitment = &h
		}
		if i%3 > 0 {
			e.Expires = numbers[(i+5)%len(numbers)]
		}
		want, err := EncodeFrame(PushEntry, 0, e)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendPush([]byte("before"), e); string(got) != "before"+string(want) {
			t.Errorf("entry %d: %x, want %x", n, got, want)
		}
		a := Appended{Seq: n, Received: e.Received}
		want = mustEncode(t, Frame{Kind: ReplyOK, ID: n, Body: mustEncode(t, a)})
		if got := AppendAppended(nil, n, a); !bytes.Equal(got, want) {
			t.Errorf("answer %d: %x, want %x", n, got, want)
		}
	}
}

func aSend() *Send {
	return &Send{Conversation: idA, Message: idB, Handshake: 7, Frame: []byte{1, 2, 3}, Token: make([]byte, 300), Commitment: h}
}

func TestAMessageInCanonicalFormIsReadByHand(t *testing.T) {
	t.Parallel()
	for _, n := range numbers {
		want := aSend()
		want.Handshake, want.Expires = n, n
		var got Send
		if !got.decodeCanonical(mustEncode(t, want)) || !reflect.DeepEqual(&got, want) {
			t.Errorf("handshake %d: %+v", n, got)
		}
		b := mustEncode(t, Frame{Kind: OpSend, ID: n, Body: mustEncode(t, want)})
		if f, rest, ok := canonicalFrame(b); !ok || len(rest) > 0 || f.ID != n {
			t.Errorf("frame %d is left to the codec: %+v", n, f)
		}
	}
}

// FuzzReadingByHand holds the readers against the codec: what they accept it accepts too, and reads as
// the same.
func FuzzReadingByHand(f *testing.F) {
	body := mustEncode(f, aSend())
	f.Add(body)
	f.Add(mustEncode(f, Frame{Kind: OpSend, ID: 300, Body: body}))
	short := aSend()
	short.Expires = 300
	f.Add(mustEncode(f, short))
	for _, v := range samples() {
		b := mustEncode(f, v)
		f.Add(b)
		f.Add(mustEncode(f, Frame{Kind: OpPing, ID: 1, Body: b}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var byHand, want Send
		if byHand.decodeCanonical(b) {
			if err := decMode.Unmarshal(b, &want); err != nil || !reflect.DeepEqual(byHand, want) {
				t.Errorf("a message: %+v, by hand %+v, %v", want, byHand, err)
			}
		}
		if got, rest, ok := canonicalFrame(b); ok {
			var want Frame
			wantRest, err := decMode.UnmarshalFirst(b, &want)
			if err != nil || !reflect.DeepEqual(got, want) || !bytes.Equal(rest, wantRest) {
				t.Errorf("a frame: %+v, by hand %+v, %v", want, got, err)
			}
		}
	})
}

func BenchmarkAppendPush(b *testing.B) {
	e := &Entry{Conversation: idA, Seq: 7, Kind: Application, Account: idA, Device: idB, Message: idA, Frame: make([]byte, 300), Token: make([]byte, 700), Commitment: &h}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendPush(buf[:0], e)
	}
}

func BenchmarkReadSend(b *testing.B) {
	s := aSend()
	s.Token = bytes.Repeat([]byte("gAAA"), 250)
	body := mustEncode(b, s)
	message := mustEncode(b, Frame{Kind: OpSend, ID: 300, Body: body})
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, _, ok := canonicalFrame(message)
			if !ok || !new(Send).decodeCanonical(f.Body) {
				b.Fatal("not canonical")
			}
		}
	})
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var f Frame
			if _, err := decMode.UnmarshalFirst(message, &f); err != nil {
				b.Fatal(err)
			}
			if err := decMode.Unmarshal(f.Body, new(Send)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
