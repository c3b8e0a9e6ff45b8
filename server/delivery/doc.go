// Package delivery keeps the conversations moving: it appends what clients send to the logs and hands
// every entitled connection the entries after its cursor.
//
// # One entry's way
//
// A connection calls [Log.Append]. The one writer goroutine takes everything that waits and appends it
// in one transaction, so that durability costs one fsync for many messages. Once the transaction is
// durable each new entry is encoded as a push frame, once for all its receivers, and laid into its
// conversation's tail; its author gets the answer; the bus hears "conversation X reached N". The bus
// wakes the [Reader] of every connection that follows X, and the connection asks its reader for the
// frames after its cursor.
//
// A reader answers from the tail when the tail still holds what it needs, and from the database when
// not. That is the only difference between live delivery and catching up after a week.
//
// # Promises
//
//   - An answer to Append means the entry is durable. Close answers everything that was accepted.
//   - The bus is a hint: losing it costs latency, never an entry.
//   - A reader gives each entry once, in order, and nothing outside the device's membership: entries
//     are filtered by a membership that was read after them.
//   - Readers that wait share memory: the frames of a tail are one byte string that all of them point
//     into. A slow reader holds nothing that others wait for.
//
// # Who owns what
//
//	queue    the writer goroutine; bounded in entries and bytes, beyond it Append refuses
//	tail     written by the writer goroutine, read by anybody without a lock
//	Reader   the one goroutine that writes to its connection
package delivery
