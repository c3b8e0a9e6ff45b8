package vault

import (
	"encoding/binary"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// MaxDraft is the longest text of a draft that can be sealed, in bytes: with the rest it fills 32 KiB.
const MaxDraft = maxSealedDraft - maxPageHeader - chacha20poly1305.Overhead - draftTime - 1

const (
	draftTime      = 8
	draftStep      = 512 // a draft's length shows in steps of so many bytes
	maxSealedDraft = 32<<10 - (32<<10-maxPageHeader-chacha20poly1305.Overhead)%draftStep
)

// Draft is a message that is not sent yet, and when it was last changed.
type Draft struct {
	Text string
	At   uint64 // milliseconds since 1970
}

// SealDraft seals a draft as a page of its own: time, text, then 0x80 and zeros up to a step. It fails with
// ErrLimit for a text longer than MaxDraft.
func SealDraft(rand io.Reader, vaultKey Key, epoch uint64, place PagePlace, d Draft) ([]byte, error) {
	if len(d.Text) > MaxDraft {
		return nil, fmt.Errorf("draft: %w: %d bytes, at most %d", ErrLimit, len(d.Text), MaxDraft)
	}
	plain := binary.BigEndian.AppendUint64(nil, d.At)
	plain = append(append(plain, d.Text...), 0x80)
	plain = append(plain, make([]byte, (draftStep-len(plain)%draftStep)%draftStep)...)
	return sealPage(rand, vaultKey, epoch, place.bind(labelDraft, epoch), plain)
}

// OpenDraft returns the draft that SealDraft sealed in this place. It fails like OpenPage.
func OpenDraft(vaultKey Key, place PagePlace, sealed []byte) (Draft, error) {
	if len(sealed) > maxSealedDraft {
		return Draft{}, fmt.Errorf("draft: %w: %d bytes", ErrLimit, len(sealed))
	}
	plain, err := openPage(vaultKey, labelDraft, place, sealed)
	if err != nil {
		return Draft{}, err
	}
	end := len(plain) - 1
	for end >= draftTime && plain[end] == 0 {
		end--
	}
	if end < draftTime || plain[end] != 0x80 {
		return Draft{}, fmt.Errorf("draft: %w: padding", ErrMalformed)
	}
	return Draft{string(plain[draftTime:end]), binary.BigEndian.Uint64(plain)}, nil
}
