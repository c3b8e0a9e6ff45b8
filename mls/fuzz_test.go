package mls

import (
	"bytes"
	"crypto/sha256"
	"runtime"
	"testing"
)

// hostile is a group of two with a message of every kind, as seeds for mutation.
type hostile struct {
	alice, bob *Group
	secrets    *KeyPackageSecrets // of carol, who is being added
	welcome    []byte
	joiner     *groupSecrets
	member     []byte
	messages   [][]byte
}

func newHostile(t testing.TB) *hostile {
	w := &world{t: t, suite: SuiteX25519, people: map[string]*person{}}
	pair(w)
	h := &hostile{alice: w.person("alice").group, bob: w.person("bob").group}
	c := testConfig()
	kp, secrets := w.keyPackage("carol")
	h.secrets = secrets
	staged, err := h.alice.Commit(c, CommitOptions{Add: []*KeyPackage{kp}, Public: true})
	must(t, err)
	private, err := h.alice.Commit(c, CommitOptions{Remove: []LeafIndex{1}, Extensions: []Extension{{testExtension, []byte("x")}}})
	must(t, err)
	h.welcome = staged.Welcome()
	_, application, err := h.alice.Seal(c, []byte("aad"), []byte("text"))
	must(t, err)
	_, proposal, err := h.alice.Propose(c, ProposalOptions{Update: true, Public: true})
	must(t, err)
	info, err := h.alice.GroupInfo()
	must(t, err)
	external, err := JoinExternal(c, ExternalOptions{GroupInfo: info, Signer: w.person("eve").signer, Credential: BasicCredential([]byte("eve"))})
	must(t, err)
	h.messages = [][]byte{
		staged.Message(), private.Message(), staged.Welcome(), application, proposal, info, external.Message(), kp.Marshal(),
	}
	m, err := parseWelcome(h.welcome)
	must(t, err)
	j := &joiner{suite: h.alice.suite, welcome: m, secrets: secrets}
	h.joiner, err = j.openSecrets()
	must(t, err)
	h.member = h.alice.suite.memberSecret(h.joiner.joiner, h.alice.suite.pskSecret(nil))
	return h
}

// tryAll gives bytes to everything that reads bytes. Refusing is fine; panicking is not.
func (h *hostile) tryAll(b []byte) {
	c := testConfig()
	_, _ = ParseHeader(b)
	if k, err := ParseKeyPackage(b); err == nil {
		_ = k.Verify(testTime())
	}
	_, _ = InspectGroupInfo(b)
	_, _ = WelcomeFor(b)
	_, _ = Join(c, b, h.secrets, h.bob.signer)
	_, _, _ = h.bob.Open(c, b)
	_, _ = h.bob.Collect(c, b)
	if staged, err := h.bob.Stage(c, b); err == nil {
		staged.Effects()
		staged.GroupInfo()
	}
	_, _ = parseAuthenticatedContent(b)
	_, _ = parseGroupSecrets(b)
	_, _ = parseRequiredCapabilities(b)
	_, _ = ParseExternalSenders(b)
	_, _ = h.bob.JoinBranch(c, b, nil, h.secrets, h.bob.signer)
	_, _ = JoinWithTree(c, h.welcome, b, h.secrets, h.bob.signer)
	if t, err := parseRatchetTree(h.bob.suite, b); err == nil {
		_ = t.validateShape()
	}
}

func FuzzMessages(f *testing.F) {
	h := newHostile(f)
	for _, m := range h.messages {
		f.Add(m)
		f.Add(m[:len(m)/2])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		h.tryAll(b)
		checkCanonical(t, b)
	})
}

// checkCanonical asserts that a message which is accepted is the only encoding of what it says.
func checkCanonical(t *testing.T, b []byte) {
	t.Helper()
	format, r, err := openMessage(b)
	if err != nil {
		return
	}
	if _, err := ParseHeader(b); err != nil {
		return
	}
	w := newMessage(format, len(b))
	switch format {
	case WirePublicMessage:
		rewritePublic(readPublicMessage(r), w)
	case WirePrivateMessage:
		readPrivateMessage(r).write(w)
	case WireWelcome:
		readWelcome(r).write(w)
	case WireGroupInfo:
		rewriteGroupInfo(readGroupInfo(r), w)
	case WireKeyPackage:
		rewriteKeyPackage(readKeyPackage(r), w)
	}
	same(t, "encoding", w.b, b)
}

func FuzzState(f *testing.F) {
	h := newHostile(f)
	_, message, err := h.alice.Seal(testConfig(), nil, nil)
	must(f, err)
	bob, _, err := h.bob.Open(testConfig(), message)
	must(f, err)
	epoch, ratchets := bob.MarshalEpoch(), bob.MarshalRatchets()
	f.Add(epoch, ratchets)
	f.Add(ratchets, epoch)
	f.Add(h.secrets.Marshal(), []byte{})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		for _, half := range [][2][]byte{{a, b}, {a, ratchets}, {epoch, b}} {
			g, err := ParseGroup(half[0], half[1], bob.signer)
			if err != nil {
				continue
			}
			g.Members()
			_, _, _ = g.Seal(testConfig(), nil, nil)
			_, _, _ = g.Open(testConfig(), message)
			_, _ = g.Commit(testConfig(), CommitOptions{})
		}
		_, _ = ParseKeyPackageSecrets(a)
		records := bob.Changes(nil)
		if len(b) > 0 {
			records[int(b[0])%len(records)].Value = b[1:]
		}
		if g, err := ParseGroupRecords(epoch, records, bob.signer); err == nil {
			_, _, _ = g.Seal(testConfig(), nil, nil)
			_, _, _ = g.Open(testConfig(), message)
			_, _ = ParseGroupRecords(epoch, g.Changes(nil), bob.signer)
		}
	})
}

// FuzzInsider is a member who knows all keys and puts anything inside the encryption.
func FuzzInsider(f *testing.F) {
	h := newHostile(f)
	s := h.alice.suite
	for _, m := range h.messages {
		f.Add(m[4:], uint8(0))
	}
	commit := h.messages[0][4:]
	r := reader{b: commit}
	public := readPublicMessage(&r)
	f.Add(append(bytes.Clone(public.content.body()), 0x40, 0x40), uint8(ContentCommit))
	f.Add([]byte{2, 'h', 'i', 0, 0, 0}, uint8(ContentApplication))
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		h.tryAll(h.sealInside(t, b, ContentType(kind%3+1)))
		h.tryAll(h.welcomeInside(t, b))
		h.tryAll(h.publicInside(b, s))
	})
}

// sealInside encrypts b as the content of a private message from alice.
func (h *hostile) sealInside(t testing.TB, b []byte, typ ContentType) []byte {
	t.Helper()
	k := h.alice.epochKeys()
	var key messageKey
	_, err := k.suite.use(k.tree, k.leaves, h.alice.own, typ, func(r *ratchet) (err error) {
		key, err = r.send(k.suite)
		return err
	})
	must(t, err)
	m := &privateMessage{groupID: k.groupID, epoch: k.epoch, contentType: typ}
	aad := newWriter(64)
	m.writeAAD(aad)
	m.ciphertext, err = k.suite.seal(key.aeadKey(), key.nonce[:], aad.b, b)
	must(t, err)
	senderKey, nonce := k.suite.senderDataKey(k.senderData, m.ciphertext)
	d := senderData{leaf: h.alice.own, generation: key.generation}
	aad = newWriter(64)
	m.writeSenderDataAAD(aad)
	m.encryptedSenderData, err = k.suite.seal(senderKey, nonce, aad.b, d.encode())
	must(t, err)
	w := newMessage(WirePrivateMessage, len(m.ciphertext)+64)
	m.write(w)
	return w.b
}

// welcomeInside encrypts b as the group info of a welcome to carol.
func (h *hostile) welcomeInside(t testing.TB, b []byte) []byte {
	t.Helper()
	s := h.alice.suite
	key, nonce := s.welcomeKey(h.member)
	info, err := s.seal(key, nonce, nil, b)
	must(t, err)
	c, err := s.encryptWithLabel(h.secrets.keyPackage.initKey, "Welcome", info, h.joiner.encode())
	must(t, err)
	m := &welcome{suite: s.id, secrets: []encryptedGroupSecrets{{h.secrets.keyPackage.Ref(), c}}, groupInfo: info}
	w := newMessage(WireWelcome, len(info))
	m.write(w)
	return w.b
}

// publicInside signs b as the body of a commit by alice, with a valid membership tag.
func (h *hostile) publicInside(b []byte, s *suite) []byte {
	content := &framedContent{sender: h.alice.self(), contentType: ContentCommit}
	content.raw = encodeFramedContent(h.alice.context.groupID, h.alice.context.epoch, content.sender, nil, ContentCommit, b)
	a := &authenticatedContent{wireFormat: WirePublicMessage, content: content, confirmationTag: s.zero()}
	if err := a.sign(s, h.alice.signer, h.alice.encodedContext); err != nil {
		return nil
	}
	message, err := s.protectPublic(a, h.alice.secrets.membership, h.alice.encodedContext)
	if err != nil {
		return nil
	}
	return message
}

func FuzzCodec(f *testing.F) {
	f.Add([]byte{0x40, 0x40})
	f.Add([]byte{0x80, 0, 0x40, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := reader{b: b}
		n := r.length()
		if r.bad {
			return
		}
		w := newWriter(4)
		w.length(n)
		same(t, "header", w.b, b[:len(b)-len(r.b)])
	})
}

// TestEveryDecoderSurvivesEveryCut truncates and damages each message at each byte, within the time of
// an ordinary test.
func TestEveryDecoderSurvivesEveryCut(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	for _, m := range h.messages {
		for i := range m {
			if _, err := ParseHeader(m[:i]); err == nil {
				t.Fatalf("a message cut to %d of %d bytes is accepted", i, len(m))
			}
			damaged := bytes.Clone(m)
			damaged[i] ^= byte(1 + sha256.Sum256(damaged[:i])[0]%255)
			_, _ = ParseHeader(damaged)
			_, _ = WelcomeFor(damaged)
			_, _ = ParseKeyPackage(damaged)
		}
		if _, err := ParseHeader(append(bytes.Clone(m), 0)); err == nil {
			t.Fatal("a trailing byte is accepted")
		}
	}
}

// TestMemoryOfDecodersIsBoundedByTheirInput gives each decoder a megabyte of the structures that cost
// most per byte.
func TestMemoryOfDecodersIsBoundedByTheirInput(t *testing.T) {
	h := newHostile(t)
	const size = 1 << 20
	fill := func(format WireFormat, prefix []byte, element ...byte) []byte {
		w := newMessage(format, size)
		w.raw(prefix)
		w.opaque(bytes.Repeat(element, size/len(element)))
		return w.b
	}
	tree := newWriter(size)
	tree.opaque(make([]byte, 2*maxLeaves-2))
	for what, b := range map[string][]byte{
		"commit of references": fill(WirePublicMessage, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 3}, 2, 0),
		"welcome of entries":   fill(WireWelcome, []byte{0, 1}, 0, 0, 0),
		"extensions":           fill(WireGroupInfo, []byte{0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 9, 0),
		"blank tree":           tree.b,
		"claims of length":     {0, 1, 0, 2, 0xbf, 0xff, 0xff, 0xff},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h.tryAll(b)
		runtime.ReadMemStats(&after)
		// tryAll decodes the input a dozen times over.
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20+uint64(len(b))*12*100 {
			t.Errorf("%s: %d bytes allocated for %d", what, used, len(b))
		}
	}
}
