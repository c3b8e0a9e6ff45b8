// Package vault keeps an account's secrets where the server can store but not
// read them.
//
// A random vault key seals the state: root, join keys, whatever the client decides. The vault key is sealed
// once in each slot of a header, as in disk encryption; any one of the slots' secrets opens the vault.
// A secret derives a key pair, and the public half, the opener, is kept in the state: so whoever has the
// vault open can begin a new epoch, with another key, and nobody has to type anything. Signing up:
//
//	keys, err := vault.Derive(password, salt, vault.DefaultParams)
//	password, err := vault.NewOpener(vault.SlotPassword, [16]byte{}, vault.DefaultParams, salt, keys.Wrap)
//	device, err := vault.NewOpener(vault.SlotDevice, id, vault.Params{}, nil, secret)
//	key, err := vault.NewKey(rand.Reader)
//	header, err := vault.SealHeader(account, 1, key, []vault.Opener{password, device})
//	sealed, err := vault.SealState(rand.Reader, key, account, 1, revision, state) // the openers in it
//	// keys.Auth, header and sealed go to the server
//
// and signing in on another device:
//
//	keys, err := vault.Derive(password, salt, params) // both told by the server
//	h, err := vault.ParseHeader(fromServer)
//	key, err := h.Open(account, vault.SlotPassword, [16]byte{}, keys.Wrap)
//	state, err := vault.OpenState(key, account, h.Epoch, revision, sealed)
//
// What the package promises:
//
//   - The password never leaves. It becomes two keys that say nothing about
//     each other: Auth, which the server checks, and Wrap, which it never sees.
//   - The server may name the cost of stretching, but a cost below the floor is
//     refused, as is one that would stall the device.
//   - What was sealed for one account, epoch, slot kind, cost, or revision does
//     not open as another.
//   - A slot commits to its key: no box opens under two passwords, so the server
//     can not test many passwords with one made-up slot.
//   - Whose opener is not among those that an epoch was sealed to does not open it.
//   - Printing or logging a secret shows a placeholder.
//
// The kinds of slot:
//
//	kind      secret                      stretched by
//	password  what the person knows       Argon2id, then HKDF
//	recovery  128 random bits on paper    HKDF only
//	device    256 random bits of its own  HKDF only
package vault

import "errors"

var (
	// ErrOpen says that a slot or state does not open: the wrong key, or bytes
	// that were changed, swapped, or sealed for another place. Which of them can not be told.
	ErrOpen = errors.New("vault: can not be opened with this key")
	// ErrMalformed says that bytes are not a header or a sealed state.
	ErrMalformed = errors.New("vault: malformed")
	// ErrLimit says that something is longer than its limit.
	ErrLimit = errors.New("vault: limit exceeded")
	// ErrWeakParams says that the cost of stretching lies below the floor.
	ErrWeakParams = errors.New("vault: password stretching is weaker than this client accepts")
	// ErrCostlyParams says that the cost of stretching lies above the ceiling.
	ErrCostlyParams = errors.New("vault: password stretching costs more than this client accepts")
	// ErrSalt says that a salt has not between MinSalt and MaxSalt bytes.
	ErrSalt = errors.New("vault: salt has a wrong length")

	// ErrPasswordShort says that a password has less than MinPassword characters.
	ErrPasswordShort = errors.New("vault: password is too short")
	// ErrPasswordLong says that a password has more than MaxPassword bytes.
	ErrPasswordLong = errors.New("vault: password is too long")
	// ErrPasswordText says that a password is not valid UTF-8.
	ErrPasswordText = errors.New("vault: password is not valid text")

	// ErrRecoveryFormat says that a text has not the letters and length of a recovery code.
	ErrRecoveryFormat = errors.New("vault: not a recovery code")
	// ErrRecoveryChecksum says that a recovery code was mistyped.
	ErrRecoveryChecksum = errors.New("vault: recovery code is mistyped")
)

// The labels that bind a key to its purpose.
const (
	labelPasswordAuth = "frond/vault/password/auth/v1"
	labelPasswordWrap = "frond/vault/password/wrap/v1"
	labelRecoveryAuth = "frond/vault/recovery/auth/v1"
	labelRecoveryWrap = "frond/vault/recovery/wrap/v1"
	labelState        = "frond/vault/state/v1"
	labelPage         = "frond/vault/page/v1"
	labelDraft        = "frond/vault/draft/v1"
)
