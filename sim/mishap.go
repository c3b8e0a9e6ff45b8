package sim

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

// Mishaps of a device's store, behind its back. What comes while it has no keys is had again from the vault,
// from the account's other devices, or from who wrote it. Those give what they read since they came in
// themselves, the last time: whoever had to join again does not know who was there before, and gives nothing
// of then. So a device stays entitled to what one of them may give, and only that.

// loseKeys switches a device off, and on again without the group of a conversation, without all message keys
// that it was to open its messages with, or without those of one sender.
func (w *World) loseKeys(ctx context.Context, p *person) error {
	table, all := []string{"/epoch/", "/ratchet/"}[w.rand.IntN(2)], w.rand.IntN(2) == 0
	pick := w.rand.Uint64()
	if err := p.crash(ctx); err != nil {
		return err
	}
	items, err := p.store.Scan(ctx, client.Prefix(p.account.String()+table))
	if err != nil || len(items) == 0 {
		return errors.Join(err, p.start(ctx))
	}
	key := items[pick%uint64(len(items))].Key
	group := key[:strings.Index(key, table)+len(table)+32]
	items = slices.DeleteFunc(items, func(i client.Item) bool { return i.Key != key && !(all && strings.HasPrefix(i.Key, group)) })
	var b client.Batch
	for _, i := range items {
		b.Delete = append(b.Delete, i.Key)
	}
	w.log.Info("keys are lost", "who", p.name, "device", p.device(), "first", key, "records", len(items))
	p.hurtIn(group[len(group)-32:])
	if err := p.store.Write(ctx, b); err != nil {
		return err
	}
	return p.start(ctx)
}

func (p *person) hurtIn(conversation string) {
	id, _ := wire.ParseID(conversation)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hurt == nil {
		p.hurt = map[wire.ID]bool{}
	}
	p.hurt[id] = true
}

// forgot reports whether a device knows nothing of a conversation, because its store was set back to before it was in
// there, and has been taken out since: nobody tells it that it ever was.
func (w *World) forgot(ctx context.Context, p *person, id wire.ID) bool {
	p.mu.Lock()
	hurt := p.hurt[id]
	p.mu.Unlock()
	_, until, _, err := w.server.store.Entitlement(ctx, id, p.device())
	return hurt && !p.isIn(ctx, id) && err == nil && until != 0
}

// hurt marks the rows of a device that lost keys of a conversation which nobody may give it any more.
func (w *World) hurt(ctx context.Context, p *person, id wire.ID, entries []wire.Entry, rows []row) error {
	p.mu.Lock()
	hurt := p.hurt[id]
	p.mu.Unlock()
	if !hurt {
		return nil
	}
	authors := map[uint64]wire.ID{}
	for _, e := range entries {
		authors[e.Seq] = e.Account
	}
	given := map[uint64]bool{}
	for _, q := range w.everybody() {
		came := lastJoin(entries, q.device())
		has, err := w.timeline(ctx, q, id)
		if err != nil {
			return err
		}
		for _, r := range has {
			if q != p && r.state != client.Unreadable && r.seq > came && (q.account == p.account || q.account == authors[r.seq]) {
				given[r.seq] = true
			}
		}
	}
	for i := range rows {
		if r := &rows[i]; !given[r.seq] && r.kept == "" {
			r.lost, r.kept, r.state = true, r.text, client.Unreadable
		}
	}
	return nil
}

// lastJoin is the seq of the commit by which a device came in by itself the last time, or 0.
func lastJoin(entries []wire.Entry, device wire.ID) (seq uint64) {
	for _, e := range entries {
		h, err := mls.ParseHeader(e.Frame)
		if err == nil && e.Kind == wire.HandshakeEntry && e.Device == device && h.Sender == mls.SenderNewMemberCommit {
			seq = e.Seq
		}
	}
	return seq
}

// healing is longer than a device waits until it joins a conversation a second time.
const healing = 15 * time.Minute

// heal gives all devices time to join again where they must, and a connection on which they ask for what they
// still lack: somebody who has it may have been away before.
func (w *World) heal(ctx context.Context) error {
	for range 2 {
		time.Sleep(healing)
		for _, p := range w.people {
			p.lane.cut()
		}
		if err := w.rest(ctx); err != nil {
			return err
		}
	}
	return nil
}
