// Package store keeps what the server must remember in one SQL database: accounts, sessions, key
// packages, conversations, their logs and the inboxes.
//
// # Story
//
// [Open] connects, brings the tables up to date and returns a [Store]. A person signs up with
// [Store.CreateAccount] and gets a session with [Store.CreateSession]; their device publishes key
// packages with [Store.PublishKeys], of which others take one each with [Store.ClaimKeys]. From
// then on everything that matters is one call, [Store.Append]: messages, commits and new
// conversations go through it in batches, each batch one transaction, so that durability costs one
// fsync however many people are writing. [Store.Entries] reads a log after a cursor,
// [Store.Inbox] the welcomes that wait for a device.
//
// # Promises
//
//   - What a call reported as done is durable: SQLite runs in WAL mode with synchronous=FULL, and a
//     MySQL or MariaDB with a weaker innodb_flush_log_at_trx_commit than 1 is reported at Open.
//   - A call is one transaction: it happens entirely or not at all. In a batch a refused item
//     leaves no trace, and the others are stored as if it had never been there.
//   - Retrying is harmless: an append is known by its (device, message id), a state by its revision
//     and bytes, a key package by its hash.
//   - A refusal is a [*wire.Error] that says what to do. A failure of the database has
//     [wire.CodeUnavailable] and wraps its cause for the server's log.
//   - Input reaches the database only as parameters. Every statement's text is a constant of this
//     package, repeated for lists of a few fixed lengths.
//
// # Two databases
//
// The SQL is shared. What differs between SQLite and MySQL or MariaDB is in sqlite.go, mysql.go and
// the two folders of migrations; package storetest proves that both keep the same promises.
//
// A SQLite file belongs to one server at a time: Open takes a lock beside it and fails with a clear
// error when another process has it, because the hints between connections travel within one
// process. Options.Shared is for administration commands; it skips that lock, and SQLite's own locks keep the
// data consistent. The lock ends with the process, however it ends. Several servers may share one
// MySQL or MariaDB: appends to one conversation wait for each other on its row.
//
// # Contexts
//
// A context bounds the wait for a connection. A statement that has begun is not interrupted, so that
// an outcome is never left open: SQLite's are short, and those of MySQL end at the driver's time limits.
package store
