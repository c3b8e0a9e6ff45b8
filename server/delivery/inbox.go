package delivery

import (
	"context"
	"slices"

	"frond/wire"
)

// WatchInbox calls the waker whenever a welcome for the device arrives, until stop is called.
func (l *Log) WatchInbox(device wire.ID, waker Waker) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inboxes[device] = append(l.inboxes[device], waker)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		rest := slices.DeleteFunc(l.inboxes[device], func(w Waker) bool { return w == waker })
		if len(rest) == 0 {
			delete(l.inboxes, device)
			return
		}
		l.inboxes[device] = rest
	}
}

// Inbox returns the next item after the given one as a push frame, or nil when there is none. A welcome
// may be megabytes, so there is one at a time.
func (l *Log) Inbox(ctx context.Context, device wire.ID, after uint64) (frame []byte, item uint64, err error) {
	if err := l.beginRead(ctx); err != nil {
		return nil, after, err
	}
	defer l.endRead()
	items, err := l.store.Inbox(ctx, device, after, 1)
	if err != nil || len(items) == 0 {
		return nil, after, err
	}
	frame, err = wire.EncodeFrame(wire.PushInbox, 0, &items[0])
	return frame, items[0].Item, err
}

// AckInbox forgets items that the device has processed.
func (l *Log) AckInbox(ctx context.Context, device wire.ID, items []uint64) error {
	return l.store.AckInbox(ctx, device, items)
}
