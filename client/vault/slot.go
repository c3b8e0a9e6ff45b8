package vault

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// MaxSlotSize is the longest encoded slot, in bytes.
const MaxSlotSize = 512

// slotVersion is the version of the slot format that this package writes.
const slotVersion = 1

// SlotKind says what opens a slot.
type SlotKind uint8

// The kinds of slot.
const (
	SlotPassword SlotKind = 1 // a password, through Derive
	SlotRecovery SlotKind = 2 // a recovery code, through RecoveryCode.Derive
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
	case SlotApproval:
		return "approval"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// The parts of a box: a commitment to the key, then the sealed vault key.
const (
	commitSize = 32
	boxSize    = commitSize + len(Key{}) + chacha20poly1305.Overhead
)

// Slot is the vault key sealed under one wrapping key. None of it is secret.
// Params is zero for a kind that is not stretched with Argon2id.
type Slot struct {
	Kind   SlotKind
	Epoch  uint64
	Params Params
	Salt   []byte
	Nonce  [chacha20poly1305.NonceSizeX]byte
	Box    []byte
}

// slotRecord is a slot as it is stored.
type slotRecord struct {
	Version uint64                            `cbor:"1,keyasint"`
	Kind    uint8                             `cbor:"2,keyasint"`
	Epoch   uint64                            `cbor:"3,keyasint"`
	Memory  uint32                            `cbor:"4,keyasint"`
	Time    uint32                            `cbor:"5,keyasint"`
	Threads uint8                             `cbor:"6,keyasint"`
	Salt    []byte                            `cbor:"7,keyasint"`
	Nonce   [chacha20poly1305.NonceSizeX]byte `cbor:"8,keyasint"`
	Box     []byte                            `cbor:"9,keyasint"`
}

// slotPlace is what a slot's box is bound to.
type slotPlace struct {
	Label   string   `cbor:"1,keyasint"`
	Account [16]byte `cbor:"2,keyasint"`
	Epoch   uint64   `cbor:"3,keyasint"`
	Kind    uint8    `cbor:"4,keyasint"`
	Memory  uint32   `cbor:"5,keyasint"`
	Time    uint32   `cbor:"6,keyasint"`
	Threads uint8    `cbor:"7,keyasint"`
	Salt    []byte   `cbor:"8,keyasint"`
}

// NewSlot seals the vault key under wrap, which the caller derived from salt at
// the cost p. A recovery slot has no cost: p is the zero Params. It fails with
// ErrWeakParams, ErrCostlyParams, ErrSalt, ErrMalformed for an unknown kind, or rand's error.
func NewSlot(rand io.Reader, kind SlotKind, account [16]byte, epoch uint64, p Params, salt []byte, wrap [32]byte, vaultKey Key) (Slot, error) {
	s := Slot{Kind: kind, Epoch: epoch, Params: p, Salt: append([]byte(nil), salt...)}
	if err := s.checkHeader(); err != nil {
		return Slot{}, err
	}
	if _, err := io.ReadFull(rand, s.Nonce[:]); err != nil {
		return Slot{}, fmt.Errorf("vault: read a nonce: %w", err)
	}
	place := s.place(account)
	commitment, key, err := s.keys(wrap, place)
	if err != nil {
		return Slot{}, err
	}
	s.Box = seal(key, s.Nonce, commitment, vaultKey[:], place)
	return s, nil
}

// Open returns the vault key. It fails with ErrOpen when wrap is not the key
// the slot was sealed under, or anything about the slot or account differs.
func (s Slot) Open(account [16]byte, wrap [32]byte) (Key, error) {
	if err := s.check(); err != nil {
		return Key{}, err
	}
	place := s.place(account)
	commitment, key, err := s.keys(wrap, place)
	if err != nil {
		return Key{}, err
	}
	if subtle.ConstantTimeCompare(commitment, s.Box[:commitSize]) != 1 {
		return Key{}, ErrOpen
	}
	plaintext, err := open(key, s.Nonce, s.Box[commitSize:], place)
	if err != nil {
		return Key{}, err
	}
	return Key(plaintext), nil
}

// Marshal returns the one encoding of the slot.
func (s Slot) Marshal() []byte {
	return encode(slotRecord{
		slotVersion, uint8(s.Kind), s.Epoch, s.Params.Memory, s.Params.Time, s.Params.Threads, s.Salt, s.Nonce, s.Box,
	})
}

// ParseSlot reads a slot. It fails with ErrMalformed, ErrLimit, ErrSalt, and
// with ErrWeakParams or ErrCostlyParams for a cost that Derive would refuse.
func ParseSlot(b []byte) (Slot, error) {
	var r slotRecord
	if err := decode(b, MaxSlotSize, &r); err != nil {
		return Slot{}, fmt.Errorf("slot: %w", err)
	}
	if r.Version != slotVersion {
		return Slot{}, fmt.Errorf("slot: %w: version %d", ErrMalformed, r.Version)
	}
	s := Slot{SlotKind(r.Kind), r.Epoch, Params{r.Memory, r.Time, r.Threads}, r.Salt, r.Nonce, r.Box}
	if err := s.check(); err != nil {
		return Slot{}, fmt.Errorf("slot: %w", err)
	}
	return s, nil
}

func (s Slot) check() error {
	if len(s.Box) != boxSize {
		return fmt.Errorf("%w: box of %d bytes", ErrMalformed, len(s.Box))
	}
	return s.checkHeader()
}

func (s Slot) checkHeader() error {
	if err := checkSalt(s.Salt); err != nil {
		return err
	}
	switch s.Kind {
	case SlotPassword:
		return s.Params.Check()
	case SlotRecovery:
		if s.Params != (Params{}) {
			return fmt.Errorf("%w: a recovery slot has no cost", ErrMalformed)
		}
		return nil
	}
	return fmt.Errorf("%w: unknown slot %v", ErrMalformed, s.Kind)
}

func (s Slot) place(account [16]byte) []byte {
	return encode(slotPlace{
		labelSlot, account, s.Epoch, uint8(s.Kind), s.Params.Memory, s.Params.Time, s.Params.Threads, s.Salt,
	})
}

// keys derives the box's own key and the commitment to it. The AEAD alone does
// not commit: its maker can build a box that opens under many keys, and so try
// many passwords at one guess (Len, Grubbs, Ristenpart: "Partitioning Oracle
// Attacks", 2021).
func (s Slot) keys(wrap [32]byte, place []byte) (commitment, key []byte, err error) {
	out, err := hkdf.Key(sha256.New, wrap[:], s.Nonce[:], string(place), commitSize+chacha20poly1305.KeySize)
	if err != nil {
		return nil, nil, fmt.Errorf("vault: derive a slot's key: %w", err)
	}
	return out[:commitSize:commitSize], out[commitSize:], nil
}
