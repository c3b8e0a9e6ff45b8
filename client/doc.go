// Package client is the heart of the messenger: it holds a device's keys, speaks MLS, seals and
// opens messages, keeps the timeline, and stays in step with the server's log.
//
//	c, err := client.New(client.Config{Store: store, Transport: transport, Emit: show})
//	err = c.Start(ctx)                                    // what this device knows, then online
//	err = c.SignUp(ctx, client.Credentials{Name: "ada", Keys: keys, KDF: kdf})
//	id, err := c.Create(ctx, client.NewConversation{Kind: wire.Direct, People: []string{"ben"}})
//	message, err := c.Send(ctx, id, "hello")              // durable; the rest happens by itself
//
// # One goroutine owns everything
//
// All state belongs to one goroutine, the loop. Methods hand it a function and wait; replies,
// entries of the log and timers reach it the same way. It never waits for the network: a request
// has a callback. It does wait for the store, because nothing is announced before it is durable:
// every step collects its changes in a tx, writes them as one batch, and only then lets events out.
// If a batch fails, the step never happened: the state is read again from the store.
//
// # A conversation is a small machine
//
// Conversations advance one request at a time (advance.go):
//
//	joining   no group here: create it, or fetch the group information and join by external commit
//	active    a pending handshake goes first, then wanted changes, then the outbox in its order
//	left      removed; the timeline stays
//
// A handshake is staged, made durable as pending together with the state that follows it, and sent.
// It is merged when the log shows it (or, for one that joins, when it is acknowledged). One that
// lost its race is dropped, the winner is processed, and the change is staged again. A message is
// sealed when its turn comes; ratchet, frame and token are durable before the first byte leaves,
// so a retry sends the same bytes and the server recognises it by its message id.
//
// # Everybody judges alike
//
// The roster, an extension of the MLS group context, says who belongs to a conversation, under
// which root, and what each may do. Every client checks every commit against it (judge.go). A
// commit that breaks a rule is skipped by all of them, leaves a line in the timeline, and counts as
// the last handshake for the next one's compare-and-swap.
//
// The roster holds the join key, under which the group information is sealed for the server to
// keep. Commits are MLS private messages, welcomes are encrypted, and the group information leaves
// only sealed: so exactly the members know the join key. A commit that removes somebody changes it.
//
// # Nothing fails in silence
//
// A message that can not be opened is a row of the timeline with a named reason and one action; a
// message that the server refuses stays in the outbox as failed, with its reason.
package client
