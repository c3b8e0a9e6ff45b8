package wire

// HTTP paths. Bodies are one CBOR item with content type ContentType, both ways; an answer other
// than 200 carries an Error.
const (
	PathServer  = "/api/v1/server"   // GET  -> ServerInfo
	PathKDF     = "/api/v1/kdf"      // POST KDFRequest -> KDF
	PathSignUp  = "/api/v1/sign-up"  // POST SignUp -> Session, sets the session cookie
	PathSignIn  = "/api/v1/sign-in"  // POST SignIn -> Session, sets the session cookie
	PathRecover = "/api/v1/recover"  // POST Recover -> Session, sets the session cookie
	PathResume  = "/api/v1/resume"   // POST Resume -> Nothing: the session is that of a device that the account has
	PathDevice  = "/api/v1/device"   // POST AddDevice -> Nothing: the session's account gets one more device
	PathSums    = "/api/v1/sums"     // POST PageSums -> PageSumList, as OpPageSums answers: for who comes in place of a device
	PathSignOut = "/api/v1/sign-out" // POST Nothing -> Nothing, revokes the session
	PathSocket  = "/api/v1/socket"   // WebSocket
	ContentType = "application/cbor"
)

// Registration modes.
const (
	RegistrationOpen   = "open"
	RegistrationInvite = "invite"
	RegistrationClosed = "closed"
)

// ServerInfo is what a client may know before anybody signed in.
type ServerInfo struct {
	Version      uint64 `cbor:"1,keyasint"` // of the protocol
	Release      string `cbor:"2,keyasint"` // of the program
	Registration string `cbor:"3,keyasint"`
}

// KDF is how a password is stretched in the client (Argon2id, RFC 9106). The client refuses
// parameters below its own floor, whatever the server says.
type KDF struct {
	Memory  uint32 `cbor:"1,keyasint"` // KiB
	Time    uint32 `cbor:"2,keyasint"`
	Threads uint8  `cbor:"3,keyasint"`
	Salt    []byte `cbor:"4,keyasint"` // 16 bytes
}

// SaltSize is the length of a KDF salt in bytes.
const SaltSize = 16

// Check checks the salt's length; the client judges the cost.
func (k *KDF) Check() error {
	if len(k.Salt) != SaltSize {
		return Errorf(CodeBadRequest, "a salt has %d bytes", SaltSize)
	}
	return nil
}

// KDFRequest asks how the password of a user name is stretched. An unknown name gets an answer too,
// always the same one, so that nobody learns which names exist.
type KDFRequest struct {
	Name string `cbor:"1,keyasint"`
}

// SignUp creates an account and its first device.
type SignUp struct {
	Name    string   `cbor:"1,keyasint"`
	Account ID       `cbor:"2,keyasint"` // first 16 bytes of a hash over the chain's first event
	Device  ID       `cbor:"3,keyasint"`
	Auth    Hash     `cbor:"4,keyasint"` // authentication half of the stretched password
	KDF     KDF      `cbor:"5,keyasint"`
	Chain   [][]byte `cbor:"6,keyasint"` // sigchain events: account created, device added
	Header  []byte   `cbor:"7,keyasint"` // vault header: the vault key, sealed in each slot
	State   []byte   `cbor:"8,keyasint"` // account state, sealed under the vault key, revision 1
	Invite  string   `cbor:"9,keyasint,omitempty"`

	Recovery *Hash `cbor:"10,keyasint,omitempty"` // authentication half of a recovery code
}

// Check checks sizes and counts.
func (s *SignUp) Check() error {
	if s.Account.IsZero() || s.Device.IsZero() {
		return Errorf(CodeBadRequest, "a sign-up names its account and its device")
	}
	if len(s.Invite) > 64 {
		return tooLarge("invite", 64)
	}
	if err := s.KDF.Check(); err != nil {
		return err
	}
	if len(s.Chain) != 2 {
		return Errorf(CodeBadRequest, "a new sigchain has two events")
	}
	return firstErr(checkEvents(s.Chain), checkSealed(s.Header, MaxHeader, "vault header"), checkSealed(s.State, MaxState, "state"))
}

// SignIn opens a session, which is no device's yet: a client that is a device of the account goes on by Resume, one without
// keys unlocks a slot of the vault and posts AddDevice.
type SignIn struct {
	Name string `cbor:"1,keyasint"`
	Auth Hash   `cbor:"2,keyasint"`
}

// Resume makes a session that has no device that of a device which the account's sigchain lists: what the device
// signs is the session's challenge. The same request again is answered the same. It fails with CodeForbidden when the device
// is not listed, the signature is not its, or the session is another device's.
type Resume struct {
	Device    ID     `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"` // over Signed, under identity's label for it
}

// Check checks sizes.
func (r *Resume) Check() error {
	if r.Device.IsZero() || len(r.Signature) == 0 || len(r.Signature) > 128 {
		return Errorf(CodeBadRequest, "a device goes on by its signature")
	}
	return nil
}

// Signed is what a device signs to go on in a session.
func (r *Resume) Signed(account ID, challenge Hash) []byte {
	b, err := Encode(struct {
		_               struct{} `cbor:",toarray"`
		Account, Device ID
		Challenge       Hash
	}{Account: account, Device: r.Device, Challenge: challenge})
	if err != nil {
		panic(err) // unreachable: no field can fail
	}
	return b
}

// Recover opens a session by the recovery code instead of the password. The code's salt is fixed by
// the user name, so nothing is asked before. Unknown names, accounts without a code and wrong codes get one answer.
type Recover struct {
	Name string `cbor:"1,keyasint"`
	Auth Hash   `cbor:"2,keyasint"` // authentication half of the recovery code
}

// Session tells a client who it is and hands out what its password unlocks.
type Session struct {
	Account  ID       `cbor:"1,keyasint"`
	Name     string   `cbor:"2,keyasint"`
	Device   *ID      `cbor:"3,keyasint,omitempty"` // nil: AddDevice comes next
	Chain    [][]byte `cbor:"4,keyasint"`
	Header   []byte   `cbor:"5,keyasint"`
	State    []byte   `cbor:"6,keyasint"`
	Revision uint64   `cbor:"7,keyasint"`
	Epoch    uint64   `cbor:"8,keyasint"` // of the vault
	Recovery bool     `cbor:"9,keyasint"` // a recovery code is active

	Challenge *Hash `cbor:"10,keyasint,omitempty"` // by which a device that is listed already goes on (Resume)
}

// AddDevice appends the event that lists a new device to the account's sigchain and binds the session to it,
// beside the account's others: at most MaxDevices are active at once. CodeForbidden says that the session is
// a device's already, unless it became this one by this request. With Replace the device comes in the place of
// another: the events remove that one and replace the root before they list this one.
type AddDevice struct {
	Device  ID       `cbor:"1,keyasint"`
	Index   uint64   `cbor:"2,keyasint"` // index of the first event: compare-and-swap on the chain's length
	Events  [][]byte `cbor:"3,keyasint"`
	Replace *Replace `cbor:"4,keyasint,omitempty"`
}

// Replace names the device that goes when another comes in its place, with the vault epoch that goes with any removal.
type Replace struct {
	Device ID        `cbor:"1,keyasint"`
	Vault  *PutVault `cbor:"2,keyasint"`
}

func (r *Replace) check(by ID) error {
	if r.Device.IsZero() || r.Device == by {
		return Errorf(CodeBadRequest, "a new device comes in the place of another")
	}
	return checkRemovalVault(r.Vault)
}

// Check checks sizes and counts.
func (a *AddDevice) Check() error {
	if a.Device.IsZero() || a.Index == 0 {
		return Errorf(CodeBadRequest, "a new device has an id and extends a sigchain")
	}
	if len(a.Events) == 0 || len(a.Events) > 4 {
		return Errorf(CodeBadRequest, "one to four events")
	}
	if a.Replace != nil {
		if err := a.Replace.check(a.Device); err != nil {
			return err
		}
	}
	return checkEvents(a.Events)
}

// Lookup asks for accounts by user name, by id, or both. Unknown ones are left out of the answer, and those
// whose sigchain is as long as Known says.
type Lookup struct {
	Names    []string `cbor:"1,keyasint,omitempty"`
	Accounts []ID     `cbor:"2,keyasint,omitempty"`
	Known    []uint64 `cbor:"3,keyasint,omitempty"` // lengths of the sigchains of Accounts, in their order
}

// Check checks counts.
func (l *Lookup) Check() error {
	if n := len(l.Names) + len(l.Accounts); n == 0 || n > MaxLookup {
		return tooLarge("accounts looked up", MaxLookup)
	}
	if len(l.Known) > 0 && len(l.Known) != len(l.Accounts) {
		return Errorf(CodeBadRequest, "a length for each account")
	}
	for _, n := range l.Names {
		if len(n) > MaxUserName {
			return tooLarge("user name", MaxUserName)
		}
	}
	return nil
}

// Account is what the server says of an account; the sigchain proves it.
type Account struct {
	ID    ID       `cbor:"1,keyasint"`
	Name  string   `cbor:"2,keyasint"`
	Chain [][]byte `cbor:"3,keyasint"`
}

// Accounts answers a Lookup.
type Accounts struct {
	Accounts []Account `cbor:"1,keyasint"`
}

func checkEvents(events [][]byte) error {
	for _, e := range events {
		if len(e) == 0 || len(e) > MaxChainEvent {
			return tooLarge("sigchain event", MaxChainEvent)
		}
	}
	return nil
}

func checkSealed(b []byte, limit int, what string) error {
	if len(b) == 0 {
		return Errorf(CodeBadRequest, "%s is missing", what)
	}
	if len(b) > limit {
		return tooLarge(what, limit)
	}
	return nil
}

func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
