package wire

// MaxLeave is how many leaves of the group one account may take out by leaving: its devices, and some
// that were removed from it a moment ago.
const MaxLeave = 2 * MaxDevices

// Leave takes an account out of a group. Frames are MLS proposals to remove its leaves, which the others
// carry out. They become one entry of the log, a handshake, and with it the server ends the windows of all
// of the account's devices. Like a Handshake it must follow the conversation's last one.
type Leave struct {
	Conversation ID       `cbor:"1,keyasint"`
	Message      ID       `cbor:"2,keyasint"` // makes a retry harmless
	Previous     uint64   `cbor:"3,keyasint"`
	Frames       [][]byte `cbor:"4,keyasint"`
}

// Check checks sizes and counts.
func (l *Leave) Check() error {
	if len(l.Frames) == 0 || len(l.Frames) > MaxLeave {
		return tooLarge("proposals", MaxLeave)
	}
	for _, f := range l.Frames {
		if len(f) == 0 || len(f) > MaxText {
			return tooLarge("proposal", MaxText)
		}
	}
	return nil
}

// Frame is the frame of the entry: a CBOR array of the proposals.
func (l *Leave) Frame() []byte {
	b, err := Encode(l.Frames)
	if err != nil {
		panic(err) // unreachable: byte strings can be encoded
	}
	return b
}

// ParseLeave tells the frame of a leave from that of a commit, which begins with the version of MLS, and
// returns its proposals.
func ParseLeave(frame []byte) (proposals [][]byte, ok bool) {
	if len(frame) == 0 || frame[0] < majorArray || frame[0] >= majorMap {
		return nil, false
	}
	if err := Decode(frame, &proposals); err != nil {
		return nil, false
	}
	l := Leave{Frames: proposals}
	return proposals, l.Check() == nil
}
