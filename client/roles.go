package client

import (
	"context"
	"slices"
	"sort"
	"strings"

	"frond/mls"
	"frond/wire"
)

// Participant is somebody in a conversation, as its members are shown.
type Participant struct {
	Account  wire.ID
	Name     string
	Role     Role
	You      bool
	Verified bool
	Changed  bool // the keys changed, and that was not acknowledged yet
	Blocked  bool
}

// Rights says what this account may do in a conversation.
type Rights struct{ Add, Remove, Rename, Roles, Leave, Retention bool }

// Members returns who is in a conversation, oneself first and then by name, and what oneself may change.
func (c *Client) Members(ctx context.Context, id wire.ID) (list []Participant, can Rights, err error) {
	return list, can, c.run(ctx, func() error {
		v, err := c.conversation(id)
		if err != nil {
			return err
		}
		for _, account := range c.peopleOf(v) {
			k := c.contacts[account]
			list = append(list, Participant{
				Account: account, Name: c.nameOf(account), Role: v.roster.role(account), You: account == c.self.Account,
				Verified: k != nil && k.sure(), Changed: k != nil && k.changed, Blocked: c.isBlocked(account),
			})
		}
		sort.Slice(list, func(i, j int) bool {
			if list[i].You != list[j].You {
				return list[i].You
			}
			return list[i].Name < list[j].Name
		})
		can = c.rights(v)
		return nil
	})
}

func (c *Client) rights(v *conversation) Rights {
	if v.rec.Kind == wire.Open || v.rec.State != stateActive || c.session.State != SignedIn {
		return Rights{}
	}
	if v.rec.Kind == wire.Direct {
		return Rights{Retention: true}
	}
	role := v.roster.role(c.self.Account)
	return Rights{Add: role >= Moderator, Remove: role >= Moderator, Rename: role == Owner, Roles: role == Owner,
		Leave: c.mayLeave(v) == nil, Retention: role == Owner}
}

// Rename gives a group another name.
func (c *Client) Rename(ctx context.Context, id wire.ID, name string) error {
	name = strings.TrimSpace(name)
	if err := checkTitle(name); err != nil {
		return err
	}
	return c.changeRoster(ctx, id, func(r Roster) (Roster, error) {
		if r.Name == name {
			return r, errNothing
		}
		r.Name = name
		return r, nil
	})
}

// SetRole says what somebody may do in a group. The last owner stays owner.
func (c *Client) SetRole(ctx context.Context, id, account wire.ID, role Role) error {
	if role < Member || role > Owner {
		return wire.Errorf(wire.CodeBadRequest, "There is no such role.")
	}
	return c.changeRoster(ctx, id, func(r Roster) (Roster, error) {
		p, in := r.Person(account)
		switch {
		case !in:
			return r, wire.Errorf(wire.CodeNotFound, "This person is not in the conversation.")
		case p.Role == role:
			return r, errNothing
		}
		p.Role = role
		next := r.with(p)
		if !slices.ContainsFunc(next.People, func(p Person) bool { return p.Role == Owner }) {
			return r, wire.Errorf(wire.CodeForbidden, "A group keeps an owner. Make somebody else owner first.")
		}
		return next, nil
	})
}

// changeRoster commits another roster with the same people.
func (c *Client) changeRoster(ctx context.Context, id wire.ID, change func(Roster) (Roster, error)) error {
	return c.change(ctx, id, func(v *conversation, _ *mls.Group) (p plan, err error) {
		next, err := change(v.roster)
		if err != nil {
			return plan{}, err
		}
		p.options.Extensions, err = next.extension()
		p.notice = noticeRecord{By: c.self.Account}
		p.notice.setting(&v.roster, &next)
		return p, err
	})
}
