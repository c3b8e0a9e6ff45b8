package signal

import (
	"crypto/hpke"

	"frond/identity"
	"frond/wire"
)

// MaxWanted is how many keys one request may ask for.
const MaxWanted = 16

const labelAnswer = "frond/key-answer/v1"

// Wanted is a message whose key a device lacks.
type Wanted struct {
	Seq        uint64    `cbor:"1,keyasint"`
	Message    wire.ID   `cbor:"2,keyasint"`
	Commitment wire.Hash `cbor:"3,keyasint"` // as the log shows it
}

// Request asks for keys of messages. Public is a key of its own, to which the answer is sealed.
type Request struct {
	ID        wire.ID  `cbor:"1,keyasint"`
	Place     Place    `cbor:"2,keyasint"` // of who asks
	Public    []byte   `cbor:"3,keyasint"`
	Wanted    []Wanted `cbor:"4,keyasint"`
	Signature []byte   `cbor:"5,keyasint"` // by the device that asks, over the request without it
}

// Given is the key of a message.
type Given struct {
	Seq uint64    `cbor:"1,keyasint"`
	Key wire.Hash `cbor:"2,keyasint"`
}

// Answer holds what was asked for, sealed to a request.
type Answer struct {
	ID  wire.ID `cbor:"1,keyasint"` // of the request
	Enc []byte  `cbor:"2,keyasint"`
	Box []byte  `cbor:"3,keyasint"`
}

// Asked is a request with the secret that opens its answers.
type Asked struct {
	Request
	private hpke.PrivateKey
}

// NewRequest makes a signed request. The seed is 32 random bytes, for this request alone.
func NewRequest(id wire.ID, seed [32]byte, device identity.DeviceKey, p Place, wanted []Wanted) (*Asked, error) {
	private, err := hpke.MLKEM768X25519().DeriveKeyPair(seed[:])
	if err != nil {
		return nil, err
	}
	a := &Asked{Request{ID: id, Place: p, Public: private.PublicKey().Bytes(), Wanted: wanted}, private}
	bare, err := wire.Encode(a.Request)
	if err != nil {
		return nil, err
	}
	a.Signature, err = identity.SignKeyRequest(device, bare)
	return a, err
}

// ParseRequest reads a request and checks its limits. Whose it is Verify tells.
func ParseRequest(b []byte) (*Request, error) {
	r := new(Request)
	if err := wire.Decode(b, r); err != nil || len(r.Wanted) == 0 || len(r.Wanted) > MaxWanted {
		return nil, ErrMalformed
	}
	return r, nil
}

// Verify checks that a device signed the request for this place.
func (r *Request) Verify(p Place, deviceKey [32]byte) error {
	bare := *r
	bare.Signature = nil
	b, err := wire.Encode(bare)
	if err != nil || r.Place != p {
		return ErrMalformed
	}
	return identity.VerifyKeyRequest(deviceKey, b, r.Signature)
}

// bind is what an answer is bound to: the request as a whole.
func (r *Request) bind() []byte {
	b, _ := wire.Encode(r) // what was decoded can be encoded
	return append([]byte(labelAnswer), b...)
}

// NewAnswer seals keys to a request.
func NewAnswer(r *Request, given []Given) (*Answer, error) {
	plain, err := wire.Encode(given)
	if err != nil {
		return nil, err
	}
	return sealTo(r.Public, r.ID, r.bind(), plain)
}

// Open opens an answer. The keys are for the caller to verify: each opens its message or does not.
func (a *Asked) Open(answer *Answer) ([]Given, error) {
	plain, err := answer.open(a.private, a.bind())
	if err != nil {
		return nil, err
	}
	var given []Given
	if err := wire.Decode(plain, &given); err != nil || len(given) > MaxWanted {
		return nil, ErrMalformed
	}
	return given, nil
}

// sealTo seals what answers a request to the request's public key (RFC 9180, base mode).
func sealTo(public []byte, id wire.ID, info, plain []byte) (*Answer, error) {
	key, err := hpke.MLKEM768X25519().NewPublicKey(public)
	if err != nil {
		return nil, ErrMalformed
	}
	enc, sender, err := hpke.NewSender(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, err
	}
	box, err := sender.Seal(nil, plain)
	return &Answer{ID: id, Enc: enc, Box: box}, err
}

func (a *Answer) open(private hpke.PrivateKey, info []byte) ([]byte, error) {
	recipient, err := hpke.NewRecipient(a.Enc, private, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, ErrOpen
	}
	plain, err := recipient.Open(nil, a.Box)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
