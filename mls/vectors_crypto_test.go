package mls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/json"
	"testing"
)

func runTreeMath(t *testing.T, _ *suite, raw json.RawMessage) {
	v := parseVector[struct {
		Leaves  uint32    `json:"n_leaves"`
		Nodes   uint32    `json:"n_nodes"`
		Root    uint32    `json:"root"`
		Left    []*uint32 `json:"left"`
		Right   []*uint32 `json:"right"`
		Parent  []*uint32 `json:"parent"`
		Sibling []*uint32 `json:"sibling"`
	}](t, raw)
	if nodeWidth(v.Leaves) != v.Nodes || rootOf(v.Leaves) != nodeIndex(v.Root) {
		t.Fatalf("%d leaves: %d nodes, root %d", v.Leaves, nodeWidth(v.Leaves), rootOf(v.Leaves))
	}
	check := func(what string, i uint32, exists bool, f func(nodeIndex) nodeIndex, want *uint32) {
		t.Helper()
		if exists != (want != nil) {
			t.Fatalf("%s of %d: exists is %v", what, i, exists)
		}
		if exists && f(nodeIndex(i)) != nodeIndex(*want) {
			t.Fatalf("%s of %d is %d, want %d", what, i, f(nodeIndex(i)), *want)
		}
	}
	for i := range v.Nodes {
		inner, below := !nodeIndex(i).isLeaf(), i != v.Root
		check("left", i, inner, nodeIndex.left, v.Left[i])
		check("right", i, inner, nodeIndex.right, v.Right[i])
		check("parent", i, below, nodeIndex.parent, v.Parent[i])
		check("sibling", i, below, nodeIndex.sibling, v.Sibling[i])
	}
}

func runDeserialization(t *testing.T, _ *suite, raw json.RawMessage) {
	v := parseVector[struct {
		Header hexBytes `json:"vlbytes_header"`
		Length int      `json:"length"`
	}](t, raw)
	r := reader{b: v.Header}
	if n := r.length(); n != v.Length || r.end("header") != nil {
		t.Fatalf("header %x says %d, want %d", v.Header, n, v.Length)
	}
	w := newWriter(4)
	w.length(v.Length)
	same(t, "header", w.b, v.Header)
}

// vectorSigner makes a signer of a private key in the encoding of the vectors.
func vectorSigner(t *testing.T, s *suite, private []byte) crypto.Signer {
	t.Helper()
	e, isECDSA := s.sig.(ecdsaScheme)
	if !isECDSA {
		return ed25519.NewKeyFromSeed(private)
	}
	key, err := ecdsa.ParseRawPrivateKey(e.curve, padKey(s, private))
	must(t, err)
	return key
}

// padKey restores leading zeros, which some vectors leave out of private keys on NIST curves.
func padKey(s *suite, private []byte) []byte {
	e, isECDSA := s.sig.(ecdsaScheme)
	if !isECDSA {
		return private
	}
	size := (e.curve.Params().BitSize + 7) / 8
	return append(make([]byte, max(size-len(private), 0)), private...)
}

func runCryptoBasics(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		RefHash struct {
			Label      string
			Value, Out hexBytes
		} `json:"ref_hash"`
		Expand struct {
			Secret, Context, Out hexBytes
			Label                string
			Length               int
		} `json:"expand_with_label"`
		Derive struct {
			Secret, Out hexBytes
			Label       string
		} `json:"derive_secret"`
		DeriveTree struct {
			Secret, Out hexBytes
			Label       string
			Generation  uint32
			Length      int
		} `json:"derive_tree_secret"`
		Sign struct {
			Priv, Pub, Content, Signature hexBytes
			Label                         string
		} `json:"sign_with_label"`
		Encrypt struct {
			Priv, Pub, Context, Plaintext, Ciphertext hexBytes
			Label                                     string
			KEMOutput                                 hexBytes `json:"kem_output"`
		} `json:"encrypt_with_label"`
	}](t, raw)
	same(t, "RefHash", s.refHash(v.RefHash.Label, v.RefHash.Value), v.RefHash.Out)
	same(t, "ExpandWithLabel", s.expandWithLabel(v.Expand.Secret, v.Expand.Label, v.Expand.Context, v.Expand.Length), v.Expand.Out)
	same(t, "DeriveSecret", s.deriveSecret(v.Derive.Secret, v.Derive.Label), v.Derive.Out)
	same(t, "DeriveTreeSecret", s.deriveTreeSecret(v.DeriveTree.Secret, v.DeriveTree.Label, v.DeriveTree.Generation, v.DeriveTree.Length), v.DeriveTree.Out)

	if !s.verifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, v.Sign.Signature) {
		t.Fatal("VerifyWithLabel refuses the signature")
	}
	signature, err := s.signWithLabel(vectorSigner(t, s, v.Sign.Priv), v.Sign.Label, v.Sign.Content)
	must(t, err)
	if !s.verifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, signature) {
		t.Fatal("VerifyWithLabel refuses what SignWithLabel made")
	}

	key, err := s.parsePrivateKey(v.Encrypt.Priv)
	must(t, err)
	same(t, "public key", key.public, v.Encrypt.Pub)
	given := hpkeCiphertext{v.Encrypt.KEMOutput, v.Encrypt.Ciphertext}
	made, err := s.encryptWithLabel(v.Encrypt.Pub, v.Encrypt.Label, v.Encrypt.Context, v.Encrypt.Plaintext)
	must(t, err)
	for _, c := range []hpkeCiphertext{given, made} {
		plaintext, err := s.decryptWithLabel(key.private, v.Encrypt.Label, v.Encrypt.Context, c)
		must(t, err)
		same(t, "DecryptWithLabel", plaintext, v.Encrypt.Plaintext)
	}
}

func runSecretTree(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		SenderData struct {
			Secret                 hexBytes `json:"sender_data_secret"`
			Ciphertext, Key, Nonce hexBytes
		} `json:"sender_data"`
		Encryption hexBytes `json:"encryption_secret"`
		Leaves     [][]struct {
			Generation       uint32
			HandshakeKey     hexBytes `json:"handshake_key"`
			HandshakeNonce   hexBytes `json:"handshake_nonce"`
			ApplicationKey   hexBytes `json:"application_key"`
			ApplicationNonce hexBytes `json:"application_nonce"`
		}
	}](t, raw)
	key, nonce := s.senderDataKey(v.SenderData.Secret, v.SenderData.Ciphertext)
	same(t, "sender data key", key, v.SenderData.Key)
	same(t, "sender data nonce", nonce, v.SenderData.Nonce)

	tree, leaves := &secretNode{secret: v.Encryption}, uint32(len(v.Leaves))
	take := func(leaf int, typ ContentType, generation uint32) (k messageKey) {
		t.Helper()
		next, err := s.use(tree, leaves, LeafIndex(leaf), typ, func(r *ratchet) (err error) {
			k, err = r.take(s, generation)
			return err
		})
		must(t, err)
		tree = next
		return k
	}
	for leaf, generations := range v.Leaves {
		for _, g := range generations {
			h, a := take(leaf, ContentCommit, g.Generation), take(leaf, ContentApplication, g.Generation)
			same(t, "handshake key", h.aeadKey(), g.HandshakeKey)
			same(t, "handshake nonce", h.nonce[:], g.HandshakeNonce)
			same(t, "application key", a.aeadKey(), g.ApplicationKey)
			same(t, "application nonce", a.nonce[:], g.ApplicationNonce)
		}
	}
}

func runKeySchedule(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		GroupID hexBytes `json:"group_id"`
		Init    hexBytes `json:"initial_init_secret"`
		Epochs  []struct {
			TreeHash       hexBytes `json:"tree_hash"`
			CommitSecret   hexBytes `json:"commit_secret"`
			PSKSecret      hexBytes `json:"psk_secret"`
			Confirmed      hexBytes `json:"confirmed_transcript_hash"`
			GroupContext   hexBytes `json:"group_context"`
			Joiner         hexBytes `json:"joiner_secret"`
			Welcome        hexBytes `json:"welcome_secret"`
			Init           hexBytes `json:"init_secret"`
			SenderData     hexBytes `json:"sender_data_secret"`
			Encryption     hexBytes `json:"encryption_secret"`
			Exporter       hexBytes `json:"exporter_secret"`
			Authenticator  hexBytes `json:"epoch_authenticator"`
			External       hexBytes `json:"external_secret"`
			Confirmation   hexBytes `json:"confirmation_key"`
			Membership     hexBytes `json:"membership_key"`
			Resumption     hexBytes `json:"resumption_psk"`
			ExternalPub    hexBytes `json:"external_pub"`
			ExporterResult struct {
				Label           string
				Context, Secret hexBytes
				Length          int
			} `json:"exporter"`
		}
	}](t, raw)
	init := []byte(v.Init)
	for i, e := range v.Epochs {
		context := groupContext{suite: s.id, groupID: v.GroupID, epoch: uint64(i), treeHash: e.TreeHash, confirmedTranscriptHash: e.Confirmed}
		encoded := context.encode()
		same(t, "group context", encoded, e.GroupContext)
		joiner := s.joinerSecret(init, e.CommitSecret, encoded)
		same(t, "joiner secret", joiner, e.Joiner)
		member := s.memberSecret(joiner, e.PSKSecret)
		same(t, "welcome secret", s.welcomeSecret(member), e.Welcome)
		secrets, encryption := s.deriveEpoch(s.epochSecret(member, encoded))
		same(t, "encryption secret", encryption, e.Encryption)
		for n, pair := range [][2][]byte{
			{secrets.init, e.Init}, {secrets.senderData, e.SenderData}, {secrets.exporter, e.Exporter},
			{secrets.authentication, e.Authenticator}, {secrets.external, e.External},
			{secrets.confirmation, e.Confirmation}, {secrets.membership, e.Membership}, {secrets.resumption, e.Resumption},
		} {
			same(t, [...]string{"init", "sender data", "exporter", "authenticator", "external", "confirmation", "membership", "resumption"}[n], pair[0], pair[1])
		}
		external, err := s.deriveKeyPair(secrets.external)
		must(t, err)
		same(t, "external key", external.public, e.ExternalPub)
		x := e.ExporterResult
		same(t, "exported secret", s.export(secrets.exporter, x.Label, x.Context, x.Length), x.Secret)
		init = secrets.init
	}
}

func runPSKSecret(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		PSKs []struct {
			ID    hexBytes `json:"psk_id"`
			PSK   hexBytes `json:"psk"`
			Nonce hexBytes `json:"psk_nonce"`
		}
		Secret hexBytes `json:"psk_secret"`
	}](t, raw)
	var keys []psk
	for _, p := range v.PSKs {
		keys = append(keys, psk{PSKID{Type: PSKExternal, ID: p.ID, Nonce: p.Nonce}, p.PSK})
	}
	same(t, "PSK secret", s.pskSecret(keys), v.Secret)
}

func runTranscriptHashes(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		Key            hexBytes `json:"confirmation_key"`
		Content        hexBytes `json:"authenticated_content"`
		InterimBefore  hexBytes `json:"interim_transcript_hash_before"`
		ConfirmedAfter hexBytes `json:"confirmed_transcript_hash_after"`
		InterimAfter   hexBytes `json:"interim_transcript_hash_after"`
	}](t, raw)
	a, err := parseAuthenticatedContent(v.Content)
	must(t, err)
	if a.content.contentType != ContentCommit {
		t.Fatal("the content is no commit")
	}
	same(t, "encoding", a.encode(), v.Content)
	confirmed := s.confirmedTranscriptHash(v.InterimBefore, a)
	same(t, "confirmed transcript hash", confirmed, v.ConfirmedAfter)
	same(t, "confirmation tag", s.mac(v.Key, confirmed), a.confirmationTag)
	same(t, "interim transcript hash", s.interimTranscriptHash(confirmed, a.confirmationTag), v.InterimAfter)
}
