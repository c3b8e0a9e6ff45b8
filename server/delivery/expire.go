package delivery

import "time"

// Messages that are to disappear are read as gone from their time on. Within tidyEvery they are gone from
// memory and tables, and within scrubEvery more from the database's journal.
const (
	tidyEvery  = 10 * time.Second
	scrubEvery = time.Minute
)

// tidy takes out of the store what has expired, at the start and then again and again, until Close.
func (l *Log) tidy() {
	defer close(l.tidied)
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	var scrubbed time.Time
	dirty := false
	for {
		dirty = l.expire() || dirty
		if dirty && time.Since(scrubbed) >= scrubEvery {
			done, err := l.store.Scrub(l.ctx)
			l.complain(err)
			dirty = !done
			scrubbed = time.Now()
		}
		select {
		case <-ticker.C:
		case <-l.ctx.Done():
			return
		}
	}
}

// expire empties what is due, batch after batch, and reports whether there was any.
func (l *Log) expire() (any bool) {
	select {
	case l.sweep <- struct{}{}:
	default:
	}
	for more := true; more && l.ctx.Err() == nil; {
		var n int
		var err error
		n, more, err = l.store.Expire(l.ctx)
		l.complain(err)
		any = any || n > 0
	}
	return any
}

func (l *Log) complain(err error) {
	if err != nil && l.ctx.Err() == nil {
		l.logger.Warn("removing expired messages failed", "error", err)
	}
}

// dropStale forgets tails with something in them that has expired. Their readers go on from the database.
func (l *Log) dropStale() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tails {
		if t.view.Load().stale(l.store.Now) {
			t.view.Store(nil)
		}
	}
	clear(l.frame[:cap(l.frame)])
}
