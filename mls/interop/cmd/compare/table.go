package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"frond/mls/interop/peer"
	"frond/mls/interop/versus"
)

type comparison struct {
	makeGroup func(suite uint16, size int) (*versus.Group, error)
	suite     uint16
	sizes     []int
	kinds     []peer.Implementation
	rounds    int
	cells     map[cell]measured
}

type cell struct {
	operation string
	members   int
	kind      string
}

// measured is a median; bytes is -1 where it is not known.
type measured struct {
	time  time.Duration
	bytes int64
}

func (c *comparison) run() error {
	c.cells = map[cell]measured{}
	for _, n := range c.sizes {
		fmt.Fprintf(os.Stderr, "suite %#x, %d members\n", c.suite, n)
		group, err := c.makeGroup(c.suite, n)
		if err != nil {
			return err
		}
		pairs := map[string]*versus.Pair{}
		for _, k := range c.kinds {
			if pairs[k.Name()], err = group.Pair(k); err != nil {
				return fmt.Errorf("%s: %w", k.Name(), err)
			}
		}
		for _, operation := range peer.Operations {
			if err := c.measure(operation, n, pairs); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure lets the implementations take turns, so that what disturbs the machine disturbs all of them.
func (c *comparison) measure(operation string, n int, pairs map[string]*versus.Pair) error {
	results := map[string][]testing.BenchmarkResult{}
	for range c.rounds {
		for _, k := range c.kinds {
			r, err := once(pairs[k.Name()], operation)
			if err != nil {
				return fmt.Errorf("%s, %s at %d members: %w", k.Name(), operation, n, err)
			}
			results[k.Name()] = append(results[k.Name()], r)
		}
	}
	for name, list := range results {
		c.cells[cell{operation, n, name}] = median(list)
	}
	return nil
}

func once(p *versus.Pair, operation string) (testing.BenchmarkResult, error) {
	var failed error
	r := testing.Benchmark(func(b *testing.B) {
		if err := p.A.Time(b, operation, p.B, p.Welcome); err != nil {
			failed = errors.Join(failed, err)
			b.SkipNow()
		}
	})
	return r, failed
}

func median(list []testing.BenchmarkResult) measured {
	perOp := func(r testing.BenchmarkResult) float64 {
		if clock, ok := r.Extra["ns/op"]; ok {
			return clock
		}
		return float64(r.T.Nanoseconds()) / float64(r.N)
	}
	slices.SortFunc(list, func(a, b testing.BenchmarkResult) int { return int(perOp(a) - perOp(b)) })
	r := list[len(list)/2]
	m := measured{time.Duration(perOp(r)), r.AllocedBytesPerOp()}
	if _, elsewhere := r.Extra["ns/op"]; elsewhere {
		m.bytes = -1
	}
	return m
}

func (c *comparison) print(w io.Writer) {
	first := c.kinds[0].Name()
	head := []string{"operation", "members"}
	for _, k := range c.kinds {
		head = append(head, k.Name())
	}
	for _, k := range c.kinds[1:] {
		head = append(head, k.Name()+" ÷ "+first)
	}
	for _, k := range c.kinds {
		if c.cells[cell{peer.OpCommit, c.sizes[0], k.Name()}].bytes >= 0 {
			head = append(head, k.Name()+" B/op")
		}
	}
	row(w, head)
	row(w, slices.Repeat([]string{"---"}, len(head)))
	for _, operation := range peer.Operations {
		for _, n := range c.sizes {
			row(w, c.line(operation, n))
		}
	}
}

func (c *comparison) line(operation string, n int) []string {
	of := func(k peer.Implementation) measured { return c.cells[cell{operation, n, k.Name()}] }
	line := []string{operation, fmt.Sprint(n)}
	for _, k := range c.kinds {
		line = append(line, rounded(of(k).time))
	}
	for _, k := range c.kinds[1:] {
		line = append(line, fmt.Sprintf("%.1f×", float64(of(k).time)/float64(of(c.kinds[0]).time)))
	}
	for _, k := range c.kinds {
		if of(k).bytes >= 0 {
			line = append(line, size(of(k).bytes))
		}
	}
	return line
}

func row(w io.Writer, fields []string) {
	if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(fields, " | ")); err != nil {
		log.Fatal(err)
	}
}

// rounded keeps three digits.
func rounded(d time.Duration) string {
	switch us := float64(d) / float64(time.Microsecond); {
	case us >= 100_000:
		return fmt.Sprintf("%.0f ms", us/1000)
	case us >= 10_000:
		return fmt.Sprintf("%.1f ms", us/1000)
	case us >= 1000:
		return fmt.Sprintf("%.2f ms", us/1000)
	case us >= 100:
		return fmt.Sprintf("%.0f µs", us)
	default:
		return fmt.Sprintf("%.1f µs", us)
	}
}

func size(n int64) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	default:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
}
