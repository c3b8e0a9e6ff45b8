package signal

import (
	"crypto/hpke"

	"frond/identity"
	"frond/wire"
)

// What a device asks and is told that has no group of the conversation, so that nothing can be sealed for it under the key
// of an epoch: bodies of another version, signed by who says them. The answer is sealed to the request.

const (
	versionOutside  = 2
	labelJoinAnswer = "frond/join-key-answer/v1"
)

// Outside makes the body of a signal from or for a device outside the group.
func Outside(kind Kind, message any) ([]byte, error) {
	b, err := wire.Encode(message)
	return append([]byte{versionOutside, byte(kind)}, b...), err
}

// ParseOutside reads the body of such a signal, whose message shows nothing by itself.
func ParseOutside(body []byte) (kind Kind, message []byte, ok bool) {
	if len(body) < 2 || body[0] != versionOutside {
		return 0, nil, false
	}
	return Kind(body[1]), body[2:], true
}

// JoinRequest asks for the join key in force. Public is a key of its own, to which the answer is sealed.
type JoinRequest struct {
	ID        wire.ID `cbor:"1,keyasint"`
	Place     Place   `cbor:"2,keyasint"` // of who asks
	Public    []byte  `cbor:"3,keyasint"`
	Signature []byte  `cbor:"4,keyasint"` // by the device that asks, over the request without it
}

// JoinAsked is a request with the secret that opens its answers.
type JoinAsked struct {
	JoinRequest
	private hpke.PrivateKey
}

// JoinKey is what an answer holds: the key, and the word of the device that gives it.
type JoinKey struct {
	Key       wire.Hash `cbor:"1,keyasint"`
	Signature []byte    `cbor:"2,keyasint"`
}

// vouched is what a device signs that gives a join key: to whom, as an answer to what, and from where.
type vouched struct {
	_       struct{} `cbor:",toarray"`
	Request JoinRequest
	From    Place
	Key     wire.Hash
}

// NewJoinRequest makes a signed request. The seed is 32 random bytes, for this request alone.
func NewJoinRequest(id wire.ID, seed [32]byte, device identity.DeviceKey, p Place) (*JoinAsked, error) {
	private, err := hpke.MLKEM768X25519().DeriveKeyPair(seed[:])
	if err != nil {
		return nil, err
	}
	a := &JoinAsked{JoinRequest{ID: id, Place: p, Public: private.PublicKey().Bytes()}, private}
	bare, err := wire.Encode(a.JoinRequest)
	if err != nil {
		return nil, err
	}
	a.Signature, err = identity.SignJoinRequest(device, bare)
	return a, err
}

// Verify checks that a device signed the request for this place.
func (r *JoinRequest) Verify(p Place, deviceKey [32]byte) error {
	bare := *r
	bare.Signature = nil
	b, err := wire.Encode(bare)
	if err != nil || r.Place != p {
		return ErrMalformed
	}
	return identity.VerifyJoinRequest(deviceKey, b, r.Signature)
}

// NewJoinAnswer signs a join key as a device of the conversation and seals it to a request.
func NewJoinAnswer(r *JoinRequest, device identity.DeviceKey, from Place, key wire.Hash) (*Answer, error) {
	word, err := wire.Encode(vouched{Request: *r, From: from, Key: key})
	if err != nil {
		return nil, err
	}
	signature, err := identity.SignJoinAnswer(device, word)
	if err != nil {
		return nil, err
	}
	plain, err := wire.Encode(JoinKey{key, signature})
	if err != nil {
		return nil, err
	}
	return sealTo(r.Public, r.ID, r.bind(), plain)
}

func (r *JoinRequest) bind() []byte {
	b, _ := wire.Encode(r) // what was decoded can be encoded
	return append([]byte(labelJoinAnswer), b...)
}

// Open opens an answer. Who gave it Verify tells.
func (a *JoinAsked) Open(answer *Answer) (k JoinKey, err error) {
	plain, err := answer.open(a.private, a.bind())
	if err == nil && wire.Decode(plain, &k) != nil {
		err = ErrMalformed
	}
	return k, err
}

// Verify checks that a device of the conversation gave the key in answer to this request.
func (k *JoinKey) Verify(r *JoinRequest, from Place, deviceKey [32]byte) error {
	word, err := wire.Encode(vouched{Request: *r, From: from, Key: k.Key})
	if err != nil {
		return ErrMalformed
	}
	return identity.VerifyJoinAnswer(deviceKey, word, k.Signature)
}
