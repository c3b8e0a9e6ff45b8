package mls

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"
)

const testExtension ExtensionType = 0xF001

func testTime() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func testConfig() Config {
	return Config{Now: testTime, Extensions: []ExtensionType{testExtension}}
}

var allSuites = flag.Bool("mls.all", false, "tell every story in every cipher suite")

// storySuites are those in which every story is told: one of each kind of signature, AEAD and KEM that is
// quick. The life of a group is told in all.
var storySuites = []CipherSuite{SuiteX25519, SuiteP256, SuiteX25519ChaCha, SuiteHybrid}

// eachSuite tells a story in several suites, or in all of the table when the flag is set.
func eachSuite(t *testing.T, story func(*testing.T, *world)) {
	list := storySuites
	if *allSuites {
		list = Suites()
	}
	inSuites(t, list, story)
}

func inSuites(t *testing.T, list []CipherSuite, story func(*testing.T, *world)) {
	for _, id := range list {
		t.Run(id.String(), func(t *testing.T) {
			t.Parallel()
			story(t, &world{t: t, suite: id, people: map[string]*person{}})
		})
	}
}

// world is a group as an outside observer who can look into every device would see it.
type world struct {
	t      testing.TB
	suite  CipherSuite
	people map[string]*person
}

// person is one device and its view of the group; group is nil outside of it.
type person struct {
	name   string
	signer crypto.Signer
	group  *Group

	records map[string][]byte // what a store of records holds
	saved   *Group            // when it was last written

	secrets *KeyPackageSecrets // of a key package for a successor
}

func (w *world) person(name string) *person {
	if p := w.people[name]; p != nil {
		return p
	}
	p := &person{name: name, signer: newSigner(w.t, w.suite)}
	w.people[name] = p
	return p
}

func newSigner(t testing.TB, id CipherSuite) crypto.Signer {
	t.Helper()
	s, err := suiteOf(id)
	must(t, err)
	if e, ok := s.sig.(ecdsaScheme); ok {
		key, err := ecdsa.GenerateKey(e.curve, rand.Reader)
		must(t, err)
		return key
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return key
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) create(name string, extensions ...Extension) *Group {
	w.t.Helper()
	p := w.person(name)
	g, err := Create(testConfig(), CreateOptions{
		Suite: w.suite, GroupID: []byte("story"), Signer: p.signer,
		Credential: BasicCredential([]byte(name)), Extensions: extensions,
	})
	must(w.t, err)
	p.group = g
	return g
}

func (w *world) keyPackage(name string) (*KeyPackage, *KeyPackageSecrets) {
	w.t.Helper()
	kp, secrets, err := NewKeyPackage(nil, KeyPackageOptions{
		Suite: w.suite, Signer: w.person(name).signer, Credential: BasicCredential([]byte(name)),
		Lifetime:   Lifetime{uint64(testTime().Unix()) - 3600, uint64(testTime().Unix()) + 86400},
		Extensions: []ExtensionType{testExtension},
	})
	must(w.t, err)
	return kp, secrets
}

// commit lets a member commit, everybody else follow, and those who were added join.
func (w *world) commit(name string, o CommitOptions, joiners ...string) Effects {
	w.t.Helper()
	var secrets []*KeyPackageSecrets
	for _, j := range joiners {
		kp, s := w.keyPackage(j)
		o.Add, secrets = append(o.Add, kp), append(secrets, s)
	}
	committer := w.person(name)
	staged, err := committer.group.Commit(testConfig(), o)
	must(w.t, err)
	w.deliver(committer, staged)
	for i, j := range joiners {
		p := w.person(j)
		p.group, err = Join(testConfig(), staged.Welcome(), secrets[i], p.signer)
		must(w.t, err)
	}
	w.agree()
	return staged.Effects()
}

// deliver merges a staged commit everywhere.
func (w *world) deliver(committer *person, staged *Staged) {
	w.t.Helper()
	for _, p := range w.members() {
		if p == committer {
			continue
		}
		received, err := p.group.Stage(testConfig(), staged.Message())
		if err != nil {
			w.t.Fatalf("%s does not follow %s: %v", p.name, committer.name, err)
		}
		p.group = received.Merge()
	}
	committer.group = staged.Merge()
}

func (w *world) members() []*person {
	var list []*person
	for _, p := range w.people {
		if p.group != nil {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *person) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return list
}

// agree checks that all members are in the same epoch and see the same members.
func (w *world) agree() {
	w.t.Helper()
	all := w.members()
	first := all[0].group
	for _, p := range all {
		if !bytes.Equal(p.group.EpochAuthenticator(), first.EpochAuthenticator()) {
			w.t.Fatalf("%s disagrees with %s about epoch %d", p.name, all[0].name, first.Epoch())
		}
		if m, _ := p.group.Member(p.group.OwnLeaf()); string(m.Credential.Identity) != p.name {
			w.t.Fatalf("%s stands at the leaf of %s", p.name, m.Credential.Identity)
		}
	}
	if len(first.Members()) != len(all) {
		w.t.Fatalf("%d members in the tree, %d in the world", len(first.Members()), len(all))
	}
}

func (w *world) seal(name, text string) []byte {
	w.t.Helper()
	p := w.person(name)
	next, message, err := p.group.Seal(testConfig(), []byte("aad"), []byte(text))
	must(w.t, err)
	p.group = next
	return message
}

func (w *world) open(name string, message []byte) (*Application, error) {
	w.t.Helper()
	p := w.person(name)
	next, m, err := p.group.Open(testConfig(), message)
	if err == nil {
		p.group = next
	}
	return m, err
}

// talk lets every member send a message that all others read.
func (w *world) talk() {
	w.t.Helper()
	for _, from := range w.members() {
		text := fmt.Sprintf("%s in epoch %d", from.name, from.group.Epoch())
		message := w.seal(from.name, text)
		for _, to := range w.members() {
			if to == from {
				continue
			}
			m, err := w.open(to.name, message)
			if err != nil {
				w.t.Fatalf("%s cannot read %s: %v", to.name, from.name, err)
			}
			if string(m.Plaintext) != text || string(m.AAD) != "aad" || string(m.Sender.Credential.Identity) != from.name {
				w.t.Fatalf("%s read %q by %q", to.name, m.Plaintext, m.Sender.Credential.Identity)
			}
		}
	}
}

func (w *world) leaf(name string) LeafIndex { return w.person(name).group.OwnLeaf() }

// joinExternal lets somebody outside join with nobody's help but a group info of from.
func (w *world) joinExternal(name, from string, resync ...LeafIndex) Effects {
	w.t.Helper()
	info, err := w.person(from).group.GroupInfo()
	must(w.t, err)
	p := w.person(name)
	staged, err := JoinExternal(testConfig(), ExternalOptions{
		GroupInfo: info, Signer: p.signer, Credential: BasicCredential([]byte(name)), Resync: resync,
	})
	must(w.t, err)
	p.group = nil
	w.deliver(p, staged)
	w.agree()
	return staged.Effects()
}
