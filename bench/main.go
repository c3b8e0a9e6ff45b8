package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"frond/server/store/mariadbtest"
)

// cookieName is the session cookie's name on a plain loopback address.
const cookieName = "frond"

var (
	program = flag.String("frond", "bin/frond", "the server to measure")
	rounds  = flag.Int("rounds", 3, "rounds of each scenario; medians are printed")
	length  = flag.Duration("time", 5*time.Second, "how long one round sends")
	maxIdle = flag.Int("idle", 10_000, "idle connections")
	only    = flag.String("only", "", "scenarios to run: a regular expression on their titles")
)

func main() {
	flag.Parse()
	var err error
	if wanted, err = regexp.Compile(*only); err == nil {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// wanted is what the flag only names.
var wanted *regexp.Regexp

func run() error {
	dir, err := os.MkdirTemp("", "frond-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bare := filepath.Join(dir, "baseline")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", bare, "./bench/baseline").CombinedOutput(); err != nil {
		return fmt.Errorf("build the baseline: %w: %s", err, out)
	}
	compare("fan-out 1→100", "deliveries/s", "100,000", bare, 1, 101, func(t *target) figures { return fanOut(t, 100, *length) })
	compare("fan-out 1→1000", "deliveries/s", "100,000", bare, 1, 1000, func(t *target) figures { return fanOut(t, 999, *length) })
	compare("200 pairs ping-pong", "messages/s", "1,000", bare, 200, 2, func(t *target) figures { return pairs(t, 200, *length) })
	compare("acknowledged, 1 sender", "sends/s", "1,000", bare, 1, 2, func(t *target) figures { return acknowledged(t, 1, *length) })
	compare("acknowledged, 64 senders", "sends/s", "1,000", bare, 64, 2, func(t *target) figures { return acknowledged(t, 64, *length) })
	if err := onMariaDB(); err != nil {
		fmt.Println("MariaDB:", err)
	}
	return idleMemory(bare)
}

// compare runs a scenario on Frond and on the baseline in turn and prints medians and their ratio.
func compare(title, unit, per, bare string, rooms, members int, scenario func(*target) figures) {
	if !wanted.MatchString(title) {
		return
	}
	all := map[string][]figures{}
	for range *rounds {
		for _, open := range []func() (*target, error){
			func() (*target, error) { return startBaseline(bare, rooms, members) },
			func() (*target, error) { return startFrond(*program, "sqlite", rooms, members) },
		} {
			t, err := open()
			if err != nil {
				fmt.Printf("%s: %v\n", title, err)
				return
			}
			f := scenario(t)
			t.stop()
			if f.err != nil {
				fmt.Printf("%s, %s: %v\n%s", title, t.name, f.err, t.log.String())
				return
			}
			all[t.name] = append(all[t.name], f)
		}
	}
	b, f := median(all["bare"]), median(all["frond"])
	fmt.Printf("\n%s\n", title)
	for _, row := range []struct {
		name string
		f    figures
	}{{"bare", b}, {"frond", f}} {
		fmt.Printf("  %-6s %9.0f %s   %6.3f s CPU per %s", row.name, row.f.perSecond, unit, row.f.cpu.Seconds(), per)
		if row.f.p50 > 0 {
			fmt.Printf("   p50 %.1f ms  p99 %.1f ms", ms(row.f.p50), ms(row.f.p99))
		}
		fmt.Println()
	}
	fmt.Printf("  ratio  throughput %.2f   CPU %.2f\n", f.perSecond/b.perSecond, f.cpu.Seconds()/b.cpu.Seconds())
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median takes each figure's own median.
func median(all []figures) figures {
	return figures{
		perSecond: middle(all, func(f figures) float64 { return f.perSecond }),
		cpu:       middle(all, func(f figures) time.Duration { return f.cpu }),
		p50:       middle(all, func(f figures) time.Duration { return f.p50 }),
		p99:       middle(all, func(f figures) time.Duration { return f.p99 }),
	}
}

func middle[T cmp.Ordered](all []figures, get func(figures) T) T {
	var values []T
	for _, f := range all {
		values = append(values, get(f))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// onMariaDB measures acknowledged sends on a real MariaDB of its own.
func onMariaDB() error {
	const title = "acknowledged sends on MariaDB"
	if !wanted.MatchString(title) {
		return nil
	}
	server, err := mariadbtest.Run()
	if err != nil {
		return err
	}
	defer server.Stop()
	fmt.Printf("\n%s\n", title)
	for _, senders := range []int{1, 64} {
		url, err := server.NewDatabase()
		if err != nil {
			return err
		}
		t, err := startFrond(*program, url, senders, 2)
		if err != nil {
			return err
		}
		f := acknowledged(t, senders, *length)
		t.stop()
		if f.err != nil {
			return f.err
		}
		fmt.Printf("  frond  %9.0f sends/s with %d senders   %6.3f s CPU per 1,000\n", f.perSecond, senders, f.cpu.Seconds())
	}
	return nil
}

func idleMemory(bare string) error {
	const title = "memory per idle connection"
	if !wanted.MatchString(title) {
		return nil
	}
	fmt.Printf("\n%s (%d connections)\n", title, *maxIdle)
	for _, open := range []func() (*target, error){
		func() (*target, error) { return startBaseline(bare, *maxIdle, 1) },
		func() (*target, error) { return startFrond(*program, "sqlite", *maxIdle, 1) },
	} {
		t, err := open()
		if err != nil {
			return err
		}
		bytes, err := idle(t, *maxIdle)
		t.stop()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", t.name, err, t.log.String())
		}
		fmt.Printf("  %-6s %6.1f KiB\n", t.name, bytes/1024)
	}
	return nil
}
