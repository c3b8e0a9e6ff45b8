package vault

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
)

// SlotKind says what opens a slot.
type SlotKind uint8

// The kinds of slot.
const (
	SlotPassword SlotKind = 1 // a password, through Derive
	SlotRecovery SlotKind = 2 // a recovery code, through RecoveryCode.Derive
	SlotDevice   SlotKind = 3 // a device, by a random secret of its own
)

// String returns the kind's name.
func (k SlotKind) String() string {
	switch k {
	case SlotPassword:
		return "password"
	case SlotRecovery:
		return "recovery"
	case SlotDevice:
		return "device"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

const (
	// MaxHeader is the longest header, in bytes, and maxSlots the most slots in it.
	MaxHeader = 256 << 10
	maxSlots  = 16

	headerVersion   = 1
	labelOpener     = "frond/vault/opener/v1"
	labelHeaderSlot = "frond/vault/header/v1"
	labelCommitment = "frond/vault/commitment/v1"
)

// Opener is the public half of what opens one slot. Whoever has the vault open keeps all of them and can
// seal a new epoch's key to each, without a password being typed again. Salt and cost say how the
// secret of a password is stretched.
type Opener struct {
	Kind   SlotKind `cbor:"1,keyasint"`
	ID     [16]byte `cbor:"2,keyasint"` // the device; zero for other kinds
	Params Params   `cbor:"3,keyasint"`
	Salt   []byte   `cbor:"4,keyasint"`
	Public []byte   `cbor:"5,keyasint"`
}

// NewOpener derives the opener of a secret: a password's or recovery code's Wrap, or a device's own 32
// random bytes (RFC 9180, DeriveKeyPair).
func NewOpener(kind SlotKind, id [16]byte, p Params, salt []byte, secret [32]byte) (Opener, error) {
	key, err := openerKey(kind, secret)
	if err != nil {
		return Opener{}, err
	}
	return Opener{kind, id, p, bytes.Clone(salt), key.PublicKey().Bytes()}, nil
}

func openerKey(kind SlotKind, secret [32]byte) (hpke.PrivateKey, error) {
	if kind < SlotPassword || kind > SlotApproval {
		return nil, fmt.Errorf("%w: unknown slot %v", ErrMalformed, kind)
	}
	ikm, err := hkdf.Key(sha256.New, secret[:], nil, labelOpener+"/"+kind.String(), 32)
	if err != nil {
		return nil, fmt.Errorf("vault: derive an opener: %w", err)
	}
	return hpke.MLKEM768X25519().DeriveKeyPair(ikm)
}

// Header holds the vault key of one epoch, sealed once in each slot. None of it is secret.
type Header struct {
	Version uint64       `cbor:"1,keyasint"`
	Epoch   uint64       `cbor:"2,keyasint"`
	Slots   []headerSlot `cbor:"3,keyasint"`
}

type headerSlot struct {
	Kind   SlotKind `cbor:"1,keyasint"`
	ID     [16]byte `cbor:"2,keyasint"`
	Params Params   `cbor:"3,keyasint"`
	Salt   []byte   `cbor:"4,keyasint"`
	Enc    []byte   `cbor:"5,keyasint"`
	Commit [32]byte `cbor:"6,keyasint"`
	Box    []byte   `cbor:"7,keyasint"`
}

// headerPlace is what a slot of a header is bound to.
type headerPlace struct {
	Label   string   `cbor:"1,keyasint"`
	Account [16]byte `cbor:"2,keyasint"`
	Epoch   uint64   `cbor:"3,keyasint"`
	Kind    SlotKind `cbor:"4,keyasint"`
	ID      [16]byte `cbor:"5,keyasint"`
	Params  Params   `cbor:"6,keyasint"`
	Salt    []byte   `cbor:"7,keyasint"`
}

func (s *headerSlot) place(account [16]byte, epoch uint64) []byte {
	return encode(headerPlace{labelHeaderSlot, account, epoch, s.Kind, s.ID, s.Params, s.Salt})
}

// SealHeader seals the vault key of an epoch to each opener. The bytes are for the server.
func SealHeader(account [16]byte, epoch uint64, vaultKey Key, openers []Opener) ([]byte, error) {
	if len(openers) == 0 || len(openers) > maxSlots {
		return nil, fmt.Errorf("%w: a header of %d slots", ErrLimit, len(openers))
	}
	h := Header{Version: headerVersion, Epoch: epoch}
	for _, o := range openers {
		s, err := o.seal(account, epoch, vaultKey)
		if err != nil {
			return nil, fmt.Errorf("vault: seal a %v slot: %w", o.Kind, err)
		}
		h.Slots = append(h.Slots, s)
	}
	return encode(h), nil
}

func (o Opener) seal(account [16]byte, epoch uint64, vaultKey Key) (headerSlot, error) {
	s := headerSlot{Kind: o.Kind, ID: o.ID, Params: o.Params, Salt: o.Salt}
	public, err := hpke.MLKEM768X25519().NewPublicKey(o.Public)
	if err != nil {
		return s, err
	}
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.AES256GCM(), s.place(account, epoch))
	if err != nil {
		return s, err
	}
	// AES-GCM does not commit to its key: without this, a server that makes up a slot could try many
	// passwords at one guess (Len, Grubbs, Ristenpart: "Partitioning Oracle Attacks", 2021).
	commitment, err := sender.Export(labelCommitment, 32)
	if err != nil {
		return s, err
	}
	s.Enc, s.Commit = enc, [32]byte(commitment)
	s.Box, err = sender.Seal(nil, vaultKey[:])
	return s, err
}

// ParseHeader reads a header. It fails with ErrMalformed or ErrLimit.
func ParseHeader(b []byte) (Header, error) {
	var h Header
	if err := decode(b, MaxHeader, &h); err != nil {
		return Header{}, fmt.Errorf("header: %w", err)
	}
	if h.Version != headerVersion || len(h.Slots) == 0 {
		return Header{}, fmt.Errorf("header: %w: version %d with %d slots", ErrMalformed, h.Version, len(h.Slots))
	}
	return h, nil
}

// Has reports whether the header has a slot of the kind.
func (h Header) Has(kind SlotKind) bool {
	for _, s := range h.Slots {
		if s.Kind == kind {
			return true
		}
	}
	return false
}

// Open returns the vault key from the slot of this kind and id. It fails with ErrOpen when there is none, or
// when the secret, or anything about slot and account, is not what it was sealed for.
func (h Header) Open(account [16]byte, kind SlotKind, id [16]byte, secret [32]byte) (Key, error) {
	private, err := openerKey(kind, secret)
	if err != nil {
		return Key{}, err
	}
	for i := range h.Slots {
		if s := &h.Slots[i]; s.Kind == kind && s.ID == id {
			return s.open(account, h.Epoch, private)
		}
	}
	return Key{}, ErrOpen
}

func (s *headerSlot) open(account [16]byte, epoch uint64, private hpke.PrivateKey) (Key, error) {
	r, err := hpke.NewRecipient(s.Enc, private, hpke.HKDFSHA256(), hpke.AES256GCM(), s.place(account, epoch))
	if err != nil {
		return Key{}, ErrOpen
	}
	commitment, err := r.Export(labelCommitment, 32)
	if err != nil || subtle.ConstantTimeCompare(commitment, s.Commit[:]) != 1 {
		return Key{}, ErrOpen
	}
	key, err := r.Open(nil, s.Box)
	if err != nil || len(key) != len(Key{}) {
		return Key{}, ErrOpen
	}
	return Key(key), nil
}
