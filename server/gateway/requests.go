package gateway

import (
	"errors"
	"time"

	"frond/server/store"
	"frond/wire"
)

// errLater says that a request will be answered when the log has an answer.
var errLater = errors.New("gateway: answered later")

// handle answers one request. An error ends the connection.
func (c *conn) handle(f wire.Frame) error {
	if !c.greeted {
		return c.hello(f)
	}
	if err := c.refresh(); err != nil {
		return err
	}
	op, ok := operations[f.Kind]
	if !ok {
		c.reply(f.ID, nil, wire.Errorf(wire.CodeBadRequest, "unknown operation"))
		return nil
	}
	answer, err := op(c, f)
	if !errors.Is(err, errLater) {
		c.reply(f.ID, answer, err)
	}
	return nil
}

func asWire(err error) (*wire.Error, bool) { return errors.AsType[*wire.Error](err) }

// operation answers a request's body, or errLater.
type operation func(c *conn, f wire.Frame) (any, error)

var operations = map[wire.Kind]operation{
	wire.OpPing:        request((*conn).ping),
	wire.OpSubscribe:   request((*conn).subscribe),
	wire.OpSend:        later((*conn).send),
	wire.OpHandshake:   later((*conn).handshake),
	wire.OpCreate:      later((*conn).create),
	wire.OpRenew:       request((*conn).renew),
	wire.OpLeave:       later((*conn).leave),
	wire.OpGroupInfo:   request((*conn).groupInfo),
	wire.OpPublishKeys: request((*conn).publishKeys),
	wire.OpClaimKeys:   request((*conn).claimKeys),
	wire.OpLookup:      request((*conn).lookup),
	wire.OpInboxAck:    request((*conn).inboxAck),
	wire.OpPutState:    request((*conn).putState),
	wire.OpGetState:    request((*conn).getState),
	wire.OpPutVault:    request((*conn).putVault),
	wire.OpDevices:     request((*conn).devices),

	wire.OpRemoveDevice: request((*conn).removeDevice),
	wire.OpPutPage:      request((*conn).putPage),
	wire.OpPages:        request((*conn).pages),
	wire.OpPageSums:     request((*conn).pageSums),
	wire.OpBringForward: request((*conn).bringForward),
	wire.OpHistory:      request((*conn).history),
	wire.OpSignal:       request((*conn).signal),
	wire.OpReport:       request((*conn).report),
	wire.OpApproval:     request((*conn).openApproval),
	wire.OpAllow:        request((*conn).allow),
}

// request is an operation that is answered at once.
func request[Q, A any](f func(*conn, *Q) (A, error)) operation {
	return func(c *conn, frame wire.Frame) (any, error) {
		var q Q
		if err := wire.Decode(frame.Body, &q); err != nil {
			return nil, err
		}
		return f(c, &q)
	}
}

// later is an operation that appends to the log.
func later[Q any](item func(*conn, *Q) store.Append) operation {
	return func(c *conn, frame wire.Frame) (any, error) {
		q := new(Q)
		if err := wire.Decode(frame.Body, q); err != nil {
			return nil, err
		}
		return nil, c.append(frame.ID, item(c, q))
	}
}

// append hands an item to the log and returns errLater, or why the log did not take it.
func (c *conn) append(id uint64, item store.Append) error {
	item.Account, item.Device = c.session.Account, *c.session.Device
	if item.Send == nil {
		if err := c.g.quotas.take(item.Device, c.g.now()); err != nil {
			return err
		}
	}
	select {
	case c.inFlight <- struct{}{}:
	case <-c.over:
		return errLater
	}
	if err := c.g.log.Append(item, &pending{conn: c, id: id, since: time.Now()}); err != nil {
		<-c.inFlight
		return err
	}
	return errLater
}

// pending is an append that the log will answer.
type pending struct {
	conn  *conn
	id    uint64
	since time.Time
}

func (p *pending) Answer(r store.AppendResult) {
	if r.Err != nil {
		p.conn.queue(p.id, nil, r.Err)
	} else {
		p.conn.g.stats.Appended(time.Since(p.since))
		p.conn.queueAppended(p.id, wire.Appended{Seq: r.Seq, Received: r.Received})
	}
	<-p.conn.inFlight
}

func (p *pending) Flush() { p.conn.flush() }

func (c *conn) send(q *wire.Send) store.Append           { return store.Append{Send: q} }
func (c *conn) handshake(q *wire.Handshake) store.Append { return store.Append{Handshake: q} }
func (c *conn) create(q *wire.Create) store.Append       { return store.Append{Create: q} }
func (c *conn) leave(q *wire.Leave) store.Append         { return store.Append{Leave: q} }

func (c *conn) ping(*wire.Nothing) (wire.Nothing, error) { return wire.Nothing{}, nil }

func (c *conn) groupInfo(q *wire.ConversationRef) (wire.GroupInfo, error) {
	return c.g.log.GroupInfo(c.g.ctx, c.session.Account, *c.session.Device, q.Conversation)
}

func (c *conn) publishKeys(q *wire.PublishKeys) (wire.KeyCount, error) {
	return c.g.log.PublishKeys(c.g.ctx, *c.session.Device, q)
}

// claimKeys costs as many requests as it takes key packages, because others' pools run dry by it.
func (c *conn) claimKeys(q *wire.ClaimKeys) (wire.ClaimedKeys, error) {
	for range len(q.Accounts) - 1 {
		c.throttle()
	}
	return c.g.log.ClaimKeys(c.g.ctx, *c.session.Device, q)
}

func (c *conn) lookup(q *wire.Lookup) (wire.Accounts, error) {
	return c.g.accounts.Lookup(c.g.ctx, q)
}

func (c *conn) inboxAck(q *wire.InboxAck) (wire.Nothing, error) {
	return wire.Nothing{}, c.g.log.AckInbox(c.g.ctx, *c.session.Device, q.Items)
}
