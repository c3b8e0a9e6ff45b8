package gateway

import "frond/wire"

// renew passes on that somebody cannot join a conversation by the group information there is, to members who
// are connected; others hear of it when they come.
func (c *conn) renew(q *wire.ConversationRef) (wire.Nothing, error) {
	members, err := c.g.log.AskRenewal(c.g.ctx, c.session.Account, *c.session.Device, q.Conversation)
	if err != nil {
		return wire.Nothing{}, err
	}
	frame, err := wire.EncodeFrame(wire.PushRenew, 0, *q)
	if err != nil {
		return wire.Nothing{}, err
	}
	for _, m := range members {
		for _, to := range c.g.conns.of(m.Account) {
			if to.device() == m.Device {
				to.push(frame)
			}
		}
	}
	return wire.Nothing{}, nil
}
