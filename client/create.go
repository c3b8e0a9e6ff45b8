package client

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// existingTimeout is how long Create waits for a conversation the other side began.
const existingTimeout = 30 * time.Second

// NewConversation is what to create: a direct conversation with one other person, or a group.
type NewConversation struct {
	Kind   wire.ConversationKind
	People []string // user names, without one's own
	Name   string   // groups only
}

// Create begins a conversation and returns its id when the server has it. A pair of people has one
// direct conversation: when it is there already, its id is returned.
func (c *Client) Create(ctx context.Context, o NewConversation) (wire.ID, error) {
	names, err := c.checkNew(ctx, &o)
	if err != nil {
		return wire.ID{}, err
	}
	ids, err := c.find(ctx, names)
	if err != nil {
		return wire.ID{}, err
	}
	if o.Kind == wire.Direct {
		if id, ok := c.directWith(ctx, ids[0]); ok {
			return id, nil
		}
	}
	if err := c.run(ctx, func() error { return c.refusePeople(o.Kind, ids) }); err != nil {
		return wire.ID{}, err
	}
	keys, err := c.claim(ctx, ids)
	if err != nil {
		return wire.ID{}, err
	}
	own, err := c.claimOwn(ctx)
	if err != nil {
		return wire.ID{}, err
	}
	keys = append(keys, own...)
	return c.birth(ctx, o, ids, keys)
}

// refusePeople refuses to begin a conversation with somebody. Two people whose keys changed may begin one: it
// is where they compare and accept, and nothing is sent there before.
func (c *Client) refusePeople(kind wire.ConversationKind, people []wire.ID) error {
	if kind == wire.Direct {
		return c.refuseBlocked(people[0])
	}
	return c.refuseChanged(people)
}

// checkNew checks what was asked for and returns the canonical names.
func (c *Client) checkNew(ctx context.Context, o *NewConversation) ([]string, error) {
	var own string
	if err := c.run(ctx, func() error {
		if c.self == nil || c.session.State != SignedIn {
			return errNotSignedIn
		}
		own = c.self.Name
		return nil
	}); err != nil {
		return nil, err
	}
	o.Name = strings.TrimSpace(o.Name)
	if len(o.Name) > maxTitle || !utf8.ValidString(o.Name) {
		return nil, wire.Errorf(wire.CodeTooLarge, "A name has at most %d bytes of text.", maxTitle)
	}
	names, err := canonicalNames(o.People, own)
	switch {
	case err != nil:
		return nil, err
	case o.Kind != wire.Direct && o.Kind != wire.Group:
		return nil, wire.Errorf(wire.CodeBadRequest, "A conversation is direct or a group.")
	case len(names) == 0:
		return nil, wire.Errorf(CodeEmpty, "Name somebody else to talk to.")
	case o.Kind == wire.Direct && (len(names) != 1 || o.Name != ""):
		return nil, wire.Errorf(wire.CodeBadRequest, "A direct conversation has one other person and no name.")
	case o.Kind == wire.Group && checkTitle(o.Name) != nil:
		return nil, checkTitle(o.Name)
	case len(names) >= maxPeople || len(names) > wire.MaxLookup:
		return nil, wire.Errorf(wire.CodeTooLarge, "At most %d people can be added at once.", wire.MaxLookup)
	}
	return names, nil
}

func canonicalNames(people []string, own string) ([]string, error) {
	var names []string
	for _, p := range people {
		name, err := wire.CheckUserName(strings.TrimSpace(p))
		if err != nil {
			return nil, err
		}
		if name != own {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// directWith finds the direct conversation with an account.
func (c *Client) directWith(ctx context.Context, account wire.ID) (id wire.ID, ok bool) {
	err := c.run(ctx, func() error {
		for _, v := range c.conversations {
			if _, in := v.roster.Person(account); in && v.rec.Kind == wire.Direct && v.rec.State == stateActive {
				id, ok = v.id, true
			}
		}
		return nil
	})
	return id, ok && err == nil
}

// claimed is a key package that was verified, with whose it is.
type claimed struct {
	pkg *mls.KeyPackage
	ref wire.MemberRef
}

// claim takes a key package of each device of the accounts and verifies it against their chains.
func (c *Client) claim(ctx context.Context, accounts []wire.ID) ([]claimed, error) {
	body, err := c.ask(ctx, wire.OpClaimKeys, wire.ClaimKeys{Accounts: accounts})
	if err != nil {
		return nil, err
	}
	var keys []claimed
	return keys, c.run(ctx, func() (err error) {
		keys, err = c.takeKeys(body, accounts)
		return err
	})
}

// takeKeys verifies the answer to ClaimKeys: each account has at least one device that is ready.
func (c *Client) takeKeys(body []byte, accounts []wire.ID) (keys []claimed, err error) {
	var answer wire.ClaimedKeys
	if err := wire.Decode(body, &answer); err != nil {
		return nil, err
	}
	for _, id := range accounts {
		n := len(keys)
		for _, k := range answer.Keys {
			if k.Account == id {
				pkg, err := c.checkKey(k)
				if err == errFormerRoot {
					continue // the device is yet to hear of its account's new root, and comes in by itself then
				}
				if err != nil {
					return nil, err
				}
				keys = append(keys, claimed{pkg, wire.MemberRef{Account: k.Account, Device: k.Device}})
			}
		}
		if len(keys) == n {
			return nil, wire.Errorf(wire.CodeNotFound, "%s can not be reached: none of their devices is ready.", c.nameOf(id))
		}
	}
	return keys, nil
}

// claimOwn takes a key package of each other device of the own account. One that is not ready, or that
// this device has not heard of yet, comes in by itself later.
func (c *Client) claimOwn(ctx context.Context) (keys []claimed, err error) {
	var own wire.ID
	if err := c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		if len(c.self.chain.Devices()) > 1 {
			own = c.self.Account
		}
		return nil
	}); err != nil || own.IsZero() {
		return nil, err
	}
	body, err := c.ask(ctx, wire.OpClaimKeys, wire.ClaimKeys{Accounts: []wire.ID{own}})
	if err != nil {
		return nil, err
	}
	var answer wire.ClaimedKeys
	if err := wire.Decode(body, &answer); err != nil {
		return nil, err
	}
	err = c.run(ctx, func() error {
		for _, k := range answer.Keys {
			if c.self == nil || k.Device == c.self.Device || k.Account != c.self.Account {
				continue
			}
			if pkg, err := c.checkKey(k); err == nil {
				keys = append(keys, claimed{pkg, wire.MemberRef{Account: k.Account, Device: k.Device}})
			}
		}
		return nil
	})
	return keys, err
}

var errFormerRoot = wire.Errorf(CodeKeyChanged, "a key package under a root that was replaced")

// checkKey verifies a claimed key package: sound, of our suite, and of an active device of the
// account's chain.
func (c *Client) checkKey(k wire.ClaimedKey) (*mls.KeyPackage, error) {
	known := c.contacts[k.Account]
	if k.Account == c.self.Account {
		known = &contact{name: c.self.Name, chain: c.self.chain}
	}
	if known == nil {
		return nil, wire.Errorf(CodeUnknownPerson, "a key of somebody this device has not met")
	}
	refuse := func(err error) error {
		c.cfg.Log.Warn("refused a key package", "account", k.Account, "device", k.Device, "error", err)
		return wire.Errorf(CodeKeyChanged, "The server gave a key that is not %s's.", known.name)
	}
	pkg, err := mls.ParseKeyPackage(k.Package)
	if err != nil {
		return nil, refuse(err)
	}
	if err := pkg.Verify(c.cfg.Now()); err != nil {
		return nil, refuse(err)
	}
	cred, err := c.verifier.credential(mls.Member{Credential: pkg.Credential(), SignatureKey: pkg.SignatureKey()})
	if err != nil {
		return nil, refuse(err)
	}
	if known.chain.HadRoot(cred.Root) && cred.Root != known.chain.Root() {
		return nil, errFormerRoot
	}
	device, active := known.chain.Credential(identity.ID(k.Device))
	if !active || pkg.Suite() != c.cfg.Suite || wire.ID(cred.Account) != k.Account || cred.Device != device.Device ||
		cred.DeviceKey != device.DeviceKey || cred.Root != device.Root || !pkg.Supports(RosterExtension) {
		return nil, refuse(identity.ErrKey)
	}
	return pkg, nil
}

// birth makes the group, lets the machine send it, and waits for what becomes of it.
func (c *Client) birth(ctx context.Context, o NewConversation, people []wire.ID, keys []claimed) (wire.ID, error) {
	type outcome struct {
		id  wire.ID
		err error
	}
	born := make(chan outcome, 1)
	err := c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		if err := c.refusePeople(o.Kind, people); err != nil {
			return err
		}
		v, err := c.conceive(o, people, keys)
		if err != nil {
			return err
		}
		v.born = append(v.born, func(id wire.ID, err error) { born <- outcome{id, err} })
		c.advance(v)
		return nil
	})
	if err != nil {
		return wire.ID{}, err
	}
	select {
	case b := <-born:
		if b.err != nil {
			return wire.ID{}, b.err
		}
		if err := c.waitFor(ctx, b.id); err != nil {
			return wire.ID{}, err
		}
		if o.Kind != wire.Direct {
			return b.id, nil
		}
		return b.id, c.isWith(ctx, b.id, people[0])
	case <-c.ctx.Done():
		return wire.ID{}, errClosed
	case <-ctx.Done():
		return wire.ID{}, ctx.Err()
	}
}

// isWith checks that a direct conversation is with who was asked for: when it was there already, so far
// only the server says so.
func (c *Client) isWith(ctx context.Context, id, account wire.ID) error {
	return c.run(ctx, func() error {
		v, err := c.conversation(id)
		if err != nil {
			return err
		}
		if _, in := v.roster.Person(account); !in || v.rec.Kind != wire.Direct {
			return wire.Errorf(CodeKeyChanged, "The server shows a conversation with somebody else.")
		}
		return nil
	})
}

// conceive stages a new conversation.
func (c *Client) conceive(o NewConversation, people []wire.ID, keys []claimed) (*conversation, error) {
	id, err := wire.NewID(c.cfg.Rand)
	if err != nil {
		return nil, err
	}
	joinKey, err := newJoinKey(c.cfg.Rand)
	if err != nil {
		return nil, err
	}
	own := Person{Account: c.self.Account, Root: wire.Hash(c.self.cred.Root), Role: Owner}
	if o.Kind == wire.Direct {
		own.Role = Member // nobody changes a direct conversation
	}
	roster := Roster{
		Version: rosterVersion, Kind: o.Kind, Name: o.Name, Retention: Full, JoinKey: joinKey, Posting: Member, People: []Person{own},
	}
	p := plan{notice: noticeRecord{What: noticeCreated, By: c.self.Account, Accounts: people, Name: o.Name}}
	for _, account := range people {
		roster.People = append(roster.People, Person{Account: account, Root: c.contacts[account].root(), Role: Member})
	}
	for _, k := range keys {
		p.options.Add = append(p.options.Add, k.pkg)
		p.add = append(p.add, k.ref)
	}
	v := newConversation(id, conversationRecord{Kind: o.Kind, State: stateJoining, JoinKey: joinKey})
	c.conversations[id] = v
	if err := c.stageCreate(v, roster, p); err != nil {
		delete(c.conversations, id)
		return nil, err
	}
	return v, nil
}

// waitFor waits until a conversation is on this device: the other side began it, and its welcome is
// on the way.
func (c *Client) waitFor(ctx context.Context, id wire.ID) error {
	ctx, cancel := context.WithTimeout(ctx, existingTimeout)
	defer cancel()
	here := make(chan struct{}, 1)
	err := c.run(ctx, func() error {
		if v := c.conversations[id]; v != nil && v.rec.State == stateActive {
			here <- struct{}{}
			return nil
		}
		c.waiters = append(c.waiters, &waiter{id: id, done: func() { here <- struct{}{} }})
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case <-here:
		return nil
	case <-c.ctx.Done():
		return errClosed
	case <-ctx.Done():
		return wire.Errorf(wire.CodeExists, "You have this conversation already, but this device is not in it yet.")
	}
}
