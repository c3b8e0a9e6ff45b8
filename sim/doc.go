// Package sim plays worlds: many real clients and the real server in one process, in virtual time,
// with everything going wrong that does go wrong.
//
//	w := sim.New(sim.Options{Seed: 7, People: 20, Steps: 150, Dir: dir})
//	err := w.Play() // inside a testing/synctest bubble
//
// A seed decides the schedule: who signs up when, who writes what to whom, who creates and joins
// what, whose connection breaks in the middle of a send, whose messages arrive twice or in another
// order, which client crashes between two batches and goes on from its store, when the server
// restarts, who signs in on a new device. In the end the faults cease, everybody catches up, and the
// log in the server's database is held against every client's timeline (check.go):
//
//   - whoever was entitled to a message has opened it exactly once, in the order of the log;
//   - nobody else has;
//   - the devices of an account read the same, once each of them has asked the vault;
//   - every message a client promised to send is in the log exactly once.
//
// Goroutines are scheduled by the runtime, so two runs of a seed play the same schedule but may
// interleave it differently.
package sim
