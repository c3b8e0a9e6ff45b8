package gateway

import (
	"slices"

	"frond/wire"
)

// hello answers the first request, which must be Hello. A client whose Hello is refused is told so twice:
// in the reply, and in the goodbye.
func (c *conn) hello(f wire.Frame) error {
	if f.Kind != wire.OpHello {
		return wire.Errorf(wire.CodeBadRequest, "the first request is Hello")
	}
	welcomed, err := c.greet(f.Body)
	if err != nil {
		c.reply(f.ID, nil, err)
		return c.g.public(err, "account", c.session.Account)
	}
	c.saw()
	c.inFlight = make(chan struct{}, maxInFlight)
	c.greeted = true
	c.reply(f.ID, welcomed, nil)
	c.goLive(welcomed.Conversations)
	c.pushApprovals()
	return nil
}

// greet begins to follow what the client asks for, and then reads what there is, so that nothing falls
// in between.
func (c *conn) greet(body []byte) (wire.Welcomed, error) {
	var h wire.Hello
	if err := wire.Decode(body, &h); err != nil {
		return wire.Welcomed{}, err
	}
	if err := c.identify(&h); err != nil {
		return wire.Welcomed{}, err
	}
	for _, cursor := range h.Cursors {
		c.follow(cursor)
	}
	c.unwatch = c.g.log.WatchInbox(h.Device, &c.inbox)
	w, err := c.welcome(h.Device)
	if err == nil && seenMore(h.Cursors, w.Conversations) {
		c.g.older.Do(func() {
			c.g.logger.Warn("a device has seen more than this database has: if it was put back to an older copy, stop the server and run: frond admin restored")
		})
	}
	return w, err
}

// seenMore reports whether somebody followed a log further than it goes.
func seenMore(cursors []wire.Cursor, list []wire.Conversation) bool {
	last := make(map[wire.ID]uint64, len(list))
	for _, v := range list {
		last[v.ID] = v.Last
	}
	return slices.ContainsFunc(cursors, func(at wire.Cursor) bool {
		end, known := last[at.Conversation]
		return known && at.After > end
	})
}

// identify checks that both sides speak the same version and that the client is the session's device,
// as the session is now: it may have been revoked since the upgrade.
func (c *conn) identify(h *wire.Hello) error {
	if h.Version != wire.Version {
		return wire.Errorf(wire.CodeVersion, "This server speaks version %d. Reload the page, or update.", wire.Version)
	}
	c.mu.Lock()
	c.self = h.Device // before the session is read, so that a removal meanwhile is not missed
	c.mu.Unlock()
	fresh, err := c.g.accounts.Refresh(c.g.ctx, c.session)
	if err != nil {
		return err
	}
	// Account and token stay as they are: whoever revokes sessions reads them at any time.
	c.session.Device, c.session.Seen, c.session.Expires = fresh.Device, fresh.Seen, fresh.Expires
	if fresh.Device == nil || *fresh.Device != h.Device {
		return wire.Errorf(wire.CodeForbidden, "this session is not this device's")
	}
	return nil
}

func (c *conn) welcome(device wire.ID) (wire.Welcomed, error) {
	a, err := c.g.accounts.Account(c.g.ctx, c.session.Account)
	if err != nil {
		return wire.Welcomed{}, err
	}
	w, err := c.g.log.Greeting(c.g.ctx, a, device)
	if err != nil {
		return w, err
	}
	w.Reset, err = c.g.accounts.PendingReset(c.g.ctx, a.ID)
	w.Now = uint64(c.g.now().UnixMilli())
	return w, err
}

// follow begins to follow a conversation after a cursor, in place of an earlier cursor there. Nothing
// is pushed before the follow's begin.
func (c *conn) follow(cursor wire.Cursor) *follow {
	f := &follow{conn: c, queued: true}
	f.reader = c.g.log.Follow(cursor.Conversation, *c.session.Device, cursor.After, f)
	if old := c.follows[cursor.Conversation]; old != nil {
		c.unfollow(old)
	}
	if c.follows == nil {
		c.follows = map[wire.ID]*follow{}
	}
	c.follows[cursor.Conversation] = f
	return f
}

func (c *conn) unfollow(f *follow) {
	c.mu.Lock()
	f.gone = true
	c.mu.Unlock()
	delete(c.follows, f.reader.Conversation())
	f.reader.Close()
}

// goLive lets pushes out.
func (c *conn) goLive(conversations []wire.Conversation) {
	for _, known := range conversations {
		if f := c.follows[known.ID]; f != nil {
			f.reader.Reached(known.Last)
		}
	}
	for _, f := range c.follows {
		f.begin()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live, c.inbox.queued = true, true
	c.start()
}

// subscribe follows one more conversation, or the same one after another cursor.
func (c *conn) subscribe(q *wire.Cursor) (wire.Nothing, error) {
	if len(c.follows) >= wire.MaxCursors {
		return wire.Nothing{}, wire.Errorf(wire.CodeLimit, "conversations followed: the limit is %d", wire.MaxCursors)
	}
	f := c.follow(*q)
	member, err := f.reader.Member(c.g.ctx)
	if err != nil {
		return wire.Nothing{}, err
	}
	if !member {
		c.unfollow(f)
		return wire.Nothing{}, wire.Errorf(wire.CodeForbidden, "this device is not in that conversation")
	}
	f.begin()
	return wire.Nothing{}, nil
}
