package vault

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
)

// SlotApproval is the kind of slot that one device seals for another that asks to be let in.
const SlotApproval SlotKind = 4

const (
	// MaxApproval is the longest answer to a request, in bytes, and MaxApprovalKey the longest public key in one.
	MaxApproval    = 2 << 10
	MaxApprovalKey = 1216 // X25519+ML-KEM-768, exactly

	labelCommit = "frond/approval/commit/v1"
	labelDigits = "frond/approval/digits/v1"
	labelCode   = "frond-approval-1"
)

// Asking is a new device's request to be let in. It is kept in memory alone.
//
// The server carries what both sides say. So that it can not put a key of its own in between unnoticed, the new
// device first commits to its key and a random value, the other device answers with one of its own, and only
// then both are revealed (Vaudenay: "Secure Communications over Insecure Channels Based on Short Authenticated
// Strings", 2005). Six digits over all of it are the same on both screens, or somebody is in between: a
// server that tries has to decide before it knows what the digits will be, and is right once in a million.
type Asking struct {
	secret [32]byte
	Public []byte   // to whom the answer is sealed
	Random [32]byte // shown after the other device's nonce is here, not before
	Commit [32]byte
}

// NewAsking makes a request for an account.
func NewAsking(rand io.Reader, account [16]byte) (*Asking, error) {
	a := new(Asking)
	for _, b := range [][]byte{a.secret[:], a.Random[:]} {
		if _, err := io.ReadFull(rand, b); err != nil {
			return nil, fmt.Errorf("vault: read a secret: %w", err)
		}
	}
	key, err := openerKey(SlotApproval, a.secret)
	if err != nil {
		return nil, err
	}
	a.Public = key.PublicKey().Bytes()
	a.Commit = ApprovalCommit(account, a.Public, a.Random)
	return a, nil
}

// Format prints a placeholder whatever the verb.
func (*Asking) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "vault.Asking(secret)") }

type approvalCommit struct {
	Label   string   `cbor:"1,keyasint"`
	Account [16]byte `cbor:"2,keyasint"`
	Public  []byte   `cbor:"3,keyasint"`
	Random  [32]byte `cbor:"4,keyasint"`
}

// ApprovalCommit is what a request commits to.
func ApprovalCommit(account [16]byte, public []byte, random [32]byte) [32]byte {
	return sha256.Sum256(encode(approvalCommit{labelCommit, account, public, random}))
}

type approvalDigits struct {
	Label   string   `cbor:"1,keyasint"`
	Account [16]byte `cbor:"2,keyasint"`
	Commit  [32]byte `cbor:"3,keyasint"`
	Public  []byte   `cbor:"4,keyasint"`
	Random  [32]byte `cbor:"5,keyasint"`
	Nonce   [32]byte `cbor:"6,keyasint"`
}

// ApprovalDigits are the six digits that both screens show. nonce is the answering device's.
func ApprovalDigits(account [16]byte, commit [32]byte, public []byte, random, nonce [32]byte) string {
	h := sha256.Sum256(encode(approvalDigits{labelDigits, account, commit, public, random, nonce}))
	var n uint64
	for _, b := range h[:8] {
		n = n<<8 | uint64(b)
	}
	digits := make([]byte, 6)
	for i := range digits {
		digits[5-i] = '0' + byte(n%10)
		n /= 10
	}
	return string(digits)
}

// ApprovalCode is what the new device's QR code holds: its commitment in full, so who scans it need not compare
// digits.
func ApprovalCode(commit [32]byte) []byte { return append([]byte(labelCode), commit[:]...) }

// IsApprovalCode reports whether a scanned code is of the request with this commitment.
func IsApprovalCode(code []byte, commit [32]byte) bool {
	return subtle.ConstantTimeCompare(code, ApprovalCode(commit)) == 1
}

// Approve seals the vault key of an epoch to who made the request, in the form of a header with one slot whose
// salt is the commitment: so it is bound to account, epoch and request.
func Approve(account [16]byte, epoch uint64, vaultKey Key, public []byte, commit [32]byte) ([]byte, error) {
	return SealHeader(account, epoch, vaultKey, []Opener{{Kind: SlotApproval, Salt: commit[:], Public: public}})
}

// Open returns the vault key, and its epoch, from what another device sealed for this request. That it is the
// account's true key shows when the account's state opens with it and holds the root that its sigchain names:
// whoever knows the public key can seal something.
func (a *Asking) Open(account [16]byte, sealed []byte) (Key, uint64, error) {
	if len(sealed) > MaxApproval {
		return Key{}, 0, fmt.Errorf("approval: %w: %d bytes", ErrLimit, len(sealed))
	}
	h, err := ParseHeader(sealed)
	if err != nil {
		return Key{}, 0, err
	}
	if len(h.Slots) != 1 || !bytes.Equal(h.Slots[0].Salt, a.Commit[:]) {
		return Key{}, 0, ErrOpen
	}
	key, err := h.Open(account, SlotApproval, [16]byte{}, a.secret)
	return key, h.Epoch, err
}
