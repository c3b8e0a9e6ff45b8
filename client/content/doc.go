// Package content makes and opens what a message says.
//
// A message is sealed once, as a Fernet token under a fresh key, and the key
// travels separately to the devices of the conversation. The sender's side:
//
//	sealed, err := content.Seal(rand, now, deviceKey, content.Content{...})
//	// sealed.Token and sealed.Commitment go into the log,
//	// sealed.Secret into an MLS application message whose authenticated data is the commitment
//
// and the receiver's:
//
//	opened, err := content.Open(content.Received{...}, senderDeviceKey)
//
// From the inside out a token holds
//
//	content    one CBOR item: who says what, where, as which of the device's messages
//	signed     content and the device's signature over it
//	padded     length, signed, zeros up to the next PADMÉ size
//	token      Fernet over padded
//
// and the commitment C = SHA-256("frond/commit/v1" ‖ key ‖ SHA-256(raw token)) ties key and token
// together: Fernet alone does not commit to its key, so without C a sender could show two people
// two texts in one message.
//
// What the package promises:
//
//   - Open accepts exactly what Seal makes; everything else is refused with one of the errors
//     below, each of which names what was wrong.
//   - The length of a token tells little: PADMÉ sizes leak O(log log n) bits
//     (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
//     PURBs", 2019) and cost at most 12 per cent.
package content

import "errors"

// The ways in which a message can fail to open.
var (
	ErrSecret     = errors.New("content: the key message is malformed")
	ErrTokenHash  = errors.New("content: the token is not the one the sender named")
	ErrCommitment = errors.New("content: key and token do not match the commitment")
	ErrToken      = errors.New("content: the token does not open")
	ErrMalformed  = errors.New("content: malformed")
	ErrSignature  = errors.New("content: the device's signature does not verify")
	ErrVersion    = errors.New("content: made by a newer version")
	ErrTooLarge   = errors.New("content: too large")
)
