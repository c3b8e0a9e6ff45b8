package delivery

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"frond/server/store"
	"frond/wire"
)

// write is the one goroutine that appends. It ends when the queue is closed and empty. Tails are its own to
// change, so it also takes out of them what has expired.
func (l *Log) write() {
	defer close(l.done)
	for {
		select {
		case first, ok := <-l.queue:
			if !ok {
				return
			}
			l.commit(l.gather(first))
		case <-l.sweep:
			l.dropStale()
		}
	}
}

// pause is how long a transaction waits for others to share it, a fraction of what making it durable takes.
const pause = 100 * time.Microsecond

// gather takes what waits beside the first request, as much as one transaction may hold. When nothing
// more waits it lets the other goroutines run, and goes on as long as that brings something, so that
// what connections have received already shares this transaction. Once it pauses for them, but only
// when many fewer wait than came last time: who writes alone never waits on a clock.
func (l *Log) gather(first *request) []*request {
	batch, bytes := []*request{first}, first.size
	for asked, paused := 0, false; len(batch) < batchEntries && bytes < batchBytes; {
		select {
		case r, ok := <-l.queue:
			if !ok {
				return batch
			}
			batch, bytes = append(batch, r), bytes+r.size
		default:
			if asked == len(batch) {
				return batch
			}
			asked = len(batch)
			if !paused && asked < l.latest/2 {
				paused = true
				time.Sleep(pause)
			} else {
				runtime.Gosched()
			}
		}
	}
	return batch
}

// commit makes a batch durable, answers it and spreads the word.
func (l *Log) commit(batch []*request) {
	l.latest = len(batch)
	items := make([]store.Append, len(batch))
	for i, r := range batch {
		items[i] = r.item
		l.waiting.Add(-r.size)
	}
	results := l.append(items)
	reached := map[wire.ID]uint64{}
	for i, r := range batch {
		if e := results[i].Entry; e != nil {
			l.keep(e, &r.item, results[i].Left)
			reached[e.Conversation] = e.Seq
		}
	}
	for i, r := range batch {
		r.by.Answer(results[i])
	}
	for id, seq := range reached {
		l.bus.Publish(id, seq)
	}
	for i, r := range batch {
		l.announceInbox(&r.item, results[i].Entry)
		r.by.Flush()
	}
}

// append calls the store and turns its panic, which would be a fault of ours, into an answer.
func (l *Log) append(items []store.Append) (results []store.AppendResult) {
	defer func() {
		if p := recover(); p != nil {
			l.logger.Error("append panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			results = make([]store.AppendResult, len(items))
			for i := range results {
				results[i].Err = wire.Errorf(wire.CodeInternal, "the server made a mistake")
			}
		}
	}()
	return l.store.Append(context.Background(), items)
}

// keep lays a new entry into its conversation's tail, if anybody follows it.
func (l *Log) keep(e *wire.Entry, item *store.Append, left []wire.ID) {
	l.mu.Lock()
	t := l.tails[e.Conversation]
	l.mu.Unlock()
	if t == nil {
		return
	}
	if h := handshake(item); h != nil {
		t.changed(change{seq: e.Seq, devices: concerned(h, item.Device)})
	} else if len(left) > 0 {
		t.changed(change{seq: e.Seq, devices: left})
	}
	l.frame = wire.AppendPush(l.frame[:0], e)
	t.view.Store(t.view.Load().add(e.Seq, l.frame, e.Expires).trim(tailBytes))
	l.appends++
	t.used = l.appends
	if l.appends%1024 == 0 {
		l.evict()
	}
}

// handshake is the item's handshake, or nil for a message or a leave.
func handshake(item *store.Append) *wire.Handshake {
	if item.Create != nil {
		return &item.Create.Handshake
	}
	return item.Handshake
}

// concerned lists the devices whose membership a handshake may change.
func concerned(h *wire.Handshake, author wire.ID) []wire.ID {
	devices := []wire.ID{author}
	for _, m := range h.Add {
		devices = append(devices, m.Device)
	}
	for _, m := range h.Remove {
		devices = append(devices, m.Device)
	}
	for _, m := range h.Return {
		devices = append(devices, m.Device)
	}
	return devices
}

// announceInbox tells the added devices that a welcome waits. The bus carries it like a conversation's
// hint: ids of devices and conversations are random and do not meet.
func (l *Log) announceInbox(item *store.Append, e *wire.Entry) {
	h := handshake(item)
	if h == nil || e == nil {
		return
	}
	for _, m := range h.Add {
		l.bus.Publish(m.Device, e.Seq)
	}
}
