package wire

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"time"
)

func TestMessageIDsLieInTheOrderOfTheirTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var last ID
	for range 1000 {
		id, err := NewMessageID(rand.Reader, now)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Compare(id[:], last[:]) <= 0 {
			t.Fatalf("%v does not follow %v", id, last)
		}
		last, now = id, now.Add(64*time.Millisecond)
	}
}

func TestMessageIDsOfOneMomentAreDifferent(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{{}, time.Unix(0, 0), time.Now(), time.Unix(1<<40, 0)} {
		a, errA := NewMessageID(rand.Reader, now)
		b, errB := NewMessageID(rand.Reader, now)
		if errA != nil || errB != nil || a == b || !bytes.Equal(a[:5], b[:5]) {
			t.Errorf("%v: %v and %v, %v, %v", now, a, b, errA, errB)
		}
	}
}

func TestWithoutRandomnessThereIsNoMessageID(t *testing.T) {
	t.Parallel()
	if _, err := NewMessageID(bytes.NewReader(make([]byte, 15)), time.Now()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
}
