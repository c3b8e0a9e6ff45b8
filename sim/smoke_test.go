package sim

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/client/transport/inproc"
	"frond/client/vault"
	"frond/mls"
	"frond/wire"
)

type tr struct{ *inproc.Transport }

func (t tr) Dial(ctx context.Context) (client.Conn, error) {
	c, err := t.Transport.Dial(ctx)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func TestSmoke(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		s := &server{dir: dir}
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		var cs []*client.Client
		for _, name := range []string{"ada", "ben", "cy"} {
			c, err := client.New(client.Config{
				Store: memory.New(), Transport: tr{inproc.New(s, s.serveSocket)}, Suite: mls.SuiteX25519, KeyPool: 4,
				Log:  slog.New(slog.NewTextHandler(os.Stderr, nil)).With("who", name),
				Emit: func(e client.Event) { fmt.Printf("%s %T %+v\n", name, e, e) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Start(ctx); err != nil {
				t.Fatal(err)
			}
			var keys vault.Keys
			rand.Read(keys.Auth[:])
			rand.Read(keys.Wrap[:])
			kdf := wire.KDF{Memory: 64 << 10, Time: 3, Threads: 1, Salt: make([]byte, 16)}
			if err := c.SignUp(ctx, client.Credentials{Name: name, Keys: keys, KDF: kdf}); err != nil {
				t.Fatal(err)
			}
			cs = append(cs, c)
		}
		time.Sleep(30 * time.Second)
		id, err := cs[0].Create(ctx, client.NewConversation{Kind: wire.Direct, People: []string{"ben"}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for i := range 3 {
			if _, err := cs[i%2].Send(ctx, id, fmt.Sprint("hello ", i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		for _, c := range cs[:2] {
			p, err := c.Messages(ctx, id, 0, 0)
			fmt.Println(err)
			for _, m := range p.Messages {
				fmt.Printf("   %+v %+v\n", m, m.Reason)
			}
		}
		for _, c := range cs {
			if err := c.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	})
}
