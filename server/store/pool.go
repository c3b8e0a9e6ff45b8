package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
)

// A pool hands out links to one caller at a time. It is a channel of slots; a slot is nil until its
// link is needed, and again after a link broke.
type pool struct {
	db     *sql.DB
	slots  chan *link
	closed chan struct{}
	once   sync.Once
}

func newPool(db *sql.DB, size int) *pool {
	p := &pool{db: db, slots: make(chan *link, size), closed: make(chan struct{})}
	for range size {
		p.slots <- nil
	}
	return p
}

// take waits for a slot and connects it when needed.
func (p *pool) take(ctx context.Context) (*link, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case l := <-p.slots:
		if l != nil {
			return l, nil
		}
		return p.connect(ctx)
	case <-p.closed:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errClosed = errors.New("the store is closed")

func (p *pool) connect(ctx context.Context) (*link, error) {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		p.slots <- nil
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &link{conn: conn, statements: map[string]*sql.Stmt{}}, nil
}

// give returns a link for the next caller.
func (p *pool) give(l *link) {
	l.old = true
	p.slots <- l
}

// drop closes a link that cannot be trusted any more.
func (p *pool) drop(l *link) {
	l.close()
	p.slots <- nil
}

// close waits for all links to come back and closes them; further callers of take are turned away.
func (p *pool) close() (err error) {
	p.once.Do(func() {
		close(p.closed)
		err = p.closeAll()
	})
	return err
}

func (p *pool) closeAll() error {
	for range cap(p.slots) {
		if l := <-p.slots; l != nil {
			l.close()
		}
	}
	return p.db.Close()
}

// A link is one connection with its prepared statements. It is used by one goroutine at a time.
type link struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	old        bool // it has served before, so the other end may have gone since

	// kept is what the last transaction on this link left to be known, if it was an append; next is
	// what the one under way will leave once it is committed.
	kept, next *known
}

func (l *link) close() {
	for _, st := range l.statements {
		_ = st.Close() // the connection goes next and takes its statements along
	}
	// A bad connection is closed by database/sql; a good one would be kept for later.
	_ = l.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = l.conn.Close()
}

func (l *link) prepare(text string) (*sql.Stmt, error) {
	if st, ok := l.statements[text]; ok {
		return st, nil
	}
	st, err := l.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	l.statements[text] = st
	return st, nil
}

// exec runs a statement and returns the number of rows it touched.
func (l *link) exec(text string, args ...any) (int64, error) {
	st, err := l.prepare(text)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// script runs SQL text without parameters.
func (l *link) script(text string) error {
	_, err := l.conn.ExecContext(context.Background(), text)
	return err
}

// query calls scan for every row; scan may end early with errEnough.
func (l *link) query(scan func(*sql.Rows) error, text string, args ...any) error {
	st, err := l.prepare(text)
	if err != nil {
		return err
	}
	found, err := st.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := scan(found); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return found.Err()
}

var errEnough = errors.New("enough rows")

// one scans the only row into dest and reports whether there was one.
func (l *link) one(dest []any, text string, args ...any) (found bool, err error) {
	err = l.query(func(r *sql.Rows) error {
		found = true
		return r.Scan(dest...)
	}, text, args...)
	return found, err
}

// all runs a lookup over a list of keys.
func (l *link) all(lk *lookup, keys [][]any, scan func(*sql.Rows) error) error {
	return lk.each(keys, func(text string, args []any) error {
		return l.query(scan, text, args...)
	})
}
