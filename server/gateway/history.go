package gateway

import "frond/wire"

// historyCost is how many requests one answer of history counts for: reading it costs the database as
// much as a page or two of catching up.
const historyCost = 4

func (c *conn) history(q *wire.History) (wire.Entries, error) {
	c.throttleBy(historyCost)
	list, err := c.g.log.History(c.g.ctx, c.session.Account, q)
	return wire.Entries{Entries: list}, err
}

func (c *conn) pages(q *wire.Pages) (wire.PageList, error) {
	c.throttleBy(historyCost)
	list, err := c.g.log.Pages(c.g.ctx, c.session.Account, q)
	return wire.PageList{Pages: list}, err
}

func (c *conn) pageSums(q *wire.PageSums) (wire.PageSumList, error) {
	c.throttleBy(historyCost)
	return c.g.log.PageSums(c.g.ctx, c.session.Account, q)
}

func (c *conn) putPage(p *wire.PutPage) (wire.Nothing, error) {
	err := c.g.log.PutPage(c.g.ctx, c.session.Account, p)
	if err == nil && p.Bucket == wire.DraftBucket {
		ref := wire.PageRef{Conversation: p.Conversation, Bucket: p.Bucket, Revision: p.Revision}
		c.g.tell(c.session.Account, c.token, wire.PushPage, ref)
	}
	return wire.Nothing{}, err
}

// throttleBy counts a request that costs as much as n.
func (c *conn) throttleBy(n int) {
	for range n - 1 {
		c.throttle()
	}
}
