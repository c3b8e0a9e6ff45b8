package store

import (
	"time"

	"frond/wire"
)

// Account is a person on this server, as the server knows one.
type Account struct {
	ID       wire.ID
	Name     string    // canonical (wire.CheckUserName); unique, compared bytewise
	AuthHash wire.Hash // hash of the authentication secret
	KDF      wire.KDF
	Recovery *wire.Hash // hash of the recovery code's authentication secret; nil without a code
	Header   []byte     // of the vault: sealed
	Epoch    uint64     // of the vault
	State    []byte     // sealed
	Revision uint64     // of State
	Created  time.Time
}

// Device is one client of an account.
type Device struct {
	ID      wire.ID
	Account wire.ID
	Active  bool // an inactive device was removed: nobody gets its keys and it appends nothing
	Created time.Time
	Seen    time.Time // last active, within a minute or so
}

// Session is a login. The token itself is never stored.
type Session struct {
	Token   wire.Hash // SHA-256 of the token
	Account wire.ID
	Device  *wire.ID // nil until the client has a device
	Created time.Time
	Seen    time.Time
	Expires time.Time

	Recovered bool // opened by recovery code: may set a password without the present one, for an hour

	By *wire.Hash // when it is made: hash of the secret that opened it, which must be good still. Not stored
}

// Append is one thing to append to a log: exactly one of Send, Handshake, Create and Leave, and the
// sender as the server authenticated it.
type Append struct {
	Account   wire.ID
	Device    wire.ID
	Send      *wire.Send
	Handshake *wire.Handshake
	Create    *wire.Create
	Leave     *wire.Leave
}

// AppendResult is what became of one Append.
type AppendResult struct {
	Seq       uint64
	Received  uint64      // milliseconds since 1970
	Duplicate bool        // a retry: Seq and Received are the first one's and nothing changed
	Entry     *wire.Entry // the new entry, which shares the Append's bytes; nil otherwise
	Err       error       // a *wire.Error when refused; CodeUnavailable when the database failed
	Left      []wire.ID   // devices whose windows a Leave ended
}

// Window is a stretch of a log that a device is entitled to: From < seq <= Until.
type Window struct {
	From  uint64
	Until uint64 // 0: no end
}
