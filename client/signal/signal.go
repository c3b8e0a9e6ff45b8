// Package signal seals what devices of a conversation say to each other past the log: requests for message
// keys and for the join key, and their answers. The server passes signals on to who is connected and keeps none.
//
//	body, err := signal.Seal(rand, key, epoch, place, kind, message)   // key: MLS exporter, Label
//	kind, message, err := signal.Open(key, place, body)                // at every member
//
// A signal shows that its author is in the conversation's epoch, not who of the members it is: what matters
// is signed besides. Request and Answer are the two messages in there:
//
//	request, private, err := signal.NewRequest(seed, device, place, wanted)  // signed by the device
//	answer, err := signal.NewAnswer(request, given)                          // sealed to the request (RFC 9180)
//	given, err := private.Open(answer)
//
// JoinRequest and its answer are for a device that has no group of the conversation: their bodies are made by
// Outside. Who is entitled to a key is for the answering client to judge.
package signal

import (
	"encoding/binary"
	"errors"
	"io"

	"golang.org/x/crypto/chacha20poly1305"

	"frond/wire"
)

// Label is the MLS exporter's label for the key of an epoch's signals (RFC 9420 §8.5), which has 32 bytes.
const Label = "frond/signal/v1"

const (
	version  = 1
	headSize = 1 + 8 + chacha20poly1305.NonceSizeX
)

// Kind says what a signal's message is.
type Kind uint8

// The kinds of signal.
const (
	KeyRequest     Kind = 1
	KeyAnswer      Kind = 2
	JoinKeyRequest Kind = 3 // from outside the group
	JoinKeyAnswer  Kind = 4 // to outside
)

var (
	// ErrMalformed says that bytes are not what they should be.
	ErrMalformed = errors.New("signal: malformed")
	// ErrOpen says that a signal or an answer does not open.
	ErrOpen = errors.New("signal: does not open")
)

// Place is the conversation a signal is for, and whom it comes from.
type Place struct {
	Conversation wire.ID `cbor:"1,keyasint"`
	Account      wire.ID `cbor:"2,keyasint"`
	Device       wire.ID `cbor:"3,keyasint"`
}

// bind is what a signal's box is bound to: its place and its own beginning.
func (p Place) bind(head []byte) []byte {
	out := append([]byte(Label), p.Conversation[:]...)
	out = append(append(out, p.Account[:]...), p.Device[:]...)
	return append(out, head...)
}

// Seal seals a message under the key of an epoch.
func Seal(rand io.Reader, key [32]byte, epoch uint64, p Place, kind Kind, message []byte) ([]byte, error) {
	head := make([]byte, headSize, headSize+1+len(message)+chacha20poly1305.Overhead)
	head[0] = version
	binary.BigEndian.PutUint64(head[1:], epoch)
	if _, err := io.ReadFull(rand, head[9:]); err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, err
	}
	return aead.Seal(head, head[9:headSize], append([]byte{byte(kind)}, message...), p.bind(head[:9])), nil
}

// Epoch reads the epoch under whose key a signal claims to be sealed.
func Epoch(body []byte) (uint64, error) {
	if len(body) < headSize+1+chacha20poly1305.Overhead || body[0] != version {
		return 0, ErrMalformed
	}
	return binary.BigEndian.Uint64(body[1:]), nil
}

// Open opens a signal.
func Open(key [32]byte, p Place, body []byte) (Kind, []byte, error) {
	if _, err := Epoch(body); err != nil {
		return 0, nil, err
	}
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return 0, nil, err
	}
	plain, err := aead.Open(nil, body[9:headSize], body[headSize:], p.bind(body[:9]))
	if err != nil || len(plain) == 0 {
		return 0, nil, ErrOpen
	}
	return Kind(plain[0]), plain[1:], nil
}
