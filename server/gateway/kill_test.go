package gateway_test

import (
	"bufio"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"frond/client/transport/ws"
	"frond/server/store/mariadbtest"
	"frond/wire"
)

const kills = 50

func TestKilledFiftyTimesOnSQLiteItLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	killTest(t, "sqlite")
}

func TestKilledFiftyTimesOnMariaDBItLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	killTest(t, mariadbtest.Start(t))
}

// killTest kills the real program while messages are being acknowledged, again and again, retries what
// was in flight, and at the end looks for every message that was ever acknowledged.
func killTest(t *testing.T, database string) {
	if testing.Short() {
		t.Skip("starts the program more than fifty times")
	}
	binary := filepath.Join(t.TempDir(), "frond")
	if out, err := exec.Command("go", "build", "-o", binary, "frond/cmd/frond").CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	s := &script{t: t, binary: binary, args: []string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(),
		"--database", database, "--unlimited", "--log-level", "warn"}, acked: map[wire.ID]wire.Appended{}}
	p := s.start()
	s.ana = newPerson(t, p.url, "ana")
	must(t, s.ana.signUp())
	s.ana.connect()
	s.room = s.ana.meet()
	p.kill()
	for range kills {
		s.round()
	}
	s.check()
}

// script is the story of a kill test.
type script struct {
	t      *testing.T
	binary string
	args   []string
	ana    *person
	room   *room

	mu     sync.Mutex
	acked  map[wire.ID]wire.Appended
	unsure []wire.Send // sent, but nobody said what became of it
}

// process is the running program.
type process struct {
	cmd *exec.Cmd
	url string
}

func (s *script) start() *process {
	s.t.Helper()
	cmd := exec.Command(s.binary, s.args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(s.t, err)
	must(s.t, cmd.Start())
	s.t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), "Open http://localhost:"); ok {
			go func() {
				for lines.Scan() {
				}
			}()
			return &process{cmd, "http://127.0.0.1:" + address}
		}
	}
	s.t.Fatal("the program ended before it said its address")
	return nil
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// connect brings ana to a newly started program with the session that she has.
func (s *script) connect(p *process, cursors ...wire.Cursor) {
	s.t.Helper()
	net, err := ws.New(p.url, ws.Options{Token: s.ana.net.Token()})
	must(s.t, err)
	s.ana.net = realNetwork{net}
	s.ana.connect(cursors...)
}

// round sends from many goroutines until the program is killed under them.
func (s *script) round() {
	p := s.start()
	s.connect(p)
	s.mu.Lock()
	retry := s.unsure
	s.unsure = nil
	s.mu.Unlock()
	var wg sync.WaitGroup
	for i := range 8 {
		r := *s.room
		wg.Go(func() {
			for j := i; j < len(retry); j += 8 {
				s.send(retry[j])
			}
			for n := 0; s.send(s.ana.message(&r, fmt.Sprint(i, " ", n))); n++ {
			}
		})
	}
	time.Sleep(time.Duration(mathrand.IntN(120)+5) * time.Millisecond)
	p.kill()
	wg.Wait()
	s.ana.conn.Close()
}

// send reports whether the message was acknowledged.
func (s *script) send(m wire.Send) bool {
	var a wire.Appended
	err := s.ana.ask(wire.OpSend, m, &a)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.unsure = append(s.unsure, m)
		return false
	}
	s.acked[m.Message] = a
	return true
}

// check reads the whole log over the wire.
func (s *script) check() {
	p := s.start()
	defer p.kill()
	s.connect(p, wire.Cursor{Conversation: s.room.id})
	must(s.t, s.ana.ask(wire.OpPing, wire.Nothing{}, nil))
	last := s.ana.say(s.room, "the end")
	seen := map[wire.ID]uint64{}
	for next := uint64(1); next <= last.Seq; next++ {
		e := s.ana.entry()
		if e.Seq != next {
			s.t.Fatalf("entry %d where %d should be", e.Seq, next)
		}
		if first, twice := seen[e.Message]; twice {
			s.t.Fatalf("message %v is entry %d and entry %d", e.Message, first, e.Seq)
		}
		seen[e.Message] = e.Seq
	}
	for id, a := range s.acked {
		if seen[id] != a.Seq {
			s.t.Fatalf("message %v was acknowledged as entry %d and is entry %d (0: missing)", id, a.Seq, seen[id])
		}
	}
	if len(s.acked) < 2*kills {
		s.t.Fatalf("only %d messages were acknowledged: the test proves nothing", len(s.acked))
	}
	s.t.Logf("%d messages acknowledged, %d in the log", len(s.acked), last.Seq)
}
