package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"frond/client/store/memory"
	"frond/mls"
	"frond/wire"
)

// Options say what world to play.
type Options struct {
	Seed    uint64
	People  int
	Steps   int
	Dir     string // for the server's database
	Suite   mls.CipherSuite
	Devices bool      // people also sign in on new devices
	Homes   bool      // people have several devices at the same time
	Log     io.Writer // nil: silent
}

// World is a server, people, and a schedule.
type World struct {
	opts   Options
	rand   *rand.Rand
	server *server
	people []*person
	log    *slog.Logger
	jobs   sync.WaitGroup // commands that wait for the server
	count  int            // of messages written

	mu     sync.Mutex // guards people and what follows, once the schedule runs
	born   int        // devices beside everybody's first
	buried []*person  // devices that were removed
}

// New makes a world. Nothing runs before Play.
func New(o Options) *World {
	log := slog.New(slog.DiscardHandler)
	if o.Log != nil {
		log = slog.New(slog.NewTextHandler(o.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	w := &World{opts: o, rand: rand.New(rand.NewPCG(o.Seed, 1)), log: log}
	w.server = &server{dir: o.Dir}
	for i := range o.People {
		w.people = append(w.people, w.newPerson(i))
	}
	return w
}

func (w *World) newPerson(i int) *person {
	name := fmt.Sprintf("%s%d", []string{"ada", "ben", "cleo", "dan", "eve"}[i%5], i)
	p := &person{
		name: name, home: newHousehold(), suite: w.opts.Suite, store: memory.New(), log: w.log.With("who", name),
		rand:     &lockedRand{r: rand.NewChaCha8(seedFor(w.opts.Seed, i))},
		kdf:      wire.KDF{Memory: 64 << 10, Time: 3, Threads: 1, Salt: make([]byte, wire.SaltSize)},
		promised: map[wire.ID]string{}, given: map[wire.ID]bool{}, opened: map[wire.ID]int{},
	}
	p.lane = newLane(w.server, rand.New(rand.NewPCG(w.opts.Seed, uint64(1000+i))))
	_, _ = p.rand.Read(p.keys.Auth[:]) // stretching passwords is not what is simulated
	_, _ = p.rand.Read(p.keys.Wrap[:])
	return p
}

func seedFor(seed uint64, i int) (s [32]byte) {
	copy(s[:], fmt.Sprintf("frond sim %d %d", seed, i))
	return s
}

// lockedRand is a source that several goroutines may read.
type lockedRand struct {
	mu sync.Mutex
	r  *rand.ChaCha8
}

func (l *lockedRand) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(b)
}

// Play runs the world to its end and checks it. It must run in a synctest bubble, and leaves no
// goroutine behind.
func (w *World) Play() error { return w.alive(w.play) }

// alive runs something while there is a server, and switches everything off.
func (w *World) alive(run func(ctx context.Context) error) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	if err := w.server.start(); err != nil {
		cancel()
		return err
	}
	defer func() { err = errors.Join(err, w.end(cancel)) }()
	return run(ctx)
}

func (w *World) play(ctx context.Context) error {
	for _, p := range w.people {
		if err := p.start(ctx); err != nil {
			return err
		}
	}
	for step := range w.opts.Steps {
		if err := w.step(ctx, step); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		time.Sleep(time.Duration(w.rand.IntN(1500)) * time.Millisecond)
	}
	if err := w.calm(ctx); err != nil {
		return err
	}
	if err := w.check(ctx); err != nil || !w.opts.Homes {
		return err
	}
	return w.checkFamilies(ctx)
}

// end switches everything off.
func (w *World) end(cancel context.CancelFunc) error {
	cancel()
	w.jobs.Wait()
	var errs []error
	for _, p := range w.people {
		errs = append(errs, p.crash(context.Background()))
	}
	if w.server.gate.Load() != nil {
		errs = append(errs, w.server.stop())
	}
	return errors.Join(errs...)
}

// later runs a command that may wait for the server beside the schedule.
func (w *World) later(f func()) {
	w.jobs.Go(f)
}

// text is a message nobody else writes.
func (w *World) text(p *person) string {
	w.count++
	return fmt.Sprintf("%s says %d%s", p.name, w.count, strings.Repeat(" 🌿", w.rand.IntN(30)))
}
