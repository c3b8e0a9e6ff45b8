package client

import (
	"errors"
	"slices"
	"testing"

	"frond/client/vault"
	"frond/wire"
)

func sums(pages ...string) (list []wire.PageSum) {
	for _, p := range pages {
		list = append(list, wire.SumPage([]byte(p)))
	}
	return list
}

func TestAPageCountsIfTheFirstRemovalAfterItListsIt(t *testing.T) {
	t.Parallel()
	var r selfRecord
	vouches := func(epoch uint64, page string) bool { return r.vouches(epoch, sums(page)[0]) }
	if !vouches(1, "anything") || r.closed() != 0 {
		t.Error("nobody was removed, and a page does not count")
	}
	r.VaultEpoch = 3
	r.vouch(sums("a", "b"))
	r.VaultEpoch = 5
	r.vouch(sums("b", "made up", "c", "c"))
	for page, epoch := range map[string]uint64{"b": 3, "c": 5, "later": 6} {
		if !vouches(epoch, page) {
			t.Errorf("%q does not count", page)
		}
	}
	if !vouches(4, "made up") || vouches(3, "made up") {
		t.Error("a page of before the first removal counts, which only the second one found")
	}
	if vouches(3, "a") || vouches(5, "another") || r.closed() != 5 {
		t.Error("a page counts that no list has")
	}
	if n := len(r.Vouched[0].Sums) + len(r.Vouched[1].Sums); n != 3 || !slices.IsSortedFunc(r.Vouched[1].Sums, compareSums) {
		t.Errorf("the lists have %d pages", n)
	}
}

// The keys of epochs before a reset are lost, and what stands for them is no key.
func TestNothingOpensUnderAKeyThatWasLostInAReset(t *testing.T) {
	t.Parallel()
	c := &Client{self: &self{selfRecord: selfRecord{VaultEpoch: 3, VaultKey: wire.Hash{1}, Earlier: make([]wire.Hash, 2)}}}
	if _, err := c.vaultKey(2); !errors.Is(err, vault.ErrOpen) {
		t.Errorf("there is a key of a lost epoch: %v", err)
	}
	if key, err := c.vaultKey(3); err != nil || key != (vault.Key{1}) {
		t.Error(key, err)
	}
}
