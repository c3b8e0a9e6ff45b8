package mls

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"
)

// fullGroup is a group of n members of which each has committed once, so that no node of its tree is
// blank. It is put together directly: the members do not follow each other's commits.
type fullGroup struct {
	epoch   *epochState
	keys    privateKeys // of all nodes
	signers []crypto.Signer
	secret  []byte
}

func newFullGroup(tb testing.TB, id CipherSuite, n int) *fullGroup {
	tb.Helper()
	s, err := suiteOf(id)
	must(tb, err)
	f := &fullGroup{keys: privateKeys{}, secret: make([]byte, s.nh)}
	var tree *ratchetTree
	for i := range n {
		w := &world{t: tb, suite: id, people: map[string]*person{}}
		kp, secrets := w.keyPackage(fmt.Sprintf("member %d", i))
		f.signers = append(f.signers, w.person(fmt.Sprintf("member %d", i)).signer)
		f.keys[LeafIndex(i).node()] = secrets.leaf
		if tree == nil {
			tree = newRatchetTree(s, kp.leaf)
			continue
		}
		_, err := tree.add(kp.leaf)
		must(tb, err)
	}
	groupID := []byte("full group")
	for i := range LeafIndex(n) {
		path, err := tree.drawPath(nil, f.signers[i], groupID, i, tree.renewed(i, nil, nil))
		must(tb, err)
		f.keys = f.keys.with(path.keys)
	}
	ctx := groupContext{suite: id, groupID: groupID, epoch: 7, treeHash: tree.hash(), confirmedTranscriptHash: s.zero()}
	f.epoch = newEpochState(s, ctx, ctx.encode(), tree)
	return f
}

// member is the group as the member at a leaf has it.
func (f *fullGroup) member(i LeafIndex) *Group {
	e := *f.epoch
	e.own, e.keys = i, privateKeys{i.node(): f.keys[i.node()]}
	for _, n := range directPath(i.node(), e.tree.leafCount()) {
		if key, have := f.keys[n]; have {
			e.keys[n] = key
		}
	}
	encryption := e.derive(f.secret)
	return &Group{epochState: &e, secretTree: &secretNode{secret: encryption}, signer: f.signers[i]}
}

var benchSizes = []int{2, 100, 500, 2000}

// benchGroups keeps the groups for the next benchmark: to make a large one takes longer than to measure it.
var benchGroups = map[CipherSuite]map[int]*fullGroup{SuiteX25519: {}, SuiteHybrid: {}}

func benchGroup(b *testing.B, id CipherSuite, n int) *fullGroup {
	if benchGroups[id][n] == nil {
		benchGroups[id][n] = newFullGroup(b, id, n)
	}
	return benchGroups[id][n]
}

func eachBench(b *testing.B, run func(*testing.B, *fullGroup, int)) {
	for _, id := range []CipherSuite{SuiteX25519, SuiteHybrid} {
		for _, n := range benchSizes {
			f := benchGroup(b, id, n)
			b.Run(fmt.Sprintf("%04X/%d", uint16(id), n), func(b *testing.B) {
				b.ReportAllocs()
				run(b, f, n)
			})
		}
	}
}

func BenchmarkCommit(b *testing.B) {
	eachBench(b, func(b *testing.B, f *fullGroup, n int) {
		g := f.member(0)
		var message []byte
		took := timed(b, nil, func() {
			staged, err := g.Commit(testConfig(), CommitOptions{})
			must(b, err)
			message = staged.Message()
		})
		b.ReportMetric(float64(len(message)), "wire-B")
		steps := len(g.tree.filteredPath(0))
		reportTimes(b, f.epoch.suite, took, operations{sign: 2, seal: steps, derive: steps + 1})
	})
}

// BenchmarkProcess follows a commit as the committer's neighbour, who derives every key of the path, and
// as the member farthest from it, who derives that of the root alone.
func BenchmarkProcess(b *testing.B) {
	eachBench(b, func(b *testing.B, f *fullGroup, n int) {
		staged, err := f.member(0).Commit(testConfig(), CommitOptions{})
		must(b, err)
		for name, leaf := range map[string]LeafIndex{"near": 1, "far": LeafIndex(n - 1)} {
			g := f.member(leaf)
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				took := timed(b, nil, func() {
					_, err := g.Stage(testConfig(), staged.Message())
					must(b, err)
				})
				derived := 0
				for _, step := range g.tree.filteredPath(0) {
					if step.node.covers(leaf.node()) {
						derived++
					}
				}
				reportTimes(b, f.epoch.suite, took, operations{verify: 2, open: 1, derive: derived})
			})
		}
	})
}

func BenchmarkJoin(b *testing.B) {
	eachBench(b, func(b *testing.B, f *fullGroup, n int) {
		w := &world{t: b, suite: f.epoch.suite.id, people: map[string]*person{}}
		kp, secrets := w.keyPackage("newcomer")
		staged, err := f.member(0).Commit(testConfig(), CommitOptions{Add: []*KeyPackage{kp}})
		must(b, err)
		took := timed(b, nil, func() {
			_, err := Join(testConfig(), staged.Welcome(), secrets, w.person("newcomer").signer)
			must(b, err)
		})
		b.ReportMetric(float64(len(staged.Welcome())), "wire-B")
		b.ReportMetric(float64(len(staged.Merge().RatchetTree())), "tree-B")
		reportTimes(b, f.epoch.suite, took, operations{verify: n + 2, open: 1, derive: 1})
	})
}

func BenchmarkSend(b *testing.B) {
	eachBench(b, func(b *testing.B, f *fullGroup, n int) {
		g, text := f.member(0), make([]byte, 200)
		took := timed(b, nil, func() {
			next, _, err := g.Seal(testConfig(), nil, text)
			must(b, err)
			g = next
		})
		reportTimes(b, f.epoch.suite, took, operations{sign: 1})
	})
}

func BenchmarkReceive(b *testing.B) {
	eachBench(b, func(b *testing.B, f *fullGroup, n int) {
		from, g, text := f.member(0), f.member(1), make([]byte, 200)
		var message []byte
		took := timed(b, func() {
			next, sealed, err := from.Seal(testConfig(), nil, text)
			must(b, err)
			from, message = next, sealed
		}, func() {
			next, _, err := g.Open(testConfig(), message)
			must(b, err)
			g = next
		})
		reportTimes(b, f.epoch.suite, took, operations{verify: 1})
	})
}

// operations are the public-key operations that a step can not do without.
type operations struct{ sign, verify, seal, open, derive int }

// reportTimes reports how many times as long the step took as its operations, which are timed here and
// now: the machine may be busy with something else a minute later.
func reportTimes(b *testing.B, s *suite, took time.Duration, o operations) {
	b.Helper()
	signer := newSigner(b, s.id)
	public, err := s.signerKey(signer)
	must(b, err)
	message := make([]byte, 300)
	signature, err := s.sig.sign(signer, message)
	must(b, err)
	key, err := s.generateKey(nil)
	must(b, err)
	sealed, err := s.encryptWithLabel(key.public, "bench", nil, message[:s.nh])
	must(b, err)
	sum := time.Duration(o.sign) * median(func() { _, err = s.sig.sign(signer, message) })
	sum += time.Duration(o.verify) * median(func() { s.sig.verify(public, message, signature) })
	sum += time.Duration(o.seal) * median(func() { _, err = s.encryptWithLabel(key.public, "bench", nil, message[:s.nh]) })
	sum += time.Duration(o.open) * median(func() { _, err = s.decryptWithLabel(key.private, "bench", nil, sealed) })
	sum += time.Duration(o.derive) * median(func() { _, err = s.deriveKeyPair(message[:s.nh]) })
	must(b, err)
	b.ReportMetric(float64(took)/float64(sum), "x-crypto")
	b.ReportMetric(float64(took.Nanoseconds())/1000, "median-us")
}

// timed is the median of the loop's iterations, which on a busy machine says more than their mean. setup
// is not counted.
func timed(b *testing.B, setup, f func()) time.Duration {
	b.Helper()
	var times []time.Duration
	for b.Loop() {
		if setup != nil {
			b.StopTimer()
			setup()
			b.StartTimer()
		}
		start := time.Now()
		f()
		times = append(times, time.Since(start))
	}
	return middle(times)
}

func median(f func()) time.Duration {
	times := make([]time.Duration, 41)
	for i := range times {
		start := time.Now()
		f()
		times[i] = time.Since(start)
	}
	return middle(times)
}

func middle(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func BenchmarkSave(b *testing.B) {
	eachBench(b, func(b *testing.B, f *fullGroup, n int) {
		g, _, err := f.member(0).Seal(testConfig(), nil, nil)
		must(b, err)
		epoch, ratchets := g.MarshalEpoch(), g.MarshalRatchets()
		b.Run("ratchets", func(b *testing.B) {
			for b.Loop() {
				ratchets = g.MarshalRatchets()
			}
			b.ReportMetric(float64(len(ratchets)), "B")
		})
		b.Run("epoch", func(b *testing.B) {
			for b.Loop() {
				epoch = g.MarshalEpoch()
			}
			b.ReportMetric(float64(len(epoch)), "B")
		})
		b.Run("load", func(b *testing.B) {
			for b.Loop() {
				_, err := ParseGroup(epoch, ratchets, g.signer)
				must(b, err)
			}
		})
	})
}

// BenchmarkSaveMessage saves after one message of a group in which all have spoken: as one blob, and as
// the records that changed.
func BenchmarkSaveMessage(b *testing.B) {
	for _, n := range []int{2, 100, 500} {
		f := benchGroup(b, SuiteX25519, n)
		g := f.member(0)
		for i := LeafIndex(1); i < LeafIndex(n); i++ {
			_, message, err := f.member(i).Seal(testConfig(), nil, nil)
			must(b, err)
			g, _, err = g.Open(testConfig(), message)
			must(b, err)
		}
		g, _, err := g.Seal(testConfig(), nil, nil)
		must(b, err)
		next, _, err := g.Seal(testConfig(), nil, nil)
		must(b, err)
		b.Run(fmt.Sprintf("blob/%d", n), func(b *testing.B) {
			var size int
			for b.Loop() {
				size = len(next.MarshalRatchets())
			}
			b.ReportMetric(float64(size), "B")
		})
		b.Run(fmt.Sprintf("records/%d", n), func(b *testing.B) {
			var size int
			for b.Loop() {
				size = 0
				for _, r := range next.Changes(g) {
					size += len(r.Key) + len(r.Value)
				}
			}
			b.ReportMetric(float64(size), "B")
		})
		epoch, records := next.MarshalEpoch(), next.Changes(nil)
		b.Run(fmt.Sprintf("load/%d", n), func(b *testing.B) {
			for b.Loop() {
				_, err := ParseGroupRecords(epoch, records, next.signer)
				must(b, err)
			}
			b.ReportMetric(float64(len(epoch)), "epoch-B")
		})
	}
}

// BenchmarkPrimitives measures the operations that bound the figures above.
func BenchmarkPrimitives(b *testing.B) {
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	must(b, err)
	public, message := signer.Public().(ed25519.PublicKey), make([]byte, 300)
	signature := ed25519.Sign(signer, message)
	b.Run("Sign", func(b *testing.B) {
		for b.Loop() {
			ed25519.Sign(signer, message)
		}
	})
	b.Run("Verify", func(b *testing.B) {
		for b.Loop() {
			ed25519.Verify(public, message, signature)
		}
	})
	for _, id := range []CipherSuite{SuiteX25519, SuiteX25519ChaCha} {
		s, err := suiteOf(id)
		must(b, err)
		key, nonce, kilobyte := make([]byte, s.nk), make([]byte, aeadNonceSize), make([]byte, 1024)
		b.Run(fmt.Sprintf("%04X/Seal1K", uint16(id)), func(b *testing.B) {
			b.SetBytes(1024)
			for b.Loop() {
				_, err := s.seal(key, nonce, nil, kilobyte)
				must(b, err)
			}
		})
	}
	for _, id := range []CipherSuite{SuiteX25519, SuiteHybrid} {
		s, err := suiteOf(id)
		must(b, err)
		key, err := s.generateKey(nil)
		must(b, err)
		c, err := s.encryptWithLabel(key.public, "bench", nil, s.zero())
		must(b, err)
		b.Run(fmt.Sprintf("%04X/DeriveKeyPair", uint16(id)), func(b *testing.B) {
			for b.Loop() {
				_, err := s.deriveKeyPair(s.zero())
				must(b, err)
			}
		})
		b.Run(fmt.Sprintf("%04X/Encrypt", uint16(id)), func(b *testing.B) {
			for b.Loop() {
				_, err := s.encryptWithLabel(key.public, "bench", nil, s.zero())
				must(b, err)
			}
		})
		b.Run(fmt.Sprintf("%04X/Decrypt", uint16(id)), func(b *testing.B) {
			for b.Loop() {
				_, err := s.decryptWithLabel(key.private, "bench", nil, c)
				must(b, err)
			}
		})
	}
}
