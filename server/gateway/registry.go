package gateway

import (
	"context"
	"slices"
	"sync"

	"frond/server/account"
	"frond/wire"
)

// registry knows the live connections, by account.
type registry struct {
	limits Limits

	mu       sync.Mutex
	total    int
	conns    map[wire.ID][]*conn
	draining bool
	empty    chan struct{} // closed when the last connection of a draining gateway is gone
}

// add admits a connection, or refuses it with CodeLimit or CodeUnavailable.
func (r *registry) add(c *conn) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.conns[c.session.Account]
	switch {
	case r.draining:
		return wire.Errorf(wire.CodeUnavailable, "The server is restarting.")
	case r.limits.Connections > 0 && r.total >= r.limits.Connections:
		return wire.Errorf(wire.CodeUnavailable, "The server has as many connections as it can take.")
	case r.limits.AccountConnections > 0 && len(own) >= r.limits.AccountConnections:
		return wire.Errorf(wire.CodeLimit, "This account has too many connections open.")
	}
	if r.conns == nil {
		r.conns = map[wire.ID][]*conn{}
	}
	r.conns[c.session.Account] = append(own, c)
	r.total++
	return nil
}

func (r *registry) remove(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rest := slices.DeleteFunc(r.conns[c.session.Account], func(o *conn) bool { return o == c })
	if len(rest) == 0 {
		delete(r.conns, c.session.Account)
	} else {
		r.conns[c.session.Account] = rest
	}
	r.total--
	if r.draining && r.total == 0 {
		close(r.empty)
	}
}

// revoke closes the connections whose session is no longer good.
func (r *registry) revoke(gone account.Revoked) {
	r.mu.Lock()
	own := slices.Clone(r.conns[gone.Account])
	r.mu.Unlock()
	for _, c := range own {
		if c.hit(gone) {
			c.bye(wire.Errorf(wire.CodeUnauthenticated, "You are signed out. Sign in again."))
		}
	}
}

// of returns the connections of an account.
func (r *registry) of(account wire.ID) []*conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.conns[account])
}

// count returns how many connections there are.
func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

// tell pushes a frame to an account's connections, but for those of one session.
func (r *registry) tell(account wire.ID, but wire.Hash, frame []byte) {
	for _, c := range r.of(account) {
		if c.token != but {
			c.push(frame)
		}
	}
}

// live reports whether a device has a connection.
func (r *registry) live(account, device wire.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.conns[account], func(c *conn) bool { return c.device() == device })
}

// drain refuses new connections, and new requests on the present ones.
func (r *registry) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining {
		return
	}
	r.draining = true
	r.empty = make(chan struct{})
	if r.total == 0 {
		close(r.empty)
	}
}

// dismiss says goodbye on every connection.
func (r *registry) dismiss(why *wire.Error) {
	r.mu.Lock()
	var all []*conn
	for _, own := range r.conns {
		all = append(all, own...)
	}
	r.mu.Unlock()
	for _, c := range all {
		c.bye(why)
	}
}

// wait returns when every connection is over; drain comes before it.
func (r *registry) wait(ctx context.Context) error {
	select {
	case <-r.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
