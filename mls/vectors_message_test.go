package mls

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

func runMessageProtection(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		GroupID         hexBytes `json:"group_id"`
		Epoch           uint64   `json:"epoch"`
		TreeHash        hexBytes `json:"tree_hash"`
		Confirmed       hexBytes `json:"confirmed_transcript_hash"`
		Private         hexBytes `json:"signature_priv"`
		Public          hexBytes `json:"signature_pub"`
		Encryption      hexBytes `json:"encryption_secret"`
		SenderData      hexBytes `json:"sender_data_secret"`
		Membership      hexBytes `json:"membership_key"`
		Proposal        hexBytes `json:"proposal"`
		ProposalPriv    hexBytes `json:"proposal_priv"`
		ProposalPub     hexBytes `json:"proposal_pub"`
		Commit          hexBytes `json:"commit"`
		CommitPriv      hexBytes `json:"commit_priv"`
		CommitPub       hexBytes `json:"commit_pub"`
		Application     hexBytes `json:"application"`
		ApplicationPriv hexBytes `json:"application_priv"`
	}](t, raw)
	ctx := groupContext{suite: s.id, groupID: v.GroupID, epoch: v.Epoch, treeHash: v.TreeHash, confirmedTranscriptHash: v.Confirmed}
	keys := epochKeys{suite: s, groupID: v.GroupID, epoch: v.Epoch, context: ctx.encode(), senderData: v.SenderData, leaves: 2}
	application := newWriter(64)
	application.opaque(v.Application)
	signer, from := vectorSigner(t, s, v.Private), sender{SenderMember, 1}

	openPublic := func(message []byte) []byte {
		t.Helper()
		r, err := openMessageOf(WirePublicMessage, "a public message", message)
		must(t, err)
		m, err := parsePublicMessage(r)
		must(t, err)
		must(t, s.verifyMembership(m, v.Membership, keys.context))
		must(t, m.verify(s, v.Public, keys.context))
		return m.content.body()
	}
	openPrivate := func(message []byte) []byte {
		t.Helper()
		r, err := openMessageOf(WirePrivateMessage, "a private message", message)
		must(t, err)
		m, err := parsePrivateMessage(r)
		must(t, err)
		k := keys
		k.tree = &secretNode{secret: v.Encryption}
		a, _, err := k.unprotect(m, func(LeafIndex) error { return nil })
		must(t, err)
		must(t, a.verify(s, v.Public, keys.context))
		return a.content.body()
	}
	for _, c := range []struct {
		typ             ContentType
		body, pub, priv []byte
	}{
		{ContentProposal, v.Proposal, v.ProposalPub, v.ProposalPriv},
		{ContentCommit, v.Commit, v.CommitPub, v.CommitPriv},
		{ContentApplication, application.b, nil, v.ApplicationPriv},
	} {
		same(t, "private message", openPrivate(c.priv), c.body)
		content := frame(&ctx, from, nil, c.typ, c.body)
		private, err := signed(s, signer, WirePrivateMessage, content, keys.context)
		must(t, err)
		private.confirmationTag = s.zero()
		k := keys
		k.tree = &secretNode{secret: v.Encryption}
		message, _, err := k.protect(nil, private)
		must(t, err)
		same(t, "own private message", openPrivate(message), c.body)

		public, err := signed(s, signer, WirePublicMessage, content, keys.context)
		must(t, err)
		public.confirmationTag = s.zero()
		message, err = s.protectPublic(public, v.Membership, keys.context)
		if c.typ == ContentApplication {
			if !errors.Is(err, ErrWrongContent) {
				t.Fatalf("application data in a public message: %v", err)
			}
			continue
		}
		must(t, err)
		same(t, "public message", openPublic(c.pub), c.body)
		same(t, "own public message", openPublic(message), c.body)
	}
}

func runWelcome(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		Init       hexBytes `json:"init_priv"`
		SignerPub  hexBytes `json:"signer_pub"`
		KeyPackage hexBytes `json:"key_package"`
		Welcome    hexBytes `json:"welcome"`
	}](t, raw)
	k, err := ParseKeyPackage(v.KeyPackage)
	must(t, err)
	m, err := parseWelcome(v.Welcome)
	must(t, err)
	init, err := s.parsePrivateKey(v.Init)
	must(t, err)
	j := &joiner{welcome: m, suite: s, secrets: &KeyPackageSecrets{keyPackage: k, init: init}}
	secrets, err := j.openSecrets()
	must(t, err)
	member := s.memberSecret(secrets.joiner, s.pskSecret(nil))
	info, err := j.openGroupInfo(member)
	must(t, err)
	if !s.verifyWithLabel(v.SignerPub, "GroupInfoTBS", info.raw[:info.unsigned], info.signature) {
		t.Fatal("signature of the group info")
	}
	e := newEpochState(s, info.context, info.encodedContext, nil)
	e.derive(s.epochSecret(member, info.encodedContext))
	same(t, "confirmation tag", e.confirmationTag, info.confirmationTag)
}

func runMessages(t *testing.T, _ *suite, raw json.RawMessage) {
	v := parseVector[map[string]hexBytes](t, raw)
	s, err := suiteOf(SuiteX25519)
	must(t, err)
	body := func(format WireFormat, again func(*reader, *writer)) func(*reader, *writer) {
		return func(r *reader, w *writer) {
			version, wire := r.uint16(), WireFormat(r.uint16())
			if version != protocolVersion || wire != format {
				t.Fatalf("wire format %d, want %d", wire, format)
			}
			w.uint16(version)
			w.uint16(uint16(wire))
			again(r, w)
		}
	}
	asProposal := func(typ ProposalType) func(*reader, *writer) {
		return func(r *reader, w *writer) {
			prefixed := newWriter(len(r.b) + 2)
			prefixed.uint16(uint16(typ))
			prefixed.raw(r.b)
			inner := reader{b: prefixed.b}
			p := readProposal(&inner)
			*r = inner
			p.write(w)
			w.b = w.b[2:]
		}
	}
	public := body(WirePublicMessage, func(r *reader, w *writer) { rewritePublic(readPublicMessage(r), w) })
	codecs := map[string]func(*reader, *writer){
		"mls_welcome":                       body(WireWelcome, func(r *reader, w *writer) { readWelcome(r).write(w) }),
		"mls_group_info":                    body(WireGroupInfo, func(r *reader, w *writer) { rewriteGroupInfo(readGroupInfo(r), w) }),
		"mls_key_package":                   body(WireKeyPackage, func(r *reader, w *writer) { rewriteKeyPackage(readKeyPackage(r), w) }),
		"ratchet_tree":                      func(r *reader, w *writer) { readRatchetTree(s, r).write(w) },
		"group_secrets":                     func(r *reader, w *writer) { rewriteGroupSecrets(t, r, w) },
		"add_proposal":                      asProposal(ProposalAdd),
		"update_proposal":                   asProposal(ProposalUpdate),
		"remove_proposal":                   asProposal(ProposalRemove),
		"pre_shared_key_proposal":           asProposal(ProposalPSK),
		"re_init_proposal":                  asProposal(ProposalReInit),
		"external_init_proposal":            asProposal(ProposalExternalInit),
		"group_context_extensions_proposal": asProposal(ProposalGroupContextExtensions),
		"commit":                            func(r *reader, w *writer) { w.raw(readCommit(r).encode()) },
		"public_message_application":        public,
		"public_message_proposal":           public,
		"public_message_commit":             public,
		"private_message":                   body(WirePrivateMessage, func(r *reader, w *writer) { readPrivateMessage(r).write(w) }),
	}
	for name, encoded := range v {
		codec := codecs[name]
		if codec == nil {
			t.Fatalf("no codec for %s", name)
		}
		r, w := reader{b: encoded}, newWriter(len(encoded))
		codec(&r, w)
		must(t, r.end(name))
		same(t, name, w.b, encoded)
	}
}

// The structures that keep their encoding are written again from their fields here, so that reading
// them is tested.

func rewriteLeaf(l *leafNode, w *writer) {
	start := len(w.b)
	w.opaque(l.encryptionKey)
	w.opaque(l.signatureKey)
	l.credential.write(w)
	l.capabilities.write(w)
	w.uint8(uint8(l.source))
	switch l.source {
	case sourceKeyPackage:
		w.uint64(l.lifetime.NotBefore)
		w.uint64(l.lifetime.NotAfter)
	case sourceCommit:
		w.opaque(l.parentHash)
	}
	writeExtensions(w, l.extensions)
	w.opaque(l.signature)
	if !bytes.Equal(w.b[start:], l.raw) {
		panic("a leaf does not keep its encoding")
	}
}

func rewriteKeyPackage(k *KeyPackage, w *writer) {
	w.uint16(protocolVersion)
	w.uint16(uint16(k.suite.id))
	w.opaque(k.initKey)
	rewriteLeaf(k.leaf, w)
	writeExtensions(w, k.extensions)
	w.opaque(k.signature)
}

func rewriteGroupInfo(i *groupInfo, w *writer) {
	i.context.write(w)
	writeExtensions(w, i.extensions)
	w.opaque(i.confirmationTag)
	w.uint32(uint32(i.signer))
	w.opaque(i.signature)
}

func rewritePublic(m *publicMessage, w *writer) {
	c := m.content
	w.opaque(c.groupID)
	w.uint64(c.epoch)
	c.sender.write(w)
	w.opaque(c.aad)
	w.uint8(uint8(c.contentType))
	switch c.contentType {
	case ContentApplication:
		w.opaque(c.application)
	case ContentProposal:
		c.proposal.write(w)
	case ContentCommit:
		w.raw(c.commit.encode())
	}
	m.writeAuth(w)
	if c.sender.typ == SenderMember {
		w.opaque(m.membershipTag)
	}
}

func rewriteGroupSecrets(t *testing.T, r *reader, w *writer) {
	secrets, err := parseGroupSecrets(r.b)
	must(t, err)
	r.b = nil
	w.raw(secrets.encode())
}

func runPassiveClient(t *testing.T, s *suite, raw json.RawMessage) {
	v := parseVector[struct {
		PSKs []struct {
			ID  hexBytes `json:"psk_id"`
			PSK hexBytes `json:"psk"`
		} `json:"external_psks"`
		KeyPackage    hexBytes `json:"key_package"`
		Signature     hexBytes `json:"signature_priv"`
		Encryption    hexBytes `json:"encryption_priv"`
		Init          hexBytes `json:"init_priv"`
		Welcome       hexBytes `json:"welcome"`
		Tree          hexBytes `json:"ratchet_tree"`
		Authenticator hexBytes `json:"initial_epoch_authenticator"`
		Epochs        []struct {
			Proposals     []hexBytes
			Commit        hexBytes
			Authenticator hexBytes `json:"epoch_authenticator"`
		}
	}](t, raw)
	c := Config{PSK: func(id PSKID) ([]byte, error) {
		for _, p := range v.PSKs {
			if id.Type == PSKExternal && bytes.Equal(p.ID, id.ID) {
				return p.PSK, nil
			}
		}
		return nil, errors.New("unknown")
	}}
	k, err := ParseKeyPackage(v.KeyPackage)
	must(t, err)
	secrets, err := newKeyPackageSecrets(k, padKey(s, v.Init), padKey(s, v.Encryption))
	must(t, err)
	g, err := JoinWithTree(c, v.Welcome, v.Tree, secrets, vectorSigner(t, s, v.Signature))
	must(t, err)
	same(t, "epoch authenticator after joining", g.EpochAuthenticator(), v.Authenticator)
	for _, e := range v.Epochs {
		for _, p := range e.Proposals {
			g, err = g.Collect(c, p)
			must(t, err)
		}
		staged, err := g.Stage(c, e.Commit)
		must(t, err)
		g = staged.Merge()
		same(t, "epoch authenticator", g.EpochAuthenticator(), e.Authenticator)
		g, err = ParseGroup(g.MarshalEpoch(), g.MarshalRatchets(), g.signer)
		must(t, err)
	}
}
