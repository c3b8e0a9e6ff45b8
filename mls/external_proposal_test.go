package mls

import "testing"

// A service listed in external_senders proposes a removal, and somebody outside proposes to be added;
// a member commits both (RFC 9420 §12.1.8).
func TestProposalsFromOutsideTheGroup(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		service := w.person("service").signer
		s, err := suiteOf(w.suite)
		must(t, err)
		public, err := s.signerKey(service)
		must(t, err)
		senders := newWriter(128)
		senders.vector(func() {
			senders.opaque(public)
			BasicCredential([]byte("service")).write(senders)
		})
		w.create("alice", Extension{ExtensionExternalSenders, senders.b})
		w.commit("alice", CommitOptions{}, "bob", "carol")
		g := w.person("alice").group
		propose := func(from sender, p *proposal, signer *person) []byte {
			content := frame(&g.context, from, nil, ContentProposal, p.encoded().raw)
			a, err := signed(s, signer.signer, WirePublicMessage, content, nil)
			must(t, err)
			message, err := s.protectPublic(a, nil, nil)
			must(t, err)
			return message
		}
		removal := &proposal{typ: ProposalRemove, removed: w.leaf("carol")}
		kp, secrets := w.keyPackage("dave")
		addition := &proposal{typ: ProposalAdd, keyPackage: kp}
		dave := w.person("dave")
		for _, message := range [][]byte{
			propose(sender{SenderExternal, 0}, removal, w.person("service")),
			propose(sender{typ: SenderNewMemberProposal}, addition, dave),
		} {
			for _, p := range []*person{w.person("alice"), w.person("bob")} {
				p.group, err = p.group.Collect(testConfig(), message)
				must(t, err)
			}
		}
		_, err = g.Collect(testConfig(), propose(sender{SenderExternal, 1}, removal, w.person("service")))
		wantError(t, err, ErrUnknownSender)
		_, err = g.Collect(testConfig(), propose(sender{SenderExternal, 0}, removal, dave))
		wantError(t, err, ErrSignature)
		_, err = g.Collect(testConfig(), propose(sender{SenderExternal, 0}, &proposal{typ: ProposalExternalInit}, w.person("service")))
		wantError(t, err, ErrInvalidProposal)
		_, err = g.Collect(testConfig(), propose(sender{typ: SenderNewMemberProposal}, removal, dave))
		wantError(t, err, ErrInvalidProposal)

		w.person("carol").group = nil
		staged, err := w.person("bob").group.Commit(testConfig(), CommitOptions{Pending: true})
		must(t, err)
		w.deliver(w.person("bob"), staged)
		dave.group, err = Join(testConfig(), staged.Welcome(), secrets, dave.signer)
		must(t, err)
		w.agree()
		w.talk()
	})
}
