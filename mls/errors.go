package mls

import (
	"errors"
	"fmt"
)

// The reasons for which a message, a proposal or a stored state is refused. Errors returned by this
// package wrap one of them together with the section of RFC 9420 that demands the refusal; test with
// errors.Is. A refusal never changes the Group it was asked of.
var (
	ErrMalformed         = errors.New("mls: malformed encoding")
	ErrTooLarge          = errors.New("mls: larger than this package accepts")
	ErrUnsupported       = errors.New("mls: not supported")
	ErrWrongContent      = errors.New("mls: message of another kind")
	ErrWrongGroup        = errors.New("mls: message for another group")
	ErrUnknownEpoch      = errors.New("mls: message of an epoch whose keys are gone")
	ErrFutureEpoch       = errors.New("mls: message of an epoch not reached yet")
	ErrReplay            = errors.New("mls: message key already used")
	ErrTooFarAhead       = errors.New("mls: generation too far ahead")
	ErrDecrypt           = errors.New("mls: decryption failed")
	ErrSignature         = errors.New("mls: signature does not verify")
	ErrMembership        = errors.New("mls: membership tag does not verify")
	ErrConfirmation      = errors.New("mls: confirmation tag does not verify")
	ErrUnknownSender     = errors.New("mls: sender is not a member")
	ErrOwnMessage        = errors.New("mls: message was sent by this member")
	ErrInvalidLeaf       = errors.New("mls: invalid leaf node")
	ErrInvalidKeyPackage = errors.New("mls: invalid key package")
	ErrInvalidProposal   = errors.New("mls: invalid proposal")
	ErrInvalidCommit     = errors.New("mls: invalid commit")
	ErrInvalidTree       = errors.New("mls: invalid ratchet tree")
	ErrInvalidGroupInfo  = errors.New("mls: invalid group info")
	ErrNotWelcome        = errors.New("mls: welcome is for other key packages")
	ErrNotAuthentic      = errors.New("mls: credential refused")
	ErrNoPSK             = errors.New("mls: pre-shared key not available")
	ErrUncommitted       = errors.New("mls: proposals wait to be committed")
	ErrSuspended         = errors.New("mls: group awaits re-initialization")
	ErrState             = errors.New("mls: stored state refused")
	ErrOption            = errors.New("mls: invalid option")
)

// refuse wraps reason with what was found and the section of RFC 9420 that forbids it. What was found
// may itself wrap an error, with %w.
func refuse(reason error, section, format string, args ...any) error {
	return fmt.Errorf("%w: "+format+" (RFC 9420 §"+section+")", append([]any{reason}, args...)...)
}
