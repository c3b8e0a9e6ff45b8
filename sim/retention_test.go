package sim

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"frond/client"
	"frond/client/vault"
	"frond/wire"
)

// keeps changes how long a conversation's messages are kept.
func (p *person) keeps(t *testing.T, id wire.ID, mode client.Retention, timer uint32) {
	t.Helper()
	if err := p.on().SetRetention(context.Background(), id, mode, timer); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
}

func (p *person) view(t *testing.T, id wire.ID) client.Conversation {
	t.Helper()
	for _, v := range p.conversations(context.Background()) {
		if v.ID == id {
			return v
		}
	}
	t.Fatalf("%s is not in it", p.name)
	return client.Conversation{}
}

// offline takes a device off the network, and back on.
func (p *person) offline(down bool) {
	p.lane.set(down, false)
	time.Sleep(30 * time.Second)
}

// restart switches a device off and on again.
func (p *person) restart(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	if err := errors.Join(p.crash(ctx), p.start(ctx)); err != nil {
		t.Fatal(err)
	}
}

func TestWhoMaySayHowLongMessagesAreKept(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		direct, group := ada.create(t, wire.Direct, ben), ada.create(t, wire.Group, ben, cleo)
		if err := ada.on().SetRole(ctx, group, cleo.account, client.Moderator); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		everyone := ada.everyone(t)
		for what, err := range map[string]error{
			"a member":    ben.on().SetRetention(ctx, group, client.DeviceOnly, 0),
			"a moderator": cleo.on().SetRetention(ctx, group, client.Disappearing, 300),
			"in Everyone": ada.on().SetRetention(ctx, everyone, client.DeviceOnly, 0),
		} {
			if wire.CodeOf(err) != wire.CodeForbidden {
				t.Errorf("%s: %v", what, err)
			}
		}
		for what, err := range map[string]error{
			"an odd timer":   ada.on().SetRetention(ctx, group, client.Disappearing, 301),
			"no timer":       ada.on().SetRetention(ctx, group, client.Disappearing, 0),
			"a timer beside": ada.on().SetRetention(ctx, group, client.DeviceOnly, 300),
			"no mode":        ada.on().SetRetention(ctx, group, 0, 0),
		} {
			if wire.CodeOf(err) != wire.CodeBadRequest {
				t.Errorf("%s: %v", what, err)
			}
		}
		for _, c := range []struct {
			mode  client.Retention
			timer uint32
			line  string
		}{
			{client.Disappearing, 300, "disappear after 5 minutes"},
			{client.Disappearing, 3600, "disappear after 1 hour"},
			{client.Disappearing, 24 * 3600, "disappear after 1 day"},
			{client.Disappearing, 7 * 24 * 3600, "disappear after 1 week"},
			{client.Disappearing, 28 * 24 * 3600, "disappear after 4 weeks"},
			{client.DeviceOnly, 0, "be kept only on the devices that receive them"},
			{client.Full, 0, "be kept"},
		} {
			ben.keeps(t, direct, c.mode, c.timer)
			ada.keeps(t, group, c.mode, c.timer)
			ada.sees(t, direct, ben.name+" set messages to "+c.line)
			ben.sees(t, direct, "You set messages to "+c.line)
			cleo.sees(t, group, ada.name+" set messages to "+c.line)
			if v := cleo.view(t, group); v.Retention != c.mode || v.Timer != c.timer {
				t.Fatalf("%+v", v)
			}
		}
		if _, can, err := ben.on().Members(ctx, direct); err != nil || can != (client.Rights{Retention: true}) {
			t.Fatalf("%+v, %v", can, err)
		}
	})
}

// secrets are the text, the token and the key of a message.
type secrets map[string][]byte

// secretsOf takes them from where they are while they are there.
func (w *World) secretsOf(t *testing.T, p *person, id wire.ID, text string) secrets {
	t.Helper()
	m := p.newest(t, id)
	if m.Text != text {
		t.Fatalf("%s reads %q", p.name, m.Text)
	}
	entries, err := w.server.store.Entries(context.Background(), id, m.Position-1, m.Position, 1, 1<<20)
	if err != nil || len(entries) != 1 || len(entries[0].Token) == 0 {
		t.Fatal(entries, err)
	}
	row := record(t, p.store, fmt.Sprintf("%s/msg/%s/%016x", p.account, id, m.Position))
	s := secrets{"text": []byte(text), "token": entries[0].Token[40:80], "frame": entries[0].Frame[60:90],
		"key": row.field(t, 8), "commitment": entries[0].Commitment[:]}
	if entries[0].Device != p.device() { // with the hash one could try whether a guess at the text is right
		s["hash"] = record(t, p.store, fmt.Sprintf("%s/peer/%s/%s/%s", p.account, id, entries[0].Account, entries[0].Device)).field(t, 2)
	}
	return s
}

// search looks for secrets in everything there is: the stores of all devices, the files of the server, what
// it reads out, and the opened pages of all vaults.
func (w *World) search(t *testing.T, s secrets) (found []string) {
	t.Helper()
	ctx := context.Background()
	look := func(where string, b []byte) {
		for what, secret := range s {
			if bytes.Contains(b, secret) || bytes.Contains(b, []byte(hex.EncodeToString(secret))) {
				found = append(found, what+" in "+where)
			}
		}
	}
	for i, p := range w.people {
		items, err := p.store.Scan(ctx, client.Range{From: " ", To: "~"})
		if err != nil || len(items) < 10 {
			t.Fatal(len(items), err)
		}
		for _, item := range items {
			look(fmt.Sprintf("device %d of %s, %s", i, p.name, item.Key), append([]byte(item.Key), item.Value...))
		}
		if p.account.IsZero() {
			continue
		}
		self := loot(t, p.store, p.account)
		for _, v := range p.conversations(ctx) {
			list, err := w.server.store.Pages(ctx, p.account, v.ID, 0, 64)
			if err != nil {
				t.Fatal(err)
			}
			for _, page := range list {
				keys, err := vault.OpenPage(vault.Key(self.field(t, 6)), vault.PagePlace{Account: p.account, Conversation: v.ID, Bucket: page.Bucket, Revision: page.Revision}, page.Page)
				if err != nil {
					continue // of an earlier epoch, or a draft
				}
				for _, k := range keys {
					look(fmt.Sprintf("%s's page %d", p.name, page.Bucket), append(k.Key[:], k.Commitment[:]...))
				}
			}
		}
	}
	files, err := os.ReadDir(w.opts.Dir)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(w.opts.Dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		look(f.Name(), b)
	}
	return found
}

func TestADisappearedMessageIsNowhere(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		laptop, tablet := w.second(t, phone), w.second(t, ben)
		phone.say(t, id, "this one stays")
		stays := w.secretsOf(t, ben, id, "this one stays")
		ben.keeps(t, id, client.Disappearing, 300)

		tablet.offline(true)
		sent := time.Now()
		phone.say(t, id, "burn after reading")
		burns := w.secretsOf(t, ben, id, "burn after reading")
		for _, d := range []*person{phone, laptop, ben} {
			d.reads(t, id, "burn after reading")
			if m := d.newest(t, id); m.Expires.Sub(sent) < 300*time.Second || m.Expires.Sub(sent) > 302*time.Second {
				t.Fatalf("it disappears after %v", m.Expires.Sub(sent))
			}
		}
		if ben.view(t, id).Unread == 0 {
			t.Fatal("nothing is unread")
		}
		time.Sleep(10 * time.Second) // time enough to vault keys
		if len(w.search(t, burns)) == 0 {
			t.Fatal("the search finds nothing")
		}
		laptop.offline(true)
		time.Sleep(298*time.Second - time.Since(sent))
		for _, d := range []*person{phone, laptop, ben} {
			d.reads(t, id, "burn after reading")
		}
		time.Sleep(5 * time.Second)
		for _, d := range []*person{phone, laptop, ben} {
			d.sees(t, id, map[bool]string{true: "You", false: ben.name}[d == ben]+" set messages to disappear after 5 minutes")
			d.hasTexts(t, id, "this one stays")
			if v := d.view(t, id); v.Last == nil || v.Last.Text != "this one stays" || v.Unread > 1 {
				t.Fatalf("the list says %+v, %d unread", v.Last, v.Unread)
			}
		}
		time.Sleep(90 * time.Second) // the server tidies up
		if found := w.search(t, burns); len(found) > 0 {
			t.Fatalf("there is still %s", strings.Join(found, "; "))
		}
		if found := w.search(t, stays); len(found) < 5 {
			t.Fatalf("what was to stay is only in %v", found)
		}

		// Who was away all the time, and who comes new, sees nothing of it and no fault.
		tablet.offline(false)
		laptop.offline(false)
		fresh := w.second(t, ben)
		fresh.settle(t)
		for _, d := range []*person{tablet, fresh, laptop} {
			d.hasTexts(t, id, "this one stays")
			counts, err := d.on().Failures(ctx)
			if err != nil || len(counts) > 0 {
				t.Fatalf("%s counts %v, %v", d.name, counts, err)
			}
		}
		phone.say(t, id, "and again")
		for _, d := range []*person{phone, laptop, ben, tablet, fresh} {
			if d.reads(t, id, "and again"); d.newest(t, id).Reason != nil {
				t.Fatalf("%s: %+v", d.name, d.newest(t, id).Reason)
			}
		}
		again := w.secretsOf(t, fresh, id, "and again")
		time.Sleep(7 * time.Minute)
		if found := w.search(t, again); len(found) > 0 {
			t.Fatalf("there is still %s", strings.Join(found, "; "))
		}
		ben.keeps(t, id, client.Full, 0)
		phone.say(t, id, "for good")
		time.Sleep(time.Hour)
		for _, d := range w.people {
			d.hasTexts(t, id, "this one stays", "for good")
		}
	})
}

// A switched-off device deletes what is due before it shows anything, though nobody is reached.
func TestASwitchedOffDeviceShowsNothingThatHasExpired(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.keeps(t, id, client.Disappearing, 3600)
		for i := range 450 { // more than go in one batch
			if _, err := ada.on().Send(context.Background(), id, fmt.Sprint("short-lived ", i)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if n := len(ben.texts(t, id)); n != 450 {
			t.Fatalf("ben has %d", n)
		}
		ben.offline(true)
		if err := ben.crash(context.Background()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := ben.start(context.Background()); err != nil {
			t.Fatal(err)
		}
		ben.hasTexts(t, id)
		if v := ben.view(t, id); v.Last == nil || v.Last.Text != "" || v.Unread != 0 {
			t.Fatalf("%+v", v)
		}
		time.Sleep(time.Second)
		for _, table := range []string{"msg", "until"} {
			items, err := ben.store.Scan(context.Background(), client.Prefix(ben.account.String()+"/"+table+"/"))
			if err != nil || len(items) > 2+len(ben.rows(t, id)) {
				t.Fatalf("%d rows in %s, %v", len(items), table, err)
			}
		}
	})
}

// One timer serves all messages, each at its own time.
func TestEachMessageGoesAtItsTime(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.keeps(t, id, client.Disappearing, 3600)
		stored := func() (n int) {
			items, err := ben.store.Scan(ctx, client.Prefix(ben.account.String()+"/msg/"))
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range items {
				if bytes.Contains(item.Value, []byte("minute ")) {
					n++
				}
			}
			return n
		}
		for i := range 5 {
			ada.say(t, id, fmt.Sprint("minute ", i))
			time.Sleep(59 * time.Second)
		}
		ben.restart(t)
		time.Sleep(time.Hour - 5*time.Minute - 30*time.Second)
		for i := range 5 {
			if n := stored(); n != 5-i {
				t.Fatalf("in minute %d ben has %d messages", i, n)
			}
			time.Sleep(time.Minute)
		}
	})
}

// What waits for the network has not begun its time.
func TestWhatWaitsToBeSentDoesNotDisappear(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.keeps(t, id, client.Disappearing, 300)
		ada.offline(true)
		ada.say(t, id, "written in a tunnel")
		time.Sleep(time.Hour)
		if m := ada.newest(t, id); m.State != client.Pending || m.Text == "" {
			t.Fatalf("%+v", m)
		}
		ada.offline(false)
		ben.reads(t, id, "written in a tunnel")
		time.Sleep(6 * time.Minute)
		ben.hasTexts(t, id)
		ada.hasTexts(t, id)
	})
}

func TestAClockWrongByADayDeletesNeitherEarlyNorLate(t *testing.T) {
	for name, wrong := range map[string]time.Duration{"ahead": 24 * time.Hour, "behind": -24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			tell(t, 2, func(t *testing.T, w *World, p []*person) {
				ada, ben := p[0], p[1]
				id := ada.create(t, wire.Direct, ben)
				ben.now = func() time.Time { return time.Now().Add(wrong) }
				ben.restart(t)
				time.Sleep(10 * time.Second)
				ben.keeps(t, id, client.Disappearing, 3600)
				sent := time.Now()
				ada.say(t, id, "by the right clock")
				ben.say(t, id, "by the wrong clock")
				if left := ben.newest(t, id).Expires.Sub(ben.now()); left < 59*time.Minute || left > time.Hour {
					t.Fatalf("ben's clock says %v are left", left)
				}
				ben.offline(true)
				ben.restart(t)
				time.Sleep(3595*time.Second - time.Since(sent))
				for _, d := range p {
					d.hasTexts(t, id, "by the right clock", "by the wrong clock")
				}
				time.Sleep(10 * time.Second)
				for _, d := range p {
					d.hasTexts(t, id)
				}
			})
		})
	}
}

// A device learns how far its clock is off only once the server greets it. What waits for a message's time then waits anew.
func TestAMessageGoesInTimeOnADeviceWhoseClockWasSetBack(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.keeps(t, id, client.Disappearing, 3600)
		ada.say(t, id, "for an hour")
		sent := time.Now()
		ben.reads(t, id, "for an hour")
		ben.offline(true)
		ben.now = func() time.Time { return time.Now().Add(-30 * time.Minute) }
		time.Sleep(55*time.Minute - time.Since(sent))
		ben.restart(t)
		ben.offline(false)
		ben.hasTexts(t, id, "for an hour")
		time.Sleep(time.Hour + 10*time.Second - time.Since(sent))
		items, err := ben.store.Scan(context.Background(), client.Prefix(ben.account.String()+"/msg/"))
		if err != nil || slices.ContainsFunc(items, func(i client.Item) bool { return bytes.Contains(i.Value, []byte("for an hour")) }) {
			t.Fatalf("ben still has it: %v", err)
		}
	})
}

func TestDeviceOnlyMessagesStayOnTheDevicesThatReceivedThem(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		laptop := w.second(t, phone)
		phone.say(t, id, "kept")
		ben.keeps(t, id, client.DeviceOnly, 0)
		var said []string
		for i := range 600 {
			said = append(said, fmt.Sprint("only here ", i))
			if _, err := []*person{ben, phone}[i%2].on().Send(ctx, id, said[i]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		secret := w.secretsOf(t, laptop, id, said[599])
		ben.keeps(t, id, client.Full, 0)
		phone.say(t, id, "kept again")
		ben.keeps(t, id, client.DeviceOnly, 0)
		phone.say(t, id, "and not")
		for _, d := range []*person{phone, laptop, ben} {
			d.settle(t)
			d.hasTexts(t, id, slices.Concat([]string{"kept"}, said, []string{"kept again", "and not"})...)
		}
		for _, what := range []string{"token", "frame", "commitment", "hash"} {
			delete(secret, what) // they stay
		}
		for _, found := range w.search(t, secret) {
			if !strings.HasPrefix(found, "text in device") && !strings.HasPrefix(found, "key in device") && !strings.Contains(found, " in frond.db") {
				t.Errorf("there is %s", found)
			}
			if strings.HasPrefix(found, "key in") && !strings.Contains(found, "/msg/") {
				t.Errorf("there is %s", found)
			}
		}

		fresh := w.second(t, phone)
		fresh.settle(t)
		fresh.hasTexts(t, id, "kept", "kept again")
		const line = "This conversation keeps messages only on the devices that received them."
		var lines []string
		for _, m := range fresh.rows(t, id) {
			if m.Text == line || !m.Notice {
				lines = append(lines, m.Text)
			}
		}
		if want := []string{"kept", line, "kept again", line}; !slices.Equal(lines, want) {
			t.Fatalf("the new device shows %q", lines)
		}
		if err := fresh.on().RestoreAgain(ctx, id); err != nil {
			t.Fatal(err)
		}
		fresh.settle(t)
		fresh.hasTexts(t, id, "kept", "kept again")
		ben.say(t, id, "from now on")
		fresh.reads(t, id, "from now on")
		if counts, err := fresh.on().Failures(ctx); err != nil || len(counts) > 0 {
			t.Fatalf("%v, %v", counts, err)
		}
	})
}

// More messages disappear than a device can step over in one epoch. Whoever sends them begins new ones.
func TestADeviceComesBackAfterThousandsOfDisappearedMessages(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.keeps(t, id, client.Disappearing, 300)
		ben.offline(true)
		for i := range 2400 {
			if _, err := ada.on().Send(ctx, id, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		ben.offline(false)
		time.Sleep(time.Minute)
		ada.say(t, id, "are you there?")
		ben.hasTexts(t, id, "are you there?")
		if counts, err := ben.on().Failures(ctx); err != nil || len(counts) > 0 {
			t.Fatalf("%v, %v", counts, err)
		}
	})
}

// The second of two messages names the first, which is gone when it is read.
func TestAMessageFollowsOnOneThatHasDisappeared(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.say(t, id, "to begin with")
		ada.keeps(t, id, client.Disappearing, 300)
		ben.offline(true)
		ada.say(t, id, "gone soon")
		time.Sleep(200 * time.Second)
		ada.say(t, id, "gone later")
		time.Sleep(110 * time.Second)
		ben.offline(false)
		if ben.reads(t, id, "gone later"); ben.newest(t, id).Reason != nil {
			t.Fatalf("%+v", ben.newest(t, id).Reason)
		}
	})
}

// All that a device had sent since an old copy of its store was made has disappeared. It finds out all the
// same that it was set back, and uses no key twice.
func TestAProfileThatWasSetBackKnowsByMessagesThatHaveDisappeared(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.keeps(t, id, client.Disappearing, 300)
		ada.say(t, id, "before the copy")
		old := ada.store.Copy()
		for i := range 3 {
			ada.say(t, id, fmt.Sprint("after the copy ", i))
		}
		time.Sleep(time.Hour)
		ada.setBack(t, old)
		time.Sleep(time.Minute)
		if ada.failures(t)["rolled-back"] == 0 {
			t.Fatalf("it did not notice: %v", ada.failures(t))
		}
		ada.say(t, id, "who am I?")
		ben.reads(t, id, "who am I?")
		ben.readable(t, id)
		ada.readable(t, id)
	})
}

// A message that did not open is asked for as long as it lives, and what somebody gives lives no longer.
func TestWhatWasAskedForDisappearsInTimeToo(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.keeps(t, id, client.Disappearing, 300)
		for text, answered := range map[string]bool{"given later": true, "never given": false} {
			ben.lane.lie(lieAbout(func(e *wire.Entry) {
				e.Frame = append(e.Frame[:len(e.Frame)-1:len(e.Frame)-1], e.Frame[len(e.Frame)-1]^1)
			}))
			ada.say(t, id, text)
			ben.lane.lie(liar{})
			if !answered {
				ada.lane.set(true, false)
			}
			time.Sleep(time.Minute)
			want := "[" + string(client.ReasonDamaged) + "]"
			if answered {
				want = text
			}
			ben.hasTexts(t, id, want)
			time.Sleep(250 * time.Second)
			ada.offline(false)
			ben.hasTexts(t, id)
			items, err := ben.store.Scan(ctx, client.Range{From: " ", To: "~"})
			for _, item := range items {
				if bytes.Contains(item.Value, []byte(text)) || strings.Contains(item.Key, "/ask/") {
					t.Fatalf("%s holds %q", item.Key, item.Value)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A person who signs out and leaves the messages here does not leave those that are to disappear.
func TestSigningOutTakesAlongWhatIsToDisappear(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.say(t, id, "stays here")
		ada.keeps(t, id, client.Disappearing, 3600)
		ada.say(t, id, "does not stay here")
		if err := ben.on().SignOut(ctx, false); err != nil {
			t.Fatal(err)
		}
		var all []byte
		items, err := ben.store.Scan(ctx, client.Range{From: " ", To: "~"})
		for _, item := range items {
			all = append(all, item.Value...)
		}
		if err != nil || !bytes.Contains(all, []byte("stays here")) || bytes.Contains(all, []byte("does not stay here")) {
			t.Fatal("signing out left the wrong things", err)
		}
	})
}
