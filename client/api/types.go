package api

import (
	"time"

	"frond/client"
	"frond/client/markup"
	"frond/wire"
)

// Times are milliseconds since 1970; ids are hexadecimal.

type session struct {
	State   client.SessionState `json:"state"`
	Account string              `json:"account,omitempty"`
	Name    string              `json:"name,omitempty"`
	Device  string              `json:"device,omitempty"`

	Recovery bool `json:"recovery"`
}

func sessionOf(s client.Session) session {
	if s.State == client.SignedOut || s.State == "" {
		return session{State: client.SignedOut}
	}
	if s.State == client.Locked {
		return session{State: s.State, Name: s.Name, Recovery: s.Recovery}
	}
	return session{State: s.State, Account: s.Account.String(), Name: s.Name, Device: s.Device.String(), Recovery: s.Recovery}
}

type connection struct {
	State   client.ConnectionState `json:"state"`
	RetryAt int64                  `json:"retryAt,omitempty"`
}

// person is somebody in a conversation. Keys says what about theirs holds messages back.
type person struct {
	Account   string           `json:"account"`
	Name      string           `json:"name"`
	Keys      client.KeyReason `json:"keys,omitempty"`
	Reset     bool             `json:"reset,omitempty"`
	HeldUntil int64            `json:"heldUntil,omitempty"`
}

type preview struct {
	Name    string `json:"name"`
	Preview string `json:"preview"`
	At      int64  `json:"at"`
}

type conversation struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	Title     string   `json:"title"`
	People    []person `json:"people"`
	Unread    uint64   `json:"unread"`
	Last      *preview `json:"last,omitempty"`
	Retention string   `json:"retention"`
	Timer     uint32   `json:"timer"` // seconds; 0 unless disappearing
	CanSend   bool     `json:"canSend"`
	Joining   bool     `json:"joining"`
	Position  uint64   `json:"position"`
	Read      uint64   `json:"read"`

	Draft      bool `json:"draft"`
	Verified   bool `json:"verified"`
	Blocked    bool `json:"blocked"`
	KeyChanged bool `json:"keyChanged"`

	KeyReason client.KeyReason `json:"keyReason,omitempty"`
}

var kindNames = map[wire.ConversationKind]string{wire.Direct: "direct", wire.Group: "group", wire.Open: "everyone"}

func conversationOf(c client.Conversation) conversation {
	out := conversation{
		ID: c.ID.String(), Kind: kindNames[c.Kind], Title: c.Title, People: []person{}, Unread: c.Unread,
		Retention: retentionNames[c.Retention], Timer: c.Timer, CanSend: c.CanSend, Joining: c.Joining, Position: c.Position, Read: c.Read,
		Verified: c.Verified, Blocked: c.Blocked, KeyChanged: c.KeyChanged, KeyReason: c.KeyReason, Draft: c.Draft,
	}
	for _, p := range c.People {
		out.People = append(out.People, person{p.Account.String(), p.Name, p.Keys, p.Reset, millis(p.HeldUntil)})
	}
	if c.Last != nil {
		out.Last = &preview{c.Last.Name, c.Last.Text, millis(c.Last.At)}
	}
	return out
}

type message struct {
	ID       string              `json:"id"`
	Position uint64              `json:"position"`
	Account  string              `json:"account"`
	Name     string              `json:"name"`
	Own      bool                `json:"own"`
	At       int64               `json:"at"`
	State    client.MessageState `json:"state"`
	Kind     string              `json:"kind"`
	Parts    []part              `json:"parts"`
	Reason   *reason             `json:"reason,omitempty"`
	Expires  int64               `json:"expires,omitempty"` // by this device's clock
}

type part struct {
	Type markup.Kind `json:"type"`
	Text string      `json:"text"`
	Href string      `json:"href,omitempty"`
}

type reason struct {
	Code   string `json:"code"`
	Text   string `json:"text"`
	Action string `json:"action,omitempty"`
}

func messageOf(m client.Message) message {
	out := message{
		ID: m.ID, Position: m.Position, Account: m.Account.String(), Name: m.Name, Own: m.Own,
		At: millis(m.At), State: m.State, Kind: "text", Parts: []part{}, Expires: millis(m.Expires),
	}
	if m.Notice {
		out.Kind, out.Parts = "notice", []part{{Type: markup.Text, Text: m.Text}}
	} else {
		for _, p := range markup.Parse(m.Text) {
			out.Parts = append(out.Parts, part{p.Kind, p.Text, p.Href})
		}
	}
	if m.Reason != nil {
		out.Reason = &reason{m.Reason.Code, m.Reason.Text, m.Reason.Action}
	}
	return out
}

func messagesOf(list []client.Message) []message {
	out := make([]message, 0, len(list))
	for _, m := range list {
		out = append(out, messageOf(m))
	}
	return out
}

type page struct {
	Messages []message `json:"messages"`
	More     bool      `json:"more"`
}

// openedPage is what is shown of a conversation first.
type openedPage struct {
	page
	Draft string `json:"draft"`
}

func pageOf(p client.Page) page { return page{messagesOf(p.Messages), p.More} }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
