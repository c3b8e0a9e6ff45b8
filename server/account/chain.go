package account

import (
	"context"
	"fmt"
	"slices"

	"frond/identity"
	"frond/server/store"
	"frond/wire"
)

// The server appends to a sigchain only what every client would accept, and what does to the account's
// devices just what the request does to the server's. Sigchains only grow and the store appends by
// compare-and-swap on the length, so what was verified against the stored events is what is continued.

// growth is a sigchain before events and after each of them.
type growth []*identity.Chain

// grow verifies events against an account's sigchain, which must have exactly index events so far
// (CodeConflict otherwise, with Last the number of events).
func (s *Service) grow(ctx context.Context, account wire.ID, index uint64, events [][]byte) (growth, error) {
	stored, err := s.store.Chain(ctx, account)
	if err != nil {
		return nil, err
	}
	if uint64(len(stored)) != index {
		return nil, store.ChainConflict(uint64(len(stored)))
	}
	chain, err := identity.ParseChain(stored)
	if err != nil {
		return nil, fmt.Errorf("account: the stored sigchain of %s: %w", account, err)
	}
	g := growth{chain}
	for _, e := range events {
		if chain, err = chain.Append(e); err != nil {
			return nil, errInvalidEvents(err)
		}
		g = append(g, chain)
	}
	return g, nil
}

func errInvalidEvents(err error) error {
	return wire.Errorf(wire.CodeBadRequest, "the sigchain events are not valid: %v", err)
}

func errOtherEvents() error {
	return wire.Errorf(wire.CodeBadRequest, "the sigchain events do not say what the request does")
}

// begins reports whether a new sigchain is that of a name's account whose first device this is.
func begins(c *identity.Chain, account wire.ID, name string, device wire.ID) bool {
	return wire.ID(c.Account()) == account && c.UserName() == name && slices.Equal(active(c), []wire.ID{device})
}

// adds reports whether one event lists the device beside the others, and that is all.
func (g growth) adds(device wire.ID) bool {
	if len(g) != 2 {
		return false
	}
	before, after := g[0], g[1]
	return after.Root() == before.Root() && slices.Equal(active(after), append(active(before), device))
}

// removes reports whether two events take the device, and no other, out of the list, and then replace the
// root that it knew.
func (g growth) removes(device wire.ID) bool {
	if len(g) != 3 {
		return false
	}
	before, removed, rotated := g[0], g[1], g[2]
	left := slices.DeleteFunc(active(before), func(id wire.ID) bool { return id == device })
	return len(left) < len(active(before)) && removed.Root() == before.Root() && slices.Equal(active(removed), left) &&
		rotated.Root() != before.Root() && rotated.HadRoot(before.Root()) && slices.Equal(active(rotated), left)
}

// replaces reports whether three events remove a device as a removal does, and then list another, and that is all.
func (g growth) replaces(gone, device wire.ID) bool {
	return len(g) == 4 && gone != device && g[:3].removes(gone) && g[2:].adds(device)
}

// resets reports whether two events begin the account anew and list the device as its only one.
func (g growth) resets(device wire.ID) bool {
	if len(g) != 3 {
		return false
	}
	before, reset, added := g[0], g[1], g[2]
	return !reset.HadRoot(before.Root()) && added.Root() == reset.Root() && slices.Equal(active(added), []wire.ID{device})
}

// active lists the active devices of a sigchain.
func active(c *identity.Chain) (ids []wire.ID) {
	for _, d := range c.Devices() {
		ids = append(ids, wire.ID(d.ID))
	}
	return ids
}
