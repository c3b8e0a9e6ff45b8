package delivery

import (
	"context"
	"slices"
	"time"

	"frond/wire"
)

const (
	renewalPause = 10 * time.Minute // between two asks that members of one conversation hear of
	maxRenewals  = 4096             // conversations whose ask is remembered
)

// renewal is an ask for new group information that nobody has answered by a handshake yet.
type renewal struct {
	at        time.Time
	handshake uint64 // the last one then
}

// AskRenewal notes that a device of the account cannot join a conversation by the group information there
// is, and returns the members to tell; none within ten minutes of the last ask. Who may have the group
// information may ask. Asks are kept in memory: who is in need asks again.
func (l *Log) AskRenewal(ctx context.Context, account, device, conversation wire.ID) ([]wire.MemberRef, error) {
	mine, err := l.store.ConversationsFor(ctx, account, device)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(mine, func(c wire.Conversation) bool { return c.ID == conversation })
	if i < 0 {
		return nil, wire.Errorf(wire.CodeNotFound, "no such conversation")
	}
	if mine[i].Last == 0 || !l.noteRenewal(conversation, mine[i].LastHandshake) {
		return nil, nil
	}
	return l.store.MembersOf(ctx, conversation)
}

func (l *Log) noteRenewal(conversation wire.ID, handshake uint64) bool {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.renewals[conversation]; ok && now.Sub(old.at) < renewalPause {
		return false
	}
	if len(l.renewals) >= maxRenewals {
		clear(l.renewals)
	}
	l.renewals[conversation] = renewal{now, handshake}
	return true
}

// markRenewals tells a member who comes online of asks that wait.
func (l *Log) markRenewals(list []wire.Conversation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range list {
		r, ok := l.renewals[list[i].ID]
		list[i].Renew = ok && list[i].Member && r.handshake == list[i].LastHandshake
	}
}
