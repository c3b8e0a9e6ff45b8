// Package bus carries hints between those who append to the log and those who wait for it.
//
// # Story
//
// The writer of the log makes entries durable and then publishes "conversation X reached seq N".
// Every subscriber marks its cursors of X as dirty and goes on; whoever serves a dirty cursor reads
// the log after it. So the log is the truth and the bus is only a hint: a hint may be lost, doubled
// or overtaken by another, which costs time and never an entry.
//
// # Promises
//
//   - Publish never waits for a subscriber's work. A subscriber must therefore return at once: it
//     notes the hint and leaves the reading to others.
//   - A subscriber may publish, subscribe and cancel from within its call.
//   - Once cancel returned, no new call begins; one that has already begun may still be running.
package bus

import "frond/wire"

// Bus spreads hints to all subscribers. Implementations are safe for concurrent use.
type Bus interface {
	// Publish says that the conversation's log reached seq.
	Publish(conversation wire.ID, seq uint64)
	// Subscribe calls hear for every hint until cancel is called. Cancelling twice is harmless.
	Subscribe(hear func(conversation wire.ID, seq uint64)) (cancel func())
}
