package wire

import "time"

// A device that signed in with a vault it can not open asks the account's other devices to be let in. What
// crosses here is explained in package vault of the client; the server carries it and understands nothing of it.

// What a session without a device may ask beside adding one.
const (
	PathApprovalSession = "/api/v1/approval/session" // POST Nothing -> Session: what there is to unlock, as it is now
	PathApprovalStart   = "/api/v1/approval/start"   // POST ApprovalStart -> Nothing; in place of an earlier one of the session
	PathApprovalPoll    = "/api/v1/approval/poll"    // POST ApprovalRef -> ApprovalStatus
	PathApprovalReveal  = "/api/v1/approval/reveal"  // POST ApprovalReveal -> Nothing
	PathApprovalStop    = "/api/v1/approval/stop"    // POST ApprovalRef -> Nothing
)

const (
	// ApprovalLife is how long a request can be answered.
	ApprovalLife = 10 * time.Minute
	// MaxApprovals is how many requests of one account may be open.
	MaxApprovals = 3

	maxApprovalKey    = 2 << 10
	maxApprovalSealed = 2 << 10
	maxApprovalDevice = 64
)

// ApprovalState says how far a request is.
type ApprovalState uint8

// The states of a request, in their order; one of the last three is its end.
const (
	ApprovalWaiting  ApprovalState = 1
	ApprovalOpened   ApprovalState = 2 // a device of the account sent its nonce
	ApprovalRevealed ApprovalState = 3 // the new device showed its key
	ApprovalAllowed  ApprovalState = 4
	ApprovalDenied   ApprovalState = 5 // and the session that asked is over
	ApprovalOver     ApprovalState = 6 // it was given up; told to the account's devices only
)

// ApprovalStart asks the account's devices to let this session's device in.
type ApprovalStart struct {
	ID     ID     `cbor:"1,keyasint"`
	Commit Hash   `cbor:"2,keyasint"` // to what ApprovalReveal will show
	Device string `cbor:"3,keyasint"` // how the new device calls itself; proves nothing
}

// Check checks sizes.
func (a *ApprovalStart) Check() error {
	if a.ID.IsZero() || a.Commit.IsZero() {
		return Errorf(CodeBadRequest, "a request to be let in has an id and a commitment")
	}
	if len(a.Device) > maxApprovalDevice {
		return tooLarge("name of a device", maxApprovalDevice)
	}
	return nil
}

// ApprovalRef names a request. CodeNotFound says that it is over.
type ApprovalRef struct {
	ID ID `cbor:"1,keyasint"`
}

// ApprovalStatus answers who asked.
type ApprovalStatus struct {
	State   ApprovalState `cbor:"1,keyasint"`
	Nonce   *Hash         `cbor:"2,keyasint,omitempty"` // from ApprovalOpened on: the answering device's
	Sealed  []byte        `cbor:"3,keyasint,omitempty"` // ApprovalAllowed: the vault key, sealed to the new device
	Session *Session      `cbor:"4,keyasint,omitempty"` // ApprovalAllowed: what it opens, as it is now
}

// ApprovalReveal shows what the request committed to. It comes after the answering device's nonce, and once.
type ApprovalReveal struct {
	ID     ID     `cbor:"1,keyasint"`
	Public []byte `cbor:"2,keyasint"`
	Random Hash   `cbor:"3,keyasint"`
}

// Check checks sizes.
func (a *ApprovalReveal) Check() error { return checkSealed(a.Public, maxApprovalKey, "public key") }

// ApprovalNews tells the account's devices of a request. Those that connect later are told of what is open.
type ApprovalNews struct {
	ID     ID            `cbor:"1,keyasint"`
	State  ApprovalState `cbor:"2,keyasint"`
	Commit Hash          `cbor:"3,keyasint"`
	Device string        `cbor:"4,keyasint"`
	At     uint64        `cbor:"5,keyasint"`           // milliseconds since 1970
	Public []byte        `cbor:"6,keyasint,omitempty"` // from ApprovalRevealed on
	Random *Hash         `cbor:"7,keyasint,omitempty"` // from ApprovalRevealed on
}

// Approval takes up a request, with a fresh nonce. The first device that does answers it; CodeConflict for others.
type Approval struct {
	ID    ID   `cbor:"1,keyasint"`
	Nonce Hash `cbor:"2,keyasint"`
}

// Check checks that there is a nonce.
func (a *Approval) Check() error {
	if a.Nonce.IsZero() {
		return Errorf(CodeBadRequest, "a request is taken up with a nonce")
	}
	return nil
}

// Allow answers a request: the device that took it up may allow it once the key was revealed, and any device of
// the account may deny it, which also ends the session that asked.
type Allow struct {
	ID     ID     `cbor:"1,keyasint"`
	Allow  bool   `cbor:"2,keyasint"`
	Sealed []byte `cbor:"3,keyasint,omitempty"` // with Allow
}

// Check checks sizes.
func (a *Allow) Check() error {
	if !a.Allow {
		return nil
	}
	return checkSealed(a.Sealed, maxApprovalSealed, "sealed key")
}
