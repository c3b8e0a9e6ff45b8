package client

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"frond/identity"
	"frond/wire"
)

// What the server says of accounts: asked by name or by id, verified, and compared with what was seen before.

// nameOf returns the user name of an account, or "" while it is not known; then it is asked for.
func (c *Client) nameOf(account wire.ID) string {
	if c.self != nil && account == c.self.Account {
		return c.self.Name
	}
	if k := c.contacts[account]; k != nil {
		return k.name
	}
	c.wonder(account)
	return ""
}

// wonder asks the server who an account is, once per connection, many in one question.
func (c *Client) wonder(account wire.ID) {
	if asked, ok := c.unknown[account]; ok && asked {
		return
	}
	if len(c.unknown) == 0 || !c.anyUnasked() {
		c.after(0, c.askUnknown)
	}
	c.unknown[account] = false
}

func (c *Client) anyUnasked() bool {
	for _, asked := range c.unknown {
		if !asked {
			return true
		}
	}
	return false
}

func (c *Client) askUnknown() {
	if !c.online() {
		return
	}
	var ids []wire.ID
	for id, asked := range c.unknown {
		if !asked && len(ids) < wire.MaxLookup {
			ids = append(ids, id)
			c.unknown[id] = true
		}
	}
	if len(ids) == 0 {
		return
	}
	c.request(wire.OpLookup, wire.Lookup{Accounts: ids}, func(body []byte, err error) {
		if passes(err) {
			for _, id := range ids {
				if c.unknown[id] {
					c.unknown[id] = false
				}
			}
			c.after(c.jitter(c.cfg.Backoff.Most/4), c.askUnknown)
			return
		}
		if err != nil || c.self == nil {
			return
		}
		if _, err := c.met(body, false); err != nil {
			c.cfg.Log.Warn("look-up of names", "error", err)
		}
		c.askUnknown()
	})
}

// met takes the answer of a look-up: verifies each chain, compares it with the one seen before,
// and remembers it. A contact whose chain was shortened, forked or moved to another root stays as
// it was, is in doubt from then on, and is reported.
func (c *Client) met(body []byte, pin bool) (map[string]wire.ID, error) {
	var answer wire.Accounts
	if err := wire.Decode(body, &answer); err != nil {
		return nil, err
	}
	t := c.begin()
	names := map[string]wire.ID{}
	for _, a := range answer.Accounts {
		if err := c.meetOnce(t, a, pin, names); err != nil {
			c.cfg.Log.Warn("refused a sigchain", "account", a.ID, "error", err)
			c.refuse(t, a)
			continue
		}
		names[a.Name] = a.ID
	}
	if len(names) > 0 {
		t.then(c.namesChanged)
	}
	return names, t.commit()
}

// refusal says what is wrong with keys that were refused: they are not the ones seen before, or, of
// somebody never met, are no keys at all.
func (c *Client) refusal(a wire.Account) string {
	name := safeName(a.Name)
	met := c.contacts[a.ID] != nil || c.self != nil && (a.ID == c.self.Account || a.Name == c.self.Name)
	for _, k := range c.contacts {
		met = met || k.name == a.Name
	}
	if met {
		return "The server shows other keys for " + name + " than before. Do not trust it before you have asked them."
	}
	return "The server shows no valid keys for " + name + ", whom this device has not met. Nothing can be sent to them."
}

// meetOnce is meet for an account that is not the second of its name in one answer.
func (c *Client) meetOnce(t *tx, a wire.Account, pin bool, names map[string]wire.ID) error {
	if id, taken := names[a.Name]; taken && id != a.ID {
		return fmt.Errorf("%w: the name belongs to another account", identity.ErrOtherAccount)
	}
	return c.meet(t, a, pin)
}

// meet verifies one account.
func (c *Client) meet(t *tx, a wire.Account, pin bool) error {
	if k := c.contacts[a.ID]; k != nil && k.name == a.Name && (k.pinned || !pin) && slices.EqualFunc(k.chain.Events(), a.Chain, bytes.Equal) {
		c.showsWhole(t, a.ID, k)
		return nil // nothing new
	}
	chain, err := identity.ParseChain(a.Chain)
	if err != nil {
		return err
	}
	if wire.ID(chain.Account()) != a.ID || chain.UserName() != a.Name {
		return identity.ErrOtherAccount
	}
	if err := c.checkName(a); err != nil {
		return err
	}
	if c.self != nil && a.ID == c.self.Account {
		return chain.Extends(c.self.chain)
	}
	old := c.contacts[a.ID]
	if old != nil {
		if err := chain.Extends(old.chain); err != nil {
			return err
		}
		pin = pin || old.pinned
		if pin == old.pinned && chain.Equal(old.chain) {
			return nil
		}
	}
	k := &contact{name: a.Name, pinned: pin, chain: chain}
	if old != nil {
		k = old.moved(chain)
		if k.pinned, k.doubt = pin, old.doubt.whole(); k.doubt != old.doubt {
			c.goOnWith(t, a.ID)
		}
	}
	if old != nil && len(chain.Resets()) > len(old.chain.Resets()) && (old.pinned || c.talksTo(a.ID)) {
		c.lostEverything(t, a, k, old)
		pin = true
	} else if old != nil && k.changed && k.root() != old.root() {
		k.unsaved = true
		t.emit(Fault{Code: CodeKeyChanged, Account: a.ID, Text: a.Name + " has new keys. Compare the safety number with them before you go on."})
		c.markShared(t, a.ID)
	}
	if old != nil && k.root() != old.root() {
		c.goOnWith(t, a.ID) // a conversation that pins the new root waited for it
	}
	c.putContact(t, a.ID, k)
	if pin && (old == nil || !old.pinned || k.root() != old.root()) {
		c.stateChanged(t)
	}
	return nil
}

// checkName refuses a name that is not one, and a name that this device knows as somebody else's: a
// server that moves a name to other keys would otherwise be believed as if one met for the first time.
func (c *Client) checkName(a wire.Account) error {
	if name, err := wire.CheckUserName(a.Name); err != nil || name != a.Name {
		return fmt.Errorf("%w: not a user name", identity.ErrOtherAccount)
	}
	if c.self != nil && a.Name == c.self.Name && a.ID != c.self.Account {
		return fmt.Errorf("%w: it has this account's own name", identity.ErrOtherAccount)
	}
	for id, k := range c.contacts {
		if k.name == a.Name && id != a.ID {
			return fmt.Errorf("%w: the name belongs to another account", identity.ErrOtherAccount)
		}
	}
	return nil
}

// safeName is a user name that may be shown, whoever chose it.
func safeName(name string) string {
	if ok, err := wire.CheckUserName(name); err == nil {
		return ok
	}
	return "somebody"
}

// namesChanged tells conversations and timelines anew, with the names that are now known.
func (c *Client) namesChanged() {
	c.emitAll()
	c.emit(Renamed{})
}

// Renamed says that names became known: what shows a timeline reads it again.
type Renamed struct{}

func (Renamed) event() {}

// find returns accounts by user name, verified and pinned. The answer is taken when it comes: a later one may
// show longer sigchains, beside which this one would look shortened.
func (c *Client) find(ctx context.Context, names []string) ([]wire.ID, error) {
	var ids []wire.ID
	done := make(chan error, 1)
	err := c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		c.request(wire.OpLookup, wire.Lookup{Names: names}, func(body []byte, err error) {
			if err == nil {
				ids, err = c.pickOut(names, body)
			}
			done <- err
		})
		return nil
	})
	if err == nil {
		err = c.wait(ctx, done)
	}
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// pickOut takes the answer of a look-up by name.
func (c *Client) pickOut(names []string, body []byte) (ids []wire.ID, err error) {
	if c.self == nil {
		return nil, errNotSignedIn
	}
	found, err := c.met(body, true)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		id, ok := found[name]
		if !ok {
			return nil, c.notFound(name, body)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// notFound tells a name nobody has from one whose keys were refused.
func (c *Client) notFound(name string, body []byte) error {
	var answer wire.Accounts
	if err := wire.Decode(body, &answer); err == nil {
		for _, a := range answer.Accounts {
			if a.Name == name {
				return wire.Errorf(CodeKeyChanged, "%s", c.refusal(a))
			}
		}
	}
	return wire.Errorf(CodeUnknownPerson, "There is nobody called %s here.", name)
}

// ask makes a request and waits for its answer.
func (c *Client) ask(ctx context.Context, kind wire.Kind, body any) ([]byte, error) {
	type answer struct {
		body []byte
		err  error
	}
	got := make(chan answer, 1)
	err := c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		c.request(kind, body, func(b []byte, err error) { got <- answer{b, err} })
		return nil
	})
	if err != nil {
		return nil, err
	}
	select {
	case a := <-got:
		return a.body, a.err
	case <-c.ctx.Done():
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
