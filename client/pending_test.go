package client

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"frond/mls"
	"frond/wire"
)

// shelf is a store of one conversation, for tests that look at what is written.
type shelf map[string][]byte

func (s shelf) Get(_ context.Context, key string) ([]byte, error) { return s[key], nil }
func (s shelf) Wipe(context.Context) error                        { clear(s); return nil }
func (s shelf) Close() error                                      { return nil }

func (s shelf) Scan(_ context.Context, r Range) (items []Item, err error) {
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if r.From <= key && key < r.To {
			items = append(items, Item{key, s[key]})
		}
	}
	return items, nil
}

func (s shelf) Write(_ context.Context, b Batch) error {
	for _, key := range b.Delete {
		delete(s, key)
	}
	for _, r := range b.DeleteRanges {
		items, _ := s.Scan(context.Background(), r)
		for _, item := range items {
			delete(s, item.Key)
		}
	}
	for _, item := range b.Put {
		s[item.Key] = item.Value
	}
	return nil
}

// desk is the client of a circle's owner, with nothing but the circle in its store.
func desk(c *circle, store shelf) (*Client, *conversation) {
	me := &self{selfRecord: selfRecord{Account: c.owner.id(), Device: wire.ID(c.owner.cred.Device)}, keys: keysOf(c.owner.id()), key: c.owner.key, cred: c.owner.cred}
	client := &Client{cfg: Config{Store: store}, ctx: context.Background(), self: me}
	client.cfg.fill()
	v := &conversation{id: wire.ID{1}, rec: conversationRecord{Kind: wire.Group, State: stateActive, JoinKey: c.roster.JoinKey}, roster: c.roster, group: c.ownerG}
	client.conversations = map[wire.ID]*conversation{v.id: v}
	t := client.begin()
	t.mark(v, markRecord|markGroup)
	if err := t.commit(); err != nil {
		panic(err)
	}
	return client, v
}

func renew(*conversation, *mls.Group) (plan, error) { return plan{}, nil }

func (v *conversation) pendingFrame() []byte {
	var h wire.Handshake
	if err := wire.Decode(v.pending.Body, &h); err != nil {
		panic(err)
	}
	return h.Frame
}

// The server may refuse a handshake and still show it to everybody. The key it was encrypted under must
// not serve the next one, also not when the device was switched off between them.
func TestADroppedHandshakeDoesNotLendItsKeyToTheNext(t *testing.T) {
	t.Parallel()
	circle := newCircle(t, wire.Group)
	c, v := desk(circle, shelf{})
	ann := circle.annG
	for try := range 3 {
		if err := c.stage(v, &want{stage: renew}); err != nil {
			t.Fatal(err)
		}
		s, err := ann.Stage(config(), v.pendingFrame())
		if err != nil {
			t.Fatalf("handshake %d: %v", try, err) // mls.ErrReplay when the key was used before
		}
		ann = s.Present()
		c.dropPending(v, nil)
		v.group = nil // as after a restart
	}
}

// A message that is read while a handshake waits can not be read again after the handshake is merged.
func TestKeysUsedWhileAHandshakeWaitsDoNotComeBack(t *testing.T) {
	t.Parallel()
	circle := newCircle(t, wire.Group)
	c, v := desk(circle, shelf{})
	if err := c.stage(v, &want{stage: renew}); err != nil {
		t.Fatal(err)
	}
	_, message, err := circle.annG.Seal(config(), nil, []byte("meanwhile"))
	if err != nil {
		t.Fatal(err)
	}
	if v.group, _, err = v.group.Open(config(), message); err != nil {
		t.Fatal(err)
	}
	tx := c.begin()
	tx.mark(v, markRatchet)
	if err := tx.commit(); err != nil {
		t.Fatal(err)
	}
	v.group = nil
	tx = c.begin()
	if err := c.merge(tx, v); err != nil {
		t.Fatal(err)
	}
	if err := tx.commit(); err != nil {
		t.Fatal(err)
	}
	v.group = nil
	g, err := c.openGroup(v)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.Open(config(), message); !errors.Is(err, mls.ErrReplay) {
		t.Fatalf("the message opens twice: %v", err)
	}
}

// One more message costs the store one record of the message keys, and what is stored loads.
func TestAMessageChangesOneRecordOfTheMessageKeys(t *testing.T) {
	t.Parallel()
	circle := newCircle(t, wire.Group)
	store := shelf{}
	c, v := desk(circle, store)
	rows := c.self.keys.rows("ratchet", v.id)
	for round := range 3 {
		before := maps.Clone(store)
		next, message, err := circle.annG.Seal(config(), nil, []byte("hello"))
		if err != nil {
			t.Fatal(err)
		}
		circle.annG = next
		if v.group, _, err = v.group.Open(config(), message); err != nil {
			t.Fatal(err)
		}
		tx := c.begin()
		tx.mark(v, markRatchet)
		if err := tx.commit(); err != nil {
			t.Fatal(err)
		}
		changed := 0
		for key, value := range store {
			if !slices.Equal(before[key], value) {
				changed++
			}
		}
		if round > 0 && changed != 1 {
			t.Fatalf("message %d changes %d records", round, changed)
		}
		if items, _ := store.Scan(c.ctx, Prefix(rows)); len(items) < 3 {
			t.Fatalf("%d records are stored", len(items))
		}
		v.group, v.stored = nil, nil // as after a restart
		if _, err := c.openGroup(v); err != nil {
			t.Fatal(err)
		}
	}
}
