package mls

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

var (
	mutations    = flag.Int("mls.mutations", 6000, "how many mutated commits and welcomes to try")
	mutationSeed = flag.Uint64("mls.seed", 1, "where their random choices start")
)

// target is an honest message and whoever receives it. accept gives the state it leads to.
type target struct {
	name    string
	message []byte
	wrap    func([]byte) []byte // lets an insider sign and encrypt what was mutated; nil: nothing does
	accept  func([]byte) (*Group, error)
	honest  []byte
}

// A mutated commit or welcome is refused, or it means the same: it leads to the same state, to the byte.
// That can be, for example, when what was changed is meant for another newcomer.
func TestMutatedCommitsAndWelcomesAreRefused(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(*mutationSeed, 9420))
	suites := []CipherSuite{SuiteX25519, SuiteP256}
	if *mutations >= 100_000 {
		suites = append(suites, SuiteX25519ChaCha, SuiteHybrid)
	}
	var targets []*target
	for _, id := range suites {
		targets = append(targets, mutationTargets(t, id)...)
	}
	harmless := map[string]int{}
	for n := range *mutations {
		x := targets[n%len(targets)]
		mutated := mutate(random, x.message, targets[random.IntN(len(targets))].message)
		if bytes.Equal(mutated, x.message) {
			continue
		}
		if x.wrap != nil {
			if mutated = x.wrap(mutated); mutated == nil {
				continue
			}
		}
		g, err := x.accept(mutated)
		if err != nil {
			continue
		}
		if !bytes.Equal(stateOf(g), x.honest) {
			t.Fatalf("seed %d, mutation %d: a mutated %s is accepted and means something else:\n%x", *mutationSeed, n, x.name, mutated)
		}
		harmless[x.name]++
	}
	fmt.Fprintf(os.Stdout, "mls mutations: %d of %d kinds of message, seed %d; accepted with the same meaning: %v\n", *mutations, len(targets), *mutationSeed, harmless)
	for name := range harmless {
		if !slices.ContainsFunc(mayBeHarmless, func(s string) bool { return strings.Contains(name, s) }) {
			t.Errorf("a mutated %s is accepted, even if it means the same", name)
		}
	}
}

const removalOfBob = "removal of bob"

// mayBeHarmless are the messages parts of which their receiver neither can nor needs to judge: entries for
// other newcomers, extensions nobody knows, and, for a member who is removed and has no keys for it, the
// path of a commit that another member signed.
var mayBeHarmless = []string{"welcome", "group info", removalOfBob + ", signed again"}

// stateOf is the state without what tells when its past epochs ended.
func stateOf(g *Group) []byte {
	if g == nil {
		return []byte("removed")
	}
	return append(g.MarshalEpoch(), g.stateID()...)
}

// mutate changes a message in one of the ways in which messages go wrong, or are made to.
func mutate(r *rand.Rand, message, other []byte) []byte {
	b := bytes.Clone(message)
	for range 1 + r.IntN(2) {
		if len(b) == 0 {
			return b
		}
		i := r.IntN(len(b))
		switch r.IntN(9) {
		case 0, 1, 2:
			b[i] ^= 1 << r.IntN(8)
		case 3:
			b[i] = byte(r.Uint32())
		case 4:
			b = append(b[:i], b[min(len(b), i+1+r.IntN(8)):]...)
		case 5:
			b = bytes.Join([][]byte{b[:i], {byte(r.Uint32())}, b[i:]}, nil)
		case 6:
			b = b[:i]
		case 7: // exchange two stretches
			j, n := r.IntN(len(b)), 1+r.IntN(32)
			n = min(n, len(b)-i, len(b)-j)
			held := bytes.Clone(b[i : i+n])
			copy(b[i:i+n], b[j:j+n])
			copy(b[j:j+n], held)
		case 8: // splice in a stretch of another message
			j := r.IntN(len(other))
			copy(b[i:], other[j:min(len(other), j+1+r.IntN(64))])
		}
	}
	return b
}

func mutationTargets(t *testing.T, id CipherSuite) []*target {
	t.Helper()
	w := &world{t: t, suite: id, people: map[string]*person{}}
	pair(w)
	w.commit("bob", CommitOptions{}, "carol")
	c := testConfig()
	c.PSK = func(PSKID) ([]byte, error) { return []byte("key"), nil }
	alice, bob, carol := w.person("alice"), w.person("bob"), w.person("carol")
	next, proposal, err := carol.group.Propose(c, ProposalOptions{Update: true})
	must(t, err)
	carol.group = next
	w.collectFrom("carol", proposal)
	stage := func(m []byte) (*Group, error) {
		s, err := bob.group.Stage(c, m)
		if err != nil {
			return nil, err
		}
		return s.Merge(), nil
	}
	var list []*target
	add := func(name string, message []byte, wrap func([]byte) []byte, accept func([]byte) (*Group, error)) {
		honest := message
		if wrap != nil {
			honest = wrap(message)
		}
		g, err := accept(honest)
		must(t, err)
		list = append(list, &target{fmt.Sprintf("%s in suite %d", name, id), message, wrap, accept, stateOf(g)})
	}
	kp, secrets := w.keyPackage("dave")
	kp2, _ := w.keyPackage("erin")
	var addition, plain *Staged
	for _, x := range []struct {
		name string
		o    CommitOptions
	}{
		{"self-update", CommitOptions{}},
		{"addition", CommitOptions{Add: []*KeyPackage{kp, kp2}, Public: true}},
		{"bare addition", CommitOptions{Add: []*KeyPackage{kp}, NoPath: true, Public: true}},
		{"commit of refs", CommitOptions{Pending: true, Public: true}},
		{"commit of many", CommitOptions{
			Remove: []LeafIndex{w.leaf("carol")}, PSKs: []PSKID{{Type: PSKExternal, ID: []byte("k")}},
			Extensions: []Extension{{testExtension, []byte("x")}}, Public: true,
		}},
		{removalOfBob, CommitOptions{Remove: []LeafIndex{w.leaf("bob")}, Public: true}},
		{"re-init", CommitOptions{ReInit: &ReInit{GroupID: []byte("x"), Suite: SuiteX25519}, Public: true}},
		{"change of signer", CommitOptions{Signer: newSigner(t, id), Public: true}},
	} {
		name, o := x.name, x.o
		staged, err := alice.group.Commit(c, o)
		must(t, err)
		add(name, staged.Message(), nil, stage)
		switch name {
		case "addition":
			addition = staged
		case "bare addition":
			plain = staged
		}
		if o.Public {
			add(name+", signed again by an insider", bodyOf(t, staged.Message()), resigned(t, alice.group, staged.Message()), stage)
		}
	}
	info, err := alice.group.GroupInfo()
	must(t, err)
	external, err := JoinExternal(c, ExternalOptions{GroupInfo: info, Signer: w.person("eve").signer, Credential: BasicCredential([]byte("eve"))})
	must(t, err)
	add("external commit", external.Message(), nil, stage)
	join := func(m []byte) (*Group, error) { return Join(c, m, secrets, w.person("dave").signer) }
	add("welcome", addition.Welcome(), nil, join)
	add("welcome without path", plain.Welcome(), nil, join)
	h := hostileWelcome(t, alice.group, secrets, addition.Welcome())
	add("welcome's group secrets, encrypted again by an insider", h.joiner.encode(), h.reencrypted(t, addition.Welcome()), join)
	group := groupInfoInside(t, h, addition.Welcome())
	add("group info, signed again by an insider", group, h.resignedInfo(t), join)
	return list
}

// collectFrom gives a proposal to everybody but its sender.
func (w *world) collectFrom(name string, message []byte) {
	w.t.Helper()
	for _, p := range w.members() {
		if p.name == name {
			continue
		}
		next, err := p.group.Collect(testConfig(), message)
		must(w.t, err)
		p.group = next
	}
}

// bodyOf is the encoded commit inside a public message.
func bodyOf(t *testing.T, message []byte) []byte {
	t.Helper()
	_, r, err := openMessage(message)
	must(t, err)
	return readPublicMessage(r).content.body()
}

// resigned signs and MACs another body as the member itself would, with the confirmation tag of message.
func resigned(t *testing.T, g *Group, message []byte) func([]byte) []byte {
	t.Helper()
	_, r, err := openMessage(message)
	must(t, err)
	honest := readPublicMessage(r)
	return func(body []byte) []byte {
		if bytes.Equal(body, honest.content.body()) {
			return message
		}
		content := &framedContent{sender: g.self(), contentType: ContentCommit}
		content.raw = encodeFramedContent(g.context.groupID, g.context.epoch, content.sender, nil, ContentCommit, body)
		a := &authenticatedContent{wireFormat: WirePublicMessage, content: content, confirmationTag: honest.confirmationTag}
		must(t, a.sign(g.suite, g.signer, g.encodedContext))
		out, err := g.suite.protectPublic(a, g.secrets.membership, g.encodedContext)
		must(t, err)
		return out
	}
}

func hostileWelcome(t *testing.T, g *Group, secrets *KeyPackageSecrets, message []byte) *hostile {
	t.Helper()
	m, err := parseWelcome(message)
	must(t, err)
	h := &hostile{alice: g, secrets: secrets}
	h.joiner, err = (&joiner{suite: g.suite, welcome: m, secrets: secrets}).openSecrets()
	must(t, err)
	h.member = g.suite.memberSecret(h.joiner.joiner, g.suite.pskSecret(nil))
	return h
}

// reencrypted encrypts other group secrets to the newcomer, beside the group info of message.
func (h *hostile) reencrypted(t *testing.T, message []byte) func([]byte) []byte {
	t.Helper()
	m, err := parseWelcome(message)
	must(t, err)
	return func(secrets []byte) []byte {
		c, err := h.alice.suite.encryptWithLabel(h.secrets.keyPackage.initKey, "Welcome", m.groupInfo, secrets)
		must(t, err)
		out := &welcome{suite: m.suite, secrets: []encryptedGroupSecrets{{h.secrets.keyPackage.Ref(), c}}, groupInfo: m.groupInfo}
		w := newMessage(WireWelcome, len(m.groupInfo))
		out.write(w)
		return w.b
	}
}

// groupInfoInside is the unsigned part of the group info that a welcome carries.
func groupInfoInside(t *testing.T, h *hostile, message []byte) []byte {
	t.Helper()
	m, err := parseWelcome(message)
	must(t, err)
	key, nonce := h.alice.suite.welcomeKey(h.member)
	plaintext, err := h.alice.suite.open(key, nonce, nil, m.groupInfo)
	must(t, err)
	i, err := parseGroupInfo(&reader{b: plaintext})
	must(t, err)
	return i.raw[:i.unsigned:i.unsigned]
}

// resignedInfo signs a group info as the inviting member and encrypts it to the newcomer.
func (h *hostile) resignedInfo(t *testing.T) func([]byte) []byte {
	return func(unsigned []byte) []byte {
		signature, err := h.alice.suite.signWithLabel(h.alice.signer, "GroupInfoTBS", unsigned)
		must(t, err)
		w := newWriter(len(unsigned) + 128)
		w.raw(unsigned)
		w.opaque(signature)
		return h.welcomeInside(t, w.b)
	}
}
