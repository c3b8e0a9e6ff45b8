package wire

// ConversationKind says who is in a conversation and how one gets in.
type ConversationKind uint8

// The kinds of conversation.
const (
	Direct ConversationKind = 1 // exactly two accounts, one conversation per pair
	Group  ConversationKind = 2 // the accounts its members added
	Open   ConversationKind = 3 // every account; the server hands out the join key
)

// EntryKind tells messages from changes of the group.
type EntryKind uint8

// The kinds of log entry.
const (
	Application    EntryKind = 1
	HandshakeEntry EntryKind = 2
	SetBackEntry   EntryKind = 3 // the server was set back to an older copy; it counts as a handshake
)

// SetBackStride is how far the log of a server that was set back goes on after its last entry: further than
// what it lost can have gone, so that no place in the log is taken twice.
const SetBackStride = 1 << 20

// SetBack is the frame of a SetBackEntry: how far the copy went. The places between are nobody's.
type SetBack struct {
	Last      uint64 `cbor:"1,keyasint"` // seq of the last entry that the copy has
	Handshake uint64 `cbor:"2,keyasint"` // and of its last handshake
}

// Entry is one row of a conversation's log. Seq runs 1, 2, 3, … without gaps, but for one before a SetBackEntry.
type Entry struct {
	Conversation ID        `cbor:"1,keyasint"`
	Seq          uint64    `cbor:"2,keyasint"`
	Kind         EntryKind `cbor:"3,keyasint"`
	Account      ID        `cbor:"4,keyasint"` // of the sender, as the server authenticated it
	Device       ID        `cbor:"5,keyasint"`
	Message      ID        `cbor:"6,keyasint"`
	Received     uint64    `cbor:"7,keyasint"`           // milliseconds since 1970, the server's clock
	Frame        []byte    `cbor:"8,keyasint"`           // MLSMessage
	Token        []byte    `cbor:"9,keyasint,omitempty"` // Fernet token, base64url; application entries only
	Commitment   *Hash     `cbor:"10,keyasint,omitempty"`
	Expires      uint64    `cbor:"11,keyasint,omitempty"` // milliseconds since 1970: the message goes then; 0: it stays
}

// Gone reports whether the entry is what is left of a message that was to disappear: its place in the
// log, without frame, token and commitment.
func (e *Entry) Gone() bool {
	return e.Kind == Application && len(e.Frame) == 0 && len(e.Token) == 0 && e.Commitment == nil
}

// Empty makes of a message what is left when it has disappeared.
func (e *Entry) Empty() { e.Frame, e.Token, e.Commitment = []byte{}, nil, nil }

// Cursor asks for the entries of a conversation after a seq.
type Cursor struct {
	Conversation ID     `cbor:"1,keyasint"`
	After        uint64 `cbor:"2,keyasint"`
}

// Hello opens a connection. Entries after each cursor follow as pushes, then live ones; the
// device's inbox follows too.
type Hello struct {
	Version uint64   `cbor:"1,keyasint"`
	Device  ID       `cbor:"2,keyasint"` // must be the session's
	Cursors []Cursor `cbor:"3,keyasint,omitempty"`
}

// Check checks counts. A wrong version is the gateway's to refuse.
func (h *Hello) Check() error {
	if len(h.Cursors) > MaxCursors {
		return tooLarge("cursors", MaxCursors)
	}
	return nil
}

// Conversation is what the server knows of a conversation this account is in, or may join.
type Conversation struct {
	ID            ID               `cbor:"1,keyasint"`
	Kind          ConversationKind `cbor:"2,keyasint"`
	Last          uint64           `cbor:"3,keyasint"` // seq of the newest entry; 0: nobody has begun it
	LastHandshake uint64           `cbor:"4,keyasint"`
	Member        bool             `cbor:"5,keyasint"`           // this device gets its entries
	Renew         bool             `cbor:"6,keyasint,omitempty"` // somebody cannot join by the group information there is
}

// Welcomed answers Hello.
type Welcomed struct {
	Account       ID             `cbor:"1,keyasint"`
	Name          string         `cbor:"2,keyasint"`
	Now           uint64         `cbor:"3,keyasint"` // milliseconds since 1970
	KeyPackages   uint32         `cbor:"4,keyasint"` // left in the pool: publish more when few
	LastResort    bool           `cbor:"5,keyasint"` // a last-resort key package is published
	Revision      uint64         `cbor:"6,keyasint"` // of the account state
	Conversations []Conversation `cbor:"7,keyasint"` // the open one is always among them

	Reset uint64 `cbor:"12,keyasint,omitempty"` // a reset of the account was begun, as in ChainRef
}

// Send appends a message. A repeated (device, message id) is answered with the first one's seq and
// changes nothing.
type Send struct {
	Conversation ID     `cbor:"1,keyasint"`
	Message      ID     `cbor:"2,keyasint"`
	Handshake    uint64 `cbor:"3,keyasint"` // seq of the last handshake entry the author has processed
	Frame        []byte `cbor:"4,keyasint"`
	Token        []byte `cbor:"5,keyasint"`
	Commitment   Hash   `cbor:"6,keyasint"`
	Wake         []ID   `cbor:"7,keyasint,omitempty"` // accounts to notify
	Expires      uint64 `cbor:"8,keyasint,omitempty"` // seconds after the server received it that it is deleted; 0: never
}

// Check checks sizes and the visible form of the token.
func (s *Send) Check() error {
	if len(s.Frame) == 0 || len(s.Frame) > MaxText {
		return tooLarge("MLS frame of a message", MaxText)
	}
	if len(s.Wake) > MaxWake {
		return tooLarge("wake list", MaxWake)
	}
	if s.Expires > MaxLifetime {
		return Errorf(CodeBadRequest, "a message disappears after at most %d seconds", MaxLifetime)
	}
	return CheckToken(s.Token)
}

// Appended is the answer to an entry that is durable.
type Appended struct {
	Seq      uint64 `cbor:"1,keyasint"`
	Received uint64 `cbor:"2,keyasint"` // milliseconds since 1970
}

// MemberRef names a device of an account.
type MemberRef struct {
	Account ID `cbor:"1,keyasint"`
	Device  ID `cbor:"2,keyasint"`
}

// Handshake appends a commit together with everything that must become true with it, in one
// transaction. It is accepted only if Previous is the seq of the conversation's last handshake
// (CodeConflict otherwise, and Error.Last is that seq).
type Handshake struct {
	Conversation ID          `cbor:"1,keyasint"`
	Message      ID          `cbor:"2,keyasint"` // makes a retry harmless
	Previous     uint64      `cbor:"3,keyasint"` // 0 in a Create
	Frame        []byte      `cbor:"4,keyasint"` // the commit
	GroupInfo    []byte      `cbor:"5,keyasint"` // of the next epoch, sealed under the join key
	Welcome      []byte      `cbor:"6,keyasint,omitempty"`
	Add          []MemberRef `cbor:"7,keyasint,omitempty"` // devices added; each gets the welcome in its inbox
	Remove       []MemberRef `cbor:"8,keyasint,omitempty"` // devices that get nothing after this entry
	External     bool        `cbor:"9,keyasint,omitempty"` // the author joins by this commit: it becomes a member
	// Return are devices that a commit which everybody skipped had cut off: they go on getting every entry,
	// also those since.
	Return []MemberRef `cbor:"10,keyasint,omitempty"`
	// Whole says that Return names all members there are, after the server was set back and knows others.
	Whole bool `cbor:"11,keyasint,omitempty"`
}

// Declaration is what the authenticated data of the author's commit must be.
func (h *Handshake) Declaration(author MemberRef) []byte {
	if h.Whole {
		return DeclareWhole(author, h.Return)
	}
	return Declare(author, h.Add, h.Remove, h.Return)
}

// Check checks sizes and counts.
func (h *Handshake) Check() error {
	switch {
	case len(h.Frame) == 0 || len(h.Frame) > MaxMLSFrame:
		return tooLarge("commit", MaxMLSFrame)
	case len(h.GroupInfo) == 0 || len(h.GroupInfo) > MaxGroupInfo:
		return tooLarge("group info", MaxGroupInfo)
	case len(h.Welcome) > MaxWelcome:
		return tooLarge("welcome", MaxWelcome)
	case len(h.Add) > MaxOpen || len(h.Remove) > MaxOpen || len(h.Return) > MaxOpen:
		return tooLarge("membership change", MaxOpen)
	case h.Whole && (h.External || len(h.Add)+len(h.Remove) > 0):
		return Errorf(CodeBadRequest, "who names all members changes nothing else")
	case (len(h.Add) > 0) != (len(h.Welcome) > 0):
		return Errorf(CodeBadRequest, "a welcome goes to added devices, and every added device needs one")
	}
	return nil
}

// Create begins a conversation with its first handshake. For Direct, Add holds devices of exactly
// one other account. A pair that already has a conversation gets CodeExists with its id. For Open,
// Conversation must be the id that Welcomed named, and JoinKey is given to the server, which hands
// it to every account.
type Create struct {
	Kind      ConversationKind `cbor:"1,keyasint"`
	JoinKey   *Hash            `cbor:"2,keyasint,omitempty"`
	Handshake Handshake        `cbor:"3,keyasint"`
}

// Check checks the combination of fields.
func (c *Create) Check() error {
	if c.Kind < Direct || c.Kind > Open {
		return Errorf(CodeBadRequest, "unknown kind of conversation")
	}
	if (c.JoinKey != nil) != (c.Kind == Open) {
		return Errorf(CodeBadRequest, "the server holds the join key of the open conversation and of no other")
	}
	if c.Handshake.Previous != 0 || c.Handshake.External || c.Handshake.Whole || len(c.Handshake.Remove)+len(c.Handshake.Return) > 0 {
		return Errorf(CodeBadRequest, "a first handshake follows none and removes nobody")
	}
	return c.Handshake.Check()
}

// ConversationRef names a conversation.
type ConversationRef struct {
	Conversation ID `cbor:"1,keyasint"`
}

// GroupInfo is what a device needs to join by external commit.
type GroupInfo struct {
	Sealed  []byte `cbor:"1,keyasint"`
	Seq     uint64 `cbor:"2,keyasint"`           // of the handshake that made it: Previous of the external commit
	JoinKey *Hash  `cbor:"3,keyasint,omitempty"` // open conversations only
}

// PublishKeys adds key packages to the device's pool and replaces its last-resort key package when
// that is not empty. With Replace, those that wait in the pool are dropped first: they carry a credential
// that is no longer the device's.
type PublishKeys struct {
	Packages   [][]byte `cbor:"1,keyasint,omitempty"`
	LastResort []byte   `cbor:"2,keyasint,omitempty"`
	Replace    bool     `cbor:"3,keyasint,omitempty"`
}

// Check checks sizes and counts.
func (p *PublishKeys) Check() error {
	if len(p.Packages) > MaxKeyPackages {
		return tooLarge("key packages", MaxKeyPackages)
	}
	for _, k := range append(p.Packages[:len(p.Packages):len(p.Packages)], p.LastResort) {
		if len(k) > MaxKeyPackage {
			return tooLarge("key package", MaxKeyPackage)
		}
	}
	return nil
}

// KeyCount is how many one-time key packages the pool holds now.
type KeyCount struct {
	Count uint32 `cbor:"1,keyasint"`
}

// ClaimKeys takes one key package of every active device of each account, but the one that asks, out of its pool.
type ClaimKeys struct {
	Accounts []ID `cbor:"1,keyasint"`
}

// Check checks counts.
func (c *ClaimKeys) Check() error {
	if len(c.Accounts) == 0 || len(c.Accounts) > MaxClaim {
		return tooLarge("accounts in one claim", MaxClaim)
	}
	return nil
}

// ClaimedKey is a key package of one device.
type ClaimedKey struct {
	Account ID     `cbor:"1,keyasint"`
	Device  ID     `cbor:"2,keyasint"`
	Package []byte `cbor:"3,keyasint"`
}

// ClaimedKeys answers ClaimKeys. An account without any key package is missing from it.
type ClaimedKeys struct {
	Keys []ClaimedKey `cbor:"1,keyasint"`
}

// InboxItem is a welcome for this device, kept until acknowledged.
type InboxItem struct {
	Item         uint64           `cbor:"1,keyasint"`
	Conversation ID               `cbor:"2,keyasint"`
	Kind         ConversationKind `cbor:"3,keyasint"`
	Seq          uint64           `cbor:"4,keyasint"` // of the handshake the welcome belongs to
	Account      ID               `cbor:"5,keyasint"` // who added this device
	Welcome      []byte           `cbor:"6,keyasint"`
}

// InboxAck forgets inbox items that are safely processed.
type InboxAck struct {
	Items []uint64 `cbor:"1,keyasint"`
}

// Check checks counts.
func (a *InboxAck) Check() error {
	if len(a.Items) > MaxInboxAck {
		return tooLarge("inbox items", MaxInboxAck)
	}
	return nil
}
