package client

import (
	"bytes"
	"slices"
	"sort"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// RosterExtension is the type of the MLS GroupContext extension that holds the roster, from the
// range for private use (RFC 9420, section 17.3).
const RosterExtension mls.ExtensionType = 0xF0A1

// Role says what a person may do in a conversation.
type Role uint8

// The roles. A member sends messages, a moderator also adds and removes members, an owner changes
// everything.
const (
	Member    Role = 1
	Moderator Role = 2
	Owner     Role = 3
)

const (
	rosterVersion = 1
	maxPeople     = wire.MaxPrivate
	maxTitle      = 100 // bytes of a conversation's name
)

// Roster is what all members agree on. It changes only by a commit whose author's role allows it.
type Roster struct {
	Version   uint64                `cbor:"1,keyasint"`
	Kind      wire.ConversationKind `cbor:"2,keyasint"`
	Name      string                `cbor:"3,keyasint"`
	Retention Retention             `cbor:"4,keyasint"`
	JoinKey   wire.Hash             `cbor:"5,keyasint"`
	Posting   Role                  `cbor:"6,keyasint"`           // the lowest role that may post
	People    []Person              `cbor:"7,keyasint"`           // by account id; empty in the open conversation
	Timer     uint32                `cbor:"8,keyasint,omitempty"` // seconds until a message disappears; 0 unless Disappearing
}

// Person is an account in a roster, with the root it is pinned to. Former are the roots before that one
// which leaves of the account still carry: those leaves stay, and nobody comes in under such a root.
type Person struct {
	Account wire.ID     `cbor:"1,keyasint"`
	Root    wire.Hash   `cbor:"2,keyasint"`
	Role    Role        `cbor:"3,keyasint"`
	Former  []wire.Hash `cbor:"4,keyasint,omitempty"` // ordered
}

// unpinned is the roster without the roots of an account, for a comparison of all else.
func (r Roster) unpinned(account wire.ID) Roster {
	r.People = slices.Clone(r.People)
	for i := range r.People {
		if p := &r.People[i]; p.Account == account {
			p.Root, p.Former = wire.Hash{}, nil
		}
	}
	return r
}

// sameRoots reports whether a person is pinned to the same roots in both.
func sameRoots(a, b Person) bool { return a.Root == b.Root && slices.Equal(a.Former, b.Former) }

// checkFormer checks the order, which makes the encoding the only one, and the number.
func (p *Person) checkFormer() bool {
	for i, root := range p.Former {
		if root == p.Root || i > 0 && bytes.Compare(p.Former[i-1][:], root[:]) >= 0 {
			return false
		}
	}
	return len(p.Former) <= wire.MaxDevices
}

// Check checks the roster for itself.
func (r *Roster) Check() error {
	switch {
	case r.Version != rosterVersion || r.Retention > Disappearing:
		return wire.Errorf(wire.CodeVersion, "the conversation was set up by a newer version")
	case r.Kind < wire.Direct || r.Kind > wire.Open || r.Posting < Member || r.Posting > Owner || r.JoinKey.IsZero():
		return wire.Errorf(wire.CodeBadRequest, "malformed roster")
	case len(r.Name) > maxTitle || len(r.People) > maxPeople:
		return wire.Errorf(wire.CodeTooLarge, "roster: a name has at most %d bytes, a conversation %d people", maxTitle, maxPeople)
	case r.Kind == wire.Open && len(r.People) != 0, r.Kind == wire.Direct && len(r.People) != 2, r.Kind == wire.Group && len(r.People) == 0:
		return wire.Errorf(wire.CodeBadRequest, "a roster with %d people", len(r.People))
	}
	if err := r.checkRetention(); err != nil {
		return err
	}
	for i, p := range r.People {
		if p.Role < Member || p.Role > Owner || !p.checkFormer() || i > 0 && bytes.Compare(r.People[i-1].Account[:], p.Account[:]) >= 0 {
			return wire.Errorf(wire.CodeBadRequest, "malformed roster")
		}
	}
	return nil
}

// ParseRoster reads a roster in its one encoding.
func ParseRoster(b []byte) (Roster, error) {
	var r Roster
	if err := wire.Decode(b, &r); err != nil {
		return Roster{}, err
	}
	again, err := wire.Encode(r)
	if err != nil || !bytes.Equal(again, b) {
		return Roster{}, wire.Errorf(wire.CodeBadRequest, "malformed roster")
	}
	return r, nil
}

// extension encodes the roster for the group context.
func (r Roster) extension() ([]mls.Extension, error) {
	sort.Slice(r.People, func(i, j int) bool { return less(r.People[i].Account, r.People[j].Account) })
	if err := r.Check(); err != nil {
		return nil, err
	}
	b, err := wire.Encode(r)
	return []mls.Extension{{Type: RosterExtension, Data: b}}, err
}

// rosterOf finds the roster among extensions: there is exactly one and nothing else.
func rosterOf(extensions []mls.Extension) (Roster, error) {
	if len(extensions) != 1 || extensions[0].Type != RosterExtension {
		return Roster{}, wire.Errorf(wire.CodeBadRequest, "a conversation has a roster and no other extension")
	}
	return ParseRoster(extensions[0].Data)
}

// Person returns the person of an account.
func (r *Roster) Person(account wire.ID) (Person, bool) {
	i, ok := slices.BinarySearchFunc(r.People, account, func(p Person, id wire.ID) int {
		return bytes.Compare(p.Account[:], id[:])
	})
	if !ok {
		return Person{}, false
	}
	return r.People[i], true
}

// admits checks that a device may come into the conversation: its certificate was verified already,
// and in a closed conversation its account is rostered under its root.
func (r *Roster) admits(c identity.Credential) error { return r.allows(c, false) }

// keeps checks that a device that is in the conversation may stay: also under a root that its account had
// when it came, until the device renews its leaf.
func (r *Roster) keeps(c identity.Credential) error { return r.allows(c, true) }

func (r *Roster) allows(c identity.Credential, former bool) error {
	if r.Kind == wire.Open {
		return nil
	}
	p, ok := r.Person(wire.ID(c.Account))
	if !ok {
		return wire.Errorf(wire.CodeForbidden, "a device of an account that is not in the roster")
	}
	if root := wire.Hash(c.Root); p.Root != root && !(former && slices.Contains(p.Former, root)) {
		return wire.Errorf(wire.CodeForbidden, "a device under another root than the pinned one")
	}
	return nil
}

// role returns what an account may do.
func (r *Roster) role(account wire.ID) Role {
	if r.Kind == wire.Open {
		return Member
	}
	p, _ := r.Person(account)
	return p.Role
}

// with returns the roster with people added or replaced.
func (r Roster) with(people ...Person) Roster {
	next := r.without()
	for _, p := range people {
		next = next.without(p.Account)
		next.People = append(next.People, p)
	}
	return next
}

// without returns the roster without some accounts.
func (r Roster) without(accounts ...wire.ID) Roster {
	r.People = slices.DeleteFunc(slices.Clone(r.People), func(p Person) bool {
		return slices.Contains(accounts, p.Account)
	})
	return r
}
