// Package identity says who somebody is, in bytes that anyone can check.
//
// An account has a root: an Ed25519 key that stays with the person. Each
// device has a key of its own, and the root certifies it. What happened to the
// account, from its creation on, is written in its sigchain: a chain of signed
// events, each holding the hash of the one before. The happy path:
//
//	root, err := identity.NewRoot(rand.Reader)
//	key, err := identity.NewDeviceKey(rand.Reader)
//	chain, err := identity.NewChain(rand.Reader, root, "ada", now)
//	chain, err = chain.AddDevice(root, device, key.Public(), "Firefox on Linux", now)
//	credential, ok := chain.Credential(device) // goes into an MLS leaf
//
// and on the other side:
//
//	chain, err := identity.ParseChain(events)  // every event verified
//	err = chain.Extends(theChainSeenBefore)    // nothing rewritten or held back
//	credential, err := identity.ParseCredential(leafIdentity)
//
// What the package promises:
//
//   - Validity depends on bytes, never on a live look-up or a clock.
//   - An account id commits to the first event of its chain, so a chain can not
//     be exchanged for another under the same account.
//   - Each signature is bound to one purpose by a label. The labels start with
//     a letter, which as an MLS length prefix is longer than any MLS label, so no
//     signature made here can be taken for one made by MLS, nor the reverse.
//   - There is one encoding of everything (RFC 8949, section 4.2.1); a signature
//     over anything else is refused, as is everything beyond the limits.
//
// The events and what they need:
//
//	event            signed by   allowed when
//	account created  root        first, and only then
//	device added     root        device id and key are new to the chain
//	device removed   root        the device is active
//	root rotated     old root    the new root agrees, is new to the chain, and
//	                             certifies every active device again
//	account reset    new root    the new root is new to the chain; it removes
//	                             every device, and no trust flows across it
package identity

import "errors"

// Limits on what a chain and its parts may hold.
const (
	// MaxEvents is the most events a chain may have.
	MaxEvents = 4096
	// MaxEventSize is the longest event, in bytes.
	MaxEventSize = 4096
	// MaxDevices is the most devices that may be active at once.
	MaxDevices = 32
	// MaxRotations is the most rotations of the root between two resets.
	MaxRotations = 512
	// MaxUserName is the longest user name, in bytes.
	MaxUserName = 64
	// MaxDeviceName is the longest device name, in bytes of UTF-8.
	MaxDeviceName = 64
	// MaxCredentialSize is the longest encoded credential, in bytes.
	MaxCredentialSize = 512
)

var (
	// ErrMalformed says that bytes are not the canonical encoding of what they should be.
	ErrMalformed = errors.New("identity: malformed")
	// ErrSignature says that a signature does not verify.
	ErrSignature = errors.New("identity: signature does not verify")
	// ErrKey says that a public key is unusable: not canonical, of small order,
	// or not the one expected.
	ErrKey = errors.New("identity: unusable key")
	// ErrNotAllowed says that an event breaks a rule of the chain.
	ErrNotAllowed = errors.New("identity: event not allowed")
	// ErrLimit says that something is longer or more numerous than its limit.
	ErrLimit = errors.New("identity: limit exceeded")
	// ErrTime says that a time lies before 1970 or after the year 9999.
	ErrTime = errors.New("identity: time out of range")

	// ErrOtherAccount says that two chains belong to different accounts.
	ErrOtherAccount = errors.New("identity: chain of another account")
	// ErrShortened says that a chain lacks events that were seen before.
	ErrShortened = errors.New("identity: chain was shortened")
	// ErrForked says that two chains of one account tell different histories.
	ErrForked = errors.New("identity: chain was forked")
)

// The labels that bind a signature or hash to its purpose.
const (
	labelAccount     = "frond/account/v1"
	labelCertificate = "frond/device-cert/v1"
	labelContent     = "frond/content/v1"
	labelRequest     = "frond/key-request/v1"
	labelJoinRequest = "frond/join-key-request/v1"
	labelJoinAnswer  = "frond/join-key-answer/v1"
	labelResume      = "frond/resume/v1"
	labelEvent       = "frond/sigchain/v1"
	labelEventHash   = "frond/sigchain/hash/v1"
	labelNewRoot     = "frond/sigchain/new-root/v1"
	labelSafety      = "frond/safety/v1"
)

// labelled puts a label before a message. The zero byte ends the label, so no
// label and message read as another label with another message.
func labelled(label string, message []byte) []byte {
	out := make([]byte, 0, len(label)+1+len(message))
	out = append(out, label...)
	out = append(out, 0)
	return append(out, message...)
}
