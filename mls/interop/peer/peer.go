// Package peer puts three implementations of RFC 9420 behind one interface, so that a test can mix
// their members in one group and compare what they believe:
//
//   - Frond, package frond/mls, the one under test;
//   - MLSGo, the Go module github.com/thomas-vilte/mls-go;
//   - TSMLS, the npm package ts-mls, in a Node process driven over JSON lines.
//
// All handshake and application bytes that cross the interface are serialised MLSMessages. Where an
// implementation strays from the RFC, its adapter mends what can be mended outside of it and says so;
// Traits name what can not.
package peer

import "errors"

// ErrUnavailable says that the implementation has no way to do what was asked, in this state or at all.
var ErrUnavailable = errors.New("not available from this implementation")

// ErrTooStrict says that the implementation refuses to join a group in a state that the RFC allows.
var ErrTooStrict = errors.New("refused against the RFC")

// Implementation makes members.
type Implementation interface {
	Name() string
	Suites() []uint16
	Traits() Traits
	// NewMember makes a device with a fresh signature key, not yet in a group.
	NewMember(suite uint16, name string) (Member, error)
}

// Traits are abilities a script must not take for granted.
type Traits struct {
	ProposesUpdate   bool // can send an Update proposal and survive its commit by somebody else
	PrivateHandshake bool // can send commits and proposals as PrivateMessage
	PrivateProposal  bool // can send standalone proposals as PrivateMessage
	Discards         bool // can forget its commit and process another one of the same epoch (§14)
	FilteredRoot     bool // right commit_secret where the root is not on the filtered direct path (§7.4)
	NoticesReuse     bool // knows that it was removed where the commit gives its leaf to a new member
	ReadsPadding     bool // can read handshakes as PrivateMessage with padding (§6.3.1)
}

// Member is one device in at most one group. Its methods are not for concurrent use.
type Member interface {
	KeyPackage() ([]byte, error)
	Create(groupID []byte) error
	Join(welcome []byte) error
	// JoinExternal stages an external commit; resync is the member's old leaf, or nil.
	JoinExternal(groupInfo []byte, resync *uint32) (commit []byte, err error)

	// Commit stages the next epoch. Merge enters it and has the welcome for those who were added, nil
	// when nobody was; Discard forgets it.
	Commit(Changes) (commit []byte, err error)
	Merge() (welcome []byte, err error)
	Discard() error

	Propose(Proposal) ([]byte, error)
	// Process takes a proposal or commit of another member, or the member's own proposal's commit.
	Process(message []byte) (removed bool, err error)
	// GroupInfo is for an external joiner: with ratchet_tree and external_pub, in the present epoch.
	GroupInfo() ([]byte, error)

	Seal(aad, plaintext []byte) ([]byte, error)
	Open(message []byte) (aad, plaintext []byte, err error)
	View() (View, error)
	Close()
}

// Changes are what a commit does, beside the proposals received or sent in this epoch, which it
// takes by reference. Without any it is a self-update.
type Changes struct {
	Add    [][]byte // key packages
	Remove []uint32
	PSKs   [][]byte // names out of PreSharedKeys
	Public bool     // PublicMessage framing, else PrivateMessage
	AAD    []byte
}

// Proposal is one standalone proposal: exactly one of the three.
type Proposal struct {
	Add    []byte
	Remove *uint32
	Update bool
	Public bool
}

// View is what all members of an epoch must agree on, and the member's own leaf.
type View struct {
	Leaf          uint32
	Epoch         uint64
	Authenticator []byte
	Exported      []byte
}

// What every member exports for its View.
const (
	exportLabel  = "frond interop"
	exportLength = 48
)

var exportContext = []byte("context")
