package gateway_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"frond/server/store"
	"frond/wire"
)

// An account's sessions may end while its device says hello. The connection whose session is among them
// ends too, whichever came first, and the race detector has nothing to say.
func TestSessionsThatEndWhileTheirDeviceSaysHello(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.store = store.Options{URL: "sqlite", Dir: r.store.Dir, Unsafe: true} })
	ctx := context.Background()
	for i := range 20 {
		p := w.newPerson("ana" + string(rune('a'+i)))
		must(t, p.signUp())
		tokens := make([]string, 12)
		for j := range tokens {
			var err error
			tokens[j], _, err = w.accounts.SignIn(ctx, "", &wire.SignIn{Name: p.name, Auth: p.auth})
			must(t, err)
		}
		c, err := p.net.dial(ctx)
		must(t, err)
		hello, err := wire.EncodeFrame(wire.OpHello, 1, wire.Hello{Version: wire.Version, Device: p.device})
		must(t, err)
		var both sync.WaitGroup
		both.Go(func() { _ = c.Send(ctx, hello) })
		both.Go(func() {
			for _, token := range append(tokens, p.net.Token()) {
				if err := w.accounts.SignOut(ctx, token); err != nil {
					t.Error(err)
				}
			}
		})
		both.Wait()
		patience, cancel := context.WithTimeout(ctx, 10*time.Second)
		for err == nil {
			_, err = c.Receive(patience)
		}
		if patience.Err() != nil {
			t.Fatal("the connection of a session that ended lives on")
		}
		cancel()
		_ = c.Close()
	}
}
