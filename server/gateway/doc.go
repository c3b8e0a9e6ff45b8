// Package gateway is the server's door: HTTP for signing up and in, a WebSocket for everything else,
// and the web app's files.
//
// # The life of a connection
//
//	upgraded     the cookie's session is good and the Origin is ours; waits for Hello, 10 s at most
//	greeted      Hello was answered; requests are answered, entries after each cursor are pushed
//	closing      said goodbye (or the peer went); what waits is written, nothing new is taken
//	over         the socket is closed
//
// A connection at rest is one goroutine that reads and, beside the library's, no buffer. When
// something waits for it (replies, conversations that moved past a cursor, welcomes) a second
// goroutine comes into being, joins everything that waits into one WebSocket message, writes it with
// one system call, and goes when nothing waits any more.
//
// # Promises
//
//   - A request is answered exactly once. An answer to an append means that it is durable.
//   - A client that does not read costs its own connection: it holds at most one message of ours and
//     a bounded queue of replies, is left behind to the database, and is closed after 30 seconds.
//   - A client that asks too fast is read more slowly; its answers come later, none is lost.
//   - A revoked session's connections are closed within a second.
//   - Shutdown answers everything that was accepted before it says goodbye.
//   - What comes from outside is bounded: bodies, messages, frames in a message, connections, time.
package gateway
