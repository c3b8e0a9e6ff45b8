package client

import (
	"crypto"

	"frond/client/content"
	"frond/client/vault"
	"frond/mls"
	"frond/wire"
)

// Records are what the store holds, as CBOR.

// What a session record says.
const (
	signedOut = 0
	signedIn  = 1
	lockedOut = 2 // the server no longer accepts this device's session
)

type sessionRecord struct {
	Account wire.ID `cbor:"1,keyasint"`
	State   uint8   `cbor:"2,keyasint"`
}

// selfRecord is this device and what it needs of its account. It is the device's secret; it never
// leaves the store except sealed under the vault key.
type selfRecord struct {
	Account    wire.ID   `cbor:"1,keyasint"`
	Name       string    `cbor:"2,keyasint"`
	Device     wire.ID   `cbor:"3,keyasint"`
	DeviceKey  []byte    `cbor:"4,keyasint"`
	Root       []byte    `cbor:"5,keyasint"`
	VaultKey   wire.Hash `cbor:"6,keyasint"`
	VaultEpoch uint64    `cbor:"7,keyasint"`
	Chain      [][]byte  `cbor:"8,keyasint"`
	Revision   uint64    `cbor:"9,keyasint"`  // of the state the server holds, as far as known
	Unsaved    bool      `cbor:"10,keyasint"` // the state changed since

	Box     wire.Hash      `cbor:"11,keyasint"`           // secret of this device's slot
	Earlier []wire.Hash    `cbor:"12,keyasint"`           // vault keys of the epochs from Lost + 1 to the one before the present
	Openers []vault.Opener `cbor:"13,keyasint"`           // to whom a new epoch's key is sealed
	Headed  []wire.ID      `cbor:"14,keyasint"`           // devices that the server's header has slots of
	Unlock  *unlockRecord  `cbor:"15,keyasint,omitempty"` // until the header has a slot of this device

	Formers   [][]byte  `cbor:"16,keyasint,omitempty"` // roots before the one in force, the last of them last
	Published wire.Hash `cbor:"17,keyasint"`           // the root that the published key packages are under

	Chosen  *chosenRecord `cbor:"18,keyasint,omitempty"` // with the recovery code, and not in force yet
	Lost    uint64        `cbor:"19,keyasint,omitempty"` // vault epochs before the account began anew, whose keys nobody has
	Vouched []vouchRecord `cbor:"20,keyasint,omitempty"` // what of before removals counts, the last removal last
	SetBack uint64        `cbor:"21,keyasint,omitempty"` // when the server last showed that it was set back, milliseconds since 1970
}

// earlierKey is the vault key of an epoch before the present one.
func (r *selfRecord) earlierKey(epoch uint64) (key wire.Hash, known bool) {
	if epoch <= r.Lost || epoch-r.Lost > uint64(len(r.Earlier)) {
		return key, false
	}
	return r.Earlier[epoch-r.Lost-1], true
}

// unlockRecord is what opened the vault on a new device.
type unlockRecord struct {
	Kind   uint8     `cbor:"1,keyasint"`
	Secret wire.Hash `cbor:"2,keyasint"`
}

// chosenRecord is a password that somebody chose who signed in by recovery code. Lapsed says that it can not be
// set any more; then nothing of it is left.
type chosenRecord struct {
	Auth   wire.Hash    `cbor:"1,keyasint"`
	KDF    wire.KDF     `cbor:"2,keyasint"`
	Opener vault.Opener `cbor:"3,keyasint"`
	Lapsed bool         `cbor:"4,keyasint"`
}

// contactRecord is somebody whose chain was verified. Pinned contacts share a closed conversation
// with this account and are kept in its state.
type contactRecord struct {
	Name   string   `cbor:"1,keyasint"`
	Chain  [][]byte `cbor:"2,keyasint"`
	Pinned bool     `cbor:"3,keyasint"`

	Verified wire.Hash `cbor:"4,keyasint"` // the root whose safety number was compared; zero: none
	Changed  bool      `cbor:"5,keyasint"` // the root changed and that was not acknowledged yet
	Reset    uint64    `cbor:"6,keyasint"` // it changed by a reset: first seen then, milliseconds since 1970
	Held     bool      `cbor:"7,keyasint"` // it was verified then
	Unsaved  bool      `cbor:"8,keyasint"` // this device's word on it is not in the account's state yet

	Doubt doubtRecord `cbor:"9,keyasint,omitzero"` // what contradicts the chain
}

// keyRecord is the secret half of a key package.
type keyRecord struct {
	Secrets    []byte `cbor:"1,keyasint"`
	LastResort bool   `cbor:"2,keyasint"`
	NotAfter   uint64 `cbor:"3,keyasint"` // seconds since 1970
}

// The states of a conversation.
const (
	stateJoining = 1
	stateActive  = 2
	stateLeft    = 3
)

type conversationRecord struct {
	Kind      wire.ConversationKind `cbor:"1,keyasint"`
	State     uint8                 `cbor:"2,keyasint"`
	Cursor    uint64                `cbor:"3,keyasint"` // seq of the last entry processed
	Handshake uint64                `cbor:"4,keyasint"` // seq of the last handshake processed, valid or not
	Joined    uint64                `cbor:"5,keyasint"` // seq at which this device's group began
	JoinKey   wire.Hash             `cbor:"6,keyasint"`
	Read      uint64                `cbor:"7,keyasint"` // seq up to which the person has read
	Unread    uint64                `cbor:"8,keyasint"`
	Counter   uint64                `cbor:"9,keyasint"`  // of this device's last sealed content
	Previous  wire.Hash             `cbor:"10,keyasint"` // hash of this device's last accepted content
	Order     uint64                `cbor:"11,keyasint"` // of the last outbox row
	Last      *lastRecord           `cbor:"12,keyasint,omitempty"`
	Begun     bool                  `cbor:"13,keyasint"`           // the server has a log for it
	Rejoined  uint64                `cbor:"14,keyasint"`           // milliseconds since 1970: the last repair
	Epoch     uint64                `cbor:"15,keyasint"`           // in which this device's group began
	Since     uint64                `cbor:"24,keyasint"`           // the epoch in which this device came in, whatever leaves it had after; 0: not known
	Confirmed bool                  `cbor:"16,keyasint"`           // somebody else was heard from in this device's group
	Skipped   bool                  `cbor:"17,keyasint"`           // the last handshake was skipped: the server's group information is no good
	Ahead     uint64                `cbor:"26,keyasint,omitempty"` // the last handshake here that a server which was set back lacks; 0: none
	SetBack   uint64                `cbor:"27,keyasint,omitempty"` // seq at which the log said that it was set back
	Unshown   bool                  `cbor:"25,keyasint,omitempty"` // joining: the server does not let this account in, or it alone says that the account is in (unshown.go)
	Lost      uint8                 `cbor:"20,keyasint"`           // why the group is not to be used (heal.go); 0: it is
	Split     uint64                `cbor:"21,keyasint"`           // seq of a commit that failed here and may have been good for others

	Keep keeping `cbor:"23,keyasint"` // how messages were and are kept

	Cut     []wire.MemberRef `cbor:"18,keyasint,omitempty"` // members whom a skipped commit cut off
	Leaving []wire.ID        `cbor:"19,keyasint,omitempty"` // who left and is still in the roster
}

// lastRecord is the newest message, for the list of conversations.
type lastRecord struct {
	Account wire.ID `cbor:"1,keyasint"`
	Preview string  `cbor:"2,keyasint"`
	At      uint64  `cbor:"3,keyasint"`
	Until   uint64  `cbor:"4,keyasint,omitempty"` // when it disappears, by the server's clock; 0: it stays
}

// peerRecord is what a device said last in a conversation. Known is false after a message of the
// device that could not be read.
type peerRecord struct {
	Counter uint64    `cbor:"1,keyasint"`
	Hash    wire.Hash `cbor:"2,keyasint"`
	Known   bool      `cbor:"3,keyasint"`
	Gone    bool      `cbor:"4,keyasint,omitempty"` // its account took it out of the open conversation: it says nothing more
	Seq     uint64    `cbor:"5,keyasint,omitempty"` // of the content with the hash; 0: not known
}

// The kinds of pending handshake.
const (
	pendingCreate   = 1
	pendingCommit   = 2
	pendingExternal = 3
	pendingLeave    = 4
)

// pendingRecord is a handshake that is on its way, with the state that follows it.
type pendingRecord struct {
	Kind     uint8        `cbor:"1,keyasint"`
	Message  wire.ID      `cbor:"2,keyasint"`
	Body     []byte       `cbor:"3,keyasint"` // wire.Create or wire.Handshake
	Epoch    []byte       `cbor:"4,keyasint"`
	Ratchets []byte       `cbor:"5,keyasint"`
	Notice   noticeRecord `cbor:"6,keyasint"`

	next *mls.Group // what Epoch and Ratchets say, until this device is switched off
}

// group is the state that follows.
func (p *pendingRecord) group(signer crypto.Signer) (*mls.Group, error) {
	if p.next != nil {
		return p.next, nil
	}
	return mls.ParseGroup(p.Epoch, p.Ratchets, signer)
}

// handshake is the commit with what goes with it.
func (p *pendingRecord) handshake() wire.Handshake {
	if p.Kind == pendingCreate {
		var create wire.Create
		_ = wire.Decode(p.Body, &create) // written by this device; what cannot be read equals no entry
		return create.Handshake
	}
	if p.Kind == pendingLeave {
		var leave wire.Leave
		_ = wire.Decode(p.Body, &leave) // as above
		return wire.Handshake{Conversation: leave.Conversation, Message: leave.Message, Previous: leave.Previous, Frame: leave.Frame()}
	}
	var h wire.Handshake
	_ = wire.Decode(p.Body, &h) // as above
	return h
}

// removed is whom the commit takes out.
func (p *pendingRecord) removed() []wire.MemberRef {
	var h wire.Handshake
	if p.Kind == pendingCommit {
		_ = wire.Decode(p.Body, &h) // as above
	}
	return h.Remove
}

// outboxRecord is a message that is not yet seen in the log. Sealed is nil until its turn comes.
type outboxRecord struct {
	Message wire.ID       `cbor:"1,keyasint"`
	Text    []byte        `cbor:"2,keyasint"`
	Created uint64        `cbor:"3,keyasint"` // milliseconds since 1970
	Failed  wire.Code     `cbor:"4,keyasint,omitempty"`
	Reason  string        `cbor:"5,keyasint,omitempty"`
	Sealed  *sealedRecord `cbor:"6,keyasint,omitempty"`
	Until   uint64        `cbor:"7,keyasint,omitempty"` // the server has it, and it disappears then
}

// sealedRecord is what a message looks like on the wire, and what it takes to show it afterwards.
type sealedRecord struct {
	Body       []byte    `cbor:"1,keyasint"` // wire.Send, encoded
	Token      wire.Hash `cbor:"2,keyasint"` // SHA-256 of the token's text, to know it again
	Commitment wire.Hash `cbor:"3,keyasint"`
	Key        wire.Hash `cbor:"4,keyasint"`
	Hash       wire.Hash `cbor:"5,keyasint"` // of the content
	Counter    uint64    `cbor:"6,keyasint"`
	Mode       Retention `cbor:"7,keyasint,omitempty"` // how it is kept
	Lifetime   uint64    `cbor:"8,keyasint,omitempty"` // seconds; 0: no end
}

// epoch is the one in which the message is sealed.
func (s *sealedRecord) epoch() uint64 {
	var m wire.Send
	_ = wire.Decode(s.Body, &m) // written by this device; what cannot be read is of no epoch
	return epochOf(&wire.Entry{Frame: m.Frame})
}

// handshake is the last one that the log had when the message was sealed.
func (s *sealedRecord) handshake() uint64 {
	if s == nil {
		return 0
	}
	var m wire.Send
	_ = wire.Decode(s.Body, &m) // as above
	return m.Handshake
}

// messageRecord is a row of the timeline.
type messageRecord struct {
	Message wire.ID       `cbor:"1,keyasint"`
	Account wire.ID       `cbor:"2,keyasint"`
	Device  wire.ID       `cbor:"3,keyasint"`
	Root    wire.Hash     `cbor:"4,keyasint"`           // of the sender, as its certificate says; zero when unknown
	At      uint64        `cbor:"5,keyasint"`           // when the server received it, milliseconds since 1970
	Sent    uint64        `cbor:"6,keyasint,omitempty"` // when the sender says it was sent
	Body    []byte        `cbor:"7,keyasint,omitempty"`
	Key     *wire.Hash    `cbor:"8,keyasint,omitempty"` // opens the token
	Reason  Reason        `cbor:"9,keyasint,omitempty"` // why it can not be read, or what is odd about it
	Notice  *noticeRecord `cbor:"10,keyasint,omitempty"`

	Commitment *wire.Hash `cbor:"11,keyasint,omitempty"` // to key and token, as it was checked
	Fate       *fate      `cbor:"12,keyasint,omitempty"` // nil: it is kept for good
	Epoch      uint64     `cbor:"13,keyasint,omitempty"` // in which it was sealed, when this device opened it live or sent it
}

// fill takes what a message says.
func (r *messageRecord) fill(o *content.Opened, e *wire.Entry) {
	r.Sent, r.Body, r.Key, r.Commitment, r.Reason = o.Sent, o.Body, (*wire.Hash)(&o.Key), e.Commitment, ""
	if o.Kind != content.Text {
		r.Body, r.Reason = nil, ReasonNewer
	}
	r.Fate = fateOf(Full, e.Received, o.Lifetime)
}

// noticeRecord is a line about the conversation itself.
type noticeRecord struct {
	What     uint8     `cbor:"1,keyasint"`
	By       wire.ID   `cbor:"2,keyasint"`
	Accounts []wire.ID `cbor:"3,keyasint,omitempty"`
	Removed  []wire.ID `cbor:"4,keyasint,omitempty"`
	Name     string    `cbor:"5,keyasint,omitempty"`
	Fresh    bool      `cbor:"6,keyasint,omitempty"` // this device joined here: what came before is not on it

	Retention Retention `cbor:"12,keyasint,omitempty"` // how messages are kept from here on
	Timer     uint32    `cbor:"13,keyasint,omitempty"`
}

// encode encodes a record, all of which can be encoded.
func encode(v any) []byte {
	b, err := wire.Encode(v)
	if err != nil {
		panic(err) // unreachable: no record has a field that can fail
	}
	return b
}
