package client

import (
	"errors"
	"sort"
	"time"

	"frond/client/vault"
	"frond/wire"
)

const (
	stateVersion = 1
	saveDelay    = 500 * time.Millisecond // changes of the state that come together are saved together
)

// accountState is what a new device needs: the root, the join keys, and whom this account knows.
// The server stores it sealed under the vault key.
type accountState struct {
	Version       uint64        `cbor:"1,keyasint"`
	Root          []byte        `cbor:"2,keyasint"`
	Conversations []stateJoin   `cbor:"3,keyasint"`
	Contacts      []stateFriend `cbor:"4,keyasint"`
	Reads         []stateRead   `cbor:"5,keyasint,omitempty"`

	Openers []vault.Opener `cbor:"6,keyasint"`
	Earlier []wire.Hash    `cbor:"7,keyasint,omitempty"` // vault keys of epochs before the present one

	Blocks []blockState `cbor:"8,keyasint,omitempty"` // by account

	Labels   map[string]stamped `cbor:"9,keyasint,omitempty"`  // what the owner calls devices, by id
	Settings map[string]stamped `cbor:"10,keyasint,omitempty"` // by name

	Formers [][]byte `cbor:"11,keyasint,omitempty"` // roots before the one in force, by which a device may still be known

	Vouched []vouchRecord `cbor:"12,keyasint,omitempty"` // the pages that there were when devices were removed
	Lost    uint64        `cbor:"13,keyasint,omitempty"` // vault epochs before the account began anew: Earlier begins after them
}

// stateRead is how far the person has read a conversation, on whichever device.
type stateRead struct {
	Conversation wire.ID `cbor:"1,keyasint"`
	Position     uint64  `cbor:"2,keyasint"`
}

type stateJoin struct {
	Conversation wire.ID               `cbor:"1,keyasint"`
	Kind         wire.ConversationKind `cbor:"2,keyasint"`
	JoinKey      wire.Hash             `cbor:"3,keyasint"`
}

type stateFriend struct {
	Account wire.ID  `cbor:"1,keyasint"`
	Name    string   `cbor:"2,keyasint"`
	Chain   [][]byte `cbor:"3,keyasint"`

	Verified wire.Hash `cbor:"4,keyasint"` // the root whose safety number was compared; zero: none
	Changed  bool      `cbor:"5,keyasint"` // the root changed and that was not acknowledged yet
	Reset    uint64    `cbor:"6,keyasint"` // it changed by a reset: first seen then, milliseconds since 1970
	Held     bool      `cbor:"7,keyasint"` // it was verified then
}

func isWire(err error) bool { return asWire(err, new(wire.Error)) }

// asWire copies the refusal in err's chain, if there is one.
func asWire(err error, out *wire.Error) bool {
	var e *wire.Error
	if !errors.As(err, &e) {
		return false
	}
	*out = *e
	return true
}

func (c *Client) sealState(rec *selfRecord, revision uint64, s accountState) ([]byte, error) {
	return vault.SealState(c.cfg.Rand, vault.Key(rec.VaultKey), rec.Account, rec.VaultEpoch, revision, encode(s))
}

// state collects what the vault keeps.
func (c *Client) state() accountState {
	s := accountState{Version: stateVersion, Root: c.self.Root, Conversations: []stateJoin{}, Contacts: []stateFriend{}, Openers: c.self.Openers, Earlier: c.self.Earlier,
		Blocks: c.blockList(), Labels: c.keptLabels(), Settings: c.settings, Formers: c.self.Formers, Lost: c.self.Lost, Vouched: c.self.Vouched}
	for id, v := range c.conversations {
		if v.rec.State != stateLeft && v.rec.Kind != wire.Open && !v.rec.JoinKey.IsZero() {
			s.Conversations = append(s.Conversations, stateJoin{Conversation: id, Kind: v.rec.Kind, JoinKey: v.rec.JoinKey})
		}
	}
	for id, v := range c.conversations {
		if v.rec.State != stateLeft && v.rec.Read > 0 {
			s.Reads = append(s.Reads, stateRead{id, v.rec.Read})
		}
	}
	sort.Slice(s.Reads, func(i, j int) bool { return less(s.Reads[i].Conversation, s.Reads[j].Conversation) })
	for id, k := range c.contacts {
		if k.pinned {
			s.Contacts = append(s.Contacts, k.friend(id))
		}
	}
	sort.Slice(s.Conversations, func(i, j int) bool { return less(s.Conversations[i].Conversation, s.Conversations[j].Conversation) })
	sort.Slice(s.Contacts, func(i, j int) bool { return less(s.Contacts[i].Account, s.Contacts[j].Account) })
	return s
}

// stateChanged notes, in the same batch, that the server's copy of the state is behind.
func (c *Client) stateChanged(t *tx) {
	rec := c.self.selfRecord
	rec.Unsaved = true
	t.put(keyAccount(rec.Account), rec)
	t.then(func() {
		c.self.Unsaved, c.outdated = true, true
		c.after(saveDelay+saveDelay*time.Duration(c.stateSize>>16), c.saveState)
	})
}

// saveState brings the server's copy of the state up to date.
func (c *Client) saveState() {
	if c.self == nil || !c.self.Unsaved || c.saving || !c.online() || !c.vaultIsCurrent() {
		return
	}
	me, revision := c.self, c.self.Revision+1
	sealed, err := c.sealState(&me.selfRecord, revision, c.state())
	if err != nil || len(sealed) > wire.MaxState {
		c.cfg.Log.Error("the account state can not be saved", "size", len(sealed), "error", err)
		c.emit(Fault{Code: wire.CodeLimit, Text: "This account knows too many people and conversations: new ones can not be saved for other devices."})
		return
	}
	c.stateSize = len(sealed) // a large one is not sent for every message that is read
	c.saving = true
	c.outdated = false // what changes from here on asks again
	words := c.unsavedWords()
	c.request(wire.OpPutState, wire.PutState{Revision: revision, State: sealed, Epoch: me.VaultEpoch}, func(_ []byte, err error) {
		c.saving = false
		if c.self == me {
			if err == nil {
				c.savedWords(words)
			}
			c.savedState(revision, err)
		}
	})
}

// unsavedWords lists the contacts on which the state that is about to be saved says something new.
func (c *Client) unsavedWords() map[wire.ID]*contact {
	words := map[wire.ID]*contact{}
	for id, k := range c.contacts {
		if k.unsaved {
			words[id] = k
		}
	}
	return words
}

// savedWords notes that the state has them, but for those that changed meanwhile.
func (c *Client) savedWords(words map[wire.ID]*contact) {
	t := c.begin()
	for id, k := range words {
		if c.contacts[id] == k {
			next := *k
			next.unsaved = false
			c.putContact(t, id, &next)
		} else if now := c.contacts[id]; now != nil && now.unsaved {
			c.outdated = true
		}
	}
	_ = t.commit()
}

func (c *Client) savedState(revision uint64, err error) {
	again := c.outdated || err != nil
	var refusal *wire.Error
	switch {
	case err == nil:
		c.self.Revision = revision
	case errors.As(err, &refusal) && refusal.Code == wire.CodeConflict:
		c.fetchState() // another device was first, or an earlier save's answer was lost
	}
	c.self.Unsaved = again
	t := c.begin()
	t.put(keyAccount(c.self.Account), c.self.selfRecord)
	if t.commit() == nil && again && wire.CodeOf(err) != CodeOffline {
		c.saveLater()
	}
	if err != nil {
		c.tendLater()
		return
	}
	c.tendVault()
}

// saveLater tries again to save the state. However many ask for that, it is tried once.
func (c *Client) saveLater() {
	if !c.saveDue {
		c.saveDue = true
		c.after(c.jitter(c.cfg.Backoff.Most/4), func() {
			c.saveDue = false
			c.saveState()
		})
	}
}
