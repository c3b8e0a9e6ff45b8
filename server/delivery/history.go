package delivery

import (
	"context"

	"frond/wire"
)

// History reads a conversation's log backwards, as far as an account is entitled to it. See
// store.History.
func (l *Log) History(ctx context.Context, account wire.ID, q *wire.History) ([]wire.Entry, error) {
	if err := l.beginRead(ctx); err != nil {
		return nil, err
	}
	defer l.endRead()
	return l.store.History(ctx, q.Conversation, account, q.Before, int(q.Limit))
}

// Pages returns an account's sealed message keys of a conversation, newest first. See store.Pages.
func (l *Log) Pages(ctx context.Context, account wire.ID, q *wire.Pages) ([]wire.Page, error) {
	if err := l.beginRead(ctx); err != nil {
		return nil, err
	}
	defer l.endRead()
	return l.store.Pages(ctx, account, q.Conversation, q.Before, int(q.Limit))
}

// PageSums returns the sums of an account's pages. See store.PageSums.
func (l *Log) PageSums(ctx context.Context, account wire.ID, q *wire.PageSums) (wire.PageSumList, error) {
	if err := l.beginRead(ctx); err != nil {
		return wire.PageSumList{}, err
	}
	defer l.endRead()
	return l.store.PageSums(ctx, account, q)
}

// PutPage stores sealed message keys of an account. See store.PutPage.
func (l *Log) PutPage(ctx context.Context, account wire.ID, p *wire.PutPage) error {
	return l.store.PutPage(ctx, account, p)
}
