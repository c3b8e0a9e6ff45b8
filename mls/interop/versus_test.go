package interop

import (
	"fmt"
	"slices"
	"testing"

	"frond/mls/interop/peer"
	"frond/mls/interop/versus"
)

// BenchmarkVersus times all that have the suite, side by side.
func BenchmarkVersus(b *testing.B) {
	kinds := implementations(b, []string{"frond", "mls-go", "ts-mls"}, 0)
	for _, suite := range []uint16{1, 0xF07A} {
		for _, n := range []int{2, 100, 500} {
			group, err := versus.NewFullGroup(suite, n)
			if err != nil {
				b.Fatal(err)
			}
			for _, name := range []string{"frond", "mls-go", "ts-mls"} {
				if slices.Contains(kinds[name].Suites(), suite) {
					timePair(b, group, kinds[name], fmt.Sprintf("suite=%#x/members=%d/%s", suite, n, name))
				}
			}
		}
	}
}

func timePair(b *testing.B, g *versus.Group, k peer.Implementation, name string) {
	pair, err := g.Pair(k)
	if err != nil {
		b.Fatal(err)
	}
	for _, op := range peer.Operations {
		b.Run(name+"/"+op, func(b *testing.B) {
			if err := pair.A.Time(b, op, pair.B, pair.Welcome); err != nil {
				b.Fatal(err)
			}
		})
	}
}
