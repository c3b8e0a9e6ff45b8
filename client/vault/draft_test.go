package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"frond/wire"
)

func TestADraftOpensInItsPlaceAlone(t *testing.T) {
	t.Parallel()
	key, place := Key{1}, PagePlace{Account: [16]byte{1}, Conversation: [16]byte{2}, Bucket: wire.DraftBucket, Revision: 3}
	for _, text := range []string{"", "\x80", "half a thought \x00", strings.Repeat("🌿", MaxDraft/4), strings.Repeat("x", MaxDraft)} {
		sealed, err := SealDraft(rand.Reader, key, 4, place, Draft{text, 5})
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) > wire.MaxPage {
			t.Fatalf("%d bytes are more than a page takes", len(sealed))
		}
		if d, err := OpenDraft(key, place, sealed); err != nil || d != (Draft{text, 5}) {
			t.Fatalf("%d bytes: got %d, %v", len(text), len(d.Text), err)
		}
		for _, other := range []PagePlace{
			{Conversation: place.Conversation, Bucket: place.Bucket, Revision: 3}, {Account: place.Account, Bucket: place.Bucket, Revision: 3},
			{Account: place.Account, Conversation: place.Conversation, Revision: 3}, {Account: place.Account, Conversation: place.Conversation, Bucket: place.Bucket, Revision: 4},
		} {
			if _, err := OpenDraft(key, other, sealed); !errors.Is(err, ErrOpen) {
				t.Fatalf("it opens elsewhere: %v", err)
			}
		}
		if _, err := OpenPage(key, place, sealed); err == nil {
			t.Fatal("a draft opens as a page of keys")
		}
	}
	if _, err := SealDraft(rand.Reader, key, 4, place, Draft{strings.Repeat("x", MaxDraft+1), 5}); !errors.Is(err, ErrLimit) {
		t.Fatalf("too long: %v", err)
	}
	keys, err := SealPage(rand.Reader, key, 4, place, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDraft(key, place, keys); err == nil {
		t.Fatal("a page of keys opens as a draft")
	}
}

func TestADraftShowsItsLengthInStepsOnly(t *testing.T) {
	t.Parallel()
	sizes := map[int]bool{}
	for n := range 400 {
		sealed, err := SealDraft(rand.Reader, Key{}, 1, PagePlace{}, Draft{strings.Repeat("x", n), 1})
		if err != nil {
			t.Fatal(err)
		}
		sizes[len(sealed)] = true
		if _, err := OpenDraft(Key{}, PagePlace{}, bytes.Repeat([]byte{1}, n)); err == nil {
			t.Fatal("nonsense opens")
		}
	}
	if len(sizes) != 1 {
		t.Fatalf("short drafts have %d lengths", len(sizes))
	}
}
