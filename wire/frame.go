package wire

import (
	"bytes"
	"errors"
	"io"

	"github.com/fxamacker/cbor/v2"
)

// Kind says what a frame is: a request's operation, a reply, or a push.
type Kind uint8

// Requests, client to server.
const (
	OpHello        Kind = 1  // Hello -> Welcomed
	OpPing         Kind = 2  // Nothing -> Nothing
	OpSubscribe    Kind = 3  // Cursor -> Nothing; entries after the cursor follow as pushes
	OpSend         Kind = 4  // Send -> Appended
	OpHandshake    Kind = 5  // Handshake -> Appended
	OpCreate       Kind = 6  // Create -> Appended
	OpGroupInfo    Kind = 7  // ConversationRef -> GroupInfo
	OpPublishKeys  Kind = 8  // PublishKeys -> KeyCount
	OpClaimKeys    Kind = 9  // ClaimKeys -> ClaimedKeys
	OpLookup       Kind = 10 // Lookup -> Accounts
	OpInboxAck     Kind = 11 // InboxAck -> Nothing
	OpPutState     Kind = 12 // PutState -> Nothing; CodeConflict: fetch, merge, again
	OpGetState     Kind = 13 // Nothing -> State
	OpPutVault     Kind = 14 // PutVault -> Nothing
	OpDevices      Kind = 15 // Nothing -> Devices
	OpRemoveDevice Kind = 16 // RemoveDevice -> Nothing
	OpPutPage      Kind = 17 // PutPage -> Nothing; CodeConflict: fetch, merge, again
	OpPages        Kind = 18 // Pages -> PageList
	OpHistory      Kind = 19 // History -> Entries
	OpLeave        Kind = 20 // Leave -> Appended
	OpRenew        Kind = 21 // ConversationRef -> Nothing
	OpSignal       Kind = 22 // Signal -> Nothing
	OpReport       Kind = 23 // Report -> Nothing
	OpApproval     Kind = 24 // Approval -> Nothing
	OpAllow        Kind = 25 // Allow -> Nothing
	OpPageSums     Kind = 26 // PageSums -> PageSumList
	OpBringForward Kind = 27 // BringForward -> Nothing; CodeConflict: look again
)

// Replies and pushes, server to client.
const (
	ReplyOK      Kind = 64 // the body the operation promises
	ReplyFail    Kind = 65 // Error
	PushEntry    Kind = 66 // Entry
	PushInbox    Kind = 67 // InboxItem
	PushBye      Kind = 68 // Error: why the server closes this connection
	PushState    Kind = 69 // StateRef: another device of the account changed state or vault
	PushChain    Kind = 70 // ChainRef: the account's own sigchain grew
	PushRenew    Kind = 71 // ConversationRef: somebody cannot join by the group information there is
	PushSignal   Kind = 72 // Signalled: from a device that is connected now
	PushApproval Kind = 73 // ApprovalNews
	PushPage     Kind = 74 // PageRef: another device of the account wrote a draft
)

// Frame is one item of the CBOR sequence in a WebSocket message.
type Frame struct {
	_    struct{} `cbor:",toarray"`
	Kind Kind
	ID   uint64          // chosen by the requester, repeated in the reply; 0 in a push
	Body cbor.RawMessage // one CBOR item, decoded by kind
}

// Nothing is the empty body.
type Nothing struct{}

// EncodeFrame encodes a frame around body.
func EncodeFrame(kind Kind, id uint64, body any) ([]byte, error) {
	raw, err := Encode(body)
	if err != nil {
		return nil, err
	}
	return Encode(Frame{Kind: kind, ID: id, Body: raw})
}

// NextFrame splits the first frame off a CBOR sequence. The frame's body aliases b.
// It returns io.EOF when b is empty and a *Error when b does not begin with a well-formed frame.
func NextFrame(b []byte) (f Frame, rest []byte, err error) {
	if len(b) == 0 {
		return Frame{}, nil, io.EOF
	}
	var ok bool
	if f, rest, ok = canonicalFrame(b); !ok {
		if rest, err = decMode.UnmarshalFirst(b, &f); err != nil {
			return Frame{}, nil, Errorf(CodeBadRequest, "malformed frame")
		}
	}
	if len(b)-len(rest) > MaxFrame {
		return Frame{}, nil, tooLarge("frame", MaxFrame)
	}
	return f, rest, nil
}

// Frames decodes a whole WebSocket message.
func Frames(message []byte) ([]Frame, error) {
	var frames []Frame
	for {
		f, rest, err := NextFrame(message)
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return nil, err
		}
		frames, message = append(frames, f), rest
	}
}

// Join makes one WebSocket message of encoded frames.
func Join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }
