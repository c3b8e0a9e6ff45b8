// Command compare times frond/mls, mls-go and ts-mls on the same groups in one run, and prints a table in
// Markdown: medians, bytes allocated by an operation, and how many times longer the peers take.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"frond/mls/interop/peer"
	"frond/mls/interop/versus"
)

func main() {
	testing.Init()
	log.SetFlags(0)
	suite := flag.Uint("suite", 1, "cipher suite")
	members := flag.String("members", "2,100,500", "group sizes")
	names := flag.String("peers", "frond,mls-go,ts-mls", "who takes part; the first is what the others are compared to")
	rounds := flag.Int("rounds", 5, "measurements of which the median counts")
	each := flag.Duration("time", 200*time.Millisecond, "how long a measurement runs")
	fresh := flag.Bool("fresh", false, "in groups just made by one member, instead of full trees")
	dir := flag.String("tsmls", "tsmls", "folder of the ts-mls driver, with its packages installed")
	flag.Parse()
	if err := flag.Set("test.benchtime", each.String()); err != nil {
		log.Fatal(err)
	}
	sizes, err := parseSizes(*members)
	if err != nil {
		log.Fatal(err)
	}
	kinds, stop, err := start(strings.Split(*names, ","), uint16(*suite), *dir)
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	c := comparison{makeGroup: versus.NewFullGroup, suite: uint16(*suite), sizes: sizes, kinds: kinds, rounds: *rounds}
	if *fresh {
		c.makeGroup = versus.NewFreshGroup
	}
	if err := c.run(); err != nil {
		stop()
		log.Fatal(err)
	}
	c.print(os.Stdout)
}

func parseSizes(list string) ([]int, error) {
	var sizes []int
	for field := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 2 {
			return nil, fmt.Errorf("a group of %q members", field)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// start makes those of the named implementations that have the suite.
func start(names []string, suite uint16, dir string) (kinds []peer.Implementation, stop func(), err error) {
	stop = func() {}
	for _, name := range names {
		var k peer.Implementation
		switch name {
		case "frond":
			k = peer.Frond{}
		case "mls-go":
			k = peer.MLSGo{}
		case "ts-mls":
			ts, err := peer.StartTSMLS(dir)
			if err != nil {
				return nil, stop, err
			}
			k, stop = ts, func() { ts.Close() }
		default:
			return nil, stop, fmt.Errorf("no implementation %q", name)
		}
		if slices.Contains(k.Suites(), suite) {
			kinds = append(kinds, k)
		}
	}
	return kinds, stop, nil
}
