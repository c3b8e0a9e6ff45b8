package wire

// Paths by which somebody who lost every device, and password or recovery code, begins anew.
const (
	PathReset       = "/api/v1/reset"        // POST Reset -> Session, sets the session cookie
	PathResetBegin  = "/api/v1/reset/begin"  // POST ResetBegin -> ResetBase
	PathResetCancel = "/api/v1/reset/cancel" // POST Nothing -> Nothing: the session's account takes no reset
)

// ResetBegin shows the token that whoever runs the server handed out, and asks what to build on. A wrong
// name, an unknown, used or expired token get one answer, CodeForbidden; CodeHeld says that the token is
// good and that Error.RetryAfter must pass, because the account may still have an owner.
type ResetBegin struct {
	Name  string `cbor:"1,keyasint"`
	Token Hash   `cbor:"2,keyasint"`
}

// ResetBase is what a reset follows.
type ResetBase struct {
	Account  ID       `cbor:"1,keyasint"`
	Chain    [][]byte `cbor:"2,keyasint"`
	Epoch    uint64   `cbor:"3,keyasint"` // of the vault
	Revision uint64   `cbor:"4,keyasint"` // of the account state
	Now      uint64   `cbor:"5,keyasint"` // milliseconds since 1970
}

// Reset begins an account anew, under a root of its own: the old devices are out at once, and what the
// server stored of password, recovery code, vault and message keys is replaced or dropped. It is a
// compare-and-swap on the chain's length, the vault's epoch and the state's revision.
type Reset struct {
	Name     string   `cbor:"1,keyasint"`
	Token    Hash     `cbor:"2,keyasint"`
	Device   ID       `cbor:"3,keyasint"`
	Index    uint64   `cbor:"4,keyasint"` // of the first event
	Events   [][]byte `cbor:"5,keyasint"` // sigchain events: account reset, device added
	Auth     Hash     `cbor:"6,keyasint"`
	KDF      KDF      `cbor:"7,keyasint"`
	Epoch    uint64   `cbor:"8,keyasint"` // the stored epoch plus one
	Header   []byte   `cbor:"9,keyasint"`
	Revision uint64   `cbor:"10,keyasint"` // the stored revision plus one
	State    []byte   `cbor:"11,keyasint"`
}

// Check checks sizes and counts.
func (r *Reset) Check() error {
	if r.Device.IsZero() || r.Index == 0 || r.Epoch < 2 || r.Revision < 2 {
		return Errorf(CodeBadRequest, "a reset names a device and follows what is stored")
	}
	if len(r.Events) != 2 {
		return Errorf(CodeBadRequest, "a reset has two events")
	}
	if err := r.KDF.Check(); err != nil {
		return err
	}
	return firstErr(checkEvents(r.Events), checkSealed(r.Header, MaxHeader, "vault header"), checkSealed(r.State, MaxState, "state"))
}
