package inproc_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"frond/client/transport/inproc"
	"frond/wire"
)

func TestMessagesArriveInOrderAsCopies(t *testing.T) {
	t.Parallel()
	c, s := inproc.Pipe()
	m := []byte("a")
	for _, b := range "abc" {
		m[0] = byte(b)
		if err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	c.Close() // what was sent before still arrives
	for _, b := range "abc" {
		if got, err := s.ReadMessage(10, time.Second); err != nil || string(got) != string(b) {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if _, err := s.ReadMessage(10, time.Second); !errors.Is(err, inproc.ErrClosed) {
		t.Fatalf("after the end: %v", err)
	}
	if err := s.WriteMessage(m, time.Second); !errors.Is(err, inproc.ErrClosed) {
		t.Fatalf("writing after the end: %v", err)
	}
}

func TestPatienceEndsInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := inproc.Pipe()
		start := time.Now()
		if _, err := s.ReadMessage(10, time.Hour); !errors.Is(err, inproc.ErrTimeout) || time.Since(start) != time.Hour {
			t.Fatalf("after %v: %v", time.Since(start), err)
		}
		n, err := 0, error(nil)
		for ; err == nil; n++ {
			err = s.WriteMessage([]byte("x"), time.Minute)
		}
		if !errors.Is(err, inproc.ErrTimeout) || n > 20 {
			t.Fatalf("%d messages for a client that does not read: %v", n, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		for err = nil; err == nil; {
			_, err = c.Receive(ctx)
		}
		if ctx.Err() == nil {
			t.Fatalf("Receive gave up early: %v", err)
		}
	})
}

func TestAMessageOverTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	c, s := inproc.Pipe()
	if err := c.Send(t.Context(), make([]byte, 11)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ReadMessage(10, time.Second); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Fatalf("got %v", err)
	}
}

func TestARefusedSessionIsAGoodbye(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "frond", Value: "secret"})
		_, _ = w.Write([]byte{0xa0})
	})
	n := inproc.New(handler, func(_ context.Context, token string, _ *inproc.Socket) error {
		if token != "secret" {
			return wire.Errorf(wire.CodeUnauthenticated, "sign in")
		}
		return nil
	})
	c, err := n.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := wire.NextFrame(m)
	if err != nil || f.Kind != wire.PushBye {
		t.Fatalf("got %+v, %v", f, err)
	}
	if _, err := n.Post(t.Context(), wire.PathSignIn, []byte{0xa0}); err != nil || n.Token() != "secret" {
		t.Fatalf("signing in: %v", err)
	}
}
