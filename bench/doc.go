// Command bench measures a running Frond server and, beside it in the same run, a bare baseline: the
// same envelopes of about 1 KB, pre-encoded frames, the same durable SQLite batch, and nothing else.
// What Frond costs above the baseline is what accounts, cursors, entitlement and the log cost.
//
// It fills a database through server/store, starts the real binary on it, and speaks the wire
// protocol over plain sockets, so that the load itself is cheap. Figures are medians of several
// rounds; compare ratios within one run, not numbers between machines.
//
//	make bench          everything
//	go run ./bench -h   the flags
package main
