package client

import (
	"time"

	"frond/wire"
)

// Codes of errors that arise on this side, beside those of package wire.
const (
	CodeOffline       wire.Code = "offline"          // the server can not be reached now
	CodeStorage       wire.Code = "storage"          // this device can not keep what it must
	CodeWeakPassword  wire.Code = "weak-password"    //
	CodeNotSignedIn   wire.Code = "not-signed-in"    //
	CodeUnknownPerson wire.Code = "unknown-person"   // no such user name
	CodeKeyChanged    wire.Code = "key-changed"      // somebody's root is not the pinned one
	CodeRolledBack    wire.Code = "rolled-back"      // the server shows an older state of the account than was seen
	CodeResetBegun    wire.Code = "reset-begun"      // somebody may begin one's own account anew
	CodeVault         wire.Code = "vault"            // stored message keys are not what they were
	CodeWithheld      wire.Code = "withheld"         // the server keeps back, or lost, what it said it has
	CodeEmpty         wire.Code = "empty"            // nothing to send
	CodeRejoined      wire.Code = "rejoined"         // a conversation was joined again, and others changed meanwhile
	CodeApproval      wire.Code = "approval"         // a device is not let in, and why
	CodeRecovery      wire.Code = "recovery-code"    // mistyped, or not the account's
	CodeTooMany       wire.Code = "too-many-devices" // one must be replaced: Replaceable lists them
	CodePasswordUnset wire.Code = "password-unset"   // what was chosen with the recovery code is not in force
)

// Event tells the user interface that something is now so. Events are values, they carry whole
// objects to replace, and they come only after what they say is durable.
type Event interface{ event() }

// SessionState says whether somebody is signed in on this device.
type SessionState string

// The session states.
const (
	SignedOut SessionState = "signed-out"
	SignedIn  SessionState = "signed-in"
	Locked    SessionState = "locked"     // the password is right, and something else must open the vault
	LockedOut SessionState = "locked-out" // the server no longer accepts this device: sign in again
)

// Session says who is signed in.
type Session struct {
	State   SessionState
	Account wire.ID
	Name    string
	Device  wire.ID

	Recovery bool // a recovery code is active
	High     bool // the password does not open the vault
}

// ConnectionState says whether the server is reached.
type ConnectionState string

// The connection states.
const (
	Offline    ConnectionState = "offline"
	Connecting ConnectionState = "connecting"
	Online     ConnectionState = "online"
)

// Connection says how the connection is, and when the next attempt will be.
type Connection struct {
	State   ConnectionState
	RetryAt time.Time // zero unless offline and waiting
}

// Conversations replaces the whole list, in order.
type Conversations struct{ All []Conversation }

// Changed replaces one conversation.
type Changed struct{ Conversation Conversation }

// Timeline changes rows of a conversation's timeline.
type Timeline struct {
	Conversation wire.ID
	Upsert       []Message
	Remove       []string // ids
}

// Fault is something a person should know.
type Fault struct {
	Code    wire.Code
	Text    string
	Action  string
	Account wire.ID // whom it is about; zero: nobody in particular

	Conversation wire.ID // which one it is about, for the action; zero: none in particular
}

func (Session) event()       {}
func (Connection) event()    {}
func (Conversations) event() {}
func (Changed) event()       {}
func (Timeline) event()      {}
func (Fault) event()         {}

// Conversation is what people see of a conversation.
type Conversation struct {
	ID       wire.ID
	Kind     wire.ConversationKind
	Title    string
	People   []Named // everybody in it, oneself included; in the open conversation only oneself
	Unread   uint64
	Last     *Preview
	CanSend  bool
	Joining  bool
	Position uint64 // of its newest row
	Read     uint64 // position up to which it was read

	Draft bool // something is begun there and not sent; of other devices' as far as known here

	Verified  bool      // direct: the other's safety number was compared
	Retention Retention // how messages are kept that are sent from now on
	Timer     uint32    // seconds until they disappear; 0 unless Disappearing

	Blocked    bool // out of sight: with, or begun by, somebody who is blocked
	KeyChanged bool // something about somebody's keys holds messages back
	KeyReason  KeyReason
}

// Named is an account with its user name, or with "" while that is not known, and what about its keys holds
// messages back.
type Named struct {
	Account wire.ID
	Name    string

	Keys      KeyReason // "": nothing
	Reset     bool      // they changed because the person lost everything and began anew
	HeldUntil time.Time // they can not be accepted before, but by comparing; zero: now
}

// Preview is the newest message in one line.
type Preview struct {
	Name string
	Text string
	At   time.Time
}

// MessageState says how far a message is.
type MessageState string

// The message states.
const (
	Pending    MessageState = "pending"
	Sent       MessageState = "sent"
	Failed     MessageState = "failed" // the server refused it: retry or discard
	Received   MessageState = "received"
	Unreadable MessageState = "unreadable"
)

// Message is a row of a timeline. Rows are ordered by Position; a pending or failed message stands
// after everything in the log.
type Message struct {
	ID       string
	Position uint64
	Account  wire.ID
	Name     string
	Own      bool
	At       time.Time
	State    MessageState
	Notice   bool
	Text     string // for a notice, the line itself
	Reason   *Explained
	Expires  time.Time // by this device's clock, when it disappears; zero: it stays
}

// Explained is a reason in words, with the one thing that can be done.
type Explained struct {
	Code   string
	Text   string
	Action string // "" when there is nothing to do
}
