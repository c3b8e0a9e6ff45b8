package sim

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/client/transport/ws"
	"frond/client/vault"
	"frond/mls"
	"frond/wire"
)

var fillServer = flag.String("sim.fill", "", "address of an empty server to fill for web/test/figures.mjs")

// fillPassword is that of the people in web/test/lib/people.mjs.
const fillPassword = "plum rocket winter tea"

// TestFillAServer gives a running server an account "ada" with many conversations, so that a browser can sign in
// on it and be timed.
func TestFillAServer(t *testing.T) {
	if *fillServer == "" {
		t.Skip("for web/test/figures.mjs: -sim.fill names no server")
	}
	var people []*person
	for i, name := range []string{"ada", "ben"} {
		people = append(people, filler(t, i, name))
	}
	ids := fill(t, people[0], people[1])
	time.Sleep(10 * time.Second) // the state follows the messages
	for _, p := range people {
		if err := p.crash(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d conversations of %d messages", len(ids), *fullMessages)
}

// filler is a person with a real password, at a real server.
func filler(t *testing.T, i int, name string) *person {
	t.Helper()
	transport, err := ws.New(*fillServer, ws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := New(Options{Seed: 1, People: 0})
	p := w.newPerson(i)
	p.name, p.suite, p.store = name, mls.SuiteHybrid, memory.New()
	p.rand = &lockedRand{r: rand.NewChaCha8(seedFor(uint64(time.Now().UnixNano()), i))}
	p.lane = &lane{inner: transport, rand: rand.New(rand.NewPCG(1, 1)), conns: map[*conn]bool{}}
	params := vault.DefaultParams
	p.kdf = wire.KDF{Memory: params.Memory, Time: params.Time, Threads: params.Threads, Salt: []byte(fmt.Sprintf("%-16s", name))}
	if p.keys, err = vault.Derive(fillPassword, p.kdf.Salt, params); err != nil {
		t.Fatal(err)
	}
	return p
}

var _ client.Transport = (*lane)(nil)
