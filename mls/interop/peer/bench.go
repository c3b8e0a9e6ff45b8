package peer

import (
	"fmt"
	"testing"
)

// The operations that are timed. Each starts from serialised bytes and ends with the next state, and with
// bytes where it makes any.
const (
	OpCommit  = "commit"  // make a self-update with its path, and go to its epoch
	OpProcess = "process" // verify such a commit of another member, and go to its epoch
	OpJoin    = "join"    // by welcome, with the tree inside
	OpSend    = "send"    // 200 bytes
	OpReceive = "receive"
)

// Operations are all of them, in the order of a report.
var Operations = []string{OpCommit, OpProcess, OpJoin, OpSend, OpReceive}

// benchText is the message that is sent and received.
var benchText = make([]byte, 200)

// Timed is a member whose operations can be timed without the adapter around them.
type Timed interface {
	Member
	// Time runs one operation b.N times. other is a second member of the same implementation in the same
	// group, and welcome is what other joined by.
	Time(b *testing.B, operation string, other Member, welcome []byte) error
}

// timer does each operation once, in one implementation's way. What one member makes, the other takes.
type timer struct {
	commit, send     func() ([]byte, error)
	process, receive func(message []byte) error
	join             func() error
}

func (t timer) run(b *testing.B, operation string) error {
	b.ReportAllocs()
	switch operation {
	case OpCommit:
		messages, err := produce(b, t.commit)
		b.StopTimer() // the other member follows, but nobody waits for it
		return firstError(err, consume(b, messages, t.process))
	case OpProcess:
		messages, err := produce(b, t.commit)
		b.ResetTimer()
		return firstError(err, consume(b, messages, t.process))
	case OpJoin:
		return consume(b, make([][]byte, b.N), func([]byte) error { return t.join() })
	case OpSend:
		messages, err := produce(b, t.send)
		b.StopTimer()
		return firstError(err, consume(b, messages, t.receive))
	case OpReceive:
		messages, err := produce(b, t.send)
		b.ResetTimer()
		return firstError(err, consume(b, messages, t.receive))
	}
	return fmt.Errorf("no operation %q", operation)
}

func produce(b *testing.B, do func() ([]byte, error)) ([][]byte, error) {
	messages := make([][]byte, b.N)
	for i := range messages {
		var err error
		if messages[i], err = do(); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

func consume(b *testing.B, messages [][]byte, do func([]byte) error) error {
	for _, message := range messages {
		if err := do(message); err != nil {
			return err
		}
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
