package sim

import (
	"context"
	"crypto/rand"
	"fmt"
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

// A device that was away, or that a server keeps in the dark, has a vault key that the removed device knows too. It
// seals nothing to it that came after the removal.
func TestNothingIsSealedToAKeyThatARemovedDeviceKnows(t *testing.T) {
	for what, dark := range map[string]bool{"by a device that was away": false, "by a device that is kept in the dark": true} {
		t.Run(what, func(t *testing.T) {
			tell(t, 2, func(t *testing.T, w *World, p []*person) {
				ctx := context.Background()
				phone, ben := p[0], p[1]
				direct := phone.create(t, wire.Direct, ben)
				lost, laptop := w.second(t, phone), w.second(t, phone)
				time.Sleep(20 * time.Second)
				s := &theft{t: t, w: w, phone: phone, lost: lost, kept: lost.store.Copy()}
				laptop.lane.set(!dark, false)
				if dark {
					laptop.lane.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
						if asked == wire.OpGetState || f.Kind == wire.PushState {
							return nil
						}
						return []wire.Frame{f}
					}})
				}
				must(t, phone.on().RemoveDevice(ctx, lost.device()))
				time.Sleep(time.Minute)
				must(t, phone.crash(ctx))
				for i := range 120 { // more than wait for a pause
					_, err := ben.on().Send(ctx, direct, fmt.Sprint("after the removal ", i))
					must(t, err)
				}
				must(t, laptop.on().Draft(ctx, direct, "begun after the removal"))
				time.Sleep(time.Second)
				laptop.lane.set(false, false)
				time.Sleep(3 * time.Minute)
				laptop.reads(t, direct, "after the removal 119")
				if n := s.opens(direct); n > 0 {
					t.Errorf("the removed device opens %d keys and drafts of what came after it", n)
				}
				laptop.lane.lie(liar{})
				laptop.lane.cut()
				laptop.settle(t)
				if n := s.opens(direct); n > 0 {
					t.Errorf("in the end the removed device opens %d", n)
				}
			})
		})
	}
}

// opens counts the keys and drafts on the server that open under what the removed device knew.
func (s *theft) opens(id wire.ID) (n int) {
	s.t.Helper()
	pages, err := s.w.server.store.Pages(context.Background(), s.phone.account, id, wire.DraftBucket+1, wire.MaxPages)
	must(s.t, err)
	for _, p := range pages {
		place := vault.PagePlace{Account: s.phone.account, Conversation: id, Bucket: p.Bucket, Revision: p.Revision}
		for _, key := range s.vaultKeys(s.loot()) {
			if keys, err := vault.OpenPage(key, place, p.Page); err == nil {
				n += len(keys)
			}
			if d, err := vault.OpenDraft(key, place, p.Page); err == nil && d.Text != "" {
				n++
			}
		}
	}
	return n
}
