package script

import "math/rand/v2"

// Bounds keep a script short enough to run by the hundred.
type Bounds struct {
	Steps   int // after the first, which adds members
	Members int // no more additions beyond
}

// Generate makes the script of a seed, with members of the named implementations.
func Generate(seed uint64, suite uint16, peers []string, b Bounds) Script {
	g := &generator{rand.New(rand.NewPCG(seed, uint64(suite))), peers, b}
	s := Script{Suite: suite, Creator: g.peer()}
	s.Steps = append(s.Steps, Step{Do: Add, Peers: g.everyKind(), Public: g.coin()})
	for range b.Steps {
		s.Steps = append(s.Steps, g.step())
	}
	return s
}

type generator struct {
	*rand.Rand
	peers  []string
	bounds Bounds
}

func (g *generator) coin() bool   { return g.IntN(2) == 0 }
func (g *generator) peer() string { return g.peers[g.IntN(len(g.peers))] }
func (g *generator) member() int  { return g.IntN(g.bounds.Members) }

// everyKind has each implementation once, in random order, so that no script is of one kind only.
func (g *generator) everyKind() []string {
	kinds := append([]string(nil), g.peers...)
	g.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	return kinds
}

func (g *generator) step() Step {
	s := Step{By: g.member(), Public: g.coin()}
	if g.IntN(4) == 0 {
		s.PSKs = 1 + g.IntN(2)
	}
	switch n := g.IntN(20); {
	case n < 3:
		s.Do, s.Again = Add, g.coin()
		for range 1 + g.IntN(2) {
			s.Peers = append(s.Peers, g.peer())
		}
	case n < 6:
		s.Do, s.Targets = Remove, []int{g.member()}
		if g.IntN(3) == 0 {
			s.Targets = append(s.Targets, g.member())
		}
	case n < 9:
		s.Do = Update
	case n < 11:
		s.Do, s.Peers = External, []string{g.peer()}
	case n < 12:
		s.Do, s.Targets = Resync, []int{g.member()}
	case n < 15:
		s.Do, s.Proposals = Refs, g.proposals()
	case n < 17:
		s.Do, s.Count = Talk, 1+g.IntN(4)
	case n < 19:
		s.Do, s.Count, s.Targets = Late, 1+g.IntN(2), []int{g.member()}
	default:
		s.Do, s.Targets = Race, []int{g.member()}
	}
	return s
}

func (g *generator) proposals() []Proposal {
	list := make([]Proposal, 1+g.IntN(3))
	for i := range list {
		p := Proposal{By: g.member(), Public: g.coin()}
		switch g.IntN(3) {
		case 0:
			p.Do, p.Peer = Add, g.peer()
		case 1:
			p.Do, p.Target = Remove, g.member()
		case 2:
			p.Do = Update
		}
		list[i] = p
	}
	return list
}
