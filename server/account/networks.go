package account

import (
	"slices"
	"sync"

	"frond/server/store"
	"frond/wire"
)

// maxNetworks is how many networks of an account are remembered: home, work, and a few on the way.
const maxNetworks = 8

// networks remembers from where accounts were used lately, so that guesses from elsewhere do not keep their
// owners out. It is in memory only, because it says where people are; after a restart the devices that are signed in
// bring it back when they connect. Accounts are kept in two generations, as in table.
type networks struct {
	mu         sync.Mutex
	young, old map[wire.ID][]string // the latest last
}

// note remembers that an account was used from an address.
func (n *networks) note(account wire.ID, from string) {
	if from == "" {
		return
	}
	from = network(from)
	n.mu.Lock()
	defer n.mu.Unlock()
	list, young := n.young[account]
	if !young {
		list = n.old[account]
	}
	list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == from })
	if list = append(list, from); len(list) > maxNetworks {
		list = list[1:]
	}
	if n.young == nil || !young && len(n.young) >= tableSize {
		n.old, n.young = n.young, map[wire.ID][]string{}
	}
	n.young[account] = list
}

// knows reports whether an account was used from an address before.
func (n *networks) knows(account wire.ID, from string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	from = network(from)
	return slices.Contains(n.young[account], from) || slices.Contains(n.old[account], from)
}

// Here notes that a device of an account connects from an address.
func (s *Service) Here(of store.Session, from string) { s.networks.note(of.Account, from) }
