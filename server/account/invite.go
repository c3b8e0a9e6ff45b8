package account

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"

	"frond/server/store"
	"frond/wire"
)

const (
	inviteBytes = 16
	// MaxInviteUses is how many accounts one invite can make at most.
	MaxInviteUses = 10000
)

// Invites are typed by people at times: no digit that looks like a letter, groups of four.
var inviteEncoding = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding)

// NewInvite makes an invite for a number of sign-ups within a lifetime, and returns its code. The
// database keeps only the code's hash, so nobody can read it again.
func NewInvite(ctx context.Context, s *store.Store, rand io.Reader, uses int, expires time.Time) (code string, err error) {
	if uses < 1 || uses > MaxInviteUses {
		return "", fmt.Errorf("account: an invite has 1 to %d uses", MaxInviteUses)
	}
	var raw [inviteBytes]byte
	if _, err := io.ReadFull(rand, raw[:]); err != nil {
		return "", fmt.Errorf("account: draw an invite: %w", err)
	}
	if err := s.CreateInvite(ctx, sha256.Sum256(raw[:]), uses, expires); err != nil {
		return "", fmt.Errorf("account: keep the invite: %w", err)
	}
	return groups(inviteEncoding.EncodeToString(raw[:])), nil
}

// groups puts a hyphen after every four characters.
func groups(s string) string {
	var b strings.Builder
	for i, c := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// parseInvite returns the hash of a code, however a person typed its hyphens, spaces and capitals.
func parseInvite(code string) (wire.Hash, error) {
	plain := strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(code))
	raw, err := inviteEncoding.DecodeString(plain)
	if err != nil || len(raw) != inviteBytes {
		return wire.Hash{}, wire.Errorf(wire.CodeRegistration, "This server needs an invite, and this is not one.")
	}
	return sha256.Sum256(raw), nil
}
