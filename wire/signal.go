package wire

import "slices"

const (
	// MaxSignal is the longest body of a signal, in bytes.
	MaxSignal = 8 << 10
	// MaxReported is the most that one name in a report may count.
	MaxReported = 10000
)

// Signal is for devices that are connected now and whose account is in a conversation: the server passes it on
// and keeps nothing. Its body is sealed for the conversation's members, or for the one it is for.
type Signal struct {
	Conversation ID     `cbor:"1,keyasint"`
	To           ID     `cbor:"2,keyasint"`           // an account; zero: everybody, in a direct or group conversation
	Device       *ID    `cbor:"3,keyasint,omitempty"` // one of its devices; nil: all but the sender
	Body         []byte `cbor:"4,keyasint"`
}

// Check checks the size.
func (s *Signal) Check() error {
	if len(s.Body) == 0 || len(s.Body) > MaxSignal {
		return tooLarge("signal", MaxSignal)
	}
	return nil
}

// Signalled is a signal as it arrives. Account and device are the sender's, as the server authenticated
// them.
type Signalled struct {
	Conversation ID     `cbor:"1,keyasint"`
	Account      ID     `cbor:"2,keyasint"`
	Device       ID     `cbor:"3,keyasint"`
	Body         []byte `cbor:"4,keyasint"`
}

// Report says how often what went wrong on a device since its last report. It holds nothing else: no
// conversation, no time, nobody's name.
type Report struct {
	Counts map[string]uint64 `cbor:"1,keyasint"`
}

// FailureNames are the names that a report may count, in order.
var FailureNames = []string{
	"altered", "before-join", "before-reset", "behind", "broken-state", "damaged", "forged", "forked", "gone", "key-found",
	"key-gone", "lifetime", "log-behind", "lost-seat", "lost-step", "missing-before", "newer", "no-key", "own-lost", "rejoined", "replayed", "rolled-back",
	"skipped-commit", "vault-damaged", "vault-stale", "withheld",
}

// Check lets only known names and sensible numbers in.
func (r *Report) Check() error {
	for name, n := range r.Counts {
		if _, known := slices.BinarySearch(FailureNames, name); !known || n == 0 || n > MaxReported {
			return Errorf(CodeBadRequest, "a report counts what nobody knows")
		}
	}
	return nil
}
