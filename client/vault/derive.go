package vault

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Limits on passwords and salts.
const (
	// MinPassword is the shortest password, in characters.
	MinPassword = 8
	// MaxPassword is the longest password, in bytes of UTF-8.
	MaxPassword = 1024
	// MinSalt and MaxSalt bound the length of a salt, in bytes.
	MinSalt = 16
	MaxSalt = 64
)

// Params is the cost of Argon2id (RFC 9106).
type Params struct {
	Memory  uint32 `cbor:"1,keyasint"` // KiB
	Time    uint32 `cbor:"2,keyasint"` // passes
	Threads uint8  `cbor:"3,keyasint"` // lanes
}

// DefaultParams is the cost for new passwords: about the floor, with one lane
// because a browser computes lanes one after the other anyway.
var DefaultParams = Params{Memory: minMemory, Time: minTime, Threads: 1}

// The floor is RFC 9106's second recommended choice. The client holds to it
// whatever the server says. The ceiling keeps a hostile server from stalling the device.
const (
	minMemory, maxMemory   = 64 << 10, 1 << 20
	minTime, maxTime       = 3, 16
	minThreads, maxThreads = 1, 16
)

// Check fails with ErrWeakParams or ErrCostlyParams when Derive would refuse
// the cost.
func (p Params) Check() error {
	if p.Memory < minMemory || p.Time < minTime || p.Threads < minThreads {
		return fmt.Errorf("%w: %d KiB, %d passes, %d lanes", ErrWeakParams, p.Memory, p.Time, p.Threads)
	}
	if p.Memory > maxMemory || p.Time > maxTime || p.Threads > maxThreads {
		return fmt.Errorf("%w: %d KiB, %d passes, %d lanes", ErrCostlyParams, p.Memory, p.Time, p.Threads)
	}
	return nil
}

// CheckPassword fails with ErrPasswordShort, ErrPasswordLong or
// ErrPasswordText when Derive would refuse the password.
func CheckPassword(password string) error {
	_, err := prepare(password)
	return err
}

// Derive stretches a password with Argon2id and splits the result. It takes
// as long as p says, about an eighth of a second natively at DefaultParams. Two
// ways to type the same characters give the same keys: the password is
// brought to Unicode's form NFKC first.
func Derive(password string, salt []byte, p Params) (Keys, error) {
	if err := p.Check(); err != nil {
		return Keys{}, err
	}
	if err := checkSalt(salt); err != nil {
		return Keys{}, err
	}
	prepared, err := prepare(password)
	if err != nil {
		return Keys{}, err
	}
	stretched := argon2.IDKey(prepared, salt, p.Time, p.Memory, p.Threads, 32)
	return split(stretched, nil, labelPasswordAuth, labelPasswordWrap)
}

func prepare(password string) ([]byte, error) {
	if len(password) > MaxPassword {
		return nil, fmt.Errorf("%w: at most %d bytes", ErrPasswordLong, MaxPassword)
	}
	if !utf8.ValidString(password) {
		return nil, ErrPasswordText
	}
	prepared := []byte(compatible(password))
	if utf8.RuneCount(prepared) < MinPassword {
		return nil, fmt.Errorf("%w: at least %d characters", ErrPasswordShort, MinPassword)
	}
	return prepared, nil
}

func checkSalt(salt []byte) error {
	if len(salt) < MinSalt || len(salt) > MaxSalt {
		return fmt.Errorf("%w: %d bytes", ErrSalt, len(salt))
	}
	return nil
}

// split expands one secret into the two keys (RFC 5869).
func split(secret, salt []byte, authLabel, wrapLabel string) (Keys, error) {
	prk, err := hkdf.Extract(sha256.New, secret, salt)
	if err != nil {
		return Keys{}, fmt.Errorf("vault: extract: %w", err)
	}
	auth, err := hkdf.Expand(sha256.New, prk, authLabel, 32)
	if err != nil {
		return Keys{}, fmt.Errorf("vault: expand: %w", err)
	}
	wrap, err := hkdf.Expand(sha256.New, prk, wrapLabel, 32)
	if err != nil {
		return Keys{}, fmt.Errorf("vault: expand: %w", err)
	}
	return Keys{Auth: [32]byte(auth), Wrap: [32]byte(wrap)}, nil
}
