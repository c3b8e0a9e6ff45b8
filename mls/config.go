package mls

import (
	"crypto"
	"fmt"
	"io"
	"time"
)

// Config is what a group needs from outside. It is passed to each operation and never kept.
type Config struct {
	// Rand is the source of randomness; nil means crypto/rand. HPKE encapsulation always draws from
	// crypto/rand.
	Rand io.Reader
	// Now is the clock. It is required to commit or propose the addition of members, whose key packages
	// must be within their lifetime, and it ages the keys of past epochs. Received messages are judged
	// without it, so that all members judge alike.
	Now func() time.Time
	// Authenticate is the authentication service of RFC 9420 §5.3.1. It is called for each member whose
	// credential or signature key is new, while a message is staged or a group is joined; its error,
	// wrapped with ErrNotAuthentic, refuses the message. Nil accepts everybody.
	Authenticate func(Member) error
	// Extensions are the extension types that the application understands. They are listed in the
	// capabilities of the leaves made here.
	Extensions []ExtensionType
	// PSK finds external pre-shared keys, and resumption keys of other groups. Nil has none.
	PSK func(PSKID) ([]byte, error)
	// Signer finds the signer of a signature key that this member proposed for itself by an update and
	// that somebody else commits. It is asked only for a Group that was stored in between.
	Signer func(signatureKey []byte) crypto.Signer
	// SameClient tells whether two members of different groups are one client, for groups that continue
	// others (§11.2, §11.3). Nil compares the credentials byte by byte.
	SameClient func(old, now Member) bool
	// GREASE adds random values of no meaning where receivers must ignore them (§13.5) to the leaves and
	// welcomes made here, so that those who do not are found out early.
	GREASE bool
}

func (c *Config) sameClient(old, now Member) bool {
	if c.SameClient != nil {
		return c.SameClient(old, now)
	}
	return old.Credential.equal(now.Credential)
}

// authenticate asks the application about a member.
func (c *Config) authenticate(m Member) error {
	if c.Authenticate == nil {
		return nil
	}
	if err := c.Authenticate(m); err != nil {
		return fmt.Errorf("%w: leaf %d: %w (RFC 9420 §5.3.1)", ErrNotAuthentic, m.Leaf, err)
	}
	return nil
}

// The sizes in bytes that an application may put into a group.
const (
	maxGroupID    = 1 << 10
	maxCredential = 1 << 20
	maxExtensions = 4 << 20
	maxAAD        = 1 << 20 // of handshake messages
)

func checkSize(what string, n, limit int) error {
	if n > limit {
		return fmt.Errorf("%w: %s of %d bytes", ErrTooLarge, what, n)
	}
	return nil
}

func checkExtensionSize(list []Extension) error {
	n := 0
	for _, e := range list {
		n += len(e.Data) + 8
	}
	return checkSize("extensions", n, maxExtensions)
}

// seconds is the time in seconds since 1970, 0 without a clock.
func (c *Config) seconds() int64 {
	if c.Now == nil {
		return 0
	}
	return c.Now().Unix()
}
