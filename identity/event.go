package identity

import (
	"crypto/sha256"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"
)

// eventVersion is the version of the event format that this package writes.
const eventVersion = 1

// nonceSize makes two accounts with one name and one root differ, in bytes.
const nonceSize = 16

// The kinds of event.
const (
	kindAccountCreated = 1
	kindDeviceAdded    = 2
	kindDeviceRemoved  = 3
	kindRootRotated    = 4
	kindAccountReset   = 5
)

// signedEvent is an event as it is stored and sent: the body's bytes, and the
// signature of the root that is in force before the event. (The first event is
// signed by the root it names, and so is a reset.)
type signedEvent struct {
	_         struct{} `cbor:",toarray"`
	Body      []byte
	Signature []byte
}

// eventBody is what every event says. Previous is empty in the first event.
// Time is the author's claim, in seconds since 1970; nothing depends on it.
type eventBody struct {
	Version  uint64 `cbor:"1,keyasint"`
	Index    uint64 `cbor:"2,keyasint"`
	Previous []byte `cbor:"3,keyasint"`
	Time     uint64 `cbor:"4,keyasint"`
	Kind     uint64 `cbor:"5,keyasint"`
	Payload  []byte `cbor:"6,keyasint"`
}

type accountCreated struct {
	UserName string          `cbor:"1,keyasint"`
	Root     RootKey         `cbor:"2,keyasint"`
	Nonce    [nonceSize]byte `cbor:"3,keyasint"`
}

type deviceAdded struct {
	Device      ID       `cbor:"1,keyasint"`
	Key         [32]byte `cbor:"2,keyasint"`
	Name        string   `cbor:"3,keyasint"`
	Certificate []byte   `cbor:"4,keyasint"`
}

type deviceRemoved struct {
	Device ID `cbor:"1,keyasint"`
}

// rootRotated names the new root. Consent is the new root's signature over
// newRoot, so nobody can claim a root that is not theirs. Certificates are
// the new root's, one for each active device in the order they were added.
type rootRotated struct {
	Root         RootKey  `cbor:"1,keyasint"`
	Consent      []byte   `cbor:"2,keyasint"`
	Certificates [][]byte `cbor:"3,keyasint"`
}

// accountReset names a root that nobody vouches for: the one before is lost. The event carries the new
// root's signature alone; the hash in it binds that to the account, the chain and the root it ends.
type accountReset struct {
	Root RootKey `cbor:"1,keyasint"`
}

// newRoot is what a new root signs to take over an account at one place in its chain.
type newRoot struct {
	Account  ID       `cbor:"1,keyasint"`
	Previous [32]byte `cbor:"2,keyasint"`
	OldRoot  RootKey  `cbor:"3,keyasint"`
	NewRoot  RootKey  `cbor:"4,keyasint"`
}

// hashEvent is the hash that the next event carries.
func hashEvent(event []byte) [32]byte { return sha256.Sum256(labelled(labelEventHash, event)) }

// accountID derives the account's id from its first event.
func accountID(genesis []byte) ID {
	sum := sha256.Sum256(append([]byte(labelAccount), genesis...))
	return ID(sum[:16])
}

// parseEvent reads the outer two layers of an event, not yet its payload.
func parseEvent(b []byte) (signedEvent, eventBody, time.Time, error) {
	var event signedEvent
	if err := decode(b, MaxEventSize, &event); err != nil {
		return event, eventBody{}, time.Time{}, err
	}
	var body eventBody
	if err := decode(event.Body, MaxEventSize, &body); err != nil {
		return event, body, time.Time{}, err
	}
	if body.Version != eventVersion {
		return event, body, time.Time{}, fmt.Errorf("%w: version %d", ErrMalformed, body.Version)
	}
	at, err := fromSeconds(body.Time)
	return event, body, at, err
}

// checkUserName refuses what no server's rule could mean as a user name. Which
// names may be registered is for the server to say.
func checkUserName(name string) error {
	if len(name) > MaxUserName {
		return fmt.Errorf("%w: a user name has at most %d characters", ErrLimit, MaxUserName)
	}
	if name == "" {
		return fmt.Errorf("%w: a user name is empty", ErrMalformed)
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' {
			return fmt.Errorf("%w: a user name is printable ASCII", ErrMalformed)
		}
	}
	return nil
}

// checkDeviceName refuses names that could not be shown as one plain line:
// control characters, line breaks, and marks that turn the writing direction.
func checkDeviceName(name string) error {
	if len(name) > MaxDeviceName {
		return fmt.Errorf("%w: a device name has at most %d bytes", ErrLimit, MaxDeviceName)
	}
	if name == "" || !utf8.ValidString(name) {
		return fmt.Errorf("%w: a device name is empty or not UTF-8", ErrMalformed)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%w: a device name has an unprintable character", ErrMalformed)
		}
	}
	return nil
}
