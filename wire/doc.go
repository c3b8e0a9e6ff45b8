// Package wire is what client and server say to each other: frames, identifiers,
// limits and error codes, all in CBOR (RFC 8949, core deterministic encoding).
//
// # The life of a connection
//
// A client signs up or signs in with one HTTP POST ([PathSignUp], [PathSignIn]); the body and the
// answer are one CBOR item each and the session travels in a cookie. It then opens a WebSocket at
// [PathSocket] and says [Hello] with the cursors it holds. From there on both sides exchange frames:
//
//	request   [op, id, body]      client to server, answered exactly once, in any order
//	reply     [ok, id, body]      or [fail, id, Error]
//	push      [entry, 0, Entry]   server to client, whenever the log moves past a cursor
//	          [inbox, 0, InboxItem], [bye, 0, Error]
//
// A WebSocket message is binary and holds a CBOR sequence (RFC 8742) of one or more frames, so all
// frames that wait for one connection leave in one write. A frame that many connections receive is
// encoded once and its bytes are shared.
//
// # Promises
//
//   - Every decoder refuses unknown fields, duplicate keys, indefinite lengths, trailing bytes and
//     anything over the limits in limits.go, with a [*Error] that has a code; none panics.
//   - Encodings are canonical: one value, one byte string.
//   - Nothing here can hold a key that opens a message.
package wire
