package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"frond/server/store"
	"frond/wire"
)

// person is a signed-in device of the load.
type person struct {
	account, device wire.ID
	cookie          string // the session token, as the cookie's value
}

func random() (id wire.ID) {
	_, _ = rand.Read(id[:]) // never fails: crypto/rand aborts the program instead
	return id
}

// newMessageID is what a client gives a message.
func newMessageID() wire.ID {
	id, _ := wire.NewMessageID(rand.Reader, time.Now())
	return id
}

// fill makes n accounts with a device and a session each.
func fill(ctx context.Context, s *store.Store, n int) ([]person, error) {
	people := make([]person, n)
	for i := range people {
		p := person{account: random(), device: random()}
		var token [32]byte
		_, _ = rand.Read(token[:])
		p.cookie = encodeToken(token[:])
		now := time.Now()
		a := store.Account{ID: p.account, Name: fmt.Sprintf("p%d", i), KDF: wire.KDF{Salt: make([]byte, wire.SaltSize)}, Header: []byte{1}, Epoch: 1, State: []byte{1}, Revision: 1, Created: now}
		d := store.Device{ID: p.device, Account: p.account, Active: true, Created: now}
		if err := s.CreateAccount(ctx, a, [][]byte{{1}, {2}}, d, nil); err != nil {
			return nil, err
		}
		session := store.Session{Token: hashToken(token[:]), Account: p.account, Device: &p.device, Created: now, Seen: now, Expires: now.Add(24 * time.Hour)}
		if err := s.CreateSession(ctx, session); err != nil {
			return nil, err
		}
		people[i] = p
	}
	return people, nil
}

func encodeToken(token []byte) string  { return base64.RawURLEncoding.EncodeToString(token) }
func hashToken(token []byte) wire.Hash { return sha256.Sum256(token) }

// join makes one conversation of all people: a direct one of two, or the open one.
func join(ctx context.Context, s *store.Store, people []person) (wire.ID, error) {
	kind, conversation := wire.Open, wire.ID{}
	var err error
	if len(people) == 2 {
		kind, conversation = wire.Direct, random()
	} else if conversation, err = s.OpenConversation(ctx); err != nil {
		return conversation, err
	}
	first := wire.Handshake{Conversation: conversation, Message: random(), Frame: mlsFrame(conversation, 3), GroupInfo: []byte{1}}
	create := wire.Create{Kind: kind, Handshake: first}
	if kind == wire.Open {
		create.JoinKey = new(wire.Hash)
	} else {
		create.Handshake.Welcome = []byte{1}
		create.Handshake.Add = []wire.MemberRef{{Account: people[1].account, Device: people[1].device}}
	}
	if r := s.Append(ctx, []store.Append{{Account: people[0].account, Device: people[0].device, Create: &create}}); r[0].Err != nil {
		return conversation, r[0].Err
	}
	if kind == wire.Direct {
		return conversation, nil
	}
	for seq, p := range people[1:] {
		h := wire.Handshake{Conversation: conversation, Message: random(), Previous: uint64(seq + 1), Frame: mlsFrame(conversation, 3), GroupInfo: []byte{1}, External: true}
		if r := s.Append(ctx, []store.Append{{Account: p.account, Device: p.device, Handshake: &h}}); r[0].Err != nil {
			return conversation, r[0].Err
		}
	}
	return conversation, nil
}

// mlsFrame has the shape of an MLSMessage with a PrivateMessage (RFC 9420 §6.3), as long as a real one
// that carries a message key. The server sees no further than its header.
func mlsFrame(conversation wire.ID, contentType byte) []byte {
	b := []byte{0, 1, 0, 2, 16}
	b = append(b, conversation[:]...)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 1, contentType, 32)
	b = append(b, make([]byte, 32)...)
	b = append(b, 28)
	b = append(b, make([]byte, 28)...)
	b = append(b, 0x40, 200)
	return append(b, make([]byte, 200)...)
}

// fernetText has the shape of a token whose raw form is n AES blocks and the frame around them.
func fernetText(n int) []byte {
	raw := (57 + 16*n) * 4
	text := "gAAAAA" + strings.Repeat("A", (raw+2)/3-6)
	return []byte(text + strings.Repeat("=", (4-len(text)%4)%4))
}

func send(conversation wire.ID, last uint64) *wire.Send {
	return &wire.Send{Conversation: conversation, Message: newMessageID(), Handshake: last, Frame: mlsFrame(conversation, 1), Token: fernetText(30)}
}
