package gateway

import (
	"bytes"
	"io"
	"testing"

	"frond/wire"
)

func TestMessagesThatNeverEndShareABoundedMemory(t *testing.T) {
	t.Parallel()
	shared := &halfRead{most: 1 << 20}
	stuck, feed := io.Pipe()
	done := make(chan error, 1)
	go func() { _, err := readAll(stuck, shared); done <- err }()
	if _, err := feed.Write(make([]byte, 700<<10)); err != nil {
		t.Fatal(err)
	}
	large := make([]byte, 600<<10)
	if _, err := readAll(bytes.NewReader(large), shared); wire.CodeOf(err) != wire.CodeUnavailable {
		t.Fatalf("a second large message: %v", err)
	}
	if b, err := readAll(bytes.NewReader(large[:smallMessage/2]), shared); err != nil || len(b) != smallMessage/2 {
		t.Fatalf("a small one: %d bytes, %v", len(b), err)
	}
	feed.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if b, err := readAll(bytes.NewReader(large), shared); err != nil || len(b) != len(large) {
		t.Fatalf("afterwards: %d bytes, %v", len(b), err)
	}
	if held := shared.held.Load(); held != 0 {
		t.Fatalf("%d bytes stay held", held)
	}
}
