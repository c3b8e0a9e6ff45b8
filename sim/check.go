package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

// patience is how long everybody may take to catch up once the faults have ceased, in virtual time.
const patience = 30 * time.Minute

// calm ends the faults and waits until nothing is on its way any more.
func (w *World) calm(ctx context.Context) error {
	for _, p := range w.people {
		p.lane.set(false, false)
		p.lane.cut()
		if p.on() == nil {
			if err := p.start(ctx); err != nil {
				return err
			}
		}
	}
	w.jobs.Wait()
	for _, p := range w.everybody() {
		if w.opts.Homes {
			w.bury(ctx, p) // whose removal was answered to nobody
		}
	}
	for _, p := range w.everybody() {
		if c := p.on(); w.opts.Homes && c != nil && c.Session().State != client.SignedIn { // switched off while out, or asked to sign in once more
			if err := p.signInAgain(ctx); err != nil {
				return err
			}
		}
	}
	if err := w.rest(ctx); err != nil || !w.opts.Homes {
		return err
	}
	return w.heal(ctx)
}

// rest waits until nothing is on its way any more.
func (w *World) rest(ctx context.Context) (err error) {
	for waited := time.Duration(0); waited < patience; waited += 5 * time.Second {
		time.Sleep(5 * time.Second)
		if err = w.quiet(ctx); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the world does not come to rest: %w", err)
}

// quiet says what is still on its way.
func (w *World) quiet(ctx context.Context) error {
	for _, p := range w.people {
		if s := p.on().Session(); s.State != client.SignedIn {
			return fmt.Errorf("%s is %s", p.name, s.State)
		}
		list := p.conversations(ctx)
		if len(list) == 0 {
			return fmt.Errorf("%s has no conversation", p.name)
		}
		for _, v := range list {
			if v.KeyChanged {
				p.acceptAll(ctx, v.People)
				return fmt.Errorf("%s is warned in %s (%s)", p.name, v.ID, v.Title)
			}
			if v.Joining {
				return fmt.Errorf("%s is joining %s", p.name, v.ID)
			}
			page, err := p.on().Messages(ctx, v.ID, 0, 1)
			if err != nil {
				return err
			}
			for _, m := range page.Messages {
				if m.State == client.Pending {
					return fmt.Errorf("%s is sending to %s (%s)", p.name, v.ID, v.Title)
				}
			}
			if err := w.caughtUp(ctx, p, v); err != nil {
				return err
			}
		}
		if s, err := p.on().Stored(ctx); err != nil || s.Missing+s.Waiting+s.Asking > 0 {
			return fmt.Errorf("%s restores %d, stores %d and asks for %d (%w)", p.name, s.Missing, s.Waiting, s.Asking, err)
		}
	}
	return nil
}

func (w *World) caughtUp(ctx context.Context, p *person, v client.Conversation) error {
	entries, err := w.entries(ctx, v.ID)
	if err != nil {
		return err
	}
	_, until, member, err := w.server.store.Entitlement(ctx, v.ID, p.device())
	if err != nil || !member {
		return err
	}
	if until == 0 {
		until = uint64(len(entries))
	}
	if v.Position < until {
		return fmt.Errorf("%s is at %d of %d in %s (%s)", p.name, v.Position, until, v.ID, v.Title)
	}
	return nil
}

func (p *person) device() wire.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.devices[len(p.devices)-1]
}

// entries reads a conversation's log from the server's database.
func (w *World) entries(ctx context.Context, id wire.ID) (all []wire.Entry, err error) {
	for {
		page, err := w.server.store.Entries(ctx, id, uint64(len(all)), 0, 1000, 64<<20)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
	}
}

// check holds the server's log against what everybody has on their device.
func (w *World) check(ctx context.Context) error {
	logs := map[wire.ID][]wire.Entry{}
	for _, p := range w.people {
		for _, v := range p.conversations(ctx) {
			if logs[v.ID] == nil {
				entries, err := w.entries(ctx, v.ID)
				if err != nil {
					return err
				}
				logs[v.ID] = entries
			}
		}
	}
	var errs []error
	for _, p := range w.people {
		for id, entries := range logs {
			errs = append(errs, w.checkTimeline(ctx, p, id, entries))
		}
		errs = append(errs, w.checkPromises(ctx, p, logs), p.checkOpened())
	}
	return errors.Join(append(errs, w.checkStores(ctx, logs))...)
}

// row is what a timeline should show of a message.
type row struct {
	seq   uint64
	id    wire.ID
	state client.MessageState
	text  string
	kept  string // restored from the vault when it is there: what it says then
	lost  bool   // nobody may give it any more: unreadable for whatever reason, or what kept says
}

// is reports whether a row of a timeline is what it should be. A message from before the device's time
// may be read when another device of the account has read it, and else says that it can not.
func (want row) is(got row) bool {
	if want.kept != "" && got.state != client.Unreadable {
		want.text, want.state = want.kept, got.state
	}
	if want.lost && got.state == client.Unreadable {
		want.text = got.text
	}
	if got.state == client.Unreadable && got.text == string(client.ReasonAsking) { // once more, since the world came to rest
		got.text = want.text
	}
	want.kept, want.lost = "", false
	return got == want
}

// checkTimeline compares a person's timeline with what the log entitles their device to.
func (w *World) checkTimeline(ctx context.Context, p *person, id wire.ID, entries []wire.Entry) error {
	want, err := w.entitled(ctx, p, id, entries)
	if err != nil {
		return err
	}
	got, err := w.timeline(ctx, p, id)
	if err != nil {
		return err
	}
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("%s lacks %+v in %s", p.name, want[i], id)
		case i >= len(want):
			return fmt.Errorf("%s has %+v in %s without being entitled", p.name, got[i], id)
		case !want[i].is(got[i]):
			return fmt.Errorf("%s has %+v in %s, should have %+v", p.name, got[i], id, want[i])
		}
	}
	return nil
}

// entitled works out from the log alone what a device may read: entries in its windows, sealed in an
// epoch it was in.
func (w *World) entitled(ctx context.Context, p *person, id wire.ID, entries []wire.Entry) (rows []row, err error) {
	device := p.device()
	windows, err := w.server.store.Windows(ctx, id, device)
	if err != nil {
		return nil, err
	}
	for _, window := range windows {
		began := epochAt(entries, window.From, device)
		for _, e := range entries {
			if e.Kind != wire.Application || e.Seq <= window.From || window.Until != 0 && e.Seq > window.Until {
				continue
			}
			h, err := mls.ParseHeader(e.Frame)
			if err != nil {
				return nil, err
			}
			r := row{seq: e.Seq, id: e.Message, state: client.Received, text: w.written(e.Message)}
			switch {
			case e.Device == device:
				r.state = client.Sent
			case h.Epoch >= began && e.Account == p.account:
				r.state = client.Sent // on another device
			case h.Epoch < began:
				r.state, r.text, r.kept = client.Unreadable, string(client.ReasonBeforeJoin), r.text
			}
			rows = append(rows, r)
		}
	}
	if w.forgot(ctx, p, id) {
		return nil, nil
	}
	if err := w.hurt(ctx, p, id, entries, rows); err != nil {
		return nil, err
	}
	return w.withHistory(ctx, p, id, rows)
}

// withHistory adds what the device missed, as far as other devices of the account were entitled to it.
func (w *World) withHistory(ctx context.Context, p *person, id wire.ID, rows []row) ([]row, error) {
	if len(rows) == 0 && !p.isIn(ctx, id) {
		return rows, nil
	}
	entries, err := w.server.store.History(ctx, id, p.account, 0, 1<<20)
	if wire.CodeOf(err) == wire.CodeForbidden {
		return rows, nil
	}
	for _, e := range entries {
		if e.Kind != wire.Application || p.lost(&e) || slices.ContainsFunc(rows, func(r row) bool { return r.seq == e.Seq }) {
			continue
		}
		rows = append(rows, row{seq: e.Seq, id: e.Message, state: client.Unreadable, text: string(client.ReasonNoKey), kept: w.written(e.Message)})
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.seq, b.seq) })
	return rows, err
}

func (p *person) isIn(ctx context.Context, id wire.ID) bool {
	return slices.ContainsFunc(p.conversations(ctx), func(v client.Conversation) bool { return v.ID == id })
}

// epochAt is the epoch in which a device whose window opens after from is first: each handshake in
// these logs is valid and begins an epoch.
func epochAt(entries []wire.Entry, from uint64, device wire.ID) (epoch uint64) {
	for _, e := range entries {
		if e.Kind == wire.HandshakeEntry && (e.Seq <= from || e.Seq == from+1 && e.Device == device) {
			epoch++
		}
	}
	return epoch
}

// written is what somebody wrote under a message id.
func (w *World) written(id wire.ID) string {
	for _, p := range append(w.everybody(), w.buried...) {
		p.mu.Lock()
		text, ok := p.promised[id]
		p.mu.Unlock()
		if ok {
			return text
		}
	}
	return "nobody wrote this"
}

// timeline reads a person's whole timeline, without notices and without what was refused.
func (w *World) timeline(ctx context.Context, p *person, id wire.ID) (rows []row, err error) {
	var before uint64
	for {
		page, err := p.on().Messages(ctx, id, before, 100)
		if wire.CodeOf(err) == wire.CodeNotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		var part []row
		for _, m := range page.Messages {
			if m.Notice || m.State == client.Failed {
				continue
			}
			r := row{seq: m.Position, state: m.State, text: m.Text}
			if r.id, err = wire.ParseID(m.ID); err != nil {
				return nil, err
			}
			if m.Reason != nil && m.State == client.Unreadable {
				r.text = m.Reason.Code
			}
			part = append(part, r)
		}
		rows = append(part, rows...)
		if !page.More || len(page.Messages) == 0 {
			return rows, nil
		}
		before = page.Messages[0].Position
	}
}

// checkPromises looks for every message somebody was told is in the outbox: it is in the log exactly
// once, or it failed where the person can see it.
func (w *World) checkPromises(ctx context.Context, p *person, logs map[wire.ID][]wire.Entry) error {
	found := map[wire.ID]int{}
	for _, entries := range logs {
		for _, e := range entries {
			found[e.Message]++
		}
	}
	failed := map[wire.ID]bool{}
	for id := range logs {
		page, err := p.on().Messages(ctx, id, 0, 1)
		if err != nil {
			continue
		}
		for _, m := range page.Messages {
			if mid, err := wire.ParseID(m.ID); err == nil && m.State == client.Failed {
				failed[mid] = true
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, text := range p.promised {
		n := found[id]
		if n > 1 || n == 0 && !failed[id] && !p.given[id] || n == 1 && failed[id] {
			return fmt.Errorf("%s wrote %q: %d times in the log, failed: %v", p.name, text, n, failed[id])
		}
	}
	return nil
}

// checkOpened checks that no message was announced as opened twice.
func (p *person) checkOpened() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, n := range p.opened {
		if n > 1 {
			return fmt.Errorf("%s was shown message %s %d times", p.name, id, n)
		}
	}
	return nil
}

// checkFamilies lets every device ask the vault once more and then holds the devices of each account against
// each other: what one of them reads, all of them read.
func (w *World) checkFamilies(ctx context.Context) error {
	for _, p := range w.people {
		w.restoreAgain(ctx, p)
	}
	if err := w.rest(ctx); err != nil {
		return err
	}
	var errs []error
	for _, p := range w.people {
		for _, v := range p.conversations(ctx) {
			errs = append(errs, w.checkFamily(ctx, p, v.ID))
		}
	}
	return errors.Join(errs...)
}

func (w *World) checkFamily(ctx context.Context, p *person, id wire.ID) error {
	readable := map[wire.ID]string{}
	for _, q := range w.family(p) {
		rows, err := w.timeline(ctx, q, id)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.state == client.Received || r.state == client.Sent {
				readable[r.id] = r.text
			}
		}
	}
	rows, err := w.timeline(ctx, p, id)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if (r.state == client.Received || r.state == client.Sent) && readable[r.id] == r.text {
			delete(readable, r.id)
		}
	}
	for message, text := range readable {
		return fmt.Errorf("%s (device %s) can not read %s %q in %s, which another device of theirs can", p.name, p.device(), message, text, id)
	}
	return nil
}
