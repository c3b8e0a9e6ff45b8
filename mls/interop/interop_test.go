package interop

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"frond/mls/interop/peer"
	"frond/mls/interop/script"
)

var (
	oneSeed    = flag.Uint64("seed", 0, "run only the scripts of this seed")
	firstSeed  = flag.Uint64("base", 1, "first seed of the default run")
	times      = flag.Int("times", 1, "run this many times as many scripts")
	steps      = flag.Int("steps", 8, "steps of a script after the first")
	members    = flag.Int("members", 6, "most members of a group")
	scriptFile = flag.String("script", "", "run the script in this file and nothing else")
)

// drivers are Node processes, as many as there are cores to run them: ts-mls is what takes time here.
var drivers = sync.OnceValues(func() ([]*peer.TSMLS, error) {
	var list []*peer.TSMLS
	for range 2 {
		t, err := peer.StartTSMLS("tsmls")
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
})

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if list, err := drivers(); err == nil {
		for _, t := range list {
			t.Close()
		}
	}
	os.Exit(code)
}

// implementations are those of a mix, with one of the Node processes.
func implementations(t testing.TB, mix []string, process uint64) map[string]peer.Implementation {
	t.Helper()
	list, err := drivers()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]peer.Implementation{}
	ts := *list[process%uint64(len(list))]
	for _, k := range []peer.Implementation{peer.Frond{}, peer.MLSGo{}, &ts} {
		if slices.Contains(mix, k.Name()) {
			kinds[k.Name()] = k
			ts.Unpadded = ts.Unpadded || !k.Traits().ReadsPadding
		}
	}
	return kinds
}

// mixes are the companies that meet in one group, and how many scripts each gets in the default run, by
// suite. The curves of suites 5 and 7 are slow in JavaScript; what depends on the suite shows soon anyway.
var mixes = []struct {
	kinds   []string
	scripts map[uint16]int
	others  int
}{
	{[]string{"frond", "mls-go"}, map[uint16]int{1: 100, 5: 5}, 20},
	{[]string{"frond", "ts-mls"}, map[uint16]int{1: 50, 0xF07A: 40, 5: 4, 7: 4}, 10},
	{[]string{"frond", "mls-go", "ts-mls"}, map[uint16]int{1: 50, 5: 4}, 5},
	{[]string{"mls-go", "ts-mls"}, map[uint16]int{1: 5}, 0},
}

// Whatever happens to a group of mixed company, after each commit all its members have the same epoch
// authenticator and export the same secrets, and every message opens for everybody.
func TestRandomScriptsKeepAllMembersInAgreement(t *testing.T) {
	everybody := implementations(t, []string{"frond", "mls-go", "ts-mls"}, 0)
	for _, suite := range (peer.Frond{}).Suites() {
		for _, mix := range mixes {
			n, set := mix.scripts[suite]
			if !set {
				n = mix.others
			}
			if n == 0 || !allHave(everybody, mix.kinds, suite) {
				continue
			}
			t.Run(fmt.Sprintf("suite=%#x/%s", suite, strings.Join(mix.kinds, "+")), func(t *testing.T) {
				t.Parallel()
				runScripts(t, suite, mix.kinds, n**times)
			})
		}
	}
}

func allHave(kinds map[string]peer.Implementation, names []string, suite uint16) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		return !slices.Contains(kinds[name].Suites(), suite)
	})
}

func runScripts(t *testing.T, suite uint16, mix []string, n int) {
	if *scriptFile != "" {
		t.Skip("-script is given")
	}
	first, last := *firstSeed, *firstSeed+uint64(n)
	if *oneSeed != 0 {
		first, last = *oneSeed, *oneSeed+1
	}
	var total script.Stats
	for seed := first; seed < last; seed++ {
		stats := runScript(t, seed, mix, script.Generate(seed, suite, mix, script.Bounds{Steps: *steps, Members: *members}))
		total.Add(stats)
	}
	t.Logf("%d scripts, seeds %d to %d: %d epochs agreed on, %d messages opened, %d joins and %d refused against the RFC",
		last-first, first, last-1, total.Epochs, total.Messages, total.Joins, total.Refused)
	if total.Refused > total.Joins/10 {
		t.Errorf("%d of %d joins were refused: too many to call this a test", total.Refused, total.Refused+total.Joins)
	}
}

func runScript(t *testing.T, seed uint64, mix []string, s script.Script) script.Stats {
	t.Helper()
	kinds := implementations(t, mix, seed)
	stats, err := script.Run(s, kinds, *members)
	if err != nil {
		small := script.Shrink(s, func(s script.Script) bool {
			_, again := script.Run(s, kinds, *members)
			return again != nil && cause(again) == cause(err)
		})
		_, smallErr := script.Run(small, kinds, *members)
		t.Errorf("suite %#x, seed %d: %v\nas small as it gets: %v\n%v", s.Suite, seed, err, smallErr, small)
	}
	return stats
}

// cause is the innermost error without its numbers: shrinking must not wander off to another failure.
func cause(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return numbers.ReplaceAllString(err.Error(), "")
}

var numbers = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`)

// Histories worth keeping: each was a failure of some member once, or of a peer not yet spared. A script of
// -script runs in their place.
func TestRecordedScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script-*.json")
	if err != nil {
		t.Fatal(err)
	}
	if *scriptFile != "" {
		files = []string{*scriptFile}
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := script.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			runScript(t, 0, []string{"frond", "mls-go", "ts-mls"}, s)
		})
	}
}
