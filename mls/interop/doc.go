// Package interop holds the live-peer tests of frond/mls and the benchmarks beside its peers. It is a
// module of its own, so that the product never depends on another MLS implementation. README.md tells
// what is tested, and where the peers stray from RFC 9420.
package interop
