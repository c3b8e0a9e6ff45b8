package store_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"frond/server/store"
	"frond/server/store/mariadbtest"
	"frond/wire"
)

// The database is killed again and again while people write. Every message that was acknowledged is
// there, once, and a message whose answer was lost is there once after its retry. The store finds
// back by itself.
func TestAKilledMariaDBLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	mariadbtest.Need(t)
	server, err := mariadbtest.Run()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	url, err := server.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	writers := make([]*writer, 6)
	for i := range writers {
		writers[i] = newWriter(t, s, i)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for _, w := range writers {
		wg.Go(func() { w.write(t, stop) })
	}
	for range 3 {
		time.Sleep(time.Duration(50+rand.IntN(250)) * time.Millisecond)
		server.Kill()
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	close(stop)
	wg.Wait()
	failures := 0
	for _, w := range writers {
		w.check(t)
		failures += w.failures
	}
	if failures == 0 {
		t.Error("no write was interrupted: the test proves nothing")
	}
}

// writer sends messages in batches and sends each batch again until it is acknowledged.
type writer struct {
	store           *store.Store
	account, device wire.ID
	conversation    wire.ID
	acknowledged    map[wire.ID]uint64
	failures        int
	say             func(message wire.ID, seq uint64) // called for what is acknowledged
}

func newWriter(t *testing.T, s *store.Store, n int) *writer {
	t.Helper()
	w := &writer{store: s, account: newID(), device: newID(), conversation: newID(), acknowledged: map[wire.ID]uint64{},
		say: func(wire.ID, uint64) {}}
	a := store.Account{ID: w.account, Name: fmt.Sprint("writer", n), Created: time.Now()}
	if err := s.CreateAccount(t.Context(), a, [][]byte{{1}}, store.Device{ID: w.device}, nil); err != nil {
		t.Fatal(err)
	}
	r := s.Append(t.Context(), []store.Append{{Account: w.account, Device: w.device, Create: &wire.Create{Kind: wire.Group,
		Handshake: wire.Handshake{Conversation: w.conversation, Message: newID(), Frame: []byte{1}, GroupInfo: []byte{1}}}}})
	if r[0].Err != nil {
		t.Fatal(r[0].Err)
	}
	return w
}

func (w *writer) write(t *testing.T, stop chan struct{}) {
	raw := make([]byte, 57+16*40)
	raw[0] = 0x80
	token := []byte(base64.URLEncoding.EncodeToString(raw))
	for {
		select {
		case <-stop:
			return
		default:
		}
		batch := make([]store.Append, 5)
		for i := range batch {
			batch[i] = store.Append{Account: w.account, Device: w.device, Send: &wire.Send{Conversation: w.conversation,
				Message: newID(), Handshake: 1, Frame: []byte{1}, Token: token}}
		}
		for !w.try(t, batch) {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// try appends a batch and reports whether it was acknowledged; it is one transaction, so all or none is.
func (w *writer) try(t *testing.T, batch []store.Append) bool {
	acknowledged := 0
	for i, r := range w.store.Append(t.Context(), batch) {
		if r.Err == nil {
			w.acknowledged[batch[i].Send.Message] = r.Seq
			w.say(batch[i].Send.Message, r.Seq)
			acknowledged++
		} else if wire.CodeOf(r.Err) != wire.CodeUnavailable {
			t.Error(r.Err)
		}
	}
	if acknowledged != 0 && acknowledged != len(batch) {
		t.Errorf("%d of %d acknowledged", acknowledged, len(batch))
	}
	if acknowledged == 0 {
		w.failures++
	}
	return acknowledged > 0
}

func (w *writer) check(t *testing.T) {
	t.Helper()
	list, err := w.store.Entries(t.Context(), w.conversation, 1, 0, 1<<20, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(w.acknowledged) {
		t.Errorf("%d messages in the log, %d acknowledged", len(list), len(w.acknowledged))
	}
	for i, e := range list {
		if e.Seq != uint64(i+2) || w.acknowledged[e.Message] != e.Seq {
			t.Errorf("message %v at %d was acknowledged at %d", e.Message, e.Seq, w.acknowledged[e.Message])
		}
	}
}

// The process that writes to SQLite is killed at random instants. What it had said was acknowledged is
// there, and the log has no gaps.
func TestAKilledProcessLosesNothingOnSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	said := map[wire.ID]map[uint64]string{}
	const kills = 8
	for range kills {
		for _, line := range runAndKill(t, dir, time.Duration(rand.IntN(150))*time.Millisecond) {
			var conversation, message string
			var seq uint64
			if n, _ := fmt.Sscan(line, &conversation, &seq, &message); n != 3 || len(message) != 32 {
				continue // cut off by the kill
			}
			id, err := wire.ParseID(conversation)
			if err != nil {
				t.Fatal(err)
			}
			if said[id] == nil {
				said[id] = map[uint64]string{}
			}
			said[id][seq] = message
		}
	}
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(said) < kills {
		t.Errorf("only %d conversations in %d processes: the test proves little", len(said), kills)
	}
	for id, messages := range said {
		list, err := s.Entries(t.Context(), id, 0, 0, 1<<20, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for i, e := range list {
			if e.Seq != uint64(i+1) {
				t.Errorf("a gap before %d", e.Seq)
			}
			if m, ok := messages[e.Seq]; ok && m == e.Message.String() {
				found++
			}
		}
		if found != len(messages) {
			t.Errorf("%d of %d acknowledged messages are there", found, len(messages))
		}
	}
}

// childFolder tells a copy of this test program to be the process that is killed.
const childFolder = "FROND_TEST_CHILD_FOLDER"

// runAndKill starts this program again as TestWriteUntilKilled, kills it some time after its first
// line, and returns the lines it wrote.
func runAndKill(t *testing.T, dir string, after time.Duration) (lines []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestWriteUntilKilled$")
	cmd.Env = append(os.Environ(), childFolder+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for scan := bufio.NewScanner(out); scan.Scan(); lines = append(lines, scan.Text()) {
		if len(lines) == 0 {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
	}
	_ = cmd.Wait() // it was killed
	return lines
}

// TestWriteUntilKilled is the process of runAndKill.
func TestWriteUntilKilled(t *testing.T) {
	dir := os.Getenv(childFolder)
	if dir == "" {
		t.Skip("runs only as the process that another test kills")
	}
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		w := newWriter(t, s, os.Getpid()*10+n)
		w.say = func(message wire.ID, seq uint64) { fmt.Println(w.conversation, seq, message) }
		go w.write(t, nil)
	}
	time.Sleep(30 * time.Second) // the other test has long killed this process, or is gone itself
}
