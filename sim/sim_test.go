package sim_test

import (
	"flag"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/synctest"

	"frond/mls"
	"frond/sim"
)

var (
	oneSeed = flag.Uint64("sim.seed", 0, "play this seed alone, and log what happens")
	seeds   = flag.Uint64("sim.seeds", 120, "how many seeds to play")
	people  = flag.Int("sim.people", 20, "people in a world")
	steps   = flag.Int("sim.steps", 110, "steps of a schedule")
)

// shortSeeds is how many worlds -short plays: the race detector makes one cost ten times as much.
const shortSeeds = 4

// TestAllDevicesOfAnAccountReadTheSame plays worlds of fewer people, each with up to three devices at the same
// time, which come and go, are removed, sign out and in, change the password, recover by code, and lose keys.
func TestAllDevicesOfAnAccountReadTheSame(t *testing.T) {
	if *oneSeed != 0 {
		playHomes(t, *oneSeed, os.Stderr)
		return
	}
	last := *seeds / 10
	if testing.Short() {
		last = min(last, shortSeeds/2)
	}
	for seed := uint64(1); seed <= last; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			playHomes(t, seed, nil)
		})
	}
}

func playHomes(t *testing.T, seed uint64, log io.Writer) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := sim.New(sim.Options{Seed: seed, People: 4, Steps: *steps * 3 / 4, Dir: dir, Suite: mls.SuiteX25519, Homes: true, Log: log})
		if err := w.Play(); err != nil {
			t.Fatalf("repeat with -run ReadTheSame -sim.seed %d: %v", seed, err)
		}
	})
}

// TestAfterARestoreEverybodyTalksAgain plays worlds whose server is put back to a backup on the way.
func TestAfterARestoreEverybodyTalksAgain(t *testing.T) {
	if *oneSeed != 0 {
		playRestored(t, *oneSeed, os.Stderr)
		return
	}
	last := *seeds / 20
	if testing.Short() {
		last = min(last, shortSeeds/2)
	}
	for seed := uint64(1); seed <= last; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			playRestored(t, seed, nil)
		})
	}
}

func playRestored(t *testing.T, seed uint64, log io.Writer) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := sim.New(sim.Options{Seed: seed, People: 5, Steps: *steps * 3 / 4, Dir: dir, Suite: mls.SuiteX25519, Log: log})
		if err := w.PlayRestored(); err != nil {
			t.Fatalf("repeat with -run TalksAgain -sim.seed %d: %v", seed, err)
		}
	})
}

// hybridEvery is how often a world uses the hybrid post-quantum suite, which costs more.
const hybridEvery = 10

func TestEverybodyReadsEverythingOnceAndNobodyElseDoes(t *testing.T) {
	if *oneSeed != 0 {
		play(t, *oneSeed, os.Stderr)
		return
	}
	last := *seeds
	if testing.Short() {
		last = min(last, shortSeeds)
	}
	for seed := uint64(1); seed <= last; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			play(t, seed, nil)
		})
	}
}

func play(t *testing.T, seed uint64, log io.Writer) {
	dir := t.TempDir()
	suite := mls.SuiteX25519
	if seed%hybridEvery == 0 {
		suite = mls.SuiteHybrid
	}
	synctest.Test(t, func(t *testing.T) {
		w := sim.New(sim.Options{
			Seed: seed, People: *people, Steps: *steps, Dir: dir, Suite: suite, Devices: seed%2 == 0, Log: log,
		})
		if err := w.Play(); err != nil {
			t.Fatalf("replay with -sim.seed %d: %v", seed, err)
		}
	})
}
