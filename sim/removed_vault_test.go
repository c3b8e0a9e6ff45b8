package sim

import (
	"context"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"frond/client"
	"frond/client/vault"
	"frond/wire"
)

// The removed device knows to whom the vault is sealed. With the server's help it makes up an epoch of its
// own. A device that heard of the new root takes nothing that does not hold it.
func TestAVaultEpochThatARemovedDeviceMakesUpIsRefused(t *testing.T) {
	for what, asleep := range map[string]bool{"by a device that saw the true one": false, "by a device that was off": true} {
		t.Run(what, func(t *testing.T) { tell(t, 3, func(t *testing.T, w *World, p []*person) { makeUp(t, w, p, asleep) }) })
	}
}

func makeUp(t *testing.T, w *World, p []*person, asleep bool) {
	t.Helper()
	ctx := context.Background()
	s := steal(t, w, p, asleep)
	row, err := w.server.store.AccountByID(ctx, s.phone.account)
	if err != nil {
		t.Fatal(err)
	}
	kept := s.loot()
	var openers []vault.Opener
	var earlier []wire.Hash
	must(t, wire.Decode(kept[13], &openers))
	must(t, wire.Decode(kept[12], &earlier))
	var old wire.Hash
	copy(old[:], kept.field(t, 6))
	key := vault.Key{7}
	earlier = append(earlier, old)
	if !asleep {
		earlier = append(earlier, wire.Hash{9}) // of the epoch that shut it out it knows no key
	}
	epoch, revision := uint64(len(earlier))+1, row.Revision+1
	header, err := vault.SealHeader(s.phone.account, epoch, key, openers)
	must(t, err)
	state := encoded(t, map[uint64]any{1: 1, 2: kept.field(t, 5), 3: []any{}, 4: []any{}, 6: openers, 7: earlier})
	sealed, err := vault.SealState(rand.Reader, key, s.phone.account, epoch, revision, state)
	must(t, err)
	forged := wire.State{Revision: revision, Epoch: epoch, Header: header, State: sealed}
	s.laptop.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
		switch {
		case asked == wire.OpGetState:
			f.Kind, f.Body = wire.ReplyOK, encoded(t, forged)
		case asked == wire.OpHello && f.Kind == wire.ReplyOK:
			f.Body = rewritten(f.Body, func(w *wire.Welcomed) { w.Revision = revision })
		}
		return []wire.Frame{f}
	}})
	if asleep {
		must(t, s.laptop.start(ctx))
	}
	s.laptop.lane.cut()
	time.Sleep(30 * time.Second)
	s.alarmed(s.laptop, client.CodeKeyChanged)
	if got := loot(t, s.laptop.store, s.phone.account).field(t, 6); slices.Equal(got, key[:]) {
		t.Fatal("the laptop seals to the thief from now on")
	}
	s.laptop.lane.lie(liar{})
	s.laptop.lane.cut()
	time.Sleep(30 * time.Second)
	s.goOn()
}

// With all that the device kept and all that the server gets later, nothing opens: no vault header by any
// secret, no group information by any join key, no page by any vault key.
func TestARemovedDeviceOpensNeitherVaultNorConversationsAfterwards(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		s := steal(t, w, p)
		for _, id := range s.all() {
			s.phone.say(t, id, "afterwards")
		}
		time.Sleep(10 * time.Second)
		row, err := w.server.store.AccountByID(ctx, s.phone.account)
		must(t, err)
		kept := s.loot()
		keys := s.vaultKeys(kept)
		h, err := vault.ParseHeader(row.Header)
		must(t, err)
		if _, err := h.Open(s.phone.account, vault.SlotDevice, s.lost.device(), [32]byte(kept.field(t, 11))); err == nil {
			t.Fatal("the header opens")
		}
		for _, key := range keys {
			if _, err := vault.OpenState(key, s.phone.account, row.Epoch, row.Revision, row.State); err == nil {
				t.Fatal("the state opens")
			}
		}
		for _, id := range []wire.ID{s.direct, s.group} {
			info, err := w.server.store.GroupInfo(ctx, id)
			must(t, err)
			for _, other := range []wire.ID{s.direct, s.group} {
				conversation := record(t, s.kept, s.phone.account.String()+"/conv/"+other.String())
				if opensInfo(conversation.field(t, 6), id, info.Sealed) {
					t.Fatal("the group information opens")
				}
			}
			pages, err := w.server.store.Pages(ctx, s.phone.account, id, 0, wire.MaxPages)
			must(t, err)
			if len(pages) == 0 {
				t.Fatal("nothing was vaulted")
			}
			place := vault.PagePlace{Account: s.phone.account, Conversation: id, Bucket: pages[0].Bucket, Revision: pages[0].Revision}
			for _, key := range keys {
				if _, err := vault.OpenPage(key, place, pages[0].Page); err == nil {
					t.Fatal("the page of message keys opens")
				}
			}
		}
	})
}

// vaultKeys are those of all epochs that a device was in.
func (s *theft) vaultKeys(m stolen) (keys []vault.Key) {
	s.t.Helper()
	var earlier []wire.Hash
	must(s.t, wire.Decode(m[12], &earlier))
	for _, k := range earlier {
		keys = append(keys, vault.Key(k))
	}
	return append(keys, vault.Key(m.field(s.t, 6)))
}

func opensInfo(key []byte, id wire.ID, sealed []byte) bool {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return false
	}
	n := chacha20poly1305.NonceSizeX
	_, err = aead.Open(nil, sealed[:n], sealed[n:], id[:])
	return err == nil
}
