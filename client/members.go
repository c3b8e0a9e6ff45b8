package client

import (
	"context"
	"slices"

	"frond/mls"
	"frond/wire"
)

// Add adds people to a group, as members.
func (c *Client) Add(ctx context.Context, id wire.ID, people []string) error {
	names, err := canonicalNames(people, "")
	if err != nil {
		return err
	}
	if len(names) == 0 || len(names) > wire.MaxLookup {
		return wire.Errorf(CodeEmpty, "Name one to %d people to add.", wire.MaxLookup)
	}
	ids, err := c.find(ctx, names)
	if err != nil {
		return err
	}
	if err := c.run(ctx, func() error { return c.refuseChanged(ids) }); err != nil {
		return err
	}
	keys, err := c.claim(ctx, ids)
	if err != nil {
		return err
	}
	return c.change(ctx, id, func(v *conversation, _ *mls.Group) (plan, error) {
		return c.planAdd(v, ids, keys)
	})
}

func (c *Client) planAdd(v *conversation, people []wire.ID, keys []claimed) (p plan, err error) {
	next := v.roster
	var added []wire.ID
	for _, id := range people {
		if _, in := v.roster.Person(id); !in {
			added = append(added, id)
			next = next.with(Person{Account: id, Root: c.contacts[id].root(), Role: Member})
		}
	}
	if len(added) == 0 {
		return plan{}, errNothing
	}
	if err := c.refuseChanged(added); err != nil {
		return plan{}, err // it changed meanwhile
	}
	for _, k := range keys {
		if slices.Contains(added, k.ref.Account) {
			p.options.Add = append(p.options.Add, k.pkg)
			p.add = append(p.add, k.ref)
		}
	}
	p.options.Extensions, err = next.extension()
	p.notice = noticeRecord{What: noticeChanged, By: c.self.Account, Accounts: added}
	return p, err
}

// Remove removes a person from a group, with all their devices. They read nothing sent afterwards.
func (c *Client) Remove(ctx context.Context, id, account wire.ID) error {
	return c.change(ctx, id, func(v *conversation, g *mls.Group) (plan, error) {
		return c.planRemove(v, g, account)
	})
}

func (c *Client) planRemove(v *conversation, g *mls.Group, account wire.ID) (p plan, err error) {
	if _, in := v.roster.Person(account); !in {
		return plan{}, errNothing
	}
	if account == c.self.Account {
		return plan{}, wire.Errorf(wire.CodeForbidden, "Nobody can remove themselves.")
	}
	next := v.roster.without(account)
	if next.JoinKey, err = newJoinKey(c.cfg.Rand); err != nil {
		return plan{}, err
	}
	for _, m := range g.Members() {
		cred, err := c.verifier.credential(m)
		if err == nil && wire.ID(cred.Account) == account {
			p.options.Remove = append(p.options.Remove, m.Leaf)
			p.remove = append(p.remove, wire.MemberRef{Account: account, Device: wire.ID(cred.Device)})
		}
	}
	p.options.Extensions, err = next.extension()
	p.notice = noticeRecord{What: noticeChanged, By: c.self.Account, Removed: []wire.ID{account}}
	return p, err
}

// Renew replaces this device's keys in a conversation, so that whoever had got hold of the old ones is
// shut out again (RFC 9420, section 16.6).
func (c *Client) Renew(ctx context.Context, id wire.ID) error {
	return c.change(ctx, id, func(*conversation, *mls.Group) (plan, error) {
		return plan{notice: noticeRecord{What: noticeRenewed, By: c.self.Account}}, nil
	})
}

// change wants a change of a conversation and waits until it is so, or refused. A change that loses
// a race is staged again on top of the winner.
func (c *Client) change(ctx context.Context, id wire.ID, stage func(*conversation, *mls.Group) (plan, error)) error {
	done := make(chan error, 1)
	err := c.run(ctx, func() error {
		v, err := c.conversation(id)
		if err != nil {
			return err
		}
		if v.rec.State != stateActive {
			return wire.Errorf(wire.CodeForbidden, "This device is not in the conversation.")
		}
		v.wants = append(v.wants, &want{stage: stage, done: func(err error) { done <- err }})
		c.advance(v)
		return nil
	})
	if err != nil {
		return err
	}
	return c.wait(ctx, done)
}

// wait returns what the loop says of a task it took, unless the caller or the client ends first.
func (c *Client) wait(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-c.ctx.Done():
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}
