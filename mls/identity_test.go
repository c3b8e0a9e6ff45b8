package mls

import (
	"bytes"
	"crypto"
	"slices"
	"testing"
)

// Members replace their signature keys and credentials: by their own commit, and by an update that
// somebody else commits.
func TestMembersChangeTheirSignatureKeys(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		w.commit("bob", CommitOptions{}, "carol")
		alice, bob := w.person("alice"), w.person("bob")
		before := alice.group.tree.leaf(alice.group.own).signatureKey
		renewed := BasicCredential([]byte("alice"))
		late := w.seal("alice", "signed with the old key")
		alice.signer = newSigner(t, w.suite)
		w.commit("alice", CommitOptions{Signer: alice.signer, Credential: &renewed}, "dave")
		m, _ := bob.group.Member(alice.group.OwnLeaf())
		if bytes.Equal(m.SignatureKey, before) {
			t.Fatal("the signature key is the old one")
		}
		_, err := w.open("bob", late)
		must(t, err)
		w.talk()
		w.reloadAll()

		bob.signer = newSigner(t, w.suite)
		next, proposal, err := bob.group.Propose(testConfig(), ProposalOptions{Update: true, Signer: bob.signer})
		must(t, err)
		bob.group = next
		for _, p := range w.members() {
			if p != bob {
				p.group, err = p.group.Collect(testConfig(), proposal)
				must(t, err)
			}
		}
		staged, err := w.person("carol").group.Commit(testConfig(), CommitOptions{Pending: true})
		must(t, err)
		wantNames(t, "updated", staged.Effects().Updated, "bob")
		w.deliver(w.person("carol"), staged)
		w.agree()
		w.reloadAll()
		w.talk()
		w.commit("bob", CommitOptions{})
	})
}

// Signers are not stored: after a restart the application is asked for the one that an update announced.
func TestSignerOfAnUpdateIsFoundAfterARestart(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	alice, bob := w.person("alice"), w.person("bob")
	fresh := newSigner(t, w.suite)
	next, proposal, err := bob.group.Propose(testConfig(), ProposalOptions{Update: true, Signer: fresh})
	must(t, err)
	bob.group = next
	w.reload(bob)
	alice.group, err = alice.group.Collect(testConfig(), proposal)
	must(t, err)
	staged, err := alice.group.Commit(testConfig(), CommitOptions{Pending: true})
	must(t, err)
	_, err = bob.group.Stage(testConfig(), staged.Message())
	wantError(t, err, ErrOption)
	c := testConfig()
	public, err := bob.group.suite.signerKey(fresh)
	must(t, err)
	c.Signer = func(key []byte) (signer crypto.Signer) {
		if !bytes.Equal(key, public) {
			t.Fatalf("asked for the signer of %x", key)
		}
		return fresh
	}
	received, err := bob.group.Stage(c, staged.Message())
	must(t, err)
	alice.group, bob.group, bob.signer = staged.Merge(), received.Merge(), fresh
	w.agree()
	w.talk()
}

func TestNewSignatureKeyMustBeNobodyElses(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	_, err := w.person("alice").group.Commit(testConfig(), CommitOptions{Signer: w.person("bob").signer})
	wantError(t, err, ErrInvalidLeaf)
	_, err = w.person("alice").group.Commit(testConfig(), CommitOptions{Signer: newSigner(t, SuiteP256)})
	wantError(t, err, ErrOption)
	_, _, err = w.person("alice").group.Propose(testConfig(), ProposalOptions{Remove: new(LeafIndex), Signer: newSigner(t, SuiteX25519)})
	wantError(t, err, ErrOption)
}

// Certificate chains are carried to everybody, who may judge them; here the application wants a root.
func TestCertificateChainsAreCarried(t *testing.T) {
	t.Parallel()
	w := &world{t: t, suite: SuiteP256, people: map[string]*person{}}
	w.create("alice")
	bob := w.person("bob")
	chain := [][]byte{[]byte("end entity of bob"), []byte("intermediate"), []byte("root")}
	kp, secrets, err := NewKeyPackage(nil, KeyPackageOptions{
		Suite: SuiteP256, Signer: bob.signer, Credential: X509Credential(chain...), Extensions: []ExtensionType{testExtension},
		Lifetime: Lifetime{uint64(testTime().Unix()) - 1, uint64(testTime().Unix()) + 1},
	})
	must(t, err)
	read, err := ParseKeyPackage(kp.Marshal())
	must(t, err)
	var judged [][]byte
	c := testConfig()
	c.Authenticate = func(m Member) (err error) {
		if m.Credential.Type == CredentialX509 {
			judged, err = m.Credential.Chain()
		}
		return err
	}
	staged, err := w.person("alice").group.Commit(c, CommitOptions{Add: []*KeyPackage{read}})
	must(t, err)
	joined, err := Join(c, staged.Welcome(), secrets, bob.signer)
	must(t, err)
	if !slices.EqualFunc(judged, chain, bytes.Equal) {
		t.Fatalf("the application judged %q", judged)
	}
	m, _ := joined.Member(1)
	same(t, "credential", m.Credential.Identity, X509Credential(chain...).Identity)
	if _, err := BasicCredential(nil).Chain(); err == nil {
		t.Fatal("a basic credential has certificates")
	}
	broken := kp.Marshal()
	at := bytes.Index(broken, chain[0])
	broken[at-1]++ // the length of the first certificate
	if k, err := ParseKeyPackage(broken); err == nil && k.Verify(testTime()) == nil {
		t.Fatal("a broken chain is accepted")
	}
}
