package sim

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"frond/client"
	"frond/wire"
)

// saying is what begins every text of these worlds.
var saying = regexp.MustCompile(`[a-z]+[0-9]+ says [0-9]+`)

// checkStores looks through the stores of all devices, of removed ones too, for what their accounts were not to read,
// and for what was said after a device was taken out.
func (w *World) checkStores(ctx context.Context, logs map[wire.ID][]wire.Entry) error {
	live := w.everybody()
	for i, p := range slices.Concat(live, w.buried) {
		has, err := p.sayings(ctx)
		if err != nil {
			return err
		}
		for id, entries := range logs {
			may, err := w.mayHave(ctx, p, id, i >= len(live))
			if err != nil {
				return err
			}
			for _, e := range entries {
				text := saying.FindString(w.written(e.Message))
				if e.Kind == wire.Application && has[text] && !may[e.Seq] {
					return fmt.Errorf("the store of %s (device %s) has %q, number %d of %s", p.name, p.device(), text, e.Seq, id)
				}
			}
		}
	}
	return nil
}

// sayings are the texts that a device's store holds, wherever.
func (p *person) sayings(ctx context.Context) (map[string]bool, error) {
	items, err := p.store.Scan(ctx, client.Range{From: "", To: "~"})
	has := map[string]bool{}
	for _, item := range items {
		for _, text := range saying.FindAll(item.Value, -1) {
			has[string(text)] = true
		}
	}
	return has, err
}

// mayHave lists the entries of a conversation that a device's account is entitled to; when the device was removed,
// those from before that.
func (w *World) mayHave(ctx context.Context, p *person, id wire.ID, removed bool) (map[uint64]bool, error) {
	may := map[uint64]bool{}
	entries, err := w.server.store.History(ctx, id, p.account, 0, 1<<20)
	if wire.CodeOf(err) == wire.CodeForbidden {
		return may, nil
	}
	if err != nil {
		return nil, err
	}
	until := uint64(1 << 63)
	windows, err := w.server.store.Windows(ctx, id, p.device())
	if n := len(windows); removed && n > 0 && windows[n-1].Until != 0 {
		until = windows[n-1].Until
	}
	for _, e := range entries {
		may[e.Seq] = e.Seq <= until
	}
	return may, err
}
