package sim

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"frond/client"
	"frond/client/signal"
	"frond/wire"
)

// damage switches a device off, removes or spoils records of its store behind its back, and starts it again.
func (p *person) damage(t *testing.T, table string, id wire.ID, value []byte) {
	t.Helper()
	ctx := context.Background()
	if err := p.crash(ctx); err != nil {
		t.Fatal(err)
	}
	items, err := p.store.Scan(ctx, client.Prefix(fmt.Sprintf("%s/%s/%s", p.account, table, id)))
	if err != nil || len(items) == 0 {
		t.Fatalf("no %s record, %v", table, err)
	}
	var b client.Batch
	for _, item := range items {
		if b.Delete = append(b.Delete, item.Key); value != nil {
			b.Put = append(b.Put, client.Item{Key: item.Key, Value: value})
		}
	}
	if err := p.store.Write(ctx, b); err != nil {
		t.Fatal(err)
	}
	if err := p.start(ctx); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
}

// Whatever of a conversation is damaged in the store, that one is mended and the others go on meanwhile.
func TestADamagedRecordCostsItsOwnConversationARepairAndNoMore(t *testing.T) {
	for _, table := range []string{"epoch", "ratchet", "roster", "conv"} {
		for what, value := range map[string][]byte{"lost": nil, "spoilt": {0xff}} {
			t.Run(table+" "+what, func(t *testing.T) {
				if what == "lost" && table == "roster" || what == "lost" && table == "conv" {
					t.Skip("a store that loses whole records unnoticed is one that was set back")
				}
				tell(t, 3, func(t *testing.T, w *World, p []*person) {
					ada, ben, cleo := p[0], p[1], p[2]
					group, direct := ada.create(t, wire.Group, ben, cleo), ada.create(t, wire.Direct, ben)
					for _, id := range []wire.ID{group, direct} {
						ada.say(t, id, "before")
						ben.say(t, id, "answer")
					}
					time.Sleep(10 * time.Second) // state and message keys are saved
					ben.damage(t, table, group, value)
					ada.say(t, direct, "the other one goes on")
					ben.reads(t, direct, "the other one goes on")
					ada.say(t, group, "while it is broken")
					ben.say(t, direct, "something is wrong with the group")
					ada.reads(t, direct, "something is wrong with the group")
					time.Sleep(2 * time.Minute)
					ben.say(t, group, "I am back")
					for _, q := range []*person{ada, cleo, ben} {
						q.reads(t, group, "I am back")
					}
					ben.hasTexts(t, group, "before", "answer", "while it is broken", "I am back")
					ada.readable(t, group, direct)
					cleo.readable(t, group)
					ben.readable(t, group, direct)
					if n := w.rejoins(t, ben, group); n != 1 {
						t.Errorf("%d rejoins", n)
					}
					if n := ben.failures(t); n["broken-state"] == 0 {
						t.Errorf("%v", n)
					}
				})
			})
		}
	}
}

// spoilt alters the frames of messages that a device gets, so that it has no key for them.
func spoilt(e wire.Entry) []wire.Entry {
	if e.Kind == wire.Application {
		e.Frame = bytes.Clone(e.Frame)
		e.Frame[len(e.Frame)-1] ^= 1
	}
	return []wire.Entry{e}
}

// hides makes a cheating server that shows no page of the vault and spoils frames.
func hides(f wire.Frame) []wire.Frame {
	var list wire.PageList
	if f.Kind == wire.ReplyOK && wire.Decode(f.Body, &list) == nil && len(list.Pages) > 0 {
		f.Body, _ = wire.Encode(wire.PageList{Pages: []wire.Page{}})
		return []wire.Frame{f}
	}
	return pushed(spoilt).says(0, f)
}

func (p *person) lastReason(t *testing.T, id wire.ID) string {
	t.Helper()
	if m := p.newest(t, id); m.Reason != nil {
		return m.Reason.Code
	}
	return ""
}

func TestAKeyThatIsMissingComesFromTheSendersDevice(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		ada.say(t, id, "hello")
		ben.lane.cheat(hides)
		ada.lane.set(true, false)
		cleo.say(t, id, "one")
		cleo.say(t, id, "two")
		cleo.lane.set(true, false) // and nobody who has the keys is there
		if got := ben.lastReason(t, id); got != "damaged" {
			t.Fatalf("the reason is %q", got)
		}
		asked := false
		for range 40 {
			time.Sleep(time.Second)
			asked = asked || ben.lastReason(t, id) == "asking"
		}
		if got := ben.lastReason(t, id); !asked || got != "damaged" {
			t.Fatalf("asked: %v, and then it is %q", asked, got)
		}
		if m := ben.newest(t, id); m.Reason.Action != "ask-again" {
			t.Fatalf("%+v", m.Reason)
		}
		ada.lane.set(false, false) // has the keys, and is not whom they ask
		time.Sleep(2 * time.Minute)
		if got := ben.lastReason(t, id); got != "damaged" {
			t.Fatalf("it is %q", got)
		}
		cleo.lane.set(false, false)
		time.Sleep(12 * time.Minute)
		ben.hasTexts(t, id, "hello", "one", "two")
		if n := ben.failures(t); n["key-found"] != 2 || n["damaged"] != 2 {
			t.Errorf("%v", n)
		}
		ben.settle(t) // the keys go into the vault
		ben.lane.cheat(nil)
		ada.lane.cheat(deaf)
		cleo.lane.cheat(deaf)
		again := w.again(ben)
		again.signInOn(t)
		again.hasTexts(t, id, "hello", "one", "two")
	})
}

func TestAKeyThatIsMissingComesFromAnotherOwnDevice(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		id := phone.create(t, wire.Direct, ben)
		laptop := w.second(t, phone)
		ben.say(t, id, "to both")
		laptop.lane.cheat(hides)
		ben.lane.cheat(deaf)
		ben.say(t, id, "for the phone alone")
		if got := laptop.lastReason(t, id); got != "damaged" {
			t.Fatalf("the reason is %q", got)
		}
		time.Sleep(time.Minute)
		phone.reads(t, id, "for the phone alone")
		laptop.reads(t, id, "for the phone alone")
	})
}

// A device looks into the vault some seconds after a message that it can not open, and asks others then. When it
// is switched off meanwhile, it does so after it is on again.
func TestASearchThatASwitchedOffDeviceHadPlannedIsMadeLater(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.say(t, id, "hello")
		ben.lane.lie(pushed(spoilt))
		ada.say(t, id, "does not arrive whole")
		if got := ben.lastReason(t, id); got != "damaged" {
			t.Fatalf("the reason is %q", got)
		}
		ben.lane.lie(liar{})
		ben.restart(t)
		time.Sleep(2 * time.Minute)
		ben.hasTexts(t, id, "hello", "does not arrive whole")
	})
}

// A message that was sealed before a device came back, and is in the log after that, is one the device was there for.
func TestAMessageThatCrossedAReturnIsLookedForWithItsSender(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.say(t, id, "before")
		ben.reads(t, id, "before")
		ada.lane.lie(pushed(func(e wire.Entry) []wire.Entry {
			if e.Kind == wire.HandshakeEntry {
				return nil // she does not see yet that ben came back
			}
			return []wire.Entry{e}
		}))
		ben.damage(t, "epoch", id, nil)
		ada.say(t, id, "he notices by this")
		time.Sleep(5 * time.Second)
		if n := w.rejoins(t, ben, id); n != 1 {
			t.Fatalf("%d rejoins", n)
		}
		ada.say(t, id, "crossing")
		ada.lane.lie(liar{})
		if got := ben.lastReason(t, id); got != "key-gone" {
			t.Errorf("the reason is %q", got)
		}
		time.Sleep(2 * time.Minute)
		ben.hasTexts(t, id, "before", "he notices by this", "crossing")
	})
}

// While a device has no group, somebody is removed and the join key changes. Another device of the account
// knows the new one.
func TestADeviceThatLostItsGroupLearnsTheJoinKeyFromAnother(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo := p[0], p[1], p[2]
		id := ada.create(t, wire.Group, ben, cleo)
		ada.say(t, id, "before")
		laptop := w.second(t, ben)
		time.Sleep(10 * time.Second)
		ben.damage(t, "epoch", id, nil)
		must(t, ada.on().Remove(context.Background(), id, cleo.account))
		time.Sleep(time.Second)
		ada.say(t, id, "after")
		laptop.reads(t, id, "after")
		time.Sleep(15 * time.Minute)
		ben.hasTexts(t, id, "before", "after")
		ben.say(t, id, "I am back")
		ada.reads(t, id, "I am back")
	})
}

// beg asks somebody for the key of a message, as a programmer would, and returns what is given.
func (r *rogue) beg(t *testing.T, to wire.ID, as signal.Place, want ...signal.Wanted) (given []signal.Given) {
	t.Helper()
	id, _ := wire.NewID(r.person.rand)
	asked, err := signal.NewRequest(id, [32]byte{1}, r.signer, as, want)
	if err != nil {
		t.Fatal(err)
	}
	key, err := r.group.Export(signal.Label, nil, 32)
	if err != nil {
		t.Fatal(err)
	}
	message, _ := wire.Encode(asked.Request)
	place := signal.Place{Conversation: r.id, Account: r.person.account, Device: r.device}
	body, err := signal.Seal(r.person.rand, [32]byte(key), r.group.Epoch(), place, signal.KeyRequest, message)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.ask(wire.OpSignal, wire.Signal{Conversation: r.id, To: to, Body: body}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for {
		received, err := r.conn.Receive(ctx)
		if err != nil {
			return nil
		}
		frames, _ := wire.Frames(received)
		for _, f := range frames {
			var s wire.Signalled
			if f.Kind != wire.PushSignal || wire.Decode(f.Body, &s) != nil {
				continue
			}
			_, message, err := signal.Open([32]byte(key), signal.Place{Conversation: s.Conversation, Account: s.Account, Device: s.Device}, s.Body)
			if err != nil {
				t.Fatal(err)
			}
			var answer signal.Answer
			if err := wire.Decode(message, &answer); err != nil {
				t.Fatal(err)
			}
			if given, err = asked.Open(&answer); err != nil {
				t.Fatal(err)
			}
			return given
		}
	}
}

// wanted finds the messages of a conversation in the log.
func (w *World) wanted(t *testing.T, id wire.ID) (list []signal.Wanted) {
	t.Helper()
	entries, err := w.entries(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == wire.Application {
			list = append(list, signal.Wanted{Seq: e.Seq, Message: e.Message, Commitment: *e.Commitment})
		}
	}
	return list
}

// Who came later, or went and came again, asks in vain for what was said without them, however they ask.
func TestNobodyGetsKeysOfATimeInWhichTheyWereNotThere(t *testing.T) {
	for name, come := range map[string]func(t *testing.T, w *World, id wire.ID, ada, mallory *person){
		"who came later": func(t *testing.T, w *World, id wire.ID, ada, mallory *person) {
			ada.say(t, id, "without mallory")
			if err := ada.on().Add(context.Background(), id, []string{mallory.name}); err != nil {
				t.Fatal(err)
			}
		},
		"who was removed and added again": func(t *testing.T, w *World, id wire.ID, ada, mallory *person) {
			ctx := context.Background()
			if err := ada.on().Add(ctx, id, []string{mallory.name}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			ada.say(t, id, "with mallory, once") // was entitled, and is not any more
			if err := ada.on().Remove(ctx, id, mallory.account); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if err := ada.on().Add(ctx, id, []string{mallory.name}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, 3, func(t *testing.T, w *World, p []*person) {
				ada, ben, mallory := p[0], p[1], p[2]
				id := ada.create(t, wire.Group, ben)
				come(t, w, id, ada, mallory)
				time.Sleep(time.Second)
				ada.say(t, id, "with mallory")
				ben.say(t, id, "indeed")
				all := w.wanted(t, id)
				early, late := all[0], all[1]
				r := goRogue(t, mallory, id)
				place := signal.Place{Conversation: id, Account: mallory.account, Device: mallory.device()}
				for _, q := range []*person{ada, ben} {
					if got := r.beg(t, q.account, place, early); len(got) != 0 {
						t.Errorf("%s gave a key away", q.name)
					}
					if got := r.beg(t, q.account, place, early, late); len(got) != 1 || got[0].Seq != late.Seq {
						t.Errorf("%s gave %d keys, should give that of the later message", q.name, len(got))
					}
					as := place
					as.Account, as.Device = ben.account, ben.device()
					if got := r.beg(t, q.account, as, early); len(got) != 0 {
						t.Errorf("%s took mallory for ben", q.name)
					}
					other := late
					other.Message = early.Message
					if got := r.beg(t, q.account, place, other, signal.Wanted{Seq: late.Seq, Message: late.Message}); len(got) != 0 {
						t.Errorf("%s gave a key of another message", q.name)
					}
				}
				for range 40 {
					r.beg(t, ada.account, place, late)
				}
				if got := r.beg(t, ada.account, place, late); len(got) != 0 {
					t.Error("ada answers without end")
				}
			})
		})
	}
}
