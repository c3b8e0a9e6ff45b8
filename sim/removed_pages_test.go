package sim

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/client/content"
	"frond/client/vault"
	"frond/fernet"
	"frond/identity"
	"frond/wire"
)

// forgery is a message that the removed device writes after its removal, with the page that vouches for it.
type forgery struct {
	entry wire.Entry
	page  wire.Page
}

// forge seals both, under the last vault key that the removed device knows.
func (s *theft) forge(text string) forgery {
	s.t.Helper()
	kept := s.loot()
	keys := s.vaultKeys(kept)
	key, err := identity.ParseDeviceKey(kept.field(s.t, 4))
	must(s.t, err)
	entries, err := s.w.entries(context.Background(), s.direct)
	must(s.t, err)
	at := entries[slices.IndexFunc(entries, func(e wire.Entry) bool { return e.Kind == wire.HandshakeEntry && e.Seq > 1 })]
	message, _ := wire.NewMessageID(rand.Reader, time.Now())
	sealed, err := content.Seal(rand.Reader, time.Now(), key, content.Content{
		Conversation: s.direct, Message: message, Account: s.phone.account, Device: s.lost.device(),
		Counter: 1, Sent: uint64(time.Now().UnixMilli()), Kind: content.Text, Body: []byte(text),
	})
	must(s.t, err)
	raw, err := fernet.Raw(sealed.Token)
	must(s.t, err)
	commitment := content.Commitment(sealed.Key, sha256.Sum256(raw))
	f := forgery{
		entry: wire.Entry{
			Conversation: s.direct, Seq: at.Seq, Kind: wire.Application, Account: s.phone.account, Device: s.lost.device(), Message: message,
			Received: at.Received, Frame: []byte{}, Token: sealed.Token, Commitment: &commitment,
		},
		page: wire.Page{Revision: 1 << 20},
	}
	place := vault.PagePlace{Account: s.phone.account, Conversation: s.direct, Revision: f.page.Revision}
	f.page.Page, err = vault.SealPage(rand.Reader, keys[len(keys)-1], uint64(len(keys)), place,
		[]vault.PageKey{{Seq: at.Seq, Key: sealed.Key, Commitment: commitment}})
	must(s.t, err)
	return f
}

// shown is a server that shows the forgery in the place of what there is.
func (f forgery) shown() liar {
	return liar{says: func(asked wire.Kind, frame wire.Frame) []wire.Frame {
		switch {
		case asked == wire.OpPages && frame.Kind == wire.ReplyOK:
			frame.Body = rewritten(frame.Body, func(l *wire.PageList) {
				for i := range l.Pages {
					if l.Pages[i].Bucket == f.page.Bucket {
						l.Pages[i] = f.page
					}
				}
			})
		case asked == wire.OpHistory && frame.Kind == wire.ReplyOK:
			frame.Body = rewritten(frame.Body, func(l *wire.Entries) {
				for i := range l.Entries {
					if e := &l.Entries[i]; e.Conversation == f.entry.Conversation && e.Seq == f.entry.Seq {
						*e = f.entry
					}
				}
			})
		}
		return []wire.Frame{frame}
	}}
}

// The vault keys that a removed device knows vouch for what was in the vault at its removal, and for nothing it
// writes later. A second removal changes nothing about that.
func TestARemovedDeviceWritesNoHistory(t *testing.T) {
	for what, again := range map[string]bool{"after one removal": false, "after two": true} {
		t.Run(what, func(t *testing.T) {
			tell(t, 3, func(t *testing.T, w *World, p []*person) { forgedHistory(t, w, p, again) })
		})
	}
}

func forgedHistory(t *testing.T, w *World, p []*person, again bool) {
	t.Helper()
	s := steal(t, w, p)
	s.phone.say(t, s.direct, "afterwards")
	time.Sleep(10 * time.Second)
	f := s.forge("I owe ben 1000 euros")
	if again {
		id := s.direct
		page := f.page.Page
		must(t, w.server.tamper(fmt.Sprintf("UPDATE vault_page SET revision = %d, page = x'%x' WHERE account = x'%x' AND conversation = x'%x' AND bucket = 0",
			f.page.Revision, page, s.phone.account[:], id[:])))
		time.Sleep(30 * time.Second) // everybody is connected again
		must(t, s.phone.on().RemoveDevice(context.Background(), s.laptop.device()))
		time.Sleep(time.Minute)
	}
	tablet := w.again(s.phone)
	tablet.lane.lie(f.shown())
	tablet.begin(t)
	time.Sleep(3 * time.Minute)
	if slices.ContainsFunc(tablet.rows(t, s.direct), func(m client.Message) bool { return m.Text == "I owe ben 1000 euros" }) {
		t.Fatal("a new device shows as its own what the removed one wrote after its removal")
	}
	s.alarmed(tablet, client.CodeVault)
	tablet.lane.lie(liar{})
	must(t, tablet.on().RestoreAgain(context.Background(), s.direct))
	tablet.settle(t)
	tablet.hasTexts(t, s.direct, "[vault-damaged]", "while it was mine", "afterwards")
}

// What the vault had when a device was removed stays good: also what the one that removes it has not restored,
// and what was still to be written by a device that was off.
func TestARemovalLosesNoHistory(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		laptop := w.second(t, phone)
		time.Sleep(20 * time.Second)
		var said []string
		say := func(from *person, text string) {
			from.say(t, id, text)
			said = append(said, text)
		}
		for i := range 300 {
			say(ben, fmt.Sprint("ben says ", i))
		}
		say(phone, "from the phone")
		time.Sleep(10 * time.Second)

		// The phone is off with a key that it has not stored, and the laptop is gone for good.
		must(t, laptop.crash(ctx))
		say(ben, "read by the phone alone")
		phone.reads(t, id, "read by the phone alone")
		must(t, phone.crash(ctx))
		must(t, ben.crash(ctx)) // who could give what is missing

		// A new device removes the laptop at once.
		tablet := w.again(phone)
		must(t, tablet.start(ctx))
		tablet.lane.cheat(func(f wire.Frame) []wire.Frame { // before it has any history
			var list wire.Entries
			if f.Kind == wire.ReplyOK && wire.Decode(f.Body, &list) == nil && len(list.Entries) > 0 {
				return nil
			}
			return []wire.Frame{f}
		})
		must(t, tablet.signInAgain(ctx))
		time.Sleep(5 * time.Second)
		must(t, tablet.on().RemoveDevice(ctx, laptop.device()))
		tablet.lane.cheat(nil)
		tablet.lane.cut()
		time.Sleep(time.Minute)
		if got := tablet.texts(t, id); !slices.Equal(got[:len(got)-1], said[:len(said)-1]) || got[len(got)-1][0] != '[' {
			t.Fatalf("the tablet alone has %d texts: %q", len(got), got)
		}
		must(t, phone.start(ctx))
		time.Sleep(time.Minute)
		must(t, tablet.on().RestoreAgain(ctx, id))
		for _, d := range []*person{tablet, phone} {
			d.settle(t)
			d.hasTexts(t, id, said...)
		}

		// The next one finds all of it in the vault.
		must(t, phone.crash(ctx))
		must(t, tablet.crash(ctx))
		last := w.again(phone)
		last.signInOn(t)
		last.hasTexts(t, id, said...)
		for _, f := range last.faults {
			t.Errorf("it is told %+v", f)
		}
	})
}

// Nor does it lose what the server leaves out when it is asked what there is, or what another device wrote at the same
// moment: whoever wrote it does so again.
func TestWhatARemovalDoesNotListIsStoredAgain(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		lost := w.second(t, phone)
		time.Sleep(20 * time.Second)
		ben.say(t, id, "one")
		phone.say(t, id, "two")
		phone.settle(t)
		phone.lane.lie(reply(wire.OpPageSums, func(l *wire.PageSumList) { *l = wire.PageSumList{} }))
		must(t, phone.on().RemoveDevice(ctx, lost.device()))
		time.Sleep(time.Minute)
		phone.settle(t)
		must(t, phone.crash(ctx))
		must(t, ben.crash(ctx)) // who could give what is missing
		tablet := w.again(phone)
		tablet.signInOn(t)
		tablet.hasTexts(t, id, "one", "two")
	})
}

func TestARemovedDeviceWritesNoDraft(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		s := steal(t, w, p)
		keys := s.vaultKeys(s.loot())
		place := vault.PagePlace{Account: s.phone.account, Conversation: s.direct, Bucket: wire.DraftBucket, Revision: 7}
		page, err := vault.SealDraft(rand.Reader, keys[len(keys)-1], uint64(len(keys)), place,
			vault.Draft{Text: "yes, send it to my new account", At: uint64(time.Now().UnixMilli())})
		must(t, err)
		s.phone.lane.cheat(pageReply(func(l *wire.PageList) {
			l.Pages = []wire.Page{{Bucket: place.Bucket, Revision: place.Revision, Page: page}}
		}))
		s.phone.rows(t, s.direct) // the person opens the conversation
		time.Sleep(5 * time.Second)
		got, err := s.phone.on().Messages(ctx, s.direct, 0, 10)
		must(t, err)
		if got.Draft != "" {
			t.Fatalf("the removed device wrote into the composer: %q", got.Draft)
		}
	})
}

// A draft from before a removal is sealed anew by the device that wrote it, and found by the next one.
func TestARemovalLosesNoDraft(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone := p[0]
		id := phone.create(t, wire.Direct, p[1])
		lost := w.second(t, phone)
		time.Sleep(20 * time.Second)
		must(t, phone.on().Draft(ctx, id, "half a thought"))
		time.Sleep(5 * time.Second)
		must(t, phone.on().RemoveDevice(ctx, lost.device()))
		time.Sleep(30 * time.Second)
		must(t, phone.crash(ctx))
		tablet := w.again(phone)
		tablet.signInOn(t)
		tablet.rows(t, id)
		time.Sleep(5 * time.Second)
		got, err := tablet.on().Messages(ctx, id, 0, 10)
		must(t, err)
		if got.Draft != "half a thought" {
			t.Fatalf("the draft is %q", got.Draft)
		}
	})
}
