package gateway_test

import (
	"testing"
	"testing/synctest"
	"time"

	"frond/server/gateway"
	"frond/wire"
)

func TestTooManyHandshakesOfADeviceAreRefusedUntilLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inVirtualTime, func(r *rules) { r.gateway.Limits = &gateway.Limits{Handshakes: 0.5, HandshakeBurst: 3} })
		ana, ben := w.join("ana"), w.join("ben")
		change := func() error {
			return ana.ask(wire.OpHandshake, wire.Handshake{Conversation: wire.ID{1}, Message: wire.ID{2}, Frame: []byte{1}, GroupInfo: []byte{1}}, nil)
		}
		for range 3 {
			wantCode(t, change(), wire.CodeBadRequest)
		}
		err := change()
		wantCode(t, err, wire.CodeRateLimited)
		if e := err.(*wire.Error); e.RetryAfter != 3 {
			t.Fatalf("come back after %d seconds", e.RetryAfter)
		}
		wantCode(t, ben.ask(wire.OpHandshake, wire.Handshake{Conversation: wire.ID{1}, Message: wire.ID{2}, Frame: []byte{1}, GroupInfo: []byte{1}}, nil), wire.CodeBadRequest)
		time.Sleep(3 * time.Second)
		wantCode(t, change(), wire.CodeBadRequest)
		ana.conn.Close()
		ben.conn.Close()
	})
}

func TestSendingTooMuchMakesAnswersComeLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inVirtualTime, func(r *rules) { r.gateway.Limits = &gateway.Limits{Bytes: 100_000, ByteBurst: 150_000} })
		ana := w.join("ana")
		start := time.Now()
		for range 5 {
			err := ana.ask(wire.OpPublishKeys, wire.PublishKeys{LastResort: make([]byte, 100_000)}, nil)
			wantCode(t, err, wire.CodeTooLarge)
		}
		if took := time.Since(start); took < 3*time.Second || took > 5*time.Second {
			t.Fatalf("half a megabyte took %v", took)
		}
		ana.conn.Close()
	})
}
