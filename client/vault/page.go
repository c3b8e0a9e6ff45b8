package vault

import (
	"encoding/binary"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// PageSpan is how many seqs of a conversation's log share a page: a page holds the keys of the
// messages with seqs from Bucket*PageSpan up to, but without, (Bucket+1)*PageSpan.
const PageSpan = 256

// pageVersion is the version of the page format that this package writes.
const pageVersion = 1

// A record is the seq's offset in the bucket, the key, and the commitment. A sealed page begins with
// its version, the vault epoch as a uvarint, and the nonce; together that is at most 65 bytes per
// message and 51 per page.
const (
	recordSize    = 1 + 32 + 32
	maxPageHeader = 1 + binary.MaxVarintLen64 + chacha20poly1305.NonceSizeX
	maxSealedPage = maxPageHeader + PageSpan*recordSize + chacha20poly1305.Overhead
)

// PagePlace says which page is which. A page opens in its own place only.
type PagePlace struct {
	Account      [16]byte
	Conversation [16]byte
	Bucket       uint64
	Revision     uint64 // grows with each write of the page
}

// PageKey is what a new device needs to read one message: the key of its token, and the commitment
// that the device which received it live had checked. The commitment names the token, so that nobody,
// its sender included, can later put another in its place.
type PageKey struct {
	Seq        uint64
	Key        [32]byte
	Commitment [32]byte
}

// Format prints a placeholder whatever the verb.
func (k PageKey) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "vault.PageKey(secret)") }

// pagePlace is what a page's box is bound to.
type pagePlace struct {
	Label        string   `cbor:"1,keyasint"`
	Account      [16]byte `cbor:"2,keyasint"`
	Epoch        uint64   `cbor:"3,keyasint"`
	Conversation [16]byte `cbor:"4,keyasint"`
	Bucket       uint64   `cbor:"5,keyasint"`
	Revision     uint64   `cbor:"6,keyasint"`
}

func (p PagePlace) bind(label string, epoch uint64) []byte {
	return encode(pagePlace{label, p.Account, epoch, p.Conversation, p.Bucket, p.Revision})
}

// SealPage seals the keys of one bucket under the vault key of an epoch. The keys are ordered by seq,
// each seq once and all in the bucket; otherwise it fails with ErrMalformed.
func SealPage(rand io.Reader, vaultKey Key, epoch uint64, place PagePlace, keys []PageKey) ([]byte, error) {
	plain := make([]byte, 0, len(keys)*recordSize)
	for i, k := range keys {
		if k.Seq/PageSpan != place.Bucket || i > 0 && k.Seq <= keys[i-1].Seq {
			return nil, fmt.Errorf("page: %w: seq %d", ErrMalformed, k.Seq)
		}
		plain = append(plain, byte(k.Seq%PageSpan))
		plain = append(append(plain, k.Key[:]...), k.Commitment[:]...)
	}
	return sealPage(rand, vaultKey, epoch, place.bind(labelPage, epoch), plain)
}

func sealPage(rand io.Reader, vaultKey Key, epoch uint64, place, plain []byte) ([]byte, error) {
	var nonce [chacha20poly1305.NonceSizeX]byte
	if _, err := io.ReadFull(rand, nonce[:]); err != nil {
		return nil, fmt.Errorf("vault: read a nonce: %w", err)
	}
	head := binary.AppendUvarint([]byte{pageVersion}, epoch)
	return seal(vaultKey[:], nonce, append(head, nonce[:]...), plain, place), nil
}

// PageEpoch reads the vault epoch a sealed page claims, to find the key. Only opening proves it.
func PageEpoch(sealed []byte) (uint64, error) {
	epoch, _, err := pageHead(sealed)
	return epoch, err
}

// OpenPage returns the keys that SealPage sealed in this place under this vault key, ordered by seq. It
// fails with ErrOpen, ErrMalformed or ErrLimit. That no newer revision exists is not proved.
func OpenPage(vaultKey Key, place PagePlace, sealed []byte) ([]PageKey, error) {
	if len(sealed) > maxSealedPage {
		return nil, fmt.Errorf("page: %w: %d bytes, at most %d", ErrLimit, len(sealed), maxSealedPage)
	}
	plain, err := openPage(vaultKey, labelPage, place, sealed)
	if err != nil {
		return nil, err
	}
	return pageKeys(place.Bucket, plain)
}

func openPage(vaultKey Key, label string, place PagePlace, sealed []byte) ([]byte, error) {
	epoch, rest, err := pageHead(sealed)
	if err != nil {
		return nil, err
	}
	nonce := [chacha20poly1305.NonceSizeX]byte(rest)
	return open(vaultKey[:], nonce, rest[len(nonce):], place.bind(label, epoch))
}

// pageHead splits off version and epoch.
func pageHead(sealed []byte) (epoch uint64, rest []byte, err error) {
	if len(sealed) == 0 || sealed[0] != pageVersion {
		return 0, nil, fmt.Errorf("page: %w: version", ErrMalformed)
	}
	epoch, n := binary.Uvarint(sealed[1:])
	if n <= 0 || len(binary.AppendUvarint(nil, epoch)) != n || len(sealed) < 1+n+chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return 0, nil, fmt.Errorf("page: %w: header", ErrMalformed)
	}
	return epoch, sealed[1+n:], nil
}

func pageKeys(bucket uint64, plain []byte) ([]PageKey, error) {
	if len(plain)%recordSize != 0 {
		return nil, fmt.Errorf("page: %w: length", ErrMalformed)
	}
	keys := make([]PageKey, 0, len(plain)/recordSize)
	for ; len(plain) > 0; plain = plain[recordSize:] {
		k := PageKey{Seq: bucket*PageSpan + uint64(plain[0]), Key: [32]byte(plain[1:]), Commitment: [32]byte(plain[33:])}
		if len(keys) > 0 && k.Seq <= keys[len(keys)-1].Seq {
			return nil, fmt.Errorf("page: %w: order", ErrMalformed)
		}
		keys = append(keys, k)
	}
	return keys, nil
}
