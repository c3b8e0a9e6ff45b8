package client

import (
	"frond/client/signal"
	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// keptSignalKeys is how many epochs before the present one keep the key of their signals: who signals may
// not have seen the newest commit yet.
const keptSignalKeys = 2

// signalKey is the key of an epoch's signals.
type signalKey struct {
	epoch uint64
	key   [32]byte
}

func signalKeyOf(g *mls.Group) (signalKey, error) {
	k, err := g.Export(signal.Label, nil, 32)
	if err != nil {
		return signalKey{}, err
	}
	return signalKey{g.Epoch(), [32]byte(k)}, nil
}

// keepSignalKey remembers the key of an epoch that ends.
func (v *conversation) keepSignalKey(g *mls.Group) {
	if k, err := signalKeyOf(g); err == nil {
		v.signalKeys = append([]signalKey{k}, v.signalKeys[:min(len(v.signalKeys), keptSignalKeys-1)]...)
	}
}

func (c *Client) placeOf(v *conversation) signal.Place {
	return signal.Place{Conversation: v.id, Account: c.self.Account, Device: c.self.Device}
}

// signal says something to the connected devices of an account, or to one of them, in a conversation.
func (c *Client) signal(v *conversation, to wire.ID, device *wire.ID, kind signal.Kind, message any) error {
	g, err := c.openGroup(v)
	if err != nil {
		return err
	}
	k, err := signalKeyOf(g)
	if err != nil {
		return err
	}
	body, err := signal.Seal(c.cfg.Rand, k.key, k.epoch, c.placeOf(v), kind, encode(message))
	if err != nil {
		return err
	}
	c.request(wire.OpSignal, wire.Signal{Conversation: v.id, To: to, Device: device, Body: body}, func([]byte, error) {})
	return nil
}

// signalled hears a signal. One that does not open, or comes from no member, is nothing.
func (c *Client) signalled(s *wire.Signalled) {
	if c.self == nil {
		return
	}
	v := c.conversations[s.Conversation]
	if v == nil || len(s.Body) > wire.MaxSignal {
		return
	}
	if kind, message, outside := signal.ParseOutside(s.Body); outside {
		c.outsideSignal(v, s, kind, message)
		return
	}
	if v.rec.State != stateActive || v.rec.Lost != 0 {
		return
	}
	g, err := c.openGroup(v)
	if err != nil {
		return
	}
	member, in := c.memberOf(g, s.Account, s.Device)
	key, known := v.keyOfSignal(g, s.Body)
	if !in || !known {
		return
	}
	place := signal.Place{Conversation: v.id, Account: s.Account, Device: s.Device}
	kind, message, err := signal.Open(key, place, s.Body)
	if err != nil {
		c.cfg.Log.Warn("a signal does not open", "conversation", v.id, "error", err)
		return
	}
	switch kind {
	case signal.KeyRequest:
		c.answerRequest(v, place, member, message, func() { c.signalled(s) })
	case signal.KeyAnswer:
		c.takeAnswer(message)
	}
}

func (v *conversation) keyOfSignal(g *mls.Group, body []byte) (key [32]byte, known bool) {
	epoch, err := signal.Epoch(body)
	if err != nil {
		return key, false
	}
	if epoch == g.Epoch() {
		k, err := signalKeyOf(g)
		return k.key, err == nil
	}
	for _, k := range v.signalKeys {
		if k.epoch == epoch {
			return k.key, true
		}
	}
	return key, false
}

// memberOf finds a device in the group.
func (c *Client) memberOf(g *mls.Group, account, device wire.ID) (identity.Credential, bool) {
	for _, m := range g.Members() {
		cred, err := c.verifier.credential(m)
		if err == nil && wire.ID(cred.Account) == account && wire.ID(cred.Device) == device {
			return cred, true
		}
	}
	return identity.Credential{}, false
}
