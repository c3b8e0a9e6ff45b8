package delivery

import (
	"context"
	"slices"

	"frond/server/store"
	"frond/wire"
)

// PublishKeys adds key packages to a device's pool, or puts them in the place of what it holds, and answers how many it holds now.
func (l *Log) PublishKeys(ctx context.Context, device wire.ID, p *wire.PublishKeys) (wire.KeyCount, error) {
	for _, k := range p.Packages {
		if err := checkKeyPackage(k); err != nil {
			return wire.KeyCount{}, err
		}
	}
	if len(p.LastResort) > 0 {
		if err := checkKeyPackage(p.LastResort); err != nil {
			return wire.KeyCount{}, err
		}
	}
	n, err := l.store.PublishKeys(ctx, device, p.Packages, p.LastResort, p.Replace)
	return wire.KeyCount{Count: n}, err
}

// ClaimKeys takes one key package of every active device of the accounts but the one that asks.
func (l *Log) ClaimKeys(ctx context.Context, by wire.ID, c *wire.ClaimKeys) (wire.ClaimedKeys, error) {
	keys, err := l.store.ClaimKeys(ctx, by, c.Accounts)
	return wire.ClaimedKeys{Keys: keys}, err
}

// Member reports whether a device is in a conversation now.
func (l *Log) Member(ctx context.Context, conversation, device wire.ID) (bool, error) {
	_, until, ok, err := l.store.Entitlement(ctx, conversation, device)
	return ok && until == 0, err
}

// Members lists the devices in a conversation now.
func (l *Log) Members(ctx context.Context, conversation wire.ID) ([]wire.MemberRef, error) {
	return l.store.MembersOf(ctx, conversation)
}

// Belongs reports whether a device's account is in a conversation now, be it through another device, and of what kind
// the conversation is. All accounts are in the open one.
func (l *Log) Belongs(ctx context.Context, account, device, conversation wire.ID) (wire.ConversationKind, bool, error) {
	mine, err := l.store.ConversationsFor(ctx, account, device)
	if err != nil {
		return 0, false, err
	}
	i := slices.IndexFunc(mine, func(c wire.Conversation) bool { return c.ID == conversation })
	if i < 0 {
		return 0, false, nil
	}
	return mine[i].Kind, true, nil
}

// GroupInfo returns what an account's device needs to join a conversation by external commit. Only
// those who may join are told: members' accounts, and everybody in an open conversation.
func (l *Log) GroupInfo(ctx context.Context, account, device, conversation wire.ID) (wire.GroupInfo, error) {
	if _, in, err := l.Belongs(ctx, account, device, conversation); err != nil || !in {
		if err == nil {
			err = wire.Errorf(wire.CodeNotFound, "no such conversation")
		}
		return wire.GroupInfo{}, err
	}
	return l.store.GroupInfo(ctx, conversation)
}

// Greeting is what a connection is told when it says hello: the account's conversations and the
// state of the device's key packages.
func (l *Log) Greeting(ctx context.Context, account store.Account, device wire.ID) (wire.Welcomed, error) {
	conversations, err := l.store.ConversationsFor(ctx, account.ID, device)
	if err != nil {
		return wire.Welcomed{}, err
	}
	l.markRenewals(conversations)
	count, lastResort, err := l.store.CountKeys(ctx, device)
	return wire.Welcomed{
		Account: account.ID, Name: account.Name, Revision: account.Revision,
		KeyPackages: count, LastResort: lastResort, Conversations: conversations,
	}, err
}
