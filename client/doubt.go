package client

import (
	"bytes"
	"crypto/sha256"

	"frond/wire"
)

// A sigchain of a contact can be shown that contradicts the verified one: without its end, with another event
// somewhere, or with one that the root did not sign. Whoever shows it tells different people different things.
// What this device knows stays in force, and that it was contradicted stays in the store: closed conversations
// with the contact wait, as with changed keys, until the person says to go on, or until the server shows all
// that was known again. What another device of the account was shown is not undone by that: there only the
// person decides.

// doubtRecord is what contradicts a contact's chain.
type doubtRecord struct {
	Shown   wire.Hash `cbor:"1,keyasint"` // which chain was refused last (departure); zero: none, or it is undone
	Sibling bool      `cbor:"2,keyasint"` // another device of the account was shown it
	Settled wire.Hash `cbor:"3,keyasint"` // the one after which the person went on
}

func (d doubtRecord) open() bool { return !d.Shown.IsZero() }

// with is the doubt after a chain was refused, and whether the person is to hear of it.
func (d doubtRecord) with(shown wire.Hash, sibling bool) (next doubtRecord, news bool) {
	switch {
	case shown == d.Settled || d.open() && d.Sibling && !sibling:
		return d, false
	case shown == d.Shown:
		d.Sibling = d.Sibling || sibling
		return d, false
	}
	return doubtRecord{shown, sibling, d.Settled}, true
}

// whole is the doubt after the server showed all that was known.
func (d doubtRecord) whole() doubtRecord {
	if !d.Sibling {
		d.Shown = wire.Hash{}
	}
	return d
}

// settled is the doubt after the person went on.
func (d doubtRecord) settled() doubtRecord {
	if d.open() {
		return doubtRecord{Settled: d.Shown}
	}
	return d
}

// departure names a refused chain by its first event that is not the known one, or else by its last: it has
// the same name when it grows.
func departure(known, shown [][]byte) wire.Hash {
	var last []byte
	for i, event := range shown {
		last = event
		if i >= len(known) || !bytes.Equal(event, known[i]) {
			break
		}
	}
	return sha256.Sum256(last)
}

// sure reports whether the root in force is the one that was compared, and nothing contradicts the chain.
func (k *contact) sure() bool { return k.isVerified() && !k.doubt.open() }

// together is what two devices of the account know of a contact, with this one's doubts, and whether it is
// news that they were shown two histories.
func (k *contact) together(mine *contact) (next *contact, news bool) {
	next, forked := k.beside(mine)
	if mine == nil {
		return next, false
	}
	both := *next
	both.doubt = mine.doubt
	if forked {
		both.doubt, news = mine.doubt.with(departure(mine.chain.Events(), k.chain.Events()), true)
	}
	return &both, news
}

func (t *tx) twoHistories(account wire.ID, name string) {
	t.emit(Fault{Code: CodeKeyChanged, Account: account, Text: "The server showed your devices two different histories of " + safeName(name) + "'s keys. Ask them before you trust it."})
}

// refuse reports a sigchain that is not taken, and keeps of a contact's that it was shown. What the person
// knows of is not said again.
func (c *Client) refuse(t *tx, a wire.Account) {
	if k := c.contacts[a.ID]; k != nil {
		doubt, news := k.doubt.with(departure(k.chain.Events(), a.Chain), false)
		if !news {
			return
		}
		next := *k
		next.doubt = doubt
		c.putContact(t, a.ID, &next)
		c.markShared(t, a.ID)
		t.then(func() { c.lookOut(0) })
	}
	t.emit(Fault{Code: CodeKeyChanged, Account: a.ID, Text: c.refusal(a)})
}

// showsWhole notes that the server shows a contact's chain as it is known.
func (c *Client) showsWhole(t *tx, account wire.ID, k *contact) {
	next := *k
	if next.doubt = k.doubt.whole(); next.doubt != k.doubt {
		c.putContact(t, account, &next)
		c.goOnWith(t, account)
	}
}

// goOnWith lets what waited for an account's keys go on.
func (c *Client) goOnWith(t *tx, account wire.ID) {
	c.markShared(t, account)
	t.then(func() {
		for _, v := range c.conversations {
			c.advance(v)
		}
	})
}

// lookOut asks again, ever more seldom, for chains that the server may show whole one day. A new connection
// asks anyway.
func (c *Client) lookOut(tries int) {
	if c.lookingOut || len(c.contradicted()) == 0 {
		return
	}
	c.lookingOut = true
	c.after(c.jitter(10*c.cfg.Backoff.at(tries)), func() {
		c.lookingOut = false
		if ids := c.contradicted(); len(ids) > 0 && c.online() {
			c.lookAgain(ids, func() {})
			c.lookOut(tries + 1)
		}
	})
}

// contradicted lists the contacts of whom the server showed another chain than is known.
func (c *Client) contradicted() (ids []wire.ID) {
	for id, k := range c.contacts {
		if k.doubt.open() && !k.doubt.Sibling {
			ids = append(ids, id)
		}
	}
	return ids
}
